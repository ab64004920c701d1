"""What a piece of work gives back; small, encodable, the same whoever did the work."""

import zlib
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from exsweep.model import FileReport, Hit, SourceReport

ROW = np.dtype([("time_ms", "<i8"), ("offset", "<i8"), ("line", "<i8"), ("group", "<i4"), ("source", "<i4")])
"""One counted match: `group` is its place in `Counted.groups`, `source` that of the file in the sources."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Matches of one rule that some correlation counts: in columns, 32 bytes each, for there may be millions."""

    rule: str
    groups: tuple[tuple[str | None, ...], ...]
    """Values of the fields that some correlation groups by or counts, in order of their names."""
    rows: bytes
    """Array of `ROW`."""
    quoted: bytes = b""
    """Numbers (32 bits) of the rows whose raw line is kept (see `assess.counting`), ..."""
    lines: bytes = b""
    """... and those lines, at most 400 characters each: a list in MessagePack, compressed by zlib."""

    def columns(self) -> npt.NDArray[np.void]:
        """The rows, not copied."""
        return np.frombuffer(self.rows, ROW)

    def only_lines(self, places: Sequence[int]) -> bytes:
        """`lines` with only those at these places."""
        if not places:
            return b""
        lines = msgspec.msgpack.decode(zlib.decompress(self.lines), type=list[str])
        return zlib.compress(msgspec.msgpack.encode([lines[place] for place in places]), 1)

    def line_of(self, place: int) -> str:
        """The raw line of the row with the number `quoted[place]`."""
        return msgspec.msgpack.decode(zlib.decompress(self.lines), type=list[str])[place]


class StoredTable(msgspec.Struct, frozen=True):
    """One Parquet file of the event store and what it was made from."""

    file: str
    kind: str
    rows: int


class TaskResult(msgspec.Struct, frozen=True):
    """Everything that reading one group of files gave."""

    sources: tuple[SourceReport, ...]
    hits: tuple[Hit, ...]
    counted: tuple[Counted, ...] = ()
    tables: tuple[StoredTable, ...] = ()
    failures: dict[str, str] = {}
    """Rules that the database could not run, and why."""
    files: tuple[FileReport, ...] = ()
    """Pages and scripts that were looked at."""
