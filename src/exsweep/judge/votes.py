"""How far two clocks are apart, by the vote of events that both saw. Numbers only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Keyed = tuple[npt.NDArray[np.uint64], Ints]
"""Keys, sorted, and moments in Unix milliseconds."""
_FEW_STRAYS = 0.05
"""Common events that may stand in the wrong part of a log whose clock jumped."""
_MOST_PARTS = 4
_MOST_PAIRS = 2_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A span of the second log in which its clock differs by so much."""

    offset_ms: int
    agree: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Vote:
    """What the common events of two logs say of the difference of their clocks."""

    common: int
    parts: tuple[Part, ...] = ()
    """In order of time; empty: no majority."""
    rival_ms: int | None = None
    """Another difference that as good as as many events fit, where that is why there is none."""

    @property
    def agree(self) -> int:
        return sum(part.agree for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Each event of one log with each one of the same key of the other."""

    one: Ints
    other: Ints
    apart: Ints
    """Milliseconds that the other log's clock is ahead."""

    def without(self, seen: npt.NDArray[np.bool_]) -> "_Pairs":
        """Less the pairs of events that are explained."""
        stale = np.isin(self.one, self.one[seen]) | np.isin(self.other, self.other[seen])
        return _Pairs(self.one[~stale], self.other[~stale], self.apart[~stale])

    def voters(self, chosen: npt.NDArray[np.bool_]) -> int:
        return min(len(np.unique(self.one[chosen])), len(np.unique(self.other[chosen])))


def vote(
    one: Keyed,
    other: Keyed,
    *,
    tolerance_ms: int,
    reach_ms: int,
    fewest: int,
    share: float,
    rival: float,
) -> Vote:
    """Keys and moments of two logs -> how far the second is ahead of the first.

    Keys are sorted. A difference wins that at least `fewest` events and `share` of the common ones agree on, unless another one
    has more than `rival` of its votes; two that follow each other in time are a clock that jumped.
    """
    pairs = _pairs(one, other, reach_ms)
    every = np.ones(len(pairs.apart), np.bool_)
    common = pairs.voters(every)
    if common < fewest:
        return Vote(common)
    best = _peak(pairs.apart, tolerance_ms)
    members = np.abs(pairs.apart - best) <= tolerance_ms
    agree = pairs.voters(members)
    rest = pairs.without(members)
    jump = _jump(other[1], pairs, members, rest, tolerance_ms, fewest)
    if jump and sum(part.agree for part in jump) >= share * common:
        return Vote(common, jump)
    if agree < max(fewest, share * common):
        return Vote(common)
    far = np.abs(pairs.apart - best) > 2 * tolerance_ms
    if far.any():
        second = _peak(pairs.apart[far], tolerance_ms)
        if pairs.voters(far & (np.abs(pairs.apart - second) <= tolerance_ms)) > rival * agree:
            return Vote(common, rival_ms=second)
    moments = other[1][pairs.other[members]]
    return Vote(common, (Part(best, agree, int(moments.min()), int(moments.max())),))


def _pairs(one: Keyed, other: Keyed, reach_ms: int) -> _Pairs:
    low = np.searchsorted(other[0], one[0], "left")
    number = np.searchsorted(other[0], one[0], "right") - low
    if int(number.sum()) > _MOST_PAIRS:  # a key in every line: it tells nothing
        number = np.where(number > 64, 0, number)
    first = np.repeat(np.arange(len(one[0])), number)
    step = np.arange(len(first)) - np.repeat(np.cumsum(number) - number, number)
    second = np.repeat(low, number) + step
    apart = other[1][second] - one[1][first]
    near = np.abs(apart) <= reach_ms
    return _Pairs(first[near], second[near], apart[near])


def _peak(apart: Ints, tolerance_ms: int) -> int:
    """Middle of the densest window; of equal ones that nearest to no difference at all."""
    ordered = np.sort(apart)
    ends = np.searchsorted(ordered, ordered + 2 * tolerance_ms, "right")
    number = ends - np.arange(len(ordered))
    places = np.flatnonzero(number == number.max())
    middles = [int(np.median(ordered[at : ends[at]])) for at in places[:1000].tolist()]
    return min(middles, key=lambda value: (abs(value), value))


def _jump(
    moments: Ints, pairs: _Pairs, members: npt.NDArray[np.bool_], rest: _Pairs, tolerance_ms: int, fewest: int
) -> tuple[Part, ...]:
    """Parts of the log, where two differences take turns in time; else nothing."""
    if len(rest.apart) < fewest:
        return ()
    second = _peak(rest.apart, tolerance_ms)
    others = np.abs(rest.apart - second) <= tolerance_ms
    if rest.voters(others) < fewest:
        return ()
    events = [
        (int(moments[at]), int(apart), 0)
        for at, apart in zip(pairs.other[members], pairs.apart[members], strict=True)
    ]
    events += [
        (int(moments[at]), int(apart), 1)
        for at, apart in zip(rest.other[others], rest.apart[others], strict=True)
    ]
    events = sorted(set(events))
    runs: list[list[tuple[int, int, int]]] = []
    strays = 0
    for at, event in enumerate(events):
        if runs and runs[-1][-1][2] == event[2]:
            runs[-1].append(event)
        elif len({kind for _, _, kind in events[at : at + fewest]}) == 1 and at + fewest <= len(events):
            runs.append([event])
        else:
            strays += 1
    if strays > _FEW_STRAYS * len(events) or not 2 <= len(runs) <= _MOST_PARTS:
        return ()
    return tuple(_part(run) for run in runs)


def _part(run: Sequence[tuple[int, int, int]]) -> Part:
    apart = int(np.median([difference for _, difference, _ in run]))
    return Part(apart, len(run), run[0][0], run[-1][0])
