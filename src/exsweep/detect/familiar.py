"""Values in which a literal stands day after day and that every rule asking for it refuses: no reason to cut a line.

`/EWS/Exchange.asmx` is in a quarter of a web log's lines. Such values are learned from the log itself, and each is judged by
what the rules' conditions say of it (see `values`): nothing is guessed, and what was learned decides only what is cut.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OFTEN = 64
"""Hits of a pattern in one piece of a log from which on its values are looked at."""
_SAMPLE = 16
"""Of its hits, so many."""
AGAIN = 2
"""Of these a value must be in so many."""
MOST = 16
"""Values of one pattern that are known; each is compared with every hit that is not explained yet."""
_LONGEST = 200
_MOST_JUDGED = 2_000
_WORD = 8


@dataclass(frozen=True, slots=True)
class _Value:
    """A value with the separators around it, as numbers of eight bytes."""

    behind: int
    """From the first separator to the end of the hit."""
    size: int
    words: tuple[tuple[int, int], ...]
    """(place, eight bytes there); the last ones overlap where the size is no multiple of eight."""


@dataclass(slots=True)
class Familiar:
    """For lines that are cut at every separator; one that is cut in another way may hold other values."""

    separator: bytes
    harmless: Callable[[int, bytes], bool]
    """Every rule that asks for this pattern refuses this value, whatever else the row holds."""
    _known: dict[int, list[_Value]] = field(default_factory=dict)
    _judged: set[tuple[int, bytes, int]] = field(default_factory=set)

    def strange(self, data: bytes, ids: Ints, ends: Ints) -> Mask:
        """Of hits (pattern; offset behind its last byte) those that stand in no value known to be harmless."""
        strange = np.ones(len(ids), bool)
        if len(data) < _WORD:
            return strange
        eights = np.ndarray((len(data) - _WORD + 1,), np.uint64, data, strides=(1,))
        order = np.argsort(ids, kind="stable")
        borders = np.flatnonzero(np.diff(ids[order])) + 1
        for mine in np.split(order, borders) if len(ids) else ():
            pattern = int(ids[mine[0]])
            left = mine
            for value in self._known.get(pattern, ()):
                left = left[~_stands(value, eights, ends[left], len(data))]
            if len(left) >= OFTEN and self._learn(pattern, data, ends[left]):
                for value in self._known[pattern]:
                    left = left[~_stands(value, eights, ends[left], len(data))]
            strange[mine] = False
            strange[left] = True
        return strange

    def _learn(self, pattern: int, data: bytes, ends: Ints) -> bool:
        """Look at the values of some hits; True: some of them are harmless and were not known."""
        known = self._known.setdefault(pattern, [])
        before = len(known)
        seen: Counter[tuple[int, bytes, int]] = Counter()
        for end in ends[:: max(1, len(ends) // _SAMPLE)].tolist():
            start = data.rfind(self.separator, max(0, end - _LONGEST), end)
            stop = data.find(self.separator, end, end + _LONGEST)
            around = data[start : stop + 1] if 0 <= start < stop else b""
            if len(around) >= _WORD and b"\n" not in around and around.isascii():
                seen[pattern, around, end - start] += 1
        for key, count in seen.most_common():
            if count < AGAIN or len(known) >= MOST or len(self._judged) >= _MOST_JUDGED:
                break
            if key not in self._judged:
                self._judged.add(key)
                if self.harmless(pattern, key[1][1:-1]):
                    known.append(_value(key[1], key[2]))
        return len(known) > before


def _value(around: bytes, behind: int) -> _Value:
    places = [*range(0, len(around) - _WORD, _WORD), len(around) - _WORD]
    words = np.ndarray((len(around) - _WORD + 1,), np.uint64, around, strides=(1,))
    return _Value(behind, len(around), tuple((place, int(words[place])) for place in places))


def _stands(value: _Value, eights: npt.NDArray[np.uint64], ends: Ints, size: int) -> Mask:
    """For each hit whether the value stands around it."""
    starts = ends - value.behind
    at = np.flatnonzero((starts >= 0) & (starts <= size - value.size))
    for place, word in value.words:
        at = at[eights[starts[at] + place] == word]
    found = np.zeros(len(ends), bool)
    found[at] = True
    return found
