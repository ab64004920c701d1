"""The lake: saved events of all servers, in a folder beside the store, so that the fleet can be searched and judged anew.

One folder for each set of events, named by its content: `<lake>/<srv_id>/<set>/events/*.parquet` with the `sources.json`
of its triage. A set is whole or not there; the same set brought twice is kept once. What is told of it (kinds, days,
columns) stands in the store: nobody has to open a file to know who can be asked about what.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from exsweep.assess.custody import sha256_of
from exsweep.assess.manifest import Saved, read_manifest
from exsweep.assess.store import write_rows
from exsweep.errors import EvidenceError, StoreError, UsageError
from exsweep.fleet import grams
from exsweep.fleet.clock import moment
from exsweep.fleet.dialect import is_server
from exsweep.fleet.store import Fleet
from exsweep.knowledge.formats import load_formats
from exsweep.model import SourceState

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}\.parquet")
_MANIFEST = "sources.json"
FILES = "served_file"
"""Kind of the rows that tell of files themselves: one for each page that was looked at and each file that is no log."""


class Lake:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, store: str, chosen: str | None = None) -> "Lake":
        """`fleet.lake` beside `fleet.db`, or the folder chosen.

        Raises:
            UsageError: the store is a PostgreSQL, and no folder was chosen.
        """
        if chosen:
            return cls(Path(chosen))
        if is_server(store):
            raise UsageError(
                "Where are the saved events kept? A PostgreSQL store has no folder beside it.",
                tip="Name one with --lake, or in EXSWEEP_LAKE.",
            )
        return cls(Path(store).with_suffix(".lake"))

    @classmethod
    def of_service(cls, store: str, folder: Path) -> "Lake":
        """Of a service that keeps its data in `folder`: `--lake` is not asked for."""
        chosen = os.environ.get("EXSWEEP_LAKE")
        return cls.beside(store, chosen or (str(folder / "lake") if "://" in store else None))

    def events(self, folder: str) -> Path:
        """Folder with the Parquet files of a set."""
        return self.folder / folder / "events"


class EventFile(msgspec.Struct, frozen=True, kw_only=True):
    """One Parquet file of a set."""

    name: str
    sha256: str
    kind: str
    natives: dict[str, str]
    """Native name of a column in lower case -> its name in the file."""
    events: int
    size: int
    first: int | None = None
    """Seconds since 1970 UTC."""
    last: int | None = None


class EventSet(msgspec.Struct, frozen=True, kw_only=True):
    """Events of one triage, kept."""

    number: int
    server: int
    folder: str
    received: int
    events: int
    size: int
    files: tuple[EventFile, ...]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What `keep` did."""

    number: int
    new: bool
    events: int


