"""Sigma correlation rules over the matches of the rules they refer to: counts, values and sequences in a time span.

The window of an event reaches back `timespan` from it, both ends inside; windows that satisfy the condition and touch
are one correlation. Source: Sigma correlation rules specification 2.1.
"""

import math
from bisect import bisect_left, insort
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import pyarrow as pa

from exsweep.knowledge.rules import Correlation, Rule
from exsweep.knowledge.rules.correlation import AllOf, AnyOf, Expression, NoneOf, Seen

FIELD = "field "
"""Before the name of a field (as the rules write it) in the columns of a table of events."""


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


class _Event(NamedTuple):
    time_ms: int
    origin: int
    rule: str
    fields: Mapping[str, str | None]
    origins: tuple[int, ...]


def needed_fields(rules: Iterable[Rule]) -> dict[str, set[str]]:
    """Rule id -> fields of its events that some correlation groups by or counts."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        if rule.correlation is not None:
            for base in rule.correlation.rules:
                for name in (*rule.correlation.group_by, *rule.correlation.fields):
                    found[base].add(_field(rule.correlation, base, name))
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
    by_rule: dict[str, list[_Event]] = defaultdict(list)
    for row in events.to_pylist():
        fields = {name.removeprefix(FIELD): value for name, value in row.items() if name.startswith(FIELD)}
        by_rule[row["rule"]].append(
            _Event(row["time_ms"], row["origin"], row["rule"], fields, (row["origin"],))
        )
    found: list[Correlated] = []
    for rule in _in_order([rule for rule in rules if rule.correlation is not None]):
        results = _evaluate(rule, by_rule)
        found.extend(results)
        for one in results:
            by_rule[rule.id].append(_Event(one.last_ms, one.origins[-1], rule.id, one.group, one.origins))
    return sorted(
        found, key=lambda one: (one.first_ms, one.rule.id, sorted(one.group.items(), key=str), one.origins)
    )


def _in_order(rules: Sequence[Rule]) -> Iterator[Rule]:
    """Every correlation after those it refers to."""
    waiting = {rule.id: rule for rule in sorted(rules, key=lambda one: one.id)}
    while waiting:
        ready = [
            one
            for one in waiting.values()
            if one.correlation and not set(one.correlation.rules) & waiting.keys()
        ]
        if not ready:  # a loop; loading refuses them
            return
        for one in ready:
            yield waiting.pop(one.id)


def _field(correlation: Correlation, rule: str, name: str) -> str:
    return correlation.aliases.get(name, {}).get(rule, name)


def _evaluate(rule: Rule, by_rule: Mapping[str, list[_Event]]) -> list[Correlated]:
    correlation = rule.correlation
    assert correlation is not None
    groups: dict[tuple[str | None, ...], list[_Event]] = defaultdict(list)
    for base in dict.fromkeys(correlation.rules):
        for event in by_rule.get(base, ()):
            key = tuple(_value(event, correlation, name) for name in correlation.group_by)
            groups[key].append(event)
    found: list[Correlated] = []
    for key, events in groups.items():
        events.sort(key=lambda event: (event.time_ms, event.origin, event.rule))
        group = dict(zip(correlation.group_by, key, strict=True))
        found.extend(_runs(rule, correlation, group, events))
    return found


def _value(event: _Event, correlation: Correlation, name: str) -> str | None:
    value = event.fields.get(_field(correlation, event.rule, name))
    return None if value is None else value.lower()


class _Window(Protocol):
    """What a window's events add up to, kept up to date as events come in and fall out."""

    def add(self, event: _Event) -> None: ...
    def drop(self, event: _Event) -> None: ...
    def value(self) -> float | None: ...


def _runs(
    rule: Rule, correlation: Correlation, group: dict[str, str | None], events: Sequence[_Event]
) -> Iterator[Correlated]:
    """Windows that satisfy the condition, those that touch joined."""
    window = _window(correlation)
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
    rule: Rule, group: dict[str, str | None], events: Sequence[_Event], value: float
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


def _window(correlation: Correlation) -> _Window:
    if correlation.type == "event_count":
        return _Count()
    if correlation.type == "value_count":
        return _Distinct(lambda event: tuple(_value(event, correlation, name) for name in correlation.fields))
    if correlation.type == "temporal":
        return _Rules(correlation.expression)
    if correlation.type == "temporal_ordered":
        return _Sequence(correlation)
    return _Numbers(correlation)


