"""Files that are read with another one: the file table beside the journal of changes, the logs beside a hive."""

from collections.abc import Mapping, Sequence

from exsweep.evidence import EvidenceReadError, Unit, sources
from exsweep.knowledge.filesystem import volume_of_journal, volume_of_table
from exsweep.parse.filesystem import Folders, MftReader
from exsweep.parse.traces.registry import HiveReader

_CHUNK = 4 << 20
_BIGGEST_LOG = 128 << 20


def tables_in(units: Sequence[Unit]) -> dict[str, Unit]:
    """Folder that stands for a disk -> its file table."""
    return {volume: unit for unit in units if (volume := volume_of_table(unit.path)) is not None}


def logs_in(units: Sequence[Unit]) -> dict[str, Unit]:
    """Path in lower case -> a file that is called as the log of a hive."""
    endings = tuple(one.lower() for one in HiveReader.BESIDE)
    return {unit.path.lower(): unit for unit in units if unit.path.lower().endswith(endings)}


def beside_of(
    units: Sequence[Unit], tables: Mapping[str, Unit], logs: Mapping[str, Unit]
) -> tuple[Unit, ...]:
    """File tables of the disks whose journals are among the units, and the logs of their hives."""
    volumes = {volume for unit in units if tables and (volume := volume_of_journal(unit.path)) is not None}
    found = [tables[volume] for volume in sorted(volumes & set(tables))]
    if logs:
        found += [logs[name] for unit in units for name in _logs_of(unit.path) if name in logs]
    return tuple(found)


def _logs_of(path: str) -> tuple[str, ...]:
    return tuple((path + ending).lower() for ending in HiveReader.BESIDE)


def bytes_beside(path: str, beside: Sequence[Unit], passwords: Sequence[bytes] = ()) -> tuple[bytes, ...]:
    """The logs of a hive, those that can be read."""
    wanted = _logs_of(path)
    found = []
    for unit in sorted(beside, key=lambda one: one.path):
        if unit.path.lower() in wanted and unit.size <= _BIGGEST_LOG:
            for source in sources(unit, passwords=passwords):
                try:
                    found.append(b"".join(source.chunks(_CHUNK)))
                except EvidenceReadError:
                    continue  # its own report says why
    return tuple(found)


def folders_of(table: Unit, passwords: Sequence[bytes] = ()) -> Folders | None:
    """Folders of a disk; None where its table cannot be read (the table's own report says why)."""
    for source in sources(table, passwords=passwords):
        reader = MftReader(source.path, only_folders=True)
        try:
            for chunk in source.chunks(_CHUNK):
                list(reader.feed(chunk))
        except EvidenceReadError:
            pass  # what was read before the damage is good
        list(reader.feed(b"", last=True))
        return reader.folders if len(reader.folders) else None
    return None
