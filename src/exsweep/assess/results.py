"""What a piece of work gives back; small, encodable, the same whoever did the work."""

import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

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


_NOTHING: dict[Any, Any] = {}
"""Stands in the reports of a million files for what hardly one of them has; nobody writes into a report."""


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

    def slim(self) -> "TaskResult":
        """The same in half the memory: equal paths and hashes are one text, and there is one empty table for all.

        A result that comes from another process has a text of its own for each word.
        """
        sources = tuple(_slim(one) for one in self.sources)
        known = {report.path: report for report in sources} if self.files else {}
        return msgspec.structs.replace(
            self, sources=sources, files=tuple(_shared(one, known) for one in self.files)
        )


def _slim(report: SourceReport) -> SourceReport:
    return msgspec.structs.replace(
        report,
        kind=sys.intern(report.kind),
        rejected_reasons=report.rejected_reasons or _NOTHING,
        days=report.days or _NOTHING,
        hours=report.hours or _NOTHING,
        facts=report.facts or _NOTHING,
    )


def _shared(one: FileReport, sources: Mapping[str, SourceReport]) -> FileReport:
    """With path and seal of the file's own report. What was cut out of another file shares only that one's path."""
    if one.held_in:
        return msgspec.structs.replace(one, held_in=sources[one.held_in].path)
    source = sources[one.path]
    sha256 = source.sha256 if source.sha256 == one.sha256 else one.sha256
    return msgspec.structs.replace(
        one, path=source.path, sha256=sha256, baseline=sys.intern(one.baseline), kind=sys.intern(one.kind)
    )
