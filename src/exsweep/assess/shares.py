"""What reading gave, shared out among several servers: each gets its own files, hits, counts and stored events."""

import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from exsweep.assess.attribution import Attribution, attribute
from exsweep.assess.results import ROW, Counted, StoredTable, TaskResult
from exsweep.assess.settings import Settings
from exsweep.assess.store import part_of
from exsweep.assess.tools import Tools
from exsweep.evidence import Opened
from exsweep.model import SourceReport, SourceState

NOBODYS = "nobodys"
"""Folder of what could not be attributed."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence of one server: all there is, or its share."""

    name: str | None
    """None: all evidence is judged as one."""
    folder: Path | None
    """Where its events and reports go."""
    results: list[TaskResult]
    described: tuple[str, ...]
    nobodys: int = 0


def shares(settings: Settings, opened: Opened, made: Tools, results: list[TaskResult]) -> list[Part]:
    """One part, or one for each server in the order of their names, then what is of nobody in particular.

    Raises:
        StoreError: the disk is full or not writable.
    """
    reports = [report for result in results for report in result.sources]
    whose = attribute(reports, made.formats) if settings.several else Attribution()
    described = (*opened.described, *opened.notes)
    if not whose.servers:
        return [Part(name=None, folder=settings.out, results=results, described=(*described, *opened.doubts))]
    open_ = {path for path, name in whose.owner.items() if name is None}
    # What is no evidence at all is listed with every server: nothing in it can be about one of them.
    beside = {report.path for report in reports if report.path in open_ and not _matters(report)}
    nobodys = open_ - beside
    paths: dict[str, set[str]] = {name: set(beside) for name in whose.servers}
    for path, owner in whose.owner.items():
        if owner is not None:
            paths[owner].add(path)
    if nobodys:
        paths[f"nobody's: {' or '.join(whose.servers)}"[:200]] = nobodys
    said = f"the evidence is of {len(whose.servers)} servers ({', '.join(whose.servers)}); each is judged by itself"
    taken: set[str] = set()
    parts = []
    for name, mine in paths.items():
        owned = name in whose.servers
        folder = settings.out / folder_of(name if owned else NOBODYS, taken) if settings.out else None
        keep = folder / "events" if folder is not None and not settings.quick else None
        events = settings.out / "events" if settings.out is not None and keep is not None else None
        found = share(results, mine, events, keep)
        if keep is not None:
            _tidy(keep, {table.file for result in found for table in result.tables})
        count = len(nobodys) if owned else 0
        parts.append(
            Part(name=name, folder=folder, results=found, described=(*described, said), nobodys=count)
        )
    if settings.out is not None:
        shutil.rmtree(settings.out / "events", ignore_errors=True)
    return parts


def folder_of(name: str, taken: set[str]) -> str:
    """A folder name that every system takes, for a server's name, which is hostile text; adds it to `taken`."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:64].strip("._") or "server"
    if re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d|events", plain.partition(".")[0]):
        plain = f"_{plain}"
    found, number = plain, 1
    while found.upper() in taken:
        number += 1
        found = f"{plain}-{number}"
    taken.add(found.upper())
    return found


def _matters(report: SourceReport) -> bool:
    return report.state is not SourceState.NOT_A_LOG and bool(
        report.size or report.state is not SourceState.READ
    )


def _tidy(events: Path, wanted: set[str]) -> None:
    """Remove what an earlier run left."""
    for file in events.glob("*.parquet"):
        if file.name not in wanted:
            file.unlink(missing_ok=True)


def share(
    results: Sequence[TaskResult], paths: Collection[str], events: Path | None, to: Path | None
) -> list[TaskResult]:
    """The part of the results that these files gave, in the same order.

    Tables of `events` that hold nothing else are moved to the folder `to`; others are copied in part and stay.

    Raises:
        StoreError: the disk is full or not writable.
    """
    wanted = frozenset(paths)
    return [part for result in results if (part := _part(result, wanted, events, to)).sources]


def _part(result: TaskResult, paths: frozenset[str], events: Path | None, to: Path | None) -> TaskResult:
    mine = [place for place, report in enumerate(result.sources) if report.path in paths]
    if not mine:
        return TaskResult((), ())
    whole = len(mine) == len(result.sources)
    tables: tuple[StoredTable, ...] = ()
    if events is not None and to is not None:
        found = [part_of(events / one.file, to, None if whole else paths) for one in result.tables]
        tables = tuple(
            msgspec.structs.replace(one, rows=rows if rows is not None else one.rows)
            for one, rows in zip(result.tables, found, strict=True)
            if rows != 0
        )
    if whole:
        return msgspec.structs.replace(result, tables=tables)
    places = {place: number for number, place in enumerate(mine)}
    return TaskResult(
        sources=tuple(result.sources[place] for place in mine),
        hits=tuple(hit for hit in result.hits if hit.origin.path in paths),
        counted=tuple(part for one in result.counted if (part := _counted(one, places)).rows),
        tables=tables,
        failures=result.failures,
        files=tuple(one for one in result.files if one.path in paths),
    )


def _counted(one: Counted, places: Mapping[int, int]) -> Counted:
    """Rows of these files under their new places; kept lines stay with their rows."""
    rows = one.columns()
    mine = np.flatnonzero(np.isin(rows["source"], list(places)))
    kept = rows[mine].astype(ROW)
    kept["source"] = [places[source] for source in kept["source"].tolist()]
    quoted = np.frombuffer(one.quoted, "<i4")
    held = np.flatnonzero(np.isin(quoted, mine))
    return Counted(
        rule=one.rule,
        groups=one.groups,
        rows=kept.tobytes(),
        quoted=np.searchsorted(mine, quoted[held]).astype("<i4").tobytes(),
        lines=one.only_lines(held.tolist()),
    )
