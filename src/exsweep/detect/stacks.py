"""Events of one rule in columns: there may be a million, so that few of them ever become objects."""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from exsweep.detect.windows import Event, field_of
from exsweep.knowledge.rules import Correlation

Ints = npt.NDArray[np.int64]
Field = tuple[Ints, Sequence[str | None]]
"""Each event's number in the texts, or -1 for none."""


class Stack:
    """Events of one rule, in any order."""

    def __init__(
        self,
        rule: str,
        times: Ints,
        origins: Ints,
        fields: Mapping[str, Field],
        many: Sequence[tuple[int, ...]] | None = None,
    ) -> None:
        self.rule = rule
        self.times = times
        """Unix milliseconds."""
        self.origins = origins
        self._fields = fields
        self._many = many
        """Of correlations: all origins of each."""

    @classmethod
    def of_events(cls, events: Sequence[Event]) -> "Stack":
        """The results of a correlation, to which another one refers; at least one."""
        names = sorted({name for event in events for name in event.fields})
        fields = {
            name: (np.arange(len(events)), [event.fields.get(name) for event in events]) for name in names
        }
        return cls(
            events[0].rule,
            np.array([event.time_ms for event in events], np.int64),
            np.array([event.origin for event in events], np.int64),
            fields,
            [event.origins for event in events],
        )

    def __len__(self) -> int:
        return len(self.times)

    def event(self, row: int) -> Event:
        """One event as an object."""
        fields = {name: _text(field, row) for name, field in self._fields.items()}
        origin = int(self.origins[row])
        origins = (origin,) if self._many is None else self._many[row]
        return Event(int(self.times[row]), origin, self.rule, fields, origins)

    def origins_of(self, rows: Ints) -> Sequence[int]:
        """All origins of these events, in their order."""
        if self._many is None:
            origins: list[int] = self.origins[rows].tolist()
            return origins
        return list(chain.from_iterable(self._many[row] for row in rows.tolist()))

    def keys(self, correlation: Correlation) -> tuple[Ints, list[tuple[str | None, ...]]]:
        """The group of each event, as its number in the list of groups (values in lower case)."""
        codes = np.zeros(len(self), np.int64)
        keys: list[tuple[str | None, ...]] = [()]
        for name in correlation.group_by:
            field = self._fields.get(field_of(correlation, self.rule, name))
            mine, texts = field if field is not None else (np.full(len(self), -1, np.int64), [])
            low: list[str | None] = [None, *(None if text is None else text.lower() for text in texts)]
            used, codes = np.unique(codes * len(low) + mine + 1, return_inverse=True)
            keys = [(*keys[one // len(low)], low[one % len(low)]) for one in used.tolist()]
        return codes, keys


def _text(field: Field, row: int) -> str | None:
    codes, texts = field
    return None if codes[row] < 0 else texts[int(codes[row])]


class Ordered:
    """Events of several stacks in one order, made into objects one at a time."""

    def __init__(self, stacks: Sequence[Stack], which: Ints, rows: Ints) -> None:
        self._stacks, self._which, self._rows = stacks, which, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, at: int) -> Event:
        return self._stacks[int(self._which[at])].event(int(self._rows[at]))

    def origins(self, first: int, last: int) -> tuple[int, ...]:
        """Distinct origins of the events from one to the other."""
        which, rows = self._which[first : last + 1], self._rows[first : last + 1]
        borders = [0, *(np.flatnonzero(np.diff(which)) + 1).tolist(), len(which)]
        parts = (
            self._stacks[int(which[begin])].origins_of(rows[begin:end]) for begin, end in pairwise(borders)
        )
        return tuple(dict.fromkeys(chain.from_iterable(parts)))
