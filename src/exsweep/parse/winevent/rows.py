"""Events to batches: rows of one format put together, one column for each name, in the order in which they came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.batch import NO_TIME, Batch
from exsweep.parse.lines import Index
from exsweep.parse.times import values_ms
from exsweep.parse.winevent.flatten import UNNAMED
from exsweep.parse.winevent.formats import SYSTEM, column_of, event_format
from exsweep.parse.winevent.record import Event

BATCH_ROWS = 4096
"""Rows of one format that are handed on together ..."""
WAITING_BYTES = 16 << 20
"""... or all rows, when so much text waits."""
FEW_ROWS = 256
"""Up to so many rows a column of values that not all rows have is made as a list: arrays cost more to set up."""
MAX_COLUMNS = 400
"""Names of values that become columns of one format in one file; hostile records could bring any number."""
MAX_KINDS = 8192
"""Pairs of channel and event id whose format is remembered."""
_PLAIN = pa.binary()
_CODED = pa.dictionary(pa.int32(), _PLAIN)
_STAMP = 23
"""Characters of an ISO time up to the milliseconds."""
_CHANNEL, _EVENT_ID = SYSTEM.index("Channel"), SYSTEM.index("EventID")


@dataclass(slots=True)
class _Shape:
    """Events with the same names of values, in the same order: they are put into columns together."""

    columns: tuple[str, ...]
    """Column of each value; several names of one column are allowed."""
    rows: list[int] = field(default_factory=list)
    values: list[tuple[str, ...]] = field(default_factory=list)


class _Table:
    """Rows of one format that wait, and the columns that the file's events of this format had so far."""

    def __init__(self, form: LogFormat) -> None:
        self.format = form
        self.events: list[Event] = []
        self.crowded = False
        """Some values had to share a column."""
        self._spelling = {name.lower(): name for header in form.headers() for name in header}
        self._declared = tuple(form.columns)
        self._extra: set[str] = set()
        self._shapes: dict[tuple[str, ...], tuple[str, ...]] = {}

    def batch(self, offset_ms: int) -> Batch:
        """The waiting rows; `offset_ms` is added to their times."""
        events, self.events = self.events, []
        count = len(events)
        shapes: dict[tuple[str, ...], _Shape] = {}
        for row, event in enumerate(events):
            names = tuple(event.data)
            shape = shapes.get(names)
            if shape is None:
                shape = shapes[names] = _Shape(self._columns_of(names))
            shape.rows.append(row)
            shape.values.append(tuple(event.data.values()))
        parts: dict[str, list[tuple[Index, Sequence[str | int | None]]]] = {}
        for place, values in enumerate(zip(*(event.system for event in events), strict=True)):
            parts[SYSTEM[place]] = [(np.arange(count, dtype=np.int64), values)]
        for shape in shapes.values():
            _spread(shape, parts)
        names = (*self._declared, *sorted(self._extra))
        columns = [_column(parts.get(name, []), count, plain=name in self.format.unique) for name in names]
        table = pa.table(columns, names=list(names))
        return Batch(
            self.format,
            table,
            np.fromiter((event.line for event in events), np.int64, count),
            np.fromiter((event.offset for event in events), np.int64, count),
            _times([event.system[0] for event in events], offset_ms),
            lines=tuple(event.raw for event in events),
        )

    def _columns_of(self, names: tuple[str, ...]) -> tuple[str, ...]:
        found = self._shapes.get(names)
        if found is None:
            found = tuple(self._column_of(name) for name in names)
            if len(self._shapes) < MAX_COLUMNS:
                self._shapes[names] = found
        return found

    def _column_of(self, name: str) -> str:
        column = column_of(name)
        known = self._spelling.get(column.lower())
        if known is None:
            if len(self._extra) >= MAX_COLUMNS or not column or len(column) > 200:
                self.crowded = True
                return self._column_of(UNNAMED) if name != UNNAMED else UNNAMED
            known = self._spelling[column.lower()] = column
        if known not in self._declared:
            self._extra.add(known)
        return known


