"""Pages whose bytes stand inside another file of the evidence: what readers of records hand out beside rows."""

from dataclasses import dataclass

from exsweep.parse.batch import NO_TIME


@dataclass(frozen=True, slots=True)
class Carved:
    """A page whose bytes stand inside another file: in a record of the file table, or locked away in a quarantine."""

    path: str
    """On the server's disk, as far as it is known."""
    data: bytes
    line: int
    """Number of the record that holds it."""
    offset: int
    """Byte of the evidence at which its content begins; of the record where the content is encoded there."""
    time_ms: int = NO_TIME
    held: str = ""
    """Where it was found: `deleted`, `file_table` or `quarantine`."""
