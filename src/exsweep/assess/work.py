"""One task: some files of the evidence, read once, to sealed reports, hits and stored events. A pure function of its input."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain as chained
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from exsweep.assess.joined import Chosen, Gathering, Joined, join
from exsweep.assess.results import CorrelationRow, StoredTable, TaskResult
from exsweep.assess.rows import fold, hit
from exsweep.assess.store import EventWriter
from exsweep.assess.tools import Tools, tools
from exsweep.detect import Match
from exsweep.evidence import EvidenceReadError, Source, Unit, sources
from exsweep.model import Hit, SourceReport, SourceState
from exsweep.parse import Reader, recognise
from exsweep.parse.batch import Batch
from exsweep.parse.pasted import looks_pasted, read_pasted

CHUNK = 16 << 20
_HEAD = 64 << 10
_SAMPLE = 16 << 10
_DENSE = 0.05
"""Share of bytes in lines that a sweep chooses, above which exact evaluation line by line costs more than columns."""
_PASTED_CAP = 8 << 20
"""Console output and pasted lines are small; a bigger file of unknown kind is sealed, not searched for them."""
_FLUSH_ROWS = 50_000
_FLUSH_BYTES = 48 << 20
"""Text that waits with the candidates in it: bounds memory where they are few."""


class Task(msgspec.Struct, frozen=True):
    """Files to read together: many small ones, or one big one."""

    id: str
    units: tuple[Unit, ...]
    quick: bool = False
    events: str | None = None
    """Folder of the event store, or None to keep none."""
    first_source: int = 0


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
    gathering: Gathering = field(default_factory=Gathering)
    pending: _Pending = field(default_factory=_Pending)
    hits: list[tuple[int, str, Batch, int]] = field(default_factory=list)
    correlation: list[CorrelationRow] = field(default_factory=list)
    told: set[object] = field(default_factory=set)
    """Spans of correlations whose raw line is kept already."""

    dense: dict[str, bool] = field(default_factory=dict)
    """Formats of which a sweep would choose so many lines that reading all columns is cheaper."""

    def sieve(self, kind: str, head: bytes) -> Callable[[memoryview], list[tuple[int, int]]] | None:
        """For a sweep: what chooses lines of this format; None to read all of them. Finds the same either way."""
        if not self.quick:
            return None
        if kind not in self.dense and len(head) >= _SAMPLE:
            chosen = sum(end - start for start, end in self.made.engine.sieve(kind, head))
            self.dense[kind] = chosen > _DENSE * len(head)
        if self.dense.get(kind):
            return None
        return lambda data: self.made.engine.sieve(kind, data)

    def rows(self, place: int, path: str, batch: Batch) -> None:
        """Rows of one file: to the rules and to the store, with those of its neighbours."""
        for joined in self.gathering.add(place, path, batch):
            self._hand_on(joined)

    def finish(self) -> None:
        for joined in self.gathering.rest():
            self._hand_on(joined)
        self._settle()

    def _hand_on(self, joined: Joined) -> None:
        rows = self.made.engine.candidates(joined.batch)
        if len(rows):
            self.pending.add(joined.choose(rows), joined.text)
        if self.writer is not None:
            self.writer.write(joined.batch, [(part.path, part.rows) for part in joined.parts])
        if self.pending.full:
            self._settle()

    def _settle(self) -> None:
        """Exact evaluation of the waiting candidates, one format at a time."""
        for kind in sorted(self.pending.chosen):
            waiting = self.pending.chosen[kind]
            matches = self.made.engine.match([chosen.batch for chosen in waiting])
            by_batch: dict[int, list[Match]] = {}
            for match in matches:
                by_batch.setdefault(match.batch, []).append(match)
            for number, found in by_batch.items():
                self._matched(waiting[number], found)
        self.pending = _Pending()

    def _matched(self, chosen: Chosen, matches: Sequence[Match]) -> None:
        """Keep the rows that matched, file by file, with their raw lines; the other candidates are forgotten."""
        rows, row_of = np.unique(np.array([match.row for match in matches], np.int64), return_inverse=True)
        places = chosen.places()[rows]
        whole = chosen.take(rows)
        borders = np.concatenate(([0], np.flatnonzero(np.diff(places)) + 1, [len(rows)]))
        files = [whole.part(start, end) for start, end in pairwise(borders.tolist())]
        owners = places[borders[:-1]].tolist()
        file_of = np.searchsorted(borders, row_of, side="right") - 1
        moved = [
            Match(match.rule, number, row)
            for match, number, row in zip(
                matches, file_of.tolist(), (row_of - borders[file_of]).tolist(), strict=True
            )
        ]
        self.correlation += self.made.counted(files, moved, owners, self.told)
        for match in moved:
            if match.rule.id not in self.made.silent:
                self.hits.append((owners[match.batch], match.rule.id, files[match.batch], match.row))


def start(user_rules: Sequence[str], indicators: Sequence[str] = ()) -> Callable[[Task], TaskResult]:
    """Build the tools once; returns the function that does one task."""
    made = tools(user_rules, indicators)
    return lambda task: work(task, made)


def work(task: Task, made: Tools) -> TaskResult:
    reports: list[SourceReport] = []
    keep = task.events is not None and not task.quick
    writer = EventWriter(Path(task.events), task.id[:12]) if keep and task.events is not None else None
    run = _Run(made, task.quick, writer)
    try:
        for unit in task.units:
            for source in sources(unit):
                reports.append(_read(source, len(reports), run))
        run.finish()
        tables = [StoredTable(*row) for row in writer.close()] if writer is not None else []
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    return TaskResult(
        tuple(reports),
        fold(_hits(run.hits, reports)),
        tuple(sorted(run.correlation, key=lambda row: (row.source, row.offset, row.rule))),
        tuple(tables),
        dict(made.engine.failures),
    )


def _hits(found: Sequence[tuple[int, str, Batch, int]], reports: Sequence[SourceReport]) -> list[Hit]:
    """Hits in the order of files and lines, now that the files are sealed."""
    ordered = sorted(found, key=lambda item: (item[0], int(item[2].offset[item[3]]), item[1]))
    return [
        hit(rule, batch, row, reports[source].path, reports[source].sha256)
        for source, rule, batch, row in ordered
    ]


@dataclass
class _Seal:
    """SHA-256 and size of what was really read, and how reading ended."""

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size: int = 0
    state: SourceState = SourceState.READ
    reason: str = ""

    def over(self, source: Source) -> Iterator[bytes]:
        try:
            for chunk in source.chunks(CHUNK):
                self.digest.update(chunk)
                self.size += len(chunk)
                yield chunk
        except EvidenceReadError as error:
            self.state, self.reason = error.state, error.reason


def _read(source: Source, place: int, run: _Run) -> SourceReport:
    seal = _Seal(state=source.state, reason=source.reason)
    chunks = seal.over(source)
    if source.state is not SourceState.READ:
        return _sealed_only(source, chunks, seal)
    head = b""
    start: list[bytes] = []
    for chunk in chunks:
        start.append(chunk)
        head += chunk[: _HEAD - len(head)]
        if len(head) >= _HEAD:
            break
    stream = chained(start, chunks)
    kind = recognise(head, source.path) if head else None
    if kind is None:
        return _other(source, place, stream, seal, run)
    reader = Reader(kind)
    for batch in _batches(reader, stream, run.sieve(kind.id, head)):
        run.rows(place, source.path, batch)
    return _report(source, kind.id, seal, reader)


def _sealed_only(source: Source, left: Iterator[bytes], seal: _Seal) -> SourceReport:
    """A file that is no log, or that was known to be unreadable: its seal, as far as there are bytes."""
    for _ in left:
        pass
    return SourceReport(
        path=source.path,
        kind="unknown",
        size=seal.size,
        sha256=seal.digest.hexdigest(),
        state=seal.state,
        reason=seal.reason,
        notes=source.notes,
    )


def _batches(
    reader: Reader, stream: Iterator[bytes], sieve: Callable[[memoryview], list[tuple[int, int]]] | None
) -> Iterator[Batch]:
    for chunk in stream:
        yield from reader.feed(chunk, sieve=sieve)
    yield from reader.feed(b"", last=True, sieve=sieve)


def _report(source: Source, kind: str, seal: _Seal, reader: Reader) -> SourceReport:
    report = reader.tally.report(
        path=source.path,
        kind=kind,
        size=seal.size,
        sha256=seal.digest.hexdigest(),
        state=seal.state,
        reason=seal.reason,
        notes=source.notes,
    )
    # Rejected lines are counted by themselves; `partial` is kept for files whose reading stopped.
    return msgspec.structs.replace(report, state=seal.state, reason=seal.reason)


def _other(source: Source, place: int, stream: Iterator[bytes], seal: _Seal, run: _Run) -> SourceReport:
    """A file without a log's header: what victims have at hand, or something that is only sealed."""
    kept: list[bytes] = []
    size = 0
    for chunk in stream:
        size += len(chunk)
        if size <= _PASTED_CAP:
            kept.append(chunk)
        else:
            kept.clear()
    data = b"".join(kept)
    if not data or not looks_pasted(data[:_HEAD]):
        if seal.state is SourceState.READ:
            seal.state = SourceState.NOT_A_LOG
        return _sealed_only(source, iter(()), seal)
    result = read_pasted(data)
    for batch in result.batches:
        rows = np.arange(len(batch), dtype=np.int64)
        whole = batch.take(rows)
        run.pending.add(join([(place, source.path, whole)]).choose(rows), 0)
    report = result.tally.report(
        path=source.path,
        kind=result.kind,
        size=seal.size,
        sha256=seal.digest.hexdigest(),
        state=seal.state,
        reason=seal.reason,
        notes=source.notes,
    )
    return msgspec.structs.replace(report, state=seal.state, reason=seal.reason)