class Gatherer:
    """Collects events by format and hands them on in batches."""

    def __init__(self) -> None:
        self.offset_ms = 0
        """Added to every time from now on."""
        self._tables: dict[str, _Table] = {}
        self._table_of: dict[tuple[str | int | None, str | int | None], _Table] = {}
        self._bytes = 0

    @property
    def crowded(self) -> bool:
        """Some events had more different names than there are columns: the rest stands in `Data`."""
        return any(table.crowded for table in self._tables.values())

    def add(self, events: Sequence[Event]) -> Iterator[Batch]:
        """Put events in; gives what is ready."""
        for event in events:
            system = event.system
            table = self._table_of.get((system[_CHANNEL], system[_EVENT_ID]))
            if table is None:
                table = self._table(system[_CHANNEL], system[_EVENT_ID])
            table.events.append(event)
            self._bytes += len(event.raw)
            if len(table.events) >= BATCH_ROWS:
                self._bytes -= sum(len(one.raw) for one in table.events)
                yield table.batch(self.offset_ms)
        if self._bytes >= WAITING_BYTES:
            yield from self.rest()

    def _table(self, channel: str | int | None, event_id: str | int | None) -> _Table:
        form = event_format(str(channel or ""), str("" if event_id is None else event_id))
        table = self._tables.get(form.id)
        if table is None:
            table = self._tables[form.id] = _Table(form)
        if len(self._table_of) < MAX_KINDS:
            self._table_of[channel, event_id] = table
        return table

    def rest(self) -> Iterator[Batch]:
        """All that waits, one batch a format."""
        for name in sorted(self._tables):
            if self._tables[name].events:
                yield self._tables[name].batch(self.offset_ms)
        self._bytes = 0


def _spread(shape: _Shape, parts: dict[str, list[tuple[Index, Sequence[str | int | None]]]]) -> None:
    rows = np.array(shape.rows, np.int64)
    if len(set(shape.columns)) == len(shape.columns):
        for column, values in zip(shape.columns, zip(*shape.values, strict=True), strict=False):
            parts.setdefault(column, []).append((rows, values))
        return
    # Names that differ in letter case only, or that found no column of their own: a line each.
    joined: dict[str, list[list[str]]] = {}
    for column, values in zip(shape.columns, zip(*shape.values, strict=True), strict=False):
        lines = joined.setdefault(column, [[] for _ in shape.rows])
        for line, value in zip(lines, values, strict=True):
            line.append(value)
    for column, lines in joined.items():
        parts.setdefault(column, []).append((rows, ["\n".join(line) for line in lines]))


def _column(pieces: list[tuple[Index, Sequence[str | int | None]]], count: int, *, plain: bool) -> pa.Array:
    """One column of `count` rows; null where no piece has the row."""
    if not pieces:
        return pa.nulls(count, _PLAIN if plain else _CODED)
    if len(pieces) == 1 and len(pieces[0][0]) == count:
        values = _binary(pieces[0][1])
        return values if plain else values.dictionary_encode()
    if count <= FEW_ROWS:
        filled: list[str | int | None] = [None] * count
        for rows, part in pieces:
            for row, value in zip(rows.tolist(), part, strict=True):
                filled[row] = value
        values = _binary(filled)
        return values if plain else values.dictionary_encode()
    values = _binary(list(chain.from_iterable(part for _, part in pieces)))
    rows = np.concatenate([rows for rows, _ in pieces])
    if plain:
        return values.take(_places(rows, np.arange(len(rows), dtype=np.int32), count))
    coded = values.dictionary_encode()
    indices = np.asarray(pc.fill_null(coded.indices, -1) if coded.null_count else coded.indices)
    return pa.DictionaryArray.from_arrays(_places(rows, indices, count), coded.dictionary)


def _places(rows: Index, values: npt.NDArray[np.int32], count: int) -> pa.Array:
    """`values` at `rows`, null elsewhere and where a value is below zero.

    A null holds 0: where dictionaries are unified, Arrow looks up the numbers of nulls too (apache/arrow issue 44827). With -1
    it takes what stands before its table for a number, and the next time it dies of that.
    """
    found = np.full(count, -1, np.int32)
    found[rows] = values
    return pa.array(np.maximum(found, 0), pa.int32(), mask=found < 0)


def _binary(values: Sequence[str | int | None]) -> pa.Array:
    """Text as UTF-8; whole numbers as their digits."""
    if not isinstance(next(filter(None, values), None), int):
        try:
            return pa.array(values, pa.binary())
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
            pass  # numbers, or text that has no UTF-8
    try:
        return pa.array(values, pa.int64()).cast(pa.string()).cast(pa.binary())
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass  # not all of them are numbers
    # Half of a surrogate pair, as JSON can write it, keeps its three bytes.
    found = [None if value is None else str(value).encode("utf-8", "surrogatepass") for value in values]
    return pa.array(found, pa.binary())


def _times(stamps: Sequence[str | int | None], offset_ms: int) -> Index:
    """Unix milliseconds of ISO stamps; digits beyond are left out."""
    short = [stamp[:_STAMP] if isinstance(stamp, str) and stamp.endswith("Z") else stamp for stamp in stamps]
    times = values_ms(pa.chunked_array([_binary(short)]), "iso")
    return np.where(times == NO_TIME, NO_TIME, times + offset_ms) if offset_ms else times
