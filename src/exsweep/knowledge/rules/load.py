"""Rules of exsweep and of the user, each with what becomes of it: runs, waits for another log, or not applicable."""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path

import msgspec

from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import files, tree
from exsweep.knowledge.rules.compiled import Compiled, Examples, Kept, LogSource
from exsweep.knowledge.rules.correlation import Correlation, renamed
from exsweep.model import Severity, Stage, Strength

_CVE = re.compile(r"cve\.(\d{4})[.-](\d{4,7})", re.IGNORECASE)
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


class RuleState(StrEnum):
    RUNS = "runs"
    WAITING = "waiting"
    """For a log that an Exchange server writes but exsweep does not read yet."""
    NOT_APPLICABLE = "not_applicable"


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One detection. Small, without pySigma: it can be sent to other processes and kept."""

    id: str
    """Own rules: `exsweep.id`; the user's: the Sigma id, else the title."""
    version: str
    """First 12 hex digits of the SHA-256 of the file's text."""
    title: str
    logsource: LogSource
    level: Severity
    stage: Stage
    strength: Strength
    campaign: str | None = None
    cves: tuple[str, ...] = ()
    attack: tuple[str, ...] = ()
    """ATT&CK technique ids, `T1190`."""
    explanation: str = ""
    false_positives: tuple[str, ...] = ()
    tip: str | None = None
    source: tuple[str, ...] = ()
    examples: Examples = Examples()
    file: str
    """`path:line`."""
    own: bool
    """Shipped with exsweep: its fields are native column names first."""
    sigma_id: str | None = None
    name: str | None = None
    condition: tree.Node | None = None
    correlation: Correlation | None = None
    state: RuleState = RuleState.RUNS
    reason: str = ""
    """Why it waits or is not applicable."""
    formats: tuple[str, ...] = ()
    """Ids of the log formats that it runs on."""


class RuleProblem(msgspec.Struct, frozen=True):
    """A rule that cannot run, and why. A value, never an exception."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    rules: tuple[Rule, ...]
    """In order of their ids; no two have the same id."""
    problems: tuple[RuleProblem, ...]
    compiled: int
    """Rule files that had to be compiled; 0 when all were kept from an earlier run."""

    @property
    def running(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.state is RuleState.RUNS)

    @property
    def counts(self) -> dict[str, int]:
        """Rules that run, wait, are not applicable, and that could not be used."""
        states = {str(state): sum(rule.state is state for rule in self.rules) for state in RuleState}
        return states | {"problems": len(self.problems)}


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

    Of two rules with one id the first is kept and the second is a problem. With `cache_dir` the compiled rules are
    kept there for the next run (3,217 public rules: seconds at first, then tenths of a second).
    """
    kept = Kept(cache_dir)
    problems: list[RuleProblem] = []
    rules: list[Rule] = []
    filters: list[tuple[Compiled, str]] = []
    for path, own in [(own_dir, True)] * bool(own_dir) + [(one, False) for one in user]:
        assert path is not None
        for file in files.read(path):
            if file.text is None:
                problems.append(RuleProblem(file.name, 1, file.reason))
                continue
            version = hashlib.sha256(file.text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            for one in kept.get(file.text):
                if one.problem:
                    problems.append(RuleProblem(file.name, one.line, one.problem))
                elif one.narrows:
                    filters.append((one, file.name))
                else:
                    rules.append(_rule(one, file.name, version, own, formats))
    kept.save()
    rules = _narrowed(rules, filters, problems)
    rules = _unique(rules, problems)
    rules = _linked(rules, problems)
    return RuleSet(
        rules=tuple(sorted(rules, key=lambda rule: rule.id)), problems=tuple(problems), compiled=kept.compiled
    )


def _rule(one: Compiled, file: str, version: str, own: bool, formats: Sequence[LogFormat]) -> Rule:
    extension = one.extension
    state, reason, served = _fate(one, formats)
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
        correlation=one.correlation,
        state=state,
        reason=reason,
        formats=served,
    )


def _fate(one: Compiled, formats: Sequence[LogFormat]) -> tuple[RuleState, str, tuple[str, ...]]:
    if one.unusable:
        return RuleState.NOT_APPLICABLE, one.unusable, ()
    if one.correlation is not None:
        return RuleState.RUNS, "", ()
    served = tuple(form.id for form in formats if serves(form, one.logsource))
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
    """Whether rules of this log source run on logs of this format: each part is the same, or absent in both."""
    return any(
        (one.category, one.product, one.service) == (asked.category, asked.product, asked.service)
        for one in form.sigma
    )


