"""Results of all tasks joined: duplicates told apart by their seal, so that nothing counts twice."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from exsweep.assess.overlap import Copies
from exsweep.assess.results import Counted, StoredTable, TaskResult
from exsweep.assess.shared_lines import Own
from exsweep.model import FileReport, Hit, SourceReport, SourceState
from exsweep.parse.winevent import KIND as WINDOWS_EVENTS


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything read, in order of path; the first file of several with one seal stands for all."""

    sources: tuple[SourceReport, ...]
    hits: tuple[Hit, ...]
    counted: tuple[Counted, ...] = ()
    """Sources are places in `sources`; -1: a duplicate, which does not count."""
    tables: tuple[StoredTable, ...] = ()
    failures: dict[str, str] = {}
    """Rules that the database could not run, and why."""
    described: tuple[str, ...] = ()
    """What was named on the command line."""
    files: tuple[FileReport, ...] = ()
    """Pages and scripts that were looked at, in order of path."""
    nobodys: int = 0
    """Files given along of which nobody can say whether they are this server's."""


def gather(
    results: Sequence[TaskResult],
    described: Sequence[str],
    correlated: Callable[[Gathered], Sequence[Hit]],
    *,
    copies: Copies | None = None,
    nobodys: int = 0,
) -> Gathered:
    """Join results. `correlated` turns the rows that correlations count into hits.

    Of a file and a longer one that begins with all its bytes the longer one counts; of a pair that could not be compared
    both count, and the shorter one says so.
    """
    reports = sorted(
        (report for result in results for report in result.sources),
        key=lambda report: (report.path, report.sha256),
    )
    several = _several(reports)
    copies = copies or Copies()
    first: dict[str, str] = {}
    sources = []
    for report in reports:
        # The same page in two folders is two pages: a back door is not removed by removing its copy.
        single = not report.sha256 or not report.size or report.kind == "served_file"
        single = single or hash(report.sha256) not in several
        original = report.path if single else first.setdefault(report.sha256, report.path)
        if original != report.path:
            report = msgspec.structs.replace(
                report,
                state=SourceState.DUPLICATE,
                duplicate_of=original,
                reason=f"the same bytes as {original}",
            )
        elif report.path in copies.of:
            report = msgspec.structs.replace(
                report,
                state=SourceState.DUPLICATE,
                duplicate_of=copies.of[report.path],
                reason=f"all its {report.size:,} bytes are the beginning of {copies.of[report.path]}",
            )
        elif report.path in copies.unsure:
            report = msgspec.structs.replace(
                report, state=SourceState.PARTIAL, reason=copies.unsure[report.path]
            )
        elif report.path in copies.lines:
            report = _with_its_own(report, *copies.lines[report.path])
        sources.append(report)
    own = {report.path: OwnLines(report) for report in sources if report.repeats}
    told = {item.origin.path for result in results for item in result.hits}
    told |= {report.path for result in results if result.counted for report in result.sources}
    told |= {one.held_in or one.path for result in results for one in result.files}
    counted = {
        report.path: place
        for place, report in enumerate(sources)
        if report.path in told and report.state is not SourceState.DUPLICATE
    }
    hits = [
        kept
        for result in results
        for item in result.hits
        if item.origin.path in counted
        and (kept := own[item.origin.path].counted(item) if item.origin.path in own else item) is not None
    ]
    rows = [_placed(one, result, counted, own) for result in results for one in result.counted]
    tables = [table for result in results for table in result.tables]
    joined = Gathered(
        sources=tuple(sources),
        hits=_ordered(hits),
        counted=tuple(rows),
        tables=tuple(sorted(tables, key=lambda table: table.file)),
        failures=dict(sorted(pair for result in results for pair in result.failures.items())),
        described=tuple(described),
        nobodys=nobodys,
        files=tuple(
            sorted(
                (one for result in results for one in result.files if (one.held_in or one.path) in counted),
                key=lambda one: (one.path, one.sha256),
            )
        ),
    )
    return msgspec.structs.replace(joined, hits=_ordered([*joined.hits, *correlated(joined)]))


