"""Rules that speak of other rules: filters narrow them, correlations count them, and no two share an id."""

import msgspec

from exsweep.knowledge.rules import tree
from exsweep.knowledge.rules.compiled import Compiled, LogSource
from exsweep.knowledge.rules.correlation import Correlation, renamed
from exsweep.knowledge.rules.rule import Rule, RuleProblem, RuleState


def narrowed(
    rules: list[Rule], filters: list[tuple[Compiled, str]], problems: list[RuleProblem]
) -> list[Rule]:
    """Apply Sigma filters: the filter's condition must hold too."""
    for one, file in filters:
        hit = False
        for at, rule in enumerate(rules):
            fits = rule.condition is not None and _within(rule.logsource, one.logsource)
            named = "any" in one.narrows or {rule.sigma_id, rule.name, rule.id} & set(one.narrows)
            if fits and named and rule.condition is not None and one.condition is not None:
                hit = True
                both = tree.And((rule.condition, one.condition))
                rules[at] = msgspec.structs.replace(rule, condition=both, needs=None)
        if not hit:
            problems.append(RuleProblem(file, one.line, "this filter names no rule that is loaded"))
    return rules


def _within(inner: LogSource, outer: LogSource) -> bool:
    return all(
        getattr(outer, part) in (None, getattr(inner, part)) for part in ("category", "product", "service")
    )


def unique(rules: list[Rule], problems: list[RuleProblem]) -> list[Rule]:
    """Of rules with one id the first; the others are added to `problems`."""
    found: dict[str, Rule] = {}
    for rule in rules:
        first = found.setdefault(rule.id, rule)
        if first is not rule:
            file, _, line = rule.file.rpartition(":")
            problems.append(
                RuleProblem(file, int(line), f"has the id {rule.id!r} of {first.file}; give it another")
            )
    return list(found.values())


def linked(rules: list[Rule], problems: list[RuleProblem]) -> list[Rule]:
    """Turn the references of correlation rules into ids; a correlation shares the fate of what it refers to."""
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
    """A correlation runs if all it refers to run; else it shares the first reason not to."""
    if rule not in links:
        return known[rule].state, known[rule].reason
    fates = [_shared(one, links, known) for one in links[rule].rules]
    for state in (RuleState.NOT_APPLICABLE, RuleState.WAITING):
        for found, reason in fates:
            if found is state:
                return state, reason
    return RuleState.RUNS, ""
