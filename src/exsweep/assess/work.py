"""One task: some files of the evidence, read once, to sealed reports, hits and stored events. A pure function of its input."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from exsweep.assess.counting import Counting
from exsweep.assess.flood import Flood
from exsweep.assess.joined import JOIN_SWEPT_BYTES, Chosen, Gathering, Joined, join
from exsweep.assess.one_file import read_file
from exsweep.assess.results import StoredTable, TaskResult
from exsweep.assess.rows import Cells, fold, hit
from exsweep.assess.served import Kept, Row, look, look_inside, row, slim, together
from exsweep.assess.small import Shelf, Small, read
from exsweep.assess.store import EventWriter
from exsweep.assess.tools import Tools, tools
from exsweep.assess.volumes import bytes_beside, folders_of
from exsweep.detect import Match
from exsweep.detect.webshell import Remembered
from exsweep.evidence import Unit, sources
from exsweep.knowledge.filesystem import volume_of_journal, volume_of_table
from exsweep.knowledge.formats import LogFormat
from exsweep.model import FileReport, Hit, SourceReport
from exsweep.parse.anchors import Anchors, note
from exsweep.parse.batch import Batch
from exsweep.parse.filesystem import Folders
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally
from exsweep.parse.traces import Carved
from exsweep.parse.zone import assuming

_COLLECT = (100_000, 20, 100)
"""Rows pass by in millions of objects without cycles: looking for cycles as often as Python does costs a tenth."""
_PAGES = 500
"""Pages whose rows are put together."""
_SPARSE = 1024
"""Bytes of text to a row from which on its line is copied, so that few of them do not hold on to the text: memory that is
given back at once is still in the processor's cache when the next piece is read into it."""
_FLUSH_ROWS = 50_000
_FLUSH_BYTES = 24 << 20
"""Text that waits with the candidates in it: bounds memory where they are few."""


class Task(msgspec.Struct, frozen=True):
    """Files to read together: many small ones, or one big one."""

    id: str
    units: tuple[Unit, ...]
    quick: bool = False
    events: str | None = None
    """Folder of the event store, or None to keep none."""
    passwords: tuple[bytes, ...] = ()
    """For locked members; a task is never written to disk."""
    zone: str = ""
    """The zone of local times, as the user says; empty: none is assumed."""
    beside: tuple[Unit, ...] = ()
    """File tables of the disks whose journals are among the units, and logs of the hives among them."""


@dataclass
class _Pending:
    """Candidate rows waiting for exact evaluation, per format."""

    chosen: dict[str, list[Chosen]] = field(default_factory=dict)
    rows: int = 0
    text: int = 0
    """Bytes that are kept for their raw lines."""

    def add(self, chosen: Chosen, text: int) -> None:
        if len(chosen.batch):
            self.chosen.setdefault(chosen.batch.format.id, []).append(chosen)
            self.rows += len(chosen.batch)
            self.text += text

    @property
    def full(self) -> bool:
        return self.rows >= _FLUSH_ROWS or self.text >= _FLUSH_BYTES