def _several(reports: Sequence[SourceReport]) -> frozenset[int]:
    """Hashes of the seals that more than one report may have: of a million files, those few need a table."""
    seals = np.sort(np.fromiter((hash(report.sha256) for report in reports), np.int64, len(reports)))
    return frozenset(seals[1:][seals[1:] == seals[:-1]].tolist())


class OwnLines:
    """The lines of a file that count there, where others count in another copy of it."""

    def __init__(self, report: SourceReport) -> None:
        self._starts = np.array([start for start, _, _ in report.own], np.int64)
        self._ends = np.array([end for _, end, _ in report.own], np.int64)
        self._lines = np.array([lines for _, _, lines in report.own], np.int64)

    def has(self, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether the lines that begin at these bytes count here."""
        place = np.searchsorted(self._starts, offsets, side="right") - 1
        found: npt.NDArray[np.bool_] = (place >= 0) & (
            offsets < self._ends[np.maximum(place, 0)] if len(self._ends) else False
        )
        return found

    def counted(self, item: Hit) -> Hit | None:
        """The hit with no more events than there are lines from there on; None where its lines count elsewhere."""
        offset = item.origin.offset or 0
        if item.count == 1:
            return item if bool(self.has(np.array([offset]))[0]) else None
        left = int(self._lines[self._ends > offset].sum())
        return msgspec.structs.replace(item, count=min(item.count, left)) if left else None


def _with_its_own(report: SourceReport, other: str, own: Own) -> SourceReport:
    """The report of a copy without the lines that count in the other one; `partial` where the two disagree."""
    lines = sum(count for _, _, count in own.stretches)
    # What both have could be read there: what could not be read stays counted here.
    rejected = min(report.rejected, lines)
    events = min(report.events, lines - rejected)
    what = "records" if report.kind == WINDOWS_EVENTS else "lines"
    note = f"{own.shared:,} of its {what} stand in {other} too and count once"
    report = msgspec.structs.replace(
        report,
        repeats=other,
        own=own.stretches,
        events=events,
        rejected=rejected,
        lines=events + rejected,
        notes=(*report.notes, note),
    )
    if not (own.only_here or own.only_there) or report.state is not SourceState.READ:
        return report
    line = "record" if report.kind == WINDOWS_EVENTS else "line"
    here = (
        f"{own.only_here:,} only here (the first is {line} {own.line})" if own.only_here else "none only here"
    )
    there = (
        f"{own.only_there:,} only there ({line} {own.other_line})" if own.only_there else "none only there"
    )
    reason = (
        f"it disagrees with {other}, another copy of the same log: between {line}s that both have,"
        f" {here}, {there}; somebody may have changed one of them"
    )
    return msgspec.structs.replace(report, state=SourceState.PARTIAL, reason=reason)


def _placed(
    one: Counted, result: TaskResult, places: Mapping[str, int], own: Mapping[str, OwnLines]
) -> Counted:
    """The same matches with the places that their files have now."""
    moved = np.array([places.get(report.path, -1) for report in result.sources], np.int64)
    rows = one.columns().copy()
    for number, report in enumerate(result.sources if own else ()):
        if report.path in own:
            mine = np.flatnonzero(rows["source"] == number)
            elsewhere = mine[~own[report.path].has(rows["offset"][mine])]
            rows["source"][elsewhere] = len(moved)
    moved = np.append(moved, -1)
    rows["source"] = moved[rows["source"]]
    return msgspec.structs.replace(one, rows=rows.tobytes())


def _ordered(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    return tuple(
        sorted(
            hits,
            key=lambda item: (
                item.time is None,
                item.time,
                item.origin.path,
                item.origin.offset or 0,
                item.rule,
            ),
        )
    )
