"""Results of all tasks joined: duplicates told apart by their seal, so that nothing counts twice."""

from collections.abc import Callable, Sequence

import msgspec

from exsweep.assess.results import CorrelationRow, StoredTable, TaskResult
from exsweep.model import Hit, SourceReport, SourceState


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """Everything read, in order of path; the first file of several with one seal stands for all."""

    sources: tuple[SourceReport, ...]
    hits: tuple[Hit, ...]
    correlation: tuple[CorrelationRow, ...] = ()
    """`source` is the place in `sources`."""
    tables: tuple[StoredTable, ...] = ()
    failures: dict[str, str] = {}
    """Rules that the database could not run, and why."""
    described: tuple[str, ...] = ()
    """What was named on the command line."""


def gather(
    results: Sequence[TaskResult], described: Sequence[str], correlated: Callable[[Gathered], Sequence[Hit]]
) -> Gathered:
    """Join results. `correlated` turns the rows that correlations count into hits."""
    reports = sorted(
        (report for result in results for report in result.sources),
        key=lambda report: (report.path, report.sha256),
    )
    first: dict[str, str] = {}
    sources = []
    for report in reports:
        original = (
            first.setdefault(report.sha256, report.path) if report.sha256 and report.size else report.path
        )
        if original != report.path:
            report = msgspec.structs.replace(
                report,
                state=SourceState.DUPLICATE,
                duplicate_of=original,
                reason=f"the same bytes as {original}",
            )
        sources.append(report)
    counted = {
        report.path: place
        for place, report in enumerate(sources)
        if report.state is not SourceState.DUPLICATE
    }
    hits = [item for result in results for item in result.hits if item.origin.path in counted]
    rows = [
        msgspec.structs.replace(row, source=counted[path])
        for result in results
        for row in result.correlation
        if (path := result.sources[row.source].path) in counted
    ]
    rows.sort(key=lambda row: (row.source, row.offset, row.rule))
    tables = [table for result in results for table in result.tables]
    joined = Gathered(
        sources=tuple(sources),
        hits=_ordered(hits),
        correlation=tuple(rows),
        tables=tuple(sorted(tables, key=lambda table: table.file)),
        failures=dict(sorted(pair for result in results for pair in result.failures.items())),
        described=tuple(described),
    )
    return msgspec.structs.replace(joined, hits=_ordered([*joined.hits, *correlated(joined)]))


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
