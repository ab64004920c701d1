"""One task: some files of the evidence, read once, to sealed reports, hits and stored events. A pure function of its input."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain as chained
from pathlib import Path

import msgspec
import numpy as np

from exsweep.assess.results import CorrelationRow, StoredTable, TaskResult
from exsweep.assess.rows import fold, hit
from exsweep.assess.store import EventWriter
from exsweep.assess.tools import Tools, tools
from exsweep.evidence import EvidenceReadError, Source, Unit, sources
from exsweep.model import Hit, SourceReport, SourceState
from exsweep.parse import Reader, recognise
from exsweep.parse.batch import Batch
from exsweep.parse.pasted import looks_pasted, read_pasted

CHUNK = 16 << 20
_HEAD = 64 << 10
_PASTED_CAP = 8 << 20
"""Console output and pasted lines are small; a bigger file of unknown kind is sealed, not searched for them."""
_FLUSH_ROWS = 50_000


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

    batches: dict[str, list[tuple[int, Batch]]] = field(default_factory=dict)
    rows: int = 0

    def add(self, source: int, batch: Batch) -> None:
        if len(batch):
            self.batches.setdefault(batch.format.id, []).append((source, batch))
            self.rows += len(batch)


def start(user_rules: Sequence[str], indicators: Sequence[str] = ()) -> Callable[[Task], TaskResult]:
    """Build the tools once; returns the function that does one task."""
    made = tools(user_rules, indicators)
    return lambda task: work(task, made)


def work(task: Task, made: Tools) -> TaskResult:
    reports: list[SourceReport] = []
    pending = _Pending()
    hits: list[tuple[int, str, Batch, int]] = []
    correlation: list[CorrelationRow] = []
    writer = (
        EventWriter(Path(task.events), task.id[:12]) if task.events is not None and not task.quick else None
    )
    try:
        for unit in task.units:
            for source in sources(unit):
                reports.append(_read(source, len(reports), task.quick, made, pending, writer))
                if pending.rows >= _FLUSH_ROWS:
                    _settle(pending, made, hits, correlation)
        _settle(pending, made, hits, correlation)
        tables = [StoredTable(*row) for row in writer.close()] if writer is not None else []
    except BaseException:
        if writer is not None:
            writer.abandon()
        raise
    return TaskResult(
        tuple(reports),
        fold(_hits(hits, reports)),
        tuple(correlation),
        tuple(tables),
        dict(made.engine.failures),
    )


def _settle(
    pending: _Pending, made: Tools, hits: list[tuple[int, str, Batch, int]], correlation: list[CorrelationRow]
) -> None:
    """Exact evaluation of the waiting candidates, one format at a time."""
    for kind in sorted(pending.batches):
        waiting = pending.batches[kind]
        batches = [batch for _, batch in waiting]
        matches = made.engine.match(batches)
        correlation += made.counted(batches, matches, [source for source, _ in waiting])
        for match in matches:
            if match.rule.id not in made.silent:
                hits.append((waiting[match.batch][0], match.rule.id, batches[match.batch], match.row))
    pending.batches.clear()
    pending.rows = 0


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


def _read(
    source: Source, place: int, quick: bool, made: Tools, pending: _Pending, writer: EventWriter | None
) -> SourceReport:
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
        return _other(source, place, stream, seal, made, pending)
    reader = Reader(kind)
    sieve = (lambda data: made.engine.sieve(kind.id, data)) if quick else None
    for batch in _batches(reader, stream, sieve):
        rows = made.engine.candidates(batch)
        if len(rows):
            pending.add(place, batch.take(rows))
        if writer is not None:
            writer.write(batch, source.path)
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


def _other(
    source: Source, place: int, stream: Iterator[bytes], seal: _Seal, made: Tools, pending: _Pending
) -> SourceReport:
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
        pending.add(place, batch.take(np.arange(len(batch), dtype=np.int64)))
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
