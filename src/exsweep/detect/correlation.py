"""Sigma correlation rules over the matches of the rules they refer to: counts, values and sequences in a time span.

The window of an event reaches back `timespan` from it, both ends inside; windows that satisfy the condition and touch
are one correlation. Source: Sigma correlation rules specification 2.1.
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from exsweep.detect.windows import Event, field_of, value_of, window_for
from exsweep.knowledge.rules import Correlation, Rule

FIELD = "field "
"""Before the name of a field (as the rules write it) in the columns of a table of events."""

_PIECE = 10_000
"""Rows that are Python objects twice at a time: there may be a million."""


def schema(fields: Iterable[str]) -> pa.Schema:
    """Columns of a table of events: rule id, Unix milliseconds, number of the match, and the fields as text."""
    fixed = [("rule", pa.string()), ("time_ms", pa.int64()), ("origin", pa.int64())]
    return pa.schema(fixed + [(FIELD + name, pa.string()) for name in fields])


class Correlated(NamedTuple):
    """One correlation rule that came true for one group."""

    rule: Rule
    group: dict[str, str | None]
    """Value of each `group-by` field; None where the events lack it."""
    first_ms: int
    last_ms: int
    """Unix milliseconds of the first and last event."""
    value: float
    """The greatest (for `<` and `<=` the least) count, sum ... that a window had."""
    origins: tuple[int, ...]
    """Origins of the events, in order of time."""


def needed_fields(rules: Iterable[Rule]) -> dict[str, set[str]]:
    """Rule id -> fields of its events that some correlation groups by or counts."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        if rule.correlation is not None:
            for base in rule.correlation.rules:
                found[base] |= set()  # a correlation without fields still counts its events
                for name in (*rule.correlation.group_by, *rule.correlation.fields):
                    found[base].add(field_of(rule.correlation, base, name))
    return dict(found)


def silent(rules: Iterable[Rule]) -> frozenset[str]:
    """Ids of rules that only serve correlations: their matches are no findings (Sigma `generate: false`)."""
    chosen = list(rules)
    served = {base for rule in chosen if rule.correlation is not None for base in rule.correlation.rules}
    loud = {
        base
        for rule in chosen
        if rule.correlation is not None and rule.correlation.generate
        for base in rule.correlation.rules
    }
    return frozenset(served - loud)


def correlate(rules: Sequence[Rule], events: pa.Table) -> list[Correlated]:
    """Evaluate all correlation rules over events (columns as `schema` says); order of the rows does not matter.

    Correlations that refer to correlations see them as one event at the time of their last event.
    """
    by_rule: dict[str, list[Event]] = defaultdict(list)
    for piece in events.to_batches(max_chunksize=_PIECE):
        for row in piece.to_pylist():
            fields = {
                name.removeprefix(FIELD): value for name, value in row.items() if name.startswith(FIELD)
            }
            by_rule[row["rule"]].append(
                Event(row["time_ms"], row["origin"], row["rule"], fields, (row["origin"],))
            )
    found: list[Correlated] = []
    for rule, correlation in _in_order(rules):
        results = _evaluate(rule, correlation, by_rule)
        found.extend(results)
        for one in results:
            by_rule[rule.id].append(Event(one.last_ms, one.origins[-1], rule.id, one.group, one.origins))
    return sorted(
        found, key=lambda one: (one.first_ms, one.rule.id, sorted(one.group.items(), key=str), one.origins)
    )


def _in_order(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Correlation]]:
    """Correlation rules, every one after those it refers to."""
    waiting = {
        rule.id: (rule, rule.correlation)
        for rule in sorted(rules, key=lambda one: one.id)
        if rule.correlation is not None
    }
    while waiting:
        ready = [
            name for name, (_, correlation) in waiting.items() if not set(correlation.rules) & waiting.keys()
        ]
        if not ready:  # a loop; loading refuses them
            return
        for name in ready:
            yield waiting.pop(name)


def _evaluate(rule: Rule, correlation: Correlation, by_rule: Mapping[str, list[Event]]) -> list[Correlated]:
    groups: dict[tuple[str | None, ...], list[Event]] = defaultdict(list)
    for base in dict.fromkeys(correlation.rules):
        for event in by_rule.get(base, ()):
            key = tuple(value_of(event, correlation, name) for name in correlation.group_by)
            groups[key].append(event)
    found: list[Correlated] = []
    for key, events in groups.items():
        events.sort(key=lambda event: (event.time_ms, event.origin, event.rule))
        group = dict(zip(correlation.group_by, key, strict=True))
        found.extend(_runs(rule, correlation, group, events))
    return found


def _runs(
    rule: Rule, correlation: Correlation, group: dict[str, str | None], events: Sequence[Event]
) -> Iterator[Correlated]:
    """Windows that satisfy the condition, those that touch joined."""
    window = window_for(correlation)
    holds = _condition(correlation)
    inside: deque[int] = deque()
    begin, end, best = 0, -1, math.nan
    least = correlation.op in ("<", "<=")
    for at, event in enumerate(events):
        inside.append(at)
        window.add(event)
        while events[inside[0]].time_ms < event.time_ms - correlation.timespan_ms:
            window.drop(events[inside.popleft()])
        if at + 1 < len(events) and events[at + 1].time_ms == event.time_ms:
            continue  # events of one moment have no order: judged together
        value = window.value()
        if value is None or not holds(value):
            continue
        if end >= 0 and inside[0] > end:
            yield _correlated(rule, group, events[begin : end + 1], best)
            end = -1
        if end < 0:
            begin, best = inside[0], value
        end = at
        best = min(best, value) if least else max(best, value)
    if end >= 0:
        yield _correlated(rule, group, events[begin : end + 1], best)


def _correlated(
    rule: Rule, group: dict[str, str | None], events: Sequence[Event], value: float
) -> Correlated:
    origins = tuple(dict.fromkeys(origin for event in events for origin in event.origins))
    return Correlated(rule, group, events[0].time_ms, events[-1].time_ms, value, origins)


def _condition(correlation: Correlation) -> Callable[[float], bool]:
    threshold = correlation.threshold
    if correlation.expression is not None:
        return lambda value: value > 0
    compare: dict[str, Callable[[float], bool]] = {
        "<": lambda value: value < threshold,
        "<=": lambda value: value <= threshold,
        ">": lambda value: value > threshold,
        ">=": lambda value: value >= threshold,
        "==": lambda value: value == threshold,
        "!=": lambda value: value != threshold,
    }
    return compare[correlation.op]
