"""What the event store was made from: reports of all files, and the raw lines that findings quoted."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from exsweep.assess.gather import Gathered
from exsweep.assess.journal import write_whole
from exsweep.errors import EvidenceError

_NAME = "sources.json"
_SCHEMA = "exsweep.events/1"
_NO_SOURCES = b'"gathered":{"sources":[]'
_ITEMS = 10_000


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """Kept beside the Parquet files. Hits are kept for their raw lines and for files that are not stored as columns.

    What correlations count is left out: judging again counts again."""

    schema: str = _SCHEMA
    gathered: Gathered


def write_manifest(folder: Path, gathered: Gathered) -> None:
    """Keep beside the saved events what judging them again needs.

    Raises:
        StoreError: the disk is full or not writable.
    """
    write_whole(folder / _NAME, _pieces(gathered))


def _pieces(gathered: Gathered) -> Iterator[bytes]:
    """The JSON of a `Saved`; the reports of a million files are not put together in memory."""
    rest = Saved(gathered=msgspec.structs.replace(gathered, counted=(), sources=()))
    before, mark, after = msgspec.json.encode(rest).partition(_NO_SOURCES)
    yield before + mark[:-1]
    for start in range(0, len(gathered.sources), _ITEMS):
        items = msgspec.json.encode(gathered.sources[start : start + _ITEMS])
        yield (b"," if start else b"") + items[1:-1]
    yield b"]" + after


def read_manifest(folder: Path) -> Saved:
    """Raises EvidenceError when the folder holds no event store of this program."""
    try:
        saved = msgspec.json.decode((folder / _NAME).read_bytes(), type=Saved)
    except (OSError, msgspec.MsgspecError) as error:
        raise EvidenceError(
            f"{folder} holds no event store that can be judged again: {error}.",
            tip="Run triage with --out, and let it end.",
        ) from error
    if saved.schema != _SCHEMA:
        raise EvidenceError(
            f"The event store in {folder} has schema {saved.schema!r}, this program knows {_SCHEMA!r}.",
            tip="Run triage again on the evidence.",
        )
    return saved