def keep(fleet: Fleet, lake: Lake, server: int, assessment: int | None, events: Path, *, now: int) -> Kept:
    """Copy the events of a triage into the lake and note what they are.

    Raises:
        EvidenceError: no event store, of another program, or damaged; the message says what.
        StoreError: the lake is full or not writable.
    """
    saved = read_manifest(events)
    files = [_described(events, table.file, table.kind) for table in saved.gathered.tables]
    name = _content(saved, {each.name: each.sha256 for each in files})
    row = fleet.database.one(
        "SELECT id, events FROM event_set WHERE server_id = ? AND sha256 = ? AND removed IS NULL",
        (server, name),
    )
    if row is not None:
        return Kept(number=int(row[0]), new=False, events=int(row[1]))
    public = fleet.database.one("SELECT public_id FROM server WHERE id = ?", (server,))
    folder = f"{public[0] if public else server}/{name[:24]}"
    told = _copied(lake, folder, events, files, saved, _elsewhere(fleet, lake, server))
    every = [*files, *told]
    size, count = sum(each.size for each in every), sum(each.events for each in files)
    times = [at for each in every for at in (each.first, each.last) if at is not None]
    with fleet.act("keep events", folder, time=now, detail=f"{count} events, {size} bytes"):
        fleet.database.run("DELETE FROM event_file WHERE set_id IN (SELECT id FROM event_set WHERE server_id = ? AND "
                           "sha256 = ?)", (server, name))  # fmt: skip
        fleet.database.run("DELETE FROM event_set WHERE server_id = ? AND sha256 = ?", (server, name))
        made = fleet.database.one(
            "INSERT INTO event_set (server_id, sha256, assessment_id, folder, received, first_seen, last_seen, events, size) "
            "VALUES (?,?,?,?,?,?,?,?,?) RETURNING id",
            (
                server,
                name,
                assessment,
                folder,
                now,
                min(times, default=None),
                max(times, default=None),
                count,
                size,
            ),
        )
        number = int(made[0]) if made else 0
        fleet.database.many(
            "INSERT INTO event_file (set_id, place, name, sha256, kind, natives, events, size, first_seen, last_seen) "
            "VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    number, at, one.name, one.sha256, one.kind, msgspec.json.encode(one.natives).decode(),
                    one.events, one.size, one.first, one.last,
                )
                for at, one in enumerate(every)
            ],
        )  # fmt: skip
    return Kept(number=number, new=True, events=count)


def _content(saved: Saved, of: dict[str, str]) -> str:
    """The set by what it holds. Names of its files tell where and when the evidence lay there: sent again they are others."""
    tables = [msgspec.structs.replace(each, file=of[each.file]) for each in saved.gathered.tables]
    tables.sort(key=lambda each: (each.kind, each.file))
    same = msgspec.structs.replace(
        saved, gathered=msgspec.structs.replace(saved.gathered, tables=tuple(tables))
    )
    return hashlib.sha256(msgspec.json.encode(same)).hexdigest()


def _described(folder: Path, name: str, kind: str) -> EventFile:
    """What a Parquet file says of itself. Hostile input: of another program, damaged or linked elsewhere is refused."""
    path = folder / name
    if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
        raise EvidenceError(
            f"The saved events in {folder} lack {name!r}.", tip="Run triage again on the evidence."
        )
    if kind not in {form.id for form in load_formats()}:
        raise EvidenceError(f"{path}: this exsweep knows no records of kind {kind!r}.", tip="Update exsweep.")
    try:
        meta = pq.read_metadata(path)
        schema = meta.schema.to_arrow_schema()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise EvidenceError(
            f"{path} cannot be read: {error}.", tip="Run triage again on the evidence."
        ) from error
    if (schema.metadata or {}).get(b"exsweep.format") != kind.encode():
        raise EvidenceError(f"{path} is no file of saved events of {kind}.", tip="Run triage again.")
    natives = {
        field.metadata[b"native"].decode().lower(): field.name
        for field in schema
        if field.metadata and b"native" in field.metadata
    }
    first, last = _span(meta)
    return EventFile(
        name=name, sha256=sha256_of(path), kind=kind, natives=natives, events=meta.num_rows,
        size=path.stat().st_size, first=first, last=last,
    )  # fmt: skip


def _span(meta: pq.FileMetaData) -> tuple[int | None, int | None]:
    place = next((at for at in range(meta.num_columns) if meta.schema.column(at).name == "@timestamp"), None)
    if place is None:
        return None, None
    found = [meta.row_group(group).column(place).statistics for group in range(meta.num_row_groups)]
    good = [one for one in found if one is not None and one.has_min_max]
    return (
        min((int(one.min.timestamp()) for one in good), default=None),
        max((int(one.max.timestamp()) for one in good), default=None),
    )


def _elsewhere(fleet: Fleet, lake: Lake, server: int) -> dict[str, Path]:
    """Files of this server that the lake has already, by hash: more days of one server bring most of them again."""
    rows = fleet.database.run(
        "SELECT f.sha256, s.folder, f.name FROM event_file f JOIN event_set s ON s.id = f.set_id "
        "WHERE s.server_id = ? AND s.removed IS NULL",
        (server,),
    )
    return {str(sha256): lake.events(str(folder)) / str(name) for sha256, folder, name in rows}


