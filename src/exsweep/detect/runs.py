"""Stretches of events in which a correlation's condition holds: its windows that touch are one run."""

import math
import operator
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from exsweep.detect.stacks import Ints, Ordered
from exsweep.detect.windows import window_for
from exsweep.knowledge.rules import Correlation


class Run(NamedTuple):
    """Windows that satisfy the condition and touch."""

    first: int
    last: int
    """Places of the first and the last event."""
    value: float
    """The greatest (for `<` and `<=` the least) value of a window."""


def too_few(correlation: Correlation, events: int) -> bool:
    """Whether a group of so many events can never satisfy the condition."""
    return _only_counts(correlation) and correlation.op in (">", ">=") and not _condition(correlation)(events)


def runs(times: Ints, events: Ordered, correlation: Correlation) -> Iterator[Run]:
    """Runs in the events of one group, in order; `times` are theirs, rising."""
    if _only_counts(correlation):
        return _of_counts(times, correlation)
    return _of_windows(times, events, correlation)


def _only_counts(correlation: Correlation) -> bool:
    return correlation.type == "event_count" and correlation.expression is None


def _of_counts(times: Ints, correlation: Correlation) -> Iterator[Run]:
    """All windows at once."""
    final = np.flatnonzero(np.append(np.diff(times) != 0, True))  # events of one moment are judged together
    begins = np.searchsorted(times, times[final] - correlation.timespan_ms, side="left")
    counts = final - begins + 1
    good = _condition(correlation)(counts)
    final, begins, counts = final[good], begins[good], counts[good]
    if not len(final):
        return
    starts = np.concatenate(([0], np.flatnonzero(begins[1:] > final[:-1]) + 1))
    best = np.minimum if correlation.op in ("<", "<=") else np.maximum
    lasts = np.append(starts[1:], len(final)) - 1
    values = best.reduceat(counts, starts)
    for start, last, value in zip(starts.tolist(), lasts.tolist(), values.tolist(), strict=True):
        yield Run(int(begins[start]), int(final[last]), float(value))


def _of_windows(times: Ints, events: Ordered, correlation: Correlation) -> Iterator[Run]:
    window = window_for(correlation)
    holds = _condition(correlation)
    inside: deque[int] = deque()
    begin, end, best = 0, -1, math.nan
    least = correlation.op in ("<", "<=")
    moments = times.tolist()
    for at, moment in enumerate(moments):
        inside.append(at)
        window.add(events[at])
        while moments[inside[0]] < moment - correlation.timespan_ms:
            window.drop(events[inside.popleft()])
        if at + 1 < len(moments) and moments[at + 1] == moment:
            continue  # events of one moment have no order: judged together
        value = window.value()
        if value is None or not holds(value):
            continue
        if end >= 0 and inside[0] > end:
            yield Run(begin, end, best)
            end = -1
        if end < 0:
            begin, best = inside[0], value
        end = at
        best = min(best, value) if least else max(best, value)
    if end >= 0:
        yield Run(begin, end, best)


def _condition(correlation: Correlation) -> Callable[[Any], Any]:
    """A test of one value, or of an array of them."""
    threshold = correlation.threshold
    if correlation.expression is not None:
        return lambda value: value > 0
    compare: dict[str, Callable[[Any, float], Any]] = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }
    return lambda value: compare[correlation.op](value, threshold)
