"""What a piece of work gives back; small, encodable, the same whoever did the work."""

import msgspec

from exsweep.model import Hit, SourceReport


class CorrelationRow(msgspec.Struct, frozen=True, array_like=True):
    """One match of a rule that some correlation counts; few bytes, for there may be millions."""

    rule: str
    time_ms: int
    group: tuple[str | None, ...]
    """Values of the fields that some correlation groups by or counts, in order of their names."""
    source: int
    """Place of the file in `TaskResult.sources`."""
    line: int
    offset: int
    excerpt: str
    """The raw line, at most 400 characters; empty for most rows (see `Tools.counted`)."""


class StoredTable(msgspec.Struct, frozen=True):
    """One Parquet file of the event store and what it was made from."""

    file: str
    kind: str
    rows: int


class TaskResult(msgspec.Struct, frozen=True):
    """Everything that reading one group of files gave."""

    sources: tuple[SourceReport, ...]
    hits: tuple[Hit, ...]
    correlation: tuple[CorrelationRow, ...] = ()
    tables: tuple[StoredTable, ...] = ()
    failures: dict[str, str] = {}
    """Rules that the database could not run, and why."""
