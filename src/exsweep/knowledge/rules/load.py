"""Load the rules of exsweep and of the user, and decide for each: runs, waits for another log, or not applicable."""

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

import msgspec

from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import files, linking
from exsweep.knowledge.rules.compiled import Compiled, Kept, LogSource
from exsweep.knowledge.rules.rule import Rule, RuleProblem, RuleSet, RuleState

_CVE = re.compile(r"cve\.(\d{4})[.-](\d{4,7})", re.IGNORECASE)
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


class _Waiting(msgspec.Struct, frozen=True):
    what: str
    category: str | None = None
    product: str | None = None


class _LogSources(msgspec.Struct, frozen=True):
    source: str
    waiting: tuple[_Waiting, ...]


def load_rules(
    own_dir: Path | None,
    user: Sequence[Path] = (),
    *,
    formats: Sequence[LogFormat],
    cache_dir: Path | None = None,
) -> RuleSet:
    """Load the shipped rules of `own_dir` and the user's: folders, single .yml files or zips, in the order given.

    Of two rules with one id the first is kept and the second is a problem. With `cache_dir` the compiled rules
    are kept there for the next run (3,217 public rules: seconds at first, then tenths of a second).
    """
    kept = Kept(cache_dir)
    problems: list[RuleProblem] = []
    rules: list[Rule] = []
    filters: list[tuple[Compiled, str]] = []
    paths = [(one, False) for one in user]
    if own_dir is not None:
        paths.insert(0, (own_dir, True))

    @cache
    def served_by(asked: LogSource) -> tuple[str, ...]:
        """Ids of the formats on which rules of a log source run: asked once, not by each of thousands of rules."""
        return tuple(form.id for form in formats if serves(form, asked))

    for path, own in paths:
        for file in files.read(path):
            if file.reason:
                problems.append(RuleProblem(file.name, 1, file.reason))
                continue
            version = hashlib.sha256(file.text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            for one in kept.get(file.text):
                if one.problem:
                    problems.append(RuleProblem(file.name, one.line, one.problem))
                elif one.narrows:
                    filters.append((one, file.name))
                else:
                    rules.append(_rule(one, file.name, version, own, served_by))
    kept.save()
    rules = linking.narrowed(rules, filters, problems)
    rules = linking.unique(rules, problems)
    rules = linking.linked(rules, problems)
    return RuleSet(
        rules=tuple(sorted(rules, key=lambda rule: rule.id)), problems=tuple(problems), compiled=kept.compiled
    )


def _rule(
    one: Compiled, file: str, version: str, own: bool, served_by: Callable[[LogSource], tuple[str, ...]]
) -> Rule:
    extension = one.extension
    state, reason, served = _fate(one, served_by)
    return Rule(
        id=extension.id or one.sigma_id or one.title or f"{file}:{one.line}",
        version=version,
        title=one.title,
        logsource=one.logsource,
        level=one.level,
        stage=extension.stage,
        strength=extension.strength,
        campaign=extension.campaign,
        cves=tuple(
            dict.fromkeys(f"CVE-{found[1]}-{found[2]}" for tag in one.tags for found in _CVE.finditer(tag))
        ),
        attack=tuple(
            dict.fromkeys(found[1].upper() for tag in one.tags if (found := _TECHNIQUE.fullmatch(tag)))
        ),
        explanation=extension.explanation or one.description,
        false_positives=one.false_positives,
        tip=extension.tip,
        source=extension.source or one.references,
        examples=extension.examples,
        file=f"{file}:{one.line}",
        own=own,
        sigma_id=one.sigma_id,
        name=one.name,
        condition=one.condition,
        needs=one.needs,
        correlation=one.correlation,
        state=state,
        reason=reason,
        formats=served,
        follows=extension.follows,
        stopped=extension.stopped,
        harmless_by=extension.harmless_by,
        proof_needs=extension.proof_needs,
    )


def _fate(
    one: Compiled, served_by: Callable[[LogSource], tuple[str, ...]]
) -> tuple[RuleState, str, tuple[str, ...]]:
    if one.unusable:
        return RuleState.NOT_APPLICABLE, one.unusable, ()
    if one.correlation is not None:
        return RuleState.RUNS, "", ()
    served = served_by(one.logsource)
    if served and one.extension.follows:
        return RuleState.FOLLOWS, f"looked for after {one.extension.follows}", served
    if served:
        return RuleState.RUNS, "", served
    for waiting in _waiting():
        asked = waiting.product or waiting.category
        if asked == (one.logsource.product if waiting.product else one.logsource.category) and (
            waiting.product or one.logsource.product is None
        ):
            return RuleState.WAITING, f"needs {waiting.what}: {one.logsource}", ()
    return RuleState.NOT_APPLICABLE, f"an Exchange server has no such log: {one.logsource}", ()


def serves(form: LogFormat, asked: LogSource) -> bool:
    """Whether rules of this log source run on this format."""
    return bool(form.serves(category=asked.category, product=asked.product, service=asked.service))


@cache
def _waiting() -> tuple[_Waiting, ...]:
    data = (package_files("exsweep.knowledge.rules") / "logsources.yml").read_bytes()
    return msgspec.yaml.decode(data, type=_LogSources).waiting
