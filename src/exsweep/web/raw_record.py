"""A record as the saved events have it, passwords and all, where the evidence holds it in bytes that nobody reads."""

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from exsweep.assess.manifest import read_manifest
from exsweep.errors import EvidenceError, StoreError
from exsweep.fleet.lake import EventSet, Lake, sets
from exsweep.fleet.store import Fleet
from exsweep.model import Origin

_RECORD = "winlog.record_id"
_PATH, _OFFSET = "log.file.path", "log.offset"
_OWN = frozenset({"@timestamp", _PATH, "log.line", _OFFSET})


def record(fleet: Fleet, lake: Lake, server: int, kind: str, origin: Origin) -> str | None:
    """The fields that are not empty, under the names that the log itself has, as indented JSON; None: not in the lake, or the
    place is no record.

    `kind`: of the record, as the finding names it. The newest set counts that holds the very file of the origin.

    Raises:
        StoreError: the lake is damaged there.
    """
    if origin.record is None:
        return None
    for one in reversed(list(sets(fleet, [server]))):
        files = [each for each in one.files if each.kind == kind]
        if not files or not _holds(lake, one, origin):
            continue
        for each in files:
            row = _row(lake.events(one.folder) / each.name, origin)
            if row is not None:
                return msgspec.json.format(msgspec.json.encode(row), indent=2).decode()
    return None


def _holds(lake: Lake, one: EventSet, origin: Origin) -> bool:
    try:
        known = read_manifest(lake.events(one.folder)).gathered.sources
    except EvidenceError:
        return False
    return any(each.path == origin.path and each.sha256 == origin.sha256 for each in known)


def _row(path: Path, origin: Origin) -> dict[str, str] | None:
    where = [(_PATH, "=", origin.path)]
    if origin.offset is not None:
        where.append((_OFFSET, "=", origin.offset))  # type: ignore[arg-type]  # a number this time
    try:
        schema = pq.read_schema(path)
        rows = pq.read_table(path, filters=where).to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise StoreError(
            f"The saved events in {path.name} cannot be read: {error}.", tip="Send the evidence again."
        ) from error
    natives = {
        field.name: (field.metadata or {}).get(b"native", field.name.encode()).decode() for field in schema
    }
    for row in rows:
        if str(row.get(_RECORD)) == str(origin.record):
            return {
                natives[name]: str(value)
                for name, value in row.items()
                if value not in (None, "") and name not in _OWN
            }
    return None
