"""Hits from saved events: the same engine over the stored columns, with the raw lines that were kept."""

from pathlib import Path

import numpy as np

from exsweep.assess.correlate import correlated
from exsweep.assess.counting import Counting
from exsweep.assess.gather import Gathered, OwnLines, gather
from exsweep.assess.manifest import Saved
from exsweep.assess.pivot import PER_FILE, RULE, Finder, columns_looked_at, grouped_by_time
from exsweep.assess.progress import Progress
from exsweep.assess.results import TaskResult
from exsweep.assess.rows import fold, hit
from exsweep.assess.store import chosen_events, read_events
from exsweep.assess.tools import Tools
from exsweep.judge import Traces
from exsweep.model import Hit

_Lines = dict[tuple[str, int | None], str]


def restored(folder: Path, saved: Saved, made: Tools, shown: Progress) -> Gathered:
    """Judge again: rules of today over the rows of then. Files that were never columns keep the hits of then."""
    lines = _lines(saved)
    places = {report.path: place for place, report in enumerate(saved.gathered.sources)}
    seals = {report.path: report.sha256 for report in saved.gathered.sources}
    hits: list[Hit] = []
    counting = Counting(made)
    stored: set[tuple[str, str]] = set()
    for table in saved.gathered.tables:
        for path, batch in read_events(folder / table.file, made.format(table.kind)):
            stored.add((path, table.kind))
            chosen, may = made.engine.look(batch)
            if len(chosen):
                few = batch.take(chosen)
                matches = made.engine.match([few], [may])
                counting.add(few, matches, np.full(len(few), places[path], np.int64), few.raw)
                for match in matches:
                    if match.rule.id not in made.silent:
                        excerpt = lines.get((path, int(few.offset[match.row])))
                        hits.append(hit(match.rule.id, few, match.row, path, seals[path], excerpt=excerpt))
    for report in saved.gathered.sources:
        shown.read(report)
    known = made.by_id
    hits += [
        item
        for item in saved.gathered.hits
        if (item.origin.path, item.kind) not in stored
        and item.rule in known
        and known[item.rule].correlation is None
    ]
    hits.sort(key=lambda item: (item.origin.path, item.origin.offset or 0, item.rule))
    result = TaskResult(
        sources=saved.gathered.sources,
        hits=fold(hits),
        counted=counting.result(),
        tables=saved.gathered.tables,
        files=saved.gathered.files,
    )
    return gather([result], saved.gathered.described, lambda joined: correlated(joined, made))


def _lines(saved: Saved) -> _Lines:
    """Raw lines that were kept, by file and offset."""
    return {(item.origin.path, item.origin.offset): item.excerpt for item in saved.gathered.hits}


def context(folder: Path, gathered: Gathered, made: Tools, traces: Traces) -> list[Hit]:
    """All stored lines of the intruders, at most 500 per log, in order of time."""
    finder = Finder(traces)
    reports = {report.path: report for report in gathered.sources}
    found: dict[str, list[Hit]] = {}
    for table in gathered.tables:
        form = made.format(table.kind)
        for path, batch in chosen_events(folder / table.file, form, columns_looked_at(form), finder.rows):
            if path in reports and reports[path].duplicate_of is None:
                mine = found.setdefault(path, [])
                rows = np.arange(len(batch))
                if reports[path].repeats:
                    rows = rows[OwnLines(reports[path]).has(np.asarray(batch.offset, np.int64))]
                rows = rows[: max(PER_FILE - len(mine), 0)]
                mine += [hit(RULE, batch, row, path, reports[path].sha256) for row in rows.tolist()]
    return grouped_by_time([item for path in sorted(found) for item in found[path]])