def _copied(
    lake: Lake, folder: str, events: Path, files: Sequence[EventFile], saved: Saved, known: dict[str, Path]
) -> list[EventFile]:
    """All files in place, or none; the rows that tell of files are made here."""
    final = lake.folder / folder
    hidden = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    target = hidden / "events"
    try:
        target.mkdir(parents=True)
        for each in files:
            _link_or_copy(known.get(each.sha256), events / each.name, target / each.name)
        shutil.copyfile(events / _MANIFEST, target / _MANIFEST)
        told = _told(target, saved)
        for each in (*files, *told):
            _indexed(known.get(each.sha256), target / each.name, each.sha256)
        if final.exists():
            shutil.rmtree(final)  # of a run that was killed before the store knew of it
        hidden.rename(final)
    except OSError as error:
        shutil.rmtree(hidden, ignore_errors=True)
        raise StoreError(
            f"The events cannot be kept in {lake.folder}: {error.strerror or error}.",
            tip="Free space there, or choose another folder with --lake.",
        ) from error
    return told


def _link_or_copy(known: Path | None, source: Path, target: Path) -> None:
    if known is not None and known.is_file():
        with contextlib.suppress(OSError):  # other volume, or a file system without links: copied
            os.link(known, target)
            return
    shutil.copyfile(source, target)


def _indexed(known: Path | None, target: Path, sha256: str) -> None:
    """Without an index (damaged rows, no room) a hunt opens the file, and says what it finds there."""
    old = None if known is None else grams.beside(known)
    try:
        if old is not None and grams.read(known or target, sha256) is not None:
            _link_or_copy(old, old, grams.beside(target))
        else:
            grams.write(target, sha256)
    except OSError:
        grams.beside(target).unlink(missing_ok=True)


def index(fleet: Fleet, lake: Lake) -> int:
    """Index the kept files that have no index: those of an earlier program. Returns their number."""
    made = 0
    for one in sets(fleet):
        for each in one.files:
            path = lake.events(one.folder) / each.name
            if path.is_file() and grams.read(path, each.sha256) is None:
                _indexed(None, path, each.sha256)
                made += 1
    return made


def _told(target: Path, saved: Saved) -> list[EventFile]:
    form = next(one for one in load_formats() if one.id == FILES)
    rows: list[dict[str, str | None]] = [
        {
            "Path": one.path, "Name": one.path.rsplit("/", 1)[-1], "Size": str(one.size), "SHA256": one.sha256,
            "Kind": one.kind, "Verdict": one.verdict.value, "Families": "|".join(one.families),
        }
        for one in saved.gathered.files
    ]  # fmt: skip
    seen = {row["Path"] for row in rows}
    rows += [
        {
            "Path": one.path, "Name": one.path.rsplit("/", 1)[-1], "Size": str(one.size), "SHA256": one.sha256,
            "Kind": one.kind, "Verdict": "", "Families": "",
        }
        for one in saved.gathered.sources
        if one.sha256 and one.path not in seen and one.state is not SourceState.DUPLICATE
    ]  # fmt: skip
    if not rows:
        return []
    path = target / "looked-at-files.parquet"
    write_rows(path, form, rows)
    return [_described(target, path.name, FILES)]


