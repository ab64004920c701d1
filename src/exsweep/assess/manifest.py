"""What the event store was made from: reports of all files, and the raw lines that findings quoted."""

from pathlib import Path

import msgspec

from exsweep.assess.gather import Gathered
from exsweep.assess.journal import write_whole
from exsweep.errors import EvidenceError

_NAME = "sources.json"
_SCHEMA = "exsweep.events/1"


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """Kept beside the Parquet files. Hits are kept for their raw lines and for files that are not stored as columns.

    What correlations count is left out: judging again counts again."""

    schema: str = _SCHEMA
    gathered: Gathered


def write_manifest(folder: Path, gathered: Gathered) -> None:
    saved = Saved(gathered=msgspec.structs.replace(gathered, counted=()))
    write_whole(folder / _NAME, msgspec.json.encode(saved))


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
