"""What the events inside a time window add up to, kept up to date as events come in and fall out."""

import math
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from exsweep.knowledge.rules import Correlation
from exsweep.knowledge.rules.correlation import AllOf, AnyOf, Expression, Seen


class Event(NamedTuple):
    """A match of a rule, or of a correlation that another one refers to."""

    time_ms: int
    origin: int
    rule: str
    fields: Mapping[str, str | None]
    origins: tuple[int, ...]
    """Of a correlation: all its events."""


def field_of(correlation: Correlation, rule: str, name: str) -> str:
    """Field of this rule's events that a name of the correlation stands for."""
    return correlation.aliases.get(name, {}).get(rule, name)


def value_of(event: Event, correlation: Correlation, name: str) -> str | None:
    """Value of a group-by or counted field, lower case."""
    value = event.fields.get(field_of(correlation, event.rule, name))
    return None if value is None else value.lower()


class Window(Protocol):
    """What a window's events add up to, kept up to date as events come in and fall out."""

    def add(self, event: Event) -> None: ...
    def drop(self, event: Event) -> None: ...
    def value(self) -> float | None: ...


def window_for(correlation: Correlation) -> Window:
    """An empty window of the kind that the correlation's type needs."""
    if correlation.type == "event_count":
        return _Count()
    if correlation.type == "value_count":
        return _Distinct(
            lambda event: tuple(value_of(event, correlation, name) for name in correlation.fields)
        )
    if correlation.type == "temporal":
        return _Rules(correlation.expression)
    if correlation.type == "temporal_ordered":
        return _Sequence(correlation)
    return _Numbers(correlation)


class _Count:
    def __init__(self) -> None:
        self._events = 0

    def add(self, event: Event) -> None:
        self._events += 1

    def drop(self, event: Event) -> None:
        self._events -= 1

    def value(self) -> float:
        return self._events


class _Distinct:
    """Distinct values; an event that lacks one of the fields does not count."""

    def __init__(self, key: Callable[[Event], tuple[str | None, ...]]) -> None:
        self._key = key
        self._seen: Counter[tuple[str | None, ...]] = Counter()

    def add(self, event: Event) -> None:
        self._seen[self._key(event)] += 1

    def drop(self, event: Event) -> None:
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

    def add(self, event: Event) -> None:
        self._seen[event.rule] += 1

    def drop(self, event: Event) -> None:
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
    return not any(_true(one, present) for one in item.of)


class _Sequence:
    """How many of the rules, from the first on, came in their order; events of one moment are in any order.

    With an expression: 1 if it is true and those of its rules that came, came in the order of the list.
    """

    def __init__(self, correlation: Correlation) -> None:
        self._order = correlation.rules
        self._present = _Rules(correlation.expression)
        self._by_expression = correlation.expression is not None
        self._span = correlation.timespan_ms
        self._now = 0
        self._here: set[str] = set()
        """Rules of the present moment."""
        self._begun: list[int | None] = [None] * len(self._order)
        """For each rule the latest time at which a sequence that reaches it began."""
        self._inside: deque[Event] = deque()

    def add(self, event: Event) -> None:
        if event.time_ms != self._now:
            self._now = event.time_ms
            self._here.clear()
        self._present.add(event)
        self._inside.append(event)
        if event.rule in self._here:
            return
        self._here.add(event.rule)
        for at, rule in enumerate(self._order):
            if rule in self._here:
                before = event.time_ms if at == 0 else self._begun[at - 1]
                now = self._begun[at]
                if before is not None:
                    self._begun[at] = before if now is None else max(before, now)

    def drop(self, event: Event) -> None:
        self._present.drop(event)
        self._inside.popleft()

    def value(self) -> float:
        if self._by_expression:
            return float(self._present.value() > 0 and self._ordered())
        reached = [begun is not None and begun >= self._now - self._span for begun in self._begun]
        return float(max((at + 1 for at, one in enumerate(reached) if one), default=0))

    def _ordered(self) -> bool:
        times: dict[str, list[int]] = {}
        for event in self._inside:
            times.setdefault(event.rule, []).append(event.time_ms)
        now = 0
        for rule in self._order:
            if rule in times:
                later = [time for time in times[rule] if time >= now]
                if not later:
                    return False
                now = later[0]
        return True


class _Numbers:
    """Sum, mean or percentile of the numbers in the window; values that are no numbers do not count."""

    def __init__(self, correlation: Correlation) -> None:
        self._correlation = correlation
        self._sorted: list[float] = []

    def add(self, event: Event) -> None:
        number = self._number(event)
        if number is not None:
            insort(self._sorted, number)

    def drop(self, event: Event) -> None:
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

    def _number(self, event: Event) -> float | None:
        text = value_of(event, self._correlation, self._correlation.fields[0])
        try:
            number = float(text) if text is not None else math.nan
        except ValueError:
            return None
        return number if math.isfinite(number) else None
