"""Rows of many small logs put together: asking the rules and writing cost much for each call and little for each row."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from exsweep.detect import Match
from exsweep.parse.batch import Batch, Ints

JOIN_BYTES = 3 << 20
"""From so much text on rows are handed on; a piece of a big log (4 MiB, more or less a line) passes by itself."""
JOIN_SWEPT_BYTES = 24 << 20
"""The same for what a sweep chose, which is few lines of the text that it holds on to."""
JOIN_RECORDS_BYTES = 24 << 20
"""The same for records, whose rules are thousands: each call costs as much as a thousand rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file's rows among those put together."""

    place: int
    """Of the file in its task."""
    path: str
    rows: int
    raw: Callable[[int], bytes | None]
    """Raw line of a row, counted from the first of this part."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some rows of `Joined`; raw lines are cut out only when asked for, for few of many are ever shown."""

    batch: Batch
    rows: Ints
    """Number in `Joined` of each row of `batch`, rising."""
    parts: tuple[Part, ...]
    starts: Ints
    """Number in `Joined` of the first row of each part."""
    kept: Ints
    """Number of each row in the batch that this one was narrowed from."""
    lines: tuple[bytes, ...] | None = None
    """Raw lines of the rows, once they have been cut out."""
    may: Mapping[int, Ints] | None = None
    """What the engine said of these rows when it chose them (`Engine.look`)."""

    def places(self) -> Ints:
        """Place of the file of each row, rising."""
        which = np.searchsorted(self.starts, self.rows, side="right") - 1
        return np.array([part.place for part in self.parts], np.int64)[which]

    def narrowed(self, rows: Sequence[int]) -> "Chosen":
        """Only these rows of `batch`, each once, rising."""
        few = np.unique(np.array(rows, np.int64))
        lines = None if self.lines is None else tuple(self.lines[row] for row in few.tolist())
        return Chosen(self.batch.take(few), self.rows[few], self.parts, self.starts, few, lines)

    def moved(self, matches: Sequence[Match]) -> list[Match]:
        """Matches of rows of the batch that this one was narrowed from, as matches of its own rows."""
        rows = np.searchsorted(self.kept, np.array([match.row for match in matches], np.int64)).tolist()
        return [Match(match.rule, 0, row) for match, row in zip(matches, rows, strict=True)]

    def raw(self, row: int) -> bytes:
        """The raw line of a row of `batch`."""
        if self.lines is not None:
            return self.lines[row]
        wanted = int(self.rows[row])
        part = int(np.searchsorted(self.starts, wanted, side="right")) - 1
        return self.parts[part].raw(wanted - int(self.starts[part])) or b""

    def with_lines(self) -> Batch:
        """All rows with their raw lines."""
        return replace(self.batch, lines=self._cut())

    def loose(self) -> "Chosen":
        """The same, no longer holding on to the text: its memory is still warm when the next piece takes it."""
        parts = tuple(replace(part, raw=_nothing) for part in self.parts)
        return replace(self, parts=parts, lines=self._cut())

    def slim(self) -> "Chosen":
        """`loose`, and without columns and values that only other rows of the piece have."""
        loose = self.loose()
        return replace(loose, batch=loose.batch.slim())

    def _cut(self) -> tuple[bytes, ...]:
        return tuple(self.raw(row) for row in range(len(self.batch)))


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows of one format, file after file, with all columns that any of the files has."""

    batch: Batch
    """Without raw lines; `parts` have them."""
    parts: tuple[Part, ...]
    text: int
    """Bytes that `parts` hold on to."""

    def choose(self, rows: Ints, may: Mapping[int, Ints] | None = None) -> Chosen:
        """The rows with these numbers, rising."""
        starts = np.cumsum([0, *(part.rows for part in self.parts)])
        return Chosen(self.batch.take(rows), rows, self.parts, starts, rows, may=may)


@dataclass(slots=True)
class Gathering:
    """Batches wait here, by format and columns, until there are enough of them; records by format alone.

    Each record brings its own names of values, so that hardly two files have the same columns.
    """

    enough: int = JOIN_BYTES
    """Text of lines from which on they are handed on."""
    _waiting: dict[tuple[str, tuple[str, ...]], list[tuple[int, str, Batch]]] = field(default_factory=dict)
    _bytes: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    """Text that waits: of records, of lines."""

    def add(self, place: int, path: str, batch: Batch) -> Iterator[Joined]:
        """Put rows in; gives what is ready."""
        if not len(batch):
            return
        records = batch.format.records
        key = (batch.format.id, () if records else tuple(batch.table.column_names))
        self._waiting.setdefault(key, []).append((place, path, batch))
        self._bytes[records] += _text(batch)
        if self._bytes[records] >= (JOIN_RECORDS_BYTES if records else self.enough):
            yield from self._ready(records)

    def rest(self) -> Iterator[Joined]:
        """All that waits."""
        yield from self._ready(False)
        yield from self._ready(True)

    def _ready(self, records: bool) -> Iterator[Joined]:
        for key in sorted(self._waiting):
            if self._waiting[key][0][2].format.records is records:
                yield join(self._waiting.pop(key))
        self._bytes[records] = 0


def _nothing(row: int) -> None:
    return None


def join(parts: Sequence[tuple[int, str, Batch]]) -> Joined:
    """Rows of one format as one batch; a column that a file lacks is null in its rows."""
    batches = [batch for _, _, batch in parts]
    kept = tuple(Part(place, path, len(batch), batch.lines_only().raw) for place, path, batch in parts)
    text = sum(_text(batch) for batch in batches)
    if len(batches) == 1:
        return Joined(batches[0].without_buffer(), kept, text)
    tables = [batch.table for batch in batches]
    alike = all(table.column_names == tables[0].column_names for table in tables)
    table = pa.concat_tables(tables if alike else _padded(tables)).unify_dictionaries().combine_chunks()
    whole = Batch(
        batches[0].format,
        table,
        np.concatenate([batch.line for batch in batches]),
        np.concatenate([batch.offset for batch in batches]),
        np.concatenate([batch.time_ms for batch in batches]),
    )
    return Joined(whole, kept, text)


def _padded(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """The same tables with the columns of all of them, in the order in which they first come.

    Names that differ in letter case are one column, spelled as it first comes: rules ask in any case.
    """
    fields: dict[str, pa.Field] = {}
    for table in tables:
        for one in table.schema:
            fields.setdefault(one.name.lower(), one)
    names = [one.name for one in fields.values()]
    found = []
    for table in tables:
        places = {name.lower(): at for at, name in enumerate(table.column_names)}
        columns = [
            table.column(places[low]) if low in places else pa.nulls(table.num_rows, one.type)
            for low, one in fields.items()
        ]
        found.append(pa.table(columns, names=names))
    return found


def _text(batch: Batch) -> int:
    if batch.buffer is not None:
        return len(batch.buffer)
    return batch.table.nbytes if batch.lines is None else sum(map(len, batch.lines))