@dataclass
class _Run:
    """What one task is doing."""

    made: Tools
    quick: bool
    writer: EventWriter | None
    counting: Counting
    seen: Remembered
    """Pages of this and earlier tasks of the process."""
    gathering: Gathering = field(default_factory=Gathering)
    shelf: Shelf = field(default_factory=Shelf)
    reports: dict[int, SourceReport] = field(default_factory=dict)
    """By the place of the file in the task."""
    pending: _Pending = field(default_factory=_Pending)
    hits: list[tuple[int, str, Batch, int]] = field(default_factory=list)
    flood: Flood = field(default_factory=Flood)
    files: list[FileReport] = field(default_factory=list)
    """Pages and scripts that were looked at."""
    pages: list[tuple[int, str, Row]] = field(default_factory=list)
    """Their rows that are not handed on yet."""
    beside: tuple[Unit, ...] = ()
    passwords: tuple[bytes, ...] = ()
    anchors: dict[int, Anchors] = field(default_factory=dict)
    """Of each file, by its place."""

    def sieve(self, kind: str) -> Sieve | None:
        """For a sweep: what chooses lines of this format; None to read all of them. Finds the same either way."""
        if not self.quick:
            return None
        engine = self.made.engine
        return Sieve(lambda data, stops: engine.sieve(kind, data, stops), kind)

    def rows(self, place: int, path: str, batch: Batch) -> None:
        """Rows of one file: to the rules and to the store, with those of its neighbours.

        A sweep sees chosen lines only: they do not say how two clocks differ. Records it reads all the same.
        """
        if not self.quick or batch.format.records:
            note([self.anchors.setdefault(place, Anchors())], [0], batch)
        elif batch.buffer is not None and len(batch) * _SPARSE < len(batch.buffer):
            batch = batch.loose()
        for joined in self.gathering.add(place, path, batch):
            self._hand_on(joined)

    def small(
        self, place: int, path: str, data: bytes, kind: LogFormat, done: Callable[[Tally], SourceReport]
    ) -> None:
        """A small log: read with others, to the rules and to the store with them."""
        for files in self.shelf.add(Small(place, path, data, kind, done)):
            self._read(files)

    def _read(self, files: Sequence[Small]) -> None:
        reports, found = read(files, self.sieve(files[0].kind.id))
        self.reports |= reports
        for joined in found:
            if not self.quick:
                starts = np.cumsum([0, *(part.rows for part in joined.parts)])[:-1].tolist()
                note(
                    [self.anchors.setdefault(part.place, Anchors()) for part in joined.parts],
                    starts,
                    joined.batch,
                )
            self._hand_on(joined)

    def told(self, place: int) -> SourceReport:
        """What is said of a file, with the events in it that other logs must have seen too."""
        packed = self.anchors[place].packed() if place in self.anchors else b""
        report = self.reports[place]
        return msgspec.structs.replace(report, anchors=packed) if packed else report

    def apart(self, place: int, path: str, batch: Batch) -> None:
        """Rows that are not kept as events: they are few, or belong to a text that is no log."""
        rows = np.arange(len(batch), dtype=np.int64)
        self.pending.add(join([(place, path, batch.take(rows))]).choose(rows), 0)

    def page(self, place: int, kept: Kept, path: str, sha256: str) -> FileReport:
        """Look at a file as a page; what it can do becomes a row."""
        report = look(kept, path, sha256, self.made.yara, self.made.baseline, self.seen)
        self.files.append(slim(report))
        self._page_row(place, path, row(report, kept))
        return report

    def carved(self, place: int, path: str, page: Carved) -> None:
        """Look at a page that stood inside another file of the evidence."""
        report, kept = look_inside(page, path, self.made.yara, self.made.baseline)
        self.files.append(slim(report))
        self._page_row(place, path, row(report, kept, page))

    def folders(self, path: str) -> Folders | None:
        """Folders of the disk whose journal of changes this is, from its file table; None where that was not given."""
        volume = volume_of_journal(path)
        for unit in self.beside:
            if volume is not None and volume_of_table(unit.path) == volume:
                return folders_of(unit, self.passwords)
        return None

    def beside_it(self, path: str) -> tuple[bytes, ...]:
        """Logs of the hive with this path."""
        return bytes_beside(path, self.beside, self.passwords)

    def asked_for(self, data: bytes, path: str) -> bool:
        """The user's YARA rules have something to say of a file that nothing else is known of."""
        return self.made.asks_of_every_file and bool(self.made.yara.scan(data, path).matches)

    def finish(self) -> None:
        self._hand_on_pages()
        for files in self.shelf.rest():
            self._read(files)
        for joined in self.gathering.rest():
            self._hand_on(joined)
        self._settle()

    def _page_row(self, place: int, path: str, told: Row) -> None:
        self.pages.append((place, path, told))
        if len(self.pages) >= _PAGES:
            self._hand_on_pages()

    def _hand_on_pages(self) -> None:
        if self.pages:
            self._hand_on(together(self.pages))
            self.pages = []

    def _hand_on(self, joined: Joined) -> None:
        rows, may = self.made.engine.look(joined.batch)
        if len(rows):
            chosen, text = joined.choose(rows, may), joined.text
            if joined.batch.format.records:
                # The values of whole pieces would be held on to; cut loose, many pieces can wait for one evaluation, whose
                # queries cost as much to plan as some thousand rows to look at.
                chosen = chosen.slim()
                text = chosen.batch.table.nbytes + sum(map(len, chosen.lines or ()))
            elif len(rows) * _SPARSE < text:
                chosen = chosen.loose()
                text = sum(map(len, chosen.lines or ()))
            self.pending.add(chosen, text)
        if self.writer is not None:
            self.writer.write(joined.batch, [(part.path, part.rows) for part in joined.parts])
        if self.pending.full:
            self._settle()

    def _settle(self) -> None:
        """Exact evaluation of the waiting candidates, one format at a time."""
        for kind in sorted(self.pending.chosen):
            waiting = self.pending.chosen[kind]
            matches = self.made.engine.match(
                [chosen.batch for chosen in waiting], [chosen.may for chosen in waiting]
            )
            by_batch: dict[int, list[Match]] = {}
            for match in matches:
                by_batch.setdefault(match.batch, []).append(match)
            for number, found in by_batch.items():
                self._matched(waiting[number], found)
        self.pending = _Pending()

    def _matched(self, chosen: Chosen, matches: Sequence[Match]) -> None:
        """Keep the rows that matched, with their raw lines; the other candidates are forgotten."""
        counted = chosen.narrowed([match.row for match in matches])
        self.counting.add(counted.batch, counted.moved(matches), counted.places(), counted.raw)
        loud = [match for match in matches if match.rule.id not in self.made.silent]
        loud = self.flood.kept(chosen.batch, loud, chosen.places())
        if loud:
            kept = chosen.narrowed([match.row for match in loud])
            batch, places = kept.with_lines().slim(), kept.places().tolist()
            self.hits += [(places[one.row], one.rule.id, batch, one.row) for one in kept.moved(loud)]


