"""Hits from saved events: the same engine over the stored columns, with the raw lines that were kept."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from exsweep.assess.correlate import correlated
from exsweep.assess.gather import Gathered, gather
from exsweep.assess.manifest import Saved
from exsweep.assess.pivot import RULE, matching
from exsweep.assess.progress import Progress
from exsweep.assess.results import CorrelationRow, TaskResult
from exsweep.assess.rows import fold, hit
from exsweep.assess.store import read_events
from exsweep.assess.tools import Tools
from exsweep.model import Hit, SourceReport

_PER_FILE = 500


def restored(folder: Path, saved: Saved, made: Tools, shown: Progress) -> Gathered:
    """Judge again: rules of today over the rows of then. Files that were never columns keep the hits of then."""
    lines = _lines(saved)
    by_path = {report.path: report for report in saved.gathered.sources}
    results = []
    stored: set[str] = set()
    for path, files in _files(saved).items():
        stored.add(path)
        results.append(_one(folder, files, by_path[path], made, lines))
        shown.read(by_path[path])
    known = made.by_id
    for report in saved.gathered.sources:
        if report.path not in stored:
            kept = tuple(item for item in saved.gathered.hits if item.origin.path == report.path and item.rule in known and known[item.rule].correlation is None)
            results.append(TaskResult(sources=(report,), hits=kept))
    return gather(results, saved.gathered.described, lambda joined: correlated(joined, made))


def _files(saved: Saved) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for table in saved.gathered.tables:
        files.setdefault(table.path, []).append(table.file)
    return files


def _lines(saved: Saved) -> dict[tuple[str, int | None], str]:
    return {(item.origin.path, item.origin.offset): item.excerpt for item in (*saved.context, *saved.gathered.hits)}


def _one(folder: Path, files: Sequence[str], report: SourceReport, made: Tools, lines: dict[tuple[str, int | None], str]) -> TaskResult:
    hits: list[Hit] = []
    rows: list[CorrelationRow] = []
    kind = made.format(report.kind)
    for file in files:
        for batch in read_events(folder / file, kind):
            chosen = made.engine.candidates(batch)
            if not len(chosen):
                continue
            candidates = batch.take(chosen)
            for match in made.engine.match([candidates]):
                row = match.row
                rows += made.counted(match.rule.id, 0, candidates, row)
                if match.rule.id not in made.silent:
                    excerpt = lines.get((report.path, int(candidates.offset[row])))
                    hits.append(hit(match.rule.id, candidates, row, report.path, report.sha256, excerpt=excerpt))
    hits.sort(key=lambda item: (item.origin.offset or 0, item.rule))
    return TaskResult(sources=(report,), hits=fold(hits), correlation=tuple(rows))


def context(folder: Path, saved: Saved, made: Tools, addresses: frozenset[str], pages: frozenset[str]) -> list[Hit]:
    """All stored lines of the intruders, at most 500 per file, in order of time."""
    lines = _lines(saved)
    by_path = {report.path: report for report in saved.gathered.sources}
    found: list[Hit] = []
    for path, files in _files(saved).items():
        report = by_path[path]
        if report.duplicate_of is not None:
            continue
        mine: list[Hit] = []
        for file in files:
            for batch in read_events(folder / file, made.format(report.kind)):
                rows = matching(batch, addresses, pages)
                for row in np.sort(rows)[:_PER_FILE]:
                    excerpt = lines.get((path, int(batch.offset[row])))
                    mine.append(hit(RULE, batch, int(row), path, report.sha256, excerpt=excerpt))
        found += mine[:_PER_FILE]
    return sorted(found, key=lambda item: (item.time is None, item.time, item.origin.path, item.origin.offset or 0))


