"""What was done, by whom and why: a table that only grows, each row sealed with the hash of the one before."""

import hashlib

import msgspec

from exsweep.fleet.dialect import Database
from exsweep.fleet.text import stored

_START = "0" * 64


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `time` in seconds since 1970 UTC."""

    seq: int
    time: int
    who: str
    what: str
    object: str
    detail: str
    previous: str
    hash: str


def log(database: Database, *, time: int, who: str, what: str, object_: str, detail: str = "") -> None:
    """Add one row; belongs into the transaction of the act that it tells of."""
    last = database.one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    seq, previous = (int(last[0]) + 1, str(last[1])) if last else (1, _START)
    texts = [stored(text) or "" for text in (who, what, object_, detail)]
    digest = _hash(seq, time, texts, previous)
    database.run(
        "INSERT INTO audit (seq, time, who, what, object, detail, previous, hash) VALUES (?,?,?,?,?,?,?,?)",
        (seq, time, *texts, previous, digest),
    )


def broken_at(database: Database) -> int | None:
    """Number of the first row that does not fit the one before it; None when the chain is whole.

    The end of the chain cannot prove itself: whoever can write the file can cut rows off. Keep the last hash elsewhere.
    """
    previous, expected = _START, 1
    for row in database.run(
        "SELECT seq, time, who, what, object, detail, previous, hash FROM audit ORDER BY seq"
    ):
        seq, time, *texts, before, digest = row
        if seq != expected or before != previous or digest != _hash(seq, time, texts, before):
            return int(seq)
        previous, expected = digest, expected + 1
    return None


def entries(database: Database, limit: int = 100, *, before: int | None = None) -> tuple[Entry, ...]:
    """The last rows (before row `before`), newest first."""
    names = Entry.__struct_fields__
    rows = database.run(
        f"SELECT {', '.join(names)} FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        (before if before is not None else 1 << 62, limit),
    )
    return tuple(Entry(**dict(zip(names, row, strict=True))) for row in rows)


def _hash(seq: int, time: int, texts: list[str], previous: str) -> str:
    return hashlib.sha256(msgspec.json.encode([seq, time, *texts, previous])).hexdigest()