@cache
def _waiting() -> tuple[_Waiting, ...]:
    data = (package_files("exsweep.knowledge.rules") / "logsources.yml").read_bytes()
    return msgspec.yaml.decode(data, type=_LogSources).waiting


def _narrowed(
    rules: list[Rule], filters: list[tuple[Compiled, str]], problems: list[RuleProblem]
) -> list[Rule]:
    """Apply Sigma filters: the filter's condition must hold too."""
    for one, file in filters:
        assert one.condition is not None
        hit = False
        for at, rule in enumerate(rules):
            fits = rule.condition is not None and _within(rule.logsource, one.logsource)
            named = "any" in one.narrows or {rule.sigma_id, rule.name, rule.id} & set(one.narrows)
            if fits and named and rule.condition is not None:
                hit = True
                rules[at] = msgspec.structs.replace(rule, condition=tree.And((rule.condition, one.condition)))
        if not hit:
            problems.append(RuleProblem(file, one.line, "this filter names no rule that is loaded"))
    return rules


def _within(inner: LogSource, outer: LogSource) -> bool:
    return all(
        getattr(outer, part) in (None, getattr(inner, part)) for part in ("category", "product", "service")
    )


def _unique(rules: list[Rule], problems: list[RuleProblem]) -> list[Rule]:
    found: dict[str, Rule] = {}
    for rule in rules:
        first = found.setdefault(rule.id, rule)
        if first is not rule:
            file, _, line = rule.file.rpartition(":")
            problems.append(
                RuleProblem(file, int(line), f"has the id {rule.id!r} of {first.file}; give it another")
            )
    return list(found.values())


def _linked(rules: list[Rule], problems: list[RuleProblem]) -> list[Rule]:
    """Turn the references of correlation rules into rule ids, and let them share the fate of what they refer to."""
    by_word: dict[str, Rule] = {}
    for rule in rules:
        for word in (rule.name, rule.sigma_id, rule.id):
            if word:
                by_word.setdefault(word, rule)
    links: dict[str, Correlation] = {}
    for rule in rules:
        if rule.correlation is not None:
            missing = [word for word in rule.correlation.rules if word not in by_word]
            if missing:
                file, _, line = rule.file.rpartition(":")
                problems.append(
                    RuleProblem(file, int(line), f"refers to {missing[0]!r}, which is not loaded")
                )
            else:
                links[rule.id] = _resolved(rule.correlation, by_word)
    fates: dict[str, tuple[RuleState, str]] = {}
    rules = [rule for rule in rules if rule.correlation is None or rule.id in links]
    known = {rule.id: rule for rule in rules}
    for rule in list(rules):
        if rule.id in links and not _sound(rule.id, links, known, ()):
            file, _, line = rule.file.rpartition(":")
            problems.append(
                RuleProblem(file, int(line), "refers to itself, or to a correlation that cannot run")
            )
            del links[rule.id]
    rules = [rule for rule in rules if rule.correlation is None or rule.id in links]
    for rule in rules:
        if rule.id in links:
            fates[rule.id] = _shared(rule.id, links, known)
    return [
        msgspec.structs.replace(
            rule, correlation=links[rule.id], state=fates[rule.id][0], reason=fates[rule.id][1]
        )
        if rule.id in links
        else rule
        for rule in rules
    ]


def _resolved(one: Correlation, by_word: dict[str, Rule]) -> Correlation:
    ids = {word: by_word[word].id for word in one.rules}
    return msgspec.structs.replace(
        one,
        rules=tuple(ids[word] for word in one.rules),
        aliases={
            alias: {by_word[word].id if word in by_word else word: name for word, name in mapping.items()}
            for alias, mapping in one.aliases.items()
        },
        expression=renamed(one.expression, ids) if one.expression is not None else None,
    )


def _sound(rule: str, links: dict[str, Correlation], known: dict[str, Rule], above: tuple[str, ...]) -> bool:
    """No correlation refers to itself, and every rule it needs is there."""
    if rule in above or rule not in known:
        return False
    if known[rule].correlation is None:
        return True
    return rule in links and all(_sound(one, links, known, (*above, rule)) for one in links[rule].rules)


def _shared(rule: str, links: dict[str, Correlation], known: dict[str, Rule]) -> tuple[RuleState, str]:
    """A correlation runs if all it refers to run; else it waits, or is not applicable, for the same reason."""
    if rule not in links:
        return known[rule].state, known[rule].reason
    fates = [_shared(one, links, known) for one in links[rule].rules]
    for state in (RuleState.NOT_APPLICABLE, RuleState.WAITING):
        for found, reason in fates:
            if found is state:
                return state, reason
    return RuleState.RUNS, ""
