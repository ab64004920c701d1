"""Compile YARA rules, the shipped and the user's, into bytes that other processes can load."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.rule_texts import RuleText
from exsweep.knowledge.rules.rule import RuleProblem
from exsweep.knowledge.yara_files import own_rule_files, read_rule_files

VARIABLES = ("filename", "filepath", "extension", "filetype", "owner")
"""Variables that public rules use (the words of THOR and LOKI); empty where nothing is known."""
AVAILABLE = find_spec("yara_x") is not None
"""False on a platform for which there is no yara-x."""


class YaraRules(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled rules; pickles and encodes. Own and the user's apart, so that a slow rule of the user stops only those."""

    own: bytes = b""
    """Empty: there are none."""
    user: bytes = b""
    own_count: int = 0
    user_count: int = 0
    problems: tuple[RuleProblem, ...] = ()
    """Files and rules of the user that cannot run, and why. The others run."""
    available: bool = True
    """False: there is no yara-x here; a gap that the report must name."""

    @property
    def gap(self) -> str:
        """Why no YARA rule was run; empty where they run."""
        return "" if self.available else "YARA rules were not run: yara-x cannot be loaded on this computer."


class _Compiled(msgspec.Struct, frozen=True):
    rules: bytes
    count: int
    problems: tuple[RuleProblem, ...]


def load_yara(user: Sequence[Path] = (), *, cache_dir: Path | None = None) -> YaraRules:
    """The shipped rules, and those in the user's folders, zips or files.

    Each file has its own namespace: equal names do not collide. Of a file with a broken rule the others run. `include`
    is refused, for it would read any file. With `cache_dir` the compiled rules are kept there for the next run.

    Raises:
        KnowledgeError: a shipped rule is broken, or gives a warning.
    """
    mine, yours = own_rule_files(), read_rule_files(user)
    if not AVAILABLE:
        unread = tuple(RuleProblem(each.name, 1, each.reason) for each in yours if each.reason)
        return YaraRules(available=False, problems=unread)
    own = _kept(mine, cache_dir, strict=True)
    if own.problems:
        first = own.problems[0]
        raise KnowledgeError(f"data/{first}.", tip="Mend the rule.")
    its = _kept(yours, cache_dir, strict=False) if yours else _Compiled(b"", 0, ())
    return YaraRules(
        own=own.rules, user=its.rules, own_count=own.count, user_count=its.count, problems=its.problems
    )


def compile_texts(texts: Iterable[RuleText], *, strict: bool) -> _Compiled:
    """Compile rule files one by one. `strict`: a warning is a problem too (slow patterns above all)."""
    import yara_x

    compiler = yara_x.Compiler(
        relaxed_re_syntax=not strict,
        error_on_slow_pattern=strict,
        includes_enabled=False,
    )
    compiler.ignore_invalid_rules(True)
    for name in VARIABLES:
        compiler.define_global(name, "")
    problems: list[RuleProblem] = []
    errors = warnings = 0
    for text in texts:
        if text.reason:
            problems.append(RuleProblem(text.name, 1, text.reason))
            continue
        compiler.new_namespace(text.name)
        try:
            compiler.add_source(text.text, text.name)
        except yara_x.CompileError as error:
            if len(compiler.errors()) == errors:
                problems.append(RuleProblem(text.name, 1, str(error).split("\n", 1)[0]))
        found, errors = compiler.errors()[errors:], len(compiler.errors())
        if strict:
            told = compiler.warnings()
            found, warnings = [*found, *told[warnings:]], len(told)
        problems += [RuleProblem(text.name, int(each["line"]), str(each["title"])) for each in found]
    rules = compiler.build()
    out = io.BytesIO()
    rules.serialize_into(out)
    return _Compiled(out.getvalue(), sum(1 for _ in rules), tuple(problems))


def _kept(texts: tuple[RuleText, ...], cache_dir: Path | None, *, strict: bool) -> _Compiled:
    if cache_dir is None:
        return compile_texts(texts, strict=strict)
    total = hashlib.sha256(f"{version('yara-x')}|{strict}|{VARIABLES}".encode())
    total.update(msgspec.msgpack.encode(texts))
    file = cache_dir / f"yara-{total.hexdigest()[:32]}.bin"
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=_Compiled)
    except (OSError, msgspec.MsgspecError):
        made = compile_texts(texts, strict=strict)
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(msgspec.msgpack.encode(made))
        part.replace(file)
    except OSError:
        return made  # a cache that cannot be written costs the next run a second, nothing else
    return made
