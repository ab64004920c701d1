"""The two records of one disk: the journal of changes names folders by number, the file table tells their names."""

from collections.abc import Mapping, Sequence

from exsweep.evidence import EvidenceReadError, Unit, sources
from exsweep.knowledge.filesystem import volume_of_journal, volume_of_table
from exsweep.parse.filesystem import Folders, MftReader

_CHUNK = 4 << 20


def tables_in(units: Sequence[Unit]) -> dict[str, Unit]:
    """Folder that stands for a disk -> its file table."""
    return {volume: unit for unit in units if (volume := volume_of_table(unit.path)) is not None}


def beside_of(units: Sequence[Unit], tables: Mapping[str, Unit]) -> tuple[Unit, ...]:
    """File tables of the disks whose journals are among the units."""
    if not tables:
        return ()
    volumes = {volume for unit in units if (volume := volume_of_journal(unit.path)) is not None}
    return tuple(tables[volume] for volume in sorted(volumes & set(tables)))


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
