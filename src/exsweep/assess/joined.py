"""Rows of many small logs put together: asking the rules and writing cost much for each call and little for each row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from exsweep.parse.batch import Batch, Ints

JOIN_BYTES = 4 << 20
"""From so much text on rows are handed on; a piece of a big log is larger and passes by itself."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows of one format and one set of columns, file after file."""

    batch: Batch
    """Without raw lines; `parts` have them."""
    parts: tuple[tuple[int, str, Batch], ...]
    """(place of the file, its path, its rows) in order."""
    starts: Ints
    """First row of each part in `batch`, and the number of rows."""

    def take(self, rows: Ints) -> tuple[Batch, Ints]:
        """The chosen rows (ascending) with their raw lines, and for each the place of its file."""
        which = np.searchsorted(self.starts, rows, side="right") - 1
        lines = tuple(
            self.parts[part][2].raw(row) or b""
            for part, row in zip(which.tolist(), (rows - self.starts[which]).tolist(), strict=True)
        )
        places = np.array([place for place, _, _ in self.parts], np.int64)[which]
        return self.batch.take(rows, lines=lines), places


@dataclass(slots=True)
class Gathering:
    """Batches wait here, by format and columns, until there are enough of them."""

    _waiting: dict[tuple[str, tuple[str, ...]], list[tuple[int, str, Batch]]] = field(default_factory=dict)
    _bytes: int = 0

    def add(self, place: int, path: str, batch: Batch) -> Iterator[Joined]:
        """Put rows in; gives what is ready."""
        if not len(batch):
            return
        key = (batch.format.id, tuple(batch.table.column_names))
        self._waiting.setdefault(key, []).append((place, path, batch))
        self._bytes += len(batch.buffer) if batch.buffer is not None else batch.table.nbytes
        if self._bytes >= JOIN_BYTES:
            yield from self.rest()

    def rest(self) -> Iterator[Joined]:
        """All that waits."""
        for key in sorted(self._waiting):
            yield join(self._waiting[key])
        self._waiting.clear()
        self._bytes = 0


def join(parts: Sequence[tuple[int, str, Batch]]) -> Joined:
    """Rows of one format and one set of columns as one batch."""
    batches = [batch for _, _, batch in parts]
    starts = np.cumsum([0, *(len(batch) for batch in batches)])
    if len(batches) == 1:
        return Joined(batches[0].without_buffer(), tuple(parts), starts)
    table = pa.concat_tables([batch.table for batch in batches]).unify_dictionaries().combine_chunks()
    whole = Batch(
        batches[0].format,
        table,
        np.concatenate([batch.line for batch in batches]),
        np.concatenate([batch.offset for batch in batches]),
        np.concatenate([batch.time_ms for batch in batches]),
    )
    return Joined(whole, tuple(parts), starts)