def sets(
    fleet: Fleet, servers: Sequence[int] | None = None, *, numbers: Sequence[int] | None = None
) -> Iterator[EventSet]:
    """Kept sets of these servers (None: of all), or with these numbers, in order of server and time of arrival."""
    rows = fleet.database.run(
        "SELECT id, server_id, folder, received, events, size FROM event_set WHERE removed IS NULL ORDER BY server_id, id"
    )
    wanted = None if servers is None else set(servers)
    chosen = None if numbers is None else set(numbers)
    files: dict[int, list[EventFile]] = {}
    for number, *cells in fleet.database.run(
        "SELECT f.set_id, f.name, f.sha256, f.kind, f.natives, f.events, f.size, f.first_seen, f.last_seen FROM event_file f "
        "JOIN event_set s ON s.id = f.set_id WHERE s.removed IS NULL ORDER BY f.set_id, f.place"
    ):
        name, sha256, kind, natives, events, size, first, last = cells
        files.setdefault(int(number), []).append(
            EventFile(
                name=name, sha256=sha256, kind=kind, natives=_natives(natives), events=int(events), size=int(size),
                first=first, last=last,
            )
        )  # fmt: skip
    for number, server, folder, received, events, size in rows:
        if (wanted is None or int(server) in wanted) and (chosen is None or int(number) in chosen):
            yield EventSet(
                number=int(number), server=int(server), folder=folder, received=int(received), events=int(events),
                size=int(size), files=tuple(files.get(int(number), ())),
            )  # fmt: skip


_KNOWN: dict[str, dict[str, str]] = {}


def _natives(text: str) -> dict[str, str]:
    """Decoded once: a thousand servers have the same few sets of columns."""
    if text not in _KNOWN:
        _KNOWN[text] = msgspec.json.decode(text, type=dict[str, str])
    return _KNOWN[text]


def remove(fleet: Fleet, lake: Lake, numbers: Sequence[int], *, why: str, now: int) -> int:
    """Delete the events of these sets; that they were there, and why they are gone, stays. Returns bytes freed."""
    freed = 0
    for one in list(sets(fleet, numbers=numbers)):
        with fleet.act("remove events", one.folder, time=now, detail=why):
            fleet.database.run(
                "UPDATE event_set SET removed = ?, reason = ? WHERE id = ?", (now, why, one.number)
            )
        path = lake.folder / one.folder
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        freed += one.size
    return freed


def superseded(fleet: Fleet, keep_last: int = 1) -> list[int]:
    """Sets of which their server has sent `keep_last` or more since, each with all the log days of the older one."""
    found: list[int] = []
    by_server: dict[int, list[EventSet]] = {}
    for one in sets(fleet):
        by_server.setdefault(one.server, []).append(one)
    for all_ in by_server.values():
        for at, one in enumerate(all_):
            newer = [other for other in all_[at + 1 :] if _covers(other, one)]
            if len(newer) >= keep_last:
                found.append(one.number)
    return found


def _covers(newer: EventSet, older: EventSet) -> bool:
    have = {each.sha256 for each in newer.files}
    return all(each.sha256 in have for each in older.files if each.kind != FILES)


class KeptLine(msgspec.Struct, frozen=True, kw_only=True):
    """One set of events in a list."""

    server: str
    name: str | None
    received: datetime | None
    events: int
    size: int
    first: datetime | None
    last: datetime | None
    kinds: tuple[str, ...]


def kept_lines(fleet: Fleet, *, may: frozenset[int] | None = None) -> tuple[KeptLine, ...]:
    """What is kept, in order of server and arrival. `may`: numbers of the tenants that one may see."""
    names = {
        int(number): (public, name, int(tenant))
        for number, public, name, tenant in fleet.database.run(
            "SELECT id, public_id, name, tenant_id FROM server"
        )
    }
    found = []
    for one in sets(fleet):
        public, name, tenant = names[one.server]
        times = [at for file in one.files for at in (file.first, file.last) if at is not None]
        if may is None or tenant in may:
            found.append(
                KeptLine(
                    server=public, name=name, received=moment(one.received), events=one.events, size=one.size,
                    first=moment(min(times, default=None)), last=moment(max(times, default=None)),
                    kinds=tuple(sorted({file.kind for file in one.files})),
                )
            )  # fmt: skip
    return tuple(found)
