"""Results of all tasks joined: duplicates told apart by their seal, so that nothing counts twice."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from exsweep.assess.overlap import Copies
from exsweep.assess.results import Counted, StoredTable, TaskResult
from exsweep.model import FileReport, Hit, SourceReport, SourceState


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
    copies = copies or Copies()
    first: dict[str, str] = {}
    sources = []
    for report in reports:
        # The same page in two folders is two pages: a back door is not removed by removing its copy.
        single = not report.sha256 or not report.size or report.kind == "served_file"
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
        sources.append(report)
    counted = {
        report.path: place
        for place, report in enumerate(sources)
        if report.state is not SourceState.DUPLICATE
    }
    hits = [item for result in results for item in result.hits if item.origin.path in counted]
    rows = [_placed(one, result, counted) for result in results for one in result.counted]
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


def _placed(one: Counted, result: TaskResult, places: Mapping[str, int]) -> Counted:
    """The same matches with the places that their files have now."""
    moved = np.array([places.get(report.path, -1) for report in result.sources], np.int64)
    rows = one.columns().copy()
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
