"""Which clauses of the rules' needs to look for in raw lines: those that cost least in ordinary logs, judged by a sample.

Any choice of clauses lets every line through that a rule may match; the choice decides only how many more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

Clauses = tuple[frozenset[int], ...]
"""One rule's clauses as patterns only: a raw line has no columns."""

LINE_COST = 8
"""What a chosen line costs later (split, compare), in calls for a hit; measured 0.5 and 4 microseconds."""
WIDEST = 5
"""Clauses of one rule that are weighed against each other."""
MOST_VERDICTS = 100_000
MOST_SHARED = 100
"""Most frequent patterns that are compared with each other."""
MOST_SPELLINGS = 8


class Sweep:
    """What is looked for in raw lines, and which lines it chooses."""

    def __init__(self, rules: Sequence[Clauses]) -> None:
        self._rules = sorted(set(rules), key=_order)
        self.options: Mapping[Clauses, Clauses] = {clauses: clauses for clauses in self._rules}
        """A rule's clauses -> those of them that are looked for, ..."""
        self.instead: Mapping[int, int] = {}
        """... and patterns in whose place others are."""
        self._verdicts: dict[frozenset[int], bool] = {}
        self.wanted = frozenset(pattern for clauses in rules for clause in clauses for pattern in clause)
        """Patterns to look for."""

    def choose(self, ids: npt.NDArray[np.int64], begins: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which lines satisfy all clauses of some rule: line i has the patterns from `ids[begins[i]]` on, each once.

        Few sets of patterns occur, so that each is judged once.
        """
        ends = np.append(begins[1:], len(ids))
        sums = np.add.reduceat(_mixed(ids), begins)
        _, first, which = np.unique(sums, return_index=True, return_inverse=True)
        told = [self._may_match(frozenset(ids[begins[at] : ends[at]].tolist())) for at in first.tolist()]
        # Other sets of the same sum, which somebody may have made up, are let through.
        same = first[which]
        other = (ends - begins) != (ends - begins)[same]
        twins = np.minimum(
            np.repeat(begins[same] - begins, ends - begins) + np.arange(len(ids)), len(ids) - 1
        )
        other |= np.add.reduceat(ids[twins] != ids, begins) > 0
        chosen: npt.NDArray[np.bool_] = np.array(told, bool)[which] | other
        return chosen

    def _may_match(self, hit: frozenset[int]) -> bool:
        known = self._verdicts.get(hit)
        if known is None:
            known = any(all(clause & hit for clause in clauses) for clauses in self._rules)
            if len(self._verdicts) < MOST_VERDICTS:
                self._verdicts[hit] = known
        return known

    def cheaper(self, sample: "Sample", literals: Mapping[int, Sequence[bytes]]) -> "Sweep":
        """The same rules with one or two clauses each: those that are cheapest in the sample."""
        hits, width = sample.lines, sample.width
        paid: set[int] = set()
        taken = np.zeros(width, bool)
        options: dict[Clauses, Clauses] = {}
        for clauses in self._rules:
            best = min(_options(clauses), key=lambda option: _cost(option, hits, paid, taken))
            paid.update(pattern for clause in best for pattern in clause)
            taken |= _lines(best, hits, width)
            options[clauses] = best
        instead = _shared({pattern: len(hits[pattern]) for pattern in paid if pattern in hits}, literals)
        found = Sweep(
            [
                tuple(frozenset(instead.get(one, one) for one in clause) for clause in best)
                for best in options.values()
            ]
        )
        found.options, found.instead = options, instead
        return found


def _shared(calls: Mapping[int, int], literals: Mapping[int, Sequence[bytes]]) -> dict[int, int]:
    """Frequent patterns that stand in another one's literals: that one hits wherever they do, and one call is enough.

    `/auth/` for `/owa/auth/`. Only where it lets hardly more lines through: they would cost more than the calls.
    """
    frequent = sorted(
        (one for one in calls if len(literals[one]) <= MOST_SPELLINGS),
        key=lambda one: (-calls[one], min(map(len, literals[one])), one),
    )[:MOST_SHARED]
    instead: dict[int, int] = {}
    for one in frequent:
        for other in frequent:
            if other in instead or other == one or LINE_COST * (calls[other] - calls[one]) >= calls[one]:
                continue
            if all(any(short in long for short in literals[other]) for long in literals[one]):
                instead[one] = other
                break
    return instead


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of a log: for each pattern the lines of its hits."""

    lines: dict[int, npt.NDArray[np.int64]]
    width: int
    """Lines in all."""

    @classmethod
    def of(cls, data: bytes, ids: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> "Sample":
        """`ids` and `ends` are all hits of all patterns in `data`."""
        breaks = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        lines = np.searchsorted(breaks, ends - 1)
        return cls({int(one): lines[ids == one] for one in np.unique(ids)}, len(breaks) + 1)


def _mixed(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """Numbers whose sum tells a set of patterns from nearly all others. Source: finaliser of SplitMix64."""
    mixed = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _order(clauses: Clauses) -> tuple[int, list[list[int]]]:
    """Rules with little choice first: what they need is free for the others."""
    return len(clauses), sorted(sorted(clause) for clause in clauses)


def _options(clauses: Clauses) -> Iterator[Clauses]:
    some = sorted(clauses, key=lambda clause: (len(clause), sorted(clause)))
    for size in (1, 2):
        yield from combinations(some[:WIDEST] if size == 2 else some, size)


def _cost(
    option: Clauses, hits: dict[int, npt.NDArray[np.int64]], paid: set[int], taken: npt.NDArray[np.bool_]
) -> tuple[int, int, list[list[int]]]:
    """Calls for hits and lines that nobody pays for yet; then the lines in all, for those of others may be spared later (see
    `familiar`); the last part only makes it unambiguous."""
    calls = sum(len(hits[one]) for one in frozenset().union(*option) - paid if one in hits)
    lines = _lines(option, hits, len(taken))
    more = int((lines & ~taken).sum())
    return calls + LINE_COST * more, int(lines.sum()), [sorted(clause) for clause in option]


def _lines(option: Clauses, hits: dict[int, npt.NDArray[np.int64]], width: int) -> npt.NDArray[np.bool_]:
    """Lines that satisfy all clauses of the option."""
    left = np.ones(width, bool)
    for clause in option:
        here = np.zeros(width, bool)
        for pattern in clause:
            if pattern in hits:
                here[hits[pattern]] = True
        left &= here
    return left
