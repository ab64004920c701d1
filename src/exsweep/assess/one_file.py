"""One file of the evidence, read once and sealed: a log, a configuration, a page, a pasted text, or nothing that we judge."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain as chained
from typing import Protocol

import msgspec

from exsweep.assess import served
from exsweep.detect.webshell.containers import PROPERTIES
from exsweep.evidence import EvidenceReadError, Source
from exsweep.knowledge.filesystem import is_journal_name, not_read
from exsweep.knowledge.formats import LogFormat
from exsweep.model import FileReport, FileVerdict, SourceReport, SourceState
from exsweep.parse import Reader, is_plain, recognise, usual_log
from exsweep.parse.antivirus import AntivirusReader, recognise_antivirus
from exsweep.parse.batch import Batch
from exsweep.parse.config import read_config, recognise_config
from exsweep.parse.error_report import read_report, recognise_report
from exsweep.parse.filesystem import Folders, MftReader, UsnReader, is_mft, is_usn, may_be_usn
from exsweep.parse.pasted import looks_pasted, read_pasted
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally
from exsweep.parse.text import to_utf8
from exsweep.parse.traces import Carved, TraceReader, reader_of
from exsweep.parse.traces.recycle import is_recycled
from exsweep.parse.winevent import KIND, EventReader, event_reader, named_evtx

CHUNK = 4 << 20
_HEAD = 64 << 10
_FIRST = 8 << 10
_DATED = re.compile(rb'(?:\A|\n)\xef?\xbb?\xbf?("?[12][0-9]{3}-[0-9]{2}-[0-9]{2}[^\r\n]*)\r?\n')
_PASTED_CAP = 8 << 20
"""Console output and pasted lines are small; a bigger file of unknown kind is sealed, not searched for them."""


class Taker(Protocol):
    """Who takes what is read (see `assess.work`). `place` is that of the file in its task."""

    def sieve(self, kind: str) -> Sieve | None: ...

    def rows(self, place: int, path: str, batch: Batch) -> None: ...

    def small(
        self, place: int, path: str, data: bytes, kind: LogFormat, done: Callable[[Tally], SourceReport]
    ) -> None:
        """A log that can be read with others of its kind; who has done so calls `done`."""
        ...

    def apart(self, place: int, path: str, batch: Batch) -> None: ...

    def page(self, place: int, kept: served.Kept, path: str, sha256: str) -> FileReport: ...

    def carved(self, place: int, path: str, page: Carved) -> None: ...

    def beside_it(self, path: str) -> tuple[bytes, ...]: ...

    def asked_for(self, data: bytes, path: str) -> bool: ...

    def folders(self, path: str) -> Folders | None:
        """Folders of the volume whose journal of changes this is."""
        ...


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


def read_file(source: Source, place: int, run: Taker) -> SourceReport | None:
    """Read one file to its end. A page is looked at as a page, whatever else it may be. None: see `Taker.small`."""
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
    stream: Iterator[bytes] = chained(start, chunks)
    # The record of a removed page in the recycle bin has the page's ending.
    script = bool(head) and served.is_script(source.path) and not is_recycled(head, source.path)
    kind = None if script else usual_log(head, source.path)
    events = None if script or kind is not None else event_reader(head, source.path)
    other = _records_in(head, source.path, run) if events is None and kind is None and not script else None
    if other is not None:
        return _records(source, place, stream, seal, run, other, other.kind)
    # A page with code in it is no log; looking for a log's lines in it would cost more than reading the page.
    page = script and served.may_run(head)
    if kind is None and head and events is None and not page:
        kind = recognise(head, source.path)
    if kind is None and events is None and not script and named_evtx(source.path):
        events = EventReader()
    if events is not None:
        return _records(source, place, stream, seal, run, events, KIND)
    if kind is None:
        return _other(source, place, stream, seal, run, script)
    sieve = run.sieve(kind.id)
    if not script and len(start) == 1 and len(start[0]) < CHUNK:
        more = next(chunks, b"")
        if not more and seal.state is SourceState.READ and is_plain(start[0], kind):
            run.small(place, source.path, start[0], kind, partial(_log, source, kind, seal, head))
            return None
        stream = chained(start, [more], chunks)
    kept = served.Kept()
    if script:
        stream = kept.over(stream)
    reader = Reader(kind)
    for batch in _batches(reader, stream, sieve):
        run.rows(place, source.path, batch)
    if script:
        _page(source, place, kept, seal, run)
    return _log(source, kind, seal, head, reader.tally)


def _log(source: Source, kind: LogFormat, seal: _Seal, head: bytes, tally: Tally) -> SourceReport:
    report = _report(source, kind.id, seal, tally)
    return msgspec.structs.replace(report, begins=_begins(head), servers=report.servers or _names(head, kind))


def _page(source: Source, place: int, kept: served.Kept, seal: _Seal, run: Taker) -> FileReport:
    """Look at the file as a page; what could not be looked at makes it one that was read in part."""
    report = run.page(place, kept, source.path, seal.digest.hexdigest())
    known = report.verdict is FileVerdict.BENIGN_KNOWN
    if report.problems and not known and seal.state is SourceState.READ:
        seal.state = SourceState.PARTIAL
        seal.reason = f"looked at as a page: {'; '.join(report.problems)}"
    return report


def _names(head: bytes, kind: LogFormat) -> tuple[str, ...]:
    """What the server calls itself in the first lines: a sweep may have chosen none of them."""
    if not kind.server_columns:
        return ()
    reader = Reader(kind)
    for _ in reader.feed(head[: head.rfind(b"\n", 0, _FIRST) + 1], last=True):
        pass
    return reader.tally.servers


def _begins(head: bytes) -> str:
    """Hash of the first line that begins with a date, if it stands whole in the head."""
    found = _DATED.search(head)
    return hashlib.sha256(found[1]).hexdigest()[:32] if found else ""


def _records_in(
    head: bytes, path: str, run: Taker
) -> MftReader | UsnReader | AntivirusReader | TraceReader | None:
    """What the file system and programs remember, by content, and what a virus scanner wrote down.

    A journal may begin with gigabytes of zeros, so its name counts too.
    """
    if is_mft(head):
        return MftReader(path)
    if is_usn(head) or (bool(head) and may_be_usn(head) and is_journal_name(path)):
        return UsnReader(path, run.folders(path))
    if recognise_antivirus(head, path):
        return AntivirusReader()
    reader = reader_of(head, path) if head else None
    if reader is not None and reader.BESIDE:
        reader.beside = run.beside_it(path)
    if reader is not None and reader.ON_A_VOLUME:
        reader.folders = run.folders(path)
    return reader


def _records(
    source: Source,
    place: int,
    stream: Iterator[bytes],
    seal: _Seal,
    run: Taker,
    reader: EventReader | MftReader | UsnReader | AntivirusReader | TraceReader,
    kind: str,
) -> SourceReport:
    """Windows events, in an event log or exported; the records of a disk; the log of a virus scanner; other traces."""
    for chunk in stream:
        for batch in reader.feed(chunk):
            run.rows(place, source.path, batch)
    for batch in reader.feed(b"", last=True):
        run.rows(place, source.path, batch)
    for page in reader.pages if isinstance(reader, TraceReader | MftReader) else ():
        run.carved(place, source.path, page)
    if seal.state is SourceState.READ:
        seal.state, seal.reason = reader.state()
    if isinstance(reader, TraceReader):
        kind = reader.kind  # some readers learn only in the end what they read
    return _report(source, kind, seal, reader.tally)


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


def _batches(reader: Reader, stream: Iterator[bytes], sieve: Sieve | None) -> Iterator[Batch]:
    for chunk in stream:
        yield from reader.feed(chunk, sieve=sieve)
    yield from reader.feed(b"", last=True, sieve=sieve)


def _report(source: Source, kind: str, seal: _Seal, tally: Tally) -> SourceReport:
    report = tally.report(
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
    source: Source, place: int, stream: Iterator[bytes], seal: _Seal, run: Taker, script: bool
) -> SourceReport:
    """A file without a log's header: a page, a configuration, what victims have at hand, or something only sealed."""
    kept = served.Kept()
    for _ in kept.over(stream):
        pass
    data = kept.data
    if data and kept.whole and recognise_config(data[:_HEAD]):
        found = read_config(data)
        for batch in found.batches:
            run.rows(place, source.path, batch)
        if script and served.may_run(data):
            _page(source, place, kept, seal, run)
        return _report(source, "iis_config", seal, found.tally)
    if data and kept.whole and recognise_report(data):
        batch, tally = read_report(data)
        run.rows(place, source.path, batch)
        return _report(source, "error_report", seal, tally)
    if script and served.may_run(data):
        looked_at = _page(source, place, kept, seal, run)
        if looked_at.container == PROPERTIES and kept.size <= _PASTED_CAP:
            # Settings written out as a page are told as settings too; the other lines of a page are no lost log lines.
            for batch in read_pasted(data).batches:
                run.apart(place, source.path, batch)
        return _report(source, "served_file", seal, Tally())
    if kept.size <= _PASTED_CAP and data and looks_pasted(data[:_HEAD]):
        if script:
            _page(source, place, kept, seal, run)
        result = read_pasted(data)
        for batch in result.batches:
            run.apart(place, source.path, batch)
        return _report(source, result.kind, seal, result.tally)
    if data and (script or served.may_run(data) or run.asked_for(data, source.path)):
        _page(source, place, kept, seal, run)
        return _report(source, "served_file", seal, Tally())
    if seal.state is SourceState.READ:
        seal.state = SourceState.NOT_A_LOG
    report = _sealed_only(source, iter(()), seal)
    known = not_read(data[:_HEAD], source.path, to_utf8(data[:_HEAD]))
    return msgspec.structs.replace(report, facts={"not_read": known.id}) if known else report
