"""Rows of real logs that stand in another form: handed out in batches, with times, and days where they cover any."""

from collections.abc import Iterator, Sequence

import numpy as np

from exsweep.parse.batch import Batch
from exsweep.parse.columns import to_table
from exsweep.parse.header import Header
from exsweep.parse.sweep import Sieve
from exsweep.parse.times import Clock
from exsweep.parse.traces.base import TraceReader

_MOST = 8192
"""Rows of one batch."""
_Row = tuple[Sequence[bytes], int, int, bytes]


class LogRows(TraceReader):
    """For readers whose rows belong to logs. Unlike other traces they may cover days, row by row: `add(covers=True)`."""

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._rows: dict[tuple[Header, bool], list[_Row]] = {}

    def feed(self, chunk: bytes, *, last: bool = False, sieve: Sieve | None = None) -> Iterator[Batch]:
        """Rows of what is whole. `sieve` has no effect: the lines are not in the form that it looks through."""
        self.take(chunk, last=last)
        for key, rows in self._rows.items():
            done = len(rows) if last else len(rows) - len(rows) % _MOST
            for start in range(0, done, _MOST):
                yield self._batch(key, rows[start : min(start + _MOST, done)])
            del rows[:done]

    def add(
        self, header: Header, fields: Sequence[bytes], *, line: int, offset: int, raw: bytes, covers: bool
    ) -> None:
        """One row of the log that `header` names; `covers`: the log holds all of its day."""
        self._rows.setdefault((header, covers), []).append((fields, line, offset, raw[:4_000]))

    def _batch(self, key: tuple[Header, bool], rows: Sequence[_Row]) -> Batch:
        header, covers = key
        table = to_table([fields for fields, _, _, _ in rows], header)
        times = Clock().times(table, header)
        self.tally.events_of(table, times, header, with_days=covers)
        line, offset = np.array([row[1:3] for row in rows], np.int64).T
        return Batch(header.format, table, line, offset, times, lines=tuple(row[3] for row in rows))