class _Count:
    def __init__(self) -> None:
        self._events = 0

    def add(self, event: _Event) -> None:
        self._events += 1

    def drop(self, event: _Event) -> None:
        self._events -= 1

    def value(self) -> float:
        return self._events


class _Distinct:
    """Distinct values; an event that lacks one of the fields does not count."""

    def __init__(self, key: Callable[[_Event], tuple[str | None, ...]]) -> None:
        self._key = key
        self._seen: Counter[tuple[str | None, ...]] = Counter()

    def add(self, event: _Event) -> None:
        self._seen[self._key(event)] += 1

    def drop(self, event: _Event) -> None:
        key = self._key(event)
        self._seen[key] -= 1
        if not self._seen[key]:
            del self._seen[key]

    def value(self) -> float:
        return sum(None not in key for key in self._seen)


class _Rules:
    """Distinct rules in the window, or 1 and 0 for an expression over them."""

    def __init__(self, expression: Expression | None) -> None:
        self._seen: Counter[str] = Counter()
        self._expression = expression

    def add(self, event: _Event) -> None:
        self._seen[event.rule] += 1

    def drop(self, event: _Event) -> None:
        self._seen[event.rule] -= 1

    def value(self) -> float:
        present = {rule for rule, count in self._seen.items() if count}
        return len(present) if self._expression is None else float(_true(self._expression, present))


def _true(item: Expression, present: set[str]) -> bool:
    if isinstance(item, Seen):
        return item.rule in present
    if isinstance(item, AllOf):
        return all(_true(one, present) for one in item.of)
    if isinstance(item, AnyOf):
        return any(_true(one, present) for one in item.of)
    assert isinstance(item, NoneOf)
    return not any(_true(one, present) for one in item.of)


class _Sequence:
    """How many of the rules, from the first on, came in their order; events of one moment are in any order."""

    def __init__(self, correlation: Correlation) -> None:
        self._order = correlation.rules
        self._present = _Rules(correlation.expression)
        self._by_expression = correlation.expression is not None
        self._span = correlation.timespan_ms
        self._moment: list[_Event] = []
        self._begun: list[int | None] = [None] * len(self._order)
        """For each rule the latest time at which a sequence that reaches it began."""

    def add(self, event: _Event) -> None:
        if self._moment and self._moment[-1].time_ms != event.time_ms:
            self._moment.clear()
        self._moment.append(event)
        self._present.add(event)
        here = {one.rule for one in self._moment}
        for at, rule in enumerate(self._order):
            if rule in here:
                before = event.time_ms if at == 0 else self._begun[at - 1]
                now = self._begun[at]
                if before is not None:
                    self._begun[at] = before if now is None else max(before, now)

    def drop(self, event: _Event) -> None:
        self._present.drop(event)

    def value(self) -> float:
        if self._by_expression and not self._present.value():
            return 0.0
        now = self._moment[-1].time_ms
        reached = [begun is not None and begun >= now - self._span for begun in self._begun]
        if self._by_expression:
            return 1.0
        return float(max((at + 1 for at, one in enumerate(reached) if one), default=0))


class _Numbers:
    """Sum, mean or percentile of the numbers in the window; values that are no numbers do not count."""

    def __init__(self, correlation: Correlation) -> None:
        self._correlation = correlation
        self._sorted: list[float] = []

    def add(self, event: _Event) -> None:
        number = self._number(event)
        if number is not None:
            insort(self._sorted, number)

    def drop(self, event: _Event) -> None:
        number = self._number(event)
        if number is not None:
            del self._sorted[bisect_left(self._sorted, number)]

    def value(self) -> float | None:
        if not self._sorted:
            return None
        if self._correlation.type == "value_sum":
            return math.fsum(self._sorted)
        if self._correlation.type == "value_avg":
            return math.fsum(self._sorted) / len(self._sorted)
        share = 50 if self._correlation.type == "value_median" else self._correlation.percentile or 50
        place = (len(self._sorted) - 1) * share / 100
        low, high = self._sorted[math.floor(place)], self._sorted[math.ceil(place)]
        return low + (high - low) * (place - math.floor(place))

    def _number(self, event: _Event) -> float | None:
        text = _value(event, self._correlation, self._correlation.fields[0])
        try:
            number = float(text) if text is not None else math.nan
        except ValueError:
            return None
        return number if math.isfinite(number) else None
