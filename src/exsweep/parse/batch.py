"""Rows of one log as columns: what parsers give and detectors take."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.knowledge.formats import LogFormat

NO_TIME = np.iinfo(np.int64).min
"""`time_ms` of an event whose time cannot be read."""

_LINE_CAP = 65_536

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A data line that is no event; `raw` holds at most 1 MiB of it."""

    line: int
    offset: int
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one format in file order.

    `table` has the native column names of the header in force (dropped columns left out), each `binary` or
    `dictionary<int32, binary>`, bytes exactly as written (quotes of the CSV undone). `line` (1-based), `offset`
    (of the start of the line in the file as read) and `time_ms` (Unix milliseconds UTC, or NO_TIME) have one entry a row.
    `raw` gives the bytes of the line as written, where the reader still has them.
    """

    format: LogFormat
    table: pa.Table
    line: Ints
    offset: Ints
    time_ms: Ints
    rejected: Sequence[RejectedLine] = ()
    buffer: bytes | None = None
    """The bytes that the rows were read from ..."""
    buffer_offset: int = 0
    """... and where they begin in the file as read."""
    lines: Sequence[bytes] | None = None
    """Raw line of each row, once rows have been taken out of their buffer."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def raw(self, row: int) -> bytes | None:
        """The line of `row` without its line end, at most 64 KiB; None where nobody kept it."""
        if self.lines is not None:
            return self.lines[row]
        if self.buffer is None:
            return None
        start = int(self.offset[row]) - self.buffer_offset
        return line_at(self.buffer, start) if 0 <= start < len(self.buffer) else None

    def loose(self) -> "Batch":
        """The same rows, each with its raw line, cut loose from the buffer."""
        if self.buffer is None:
            return self
        lines = tuple(self.raw(row) or b"" for row in range(len(self)))
        return replace(self, rejected=(), buffer=None, buffer_offset=0, lines=lines)

    def lines_only(self) -> "Batch":
        """Raw lines without columns: `raw` answers, all else is empty."""
        return replace(self, table=pa.table({}), rejected=())

    def without_buffer(self) -> "Batch":
        """The same rows, cut loose from the bytes they were read from; raw lines are gone."""
        return replace(self, rejected=(), buffer=None, buffer_offset=0, lines=None)

    def part(self, start: int, end: int) -> "Batch":
        """Rows `start` to `end`, nothing copied."""
        return replace(
            self,
            table=self.table.slice(start, end - start),
            line=self.line[start:end],
            offset=self.offset[start:end],
            time_ms=self.time_ms[start:end],
            rejected=(),
            lines=None if self.lines is None else self.lines[start:end],
        )

    def slim(self) -> "Batch":
        """The same rows for keeping: without columns that none of them has, and without the values of other rows (a
        dictionary is shared by all that were cut from one column)."""
        kept = {
            name: column.cast(pa.binary()).dictionary_encode()
            if pa.types.is_dictionary(column.type)
            else column
            for name, column in zip(self.table.column_names, self.table.columns, strict=True)
            if column.null_count < len(column)
        }
        return replace(self, table=pa.table(kept) if kept else self.table)

    def take(self, rows: Ints, *, lines: tuple[bytes, ...] | None = None) -> "Batch":
        """The chosen rows only, in the order given, cut loose from the buffer; rejected lines are not carried along.

        `lines`: their raw lines, where the caller knows them.
        """
        if lines is None and (self.lines is not None or self.buffer is not None):
            lines = tuple(self.raw(int(row)) or b"" for row in rows)
        return replace(
            self,
            table=self.table.take(pa.array(rows)),
            line=self.line[rows],
            offset=self.offset[rows],
            time_ms=self.time_ms[rows],
            rejected=(),
            buffer=None,
            buffer_offset=0,
            lines=lines,
        )


def line_at(text: bytes, start: int) -> bytes:
    """The line that begins there, without its line end, at most 64 KiB."""
    end = text.find(b"\n", start, start + _LINE_CAP)
    return text[start : start + _LINE_CAP if end < 0 else end].rstrip(b"\r")