def start(
    user_rules: Sequence[str],
    indicators: Sequence[str] = (),
    yara: Sequence[str] = (),
    baselines: Sequence[str] = (),
) -> Callable[[Task], TaskResult]:
    """Build the tools once; returns the function that does one task."""
    made = tools(user_rules, indicators, yara, baselines)
    gc.set_threshold(*_COLLECT)
    seen = Remembered()
    return lambda task: work(task, made, seen)


def work(task: Task, made: Tools, seen: Remembered) -> TaskResult:
    """Read the files of a task: their rows to the store (where one is kept), what is remarkable to the result."""
    keep = task.events is not None and not task.quick
    writer = EventWriter(Path(task.events), task.id[:12]) if keep and task.events is not None else None
    run = _Run(made, task.quick, writer, Counting(made), seen, beside=task.beside, passwords=task.passwords)
    if task.quick:
        run.gathering.enough = JOIN_SWEPT_BYTES
    place = -1
    try:
        with assuming(task.zone):
            for unit in task.units:
                for source in sources(unit, passwords=task.passwords):
                    place += 1
                    report = read_file(source, place, run)
                    if report is not None:
                        run.reports[place] = report
            run.finish()
        reports = [run.told(one) for one in range(place + 1)]
        tables = [StoredTable(*row) for row in writer.close()] if writer is not None else []
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    return TaskResult(
        tuple(reports),
        fold(run.flood.counted(_hits(run.hits, reports))),
        run.counting.result(),
        tuple(tables),
        dict(made.engine.failures),
        tuple(run.files),
    )


def _hits(found: list[tuple[int, str, Batch, int]], reports: Sequence[SourceReport]) -> list[tuple[int, Hit]]:
    """Hits with the places of their files, in the order of files and lines, now that the files are sealed.

    `found` is used up: its rows would stand in memory twice.
    """
    made: list[tuple[tuple[int, int, str], Hit]] = []
    found.reverse()
    shown: tuple[Batch, Cells] | None = None
    while found:
        source, rule, batch, at = found.pop()
        if shown is None or shown[0] is not batch:
            shown = batch, Cells(batch)
        report = reports[source]
        key = (source, int(batch.offset[at]), rule)
        made.append((key, hit(rule, batch, at, report.path, report.sha256, cells=shown[1])))
    made.sort(key=lambda item: item[0])
    return [(source, one) for (source, _, _), one in made]
