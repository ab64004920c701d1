"""An `.evtx` file, whole or broken, to its events: chunk by chunk, so that damage stays where it is."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

from exsweep.model import SourceState
from exsweep.parse.batch import RejectedLine
from exsweep.parse.times import iso_ms
from exsweep.parse.winevent.chunk import BROKEN, UNREADABLE, Read, read_chunk
from exsweep.parse.winevent.formats import SYSTEM
from exsweep.parse.winevent.layout import CHUNK_MARK, FAR, FILE_MARK, Layout
from exsweep.parse.winevent.ledger import Ledger
from exsweep.parse.winevent.native import BadRecordError, read_json
from exsweep.parse.winevent.record import Event, Found
from exsweep.parse.winevent.stream import ChunkCutter, Piece, chunk_at

_TIME, _NUMBER = SYSTEM.index("TimeCreated"), SYSTEM.index("EventRecordID")


def is_evtx(head: bytes) -> bool:
    """The first bytes (64 KiB are enough) of an event log, or of one whose header is lost."""
    if head.startswith((FILE_MARK, CHUNK_MARK)):
        return True
    return chunk_at(head) > 0


class EvtxSource:
    """Events of one `.evtx` file in the order of its chunks; every record is an event, or rejected with its reason."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cutter = ChunkCutter()
        self._line = 0
        self._copies: dict[tuple[int, int], int] = {}
        self._last: tuple[int, str] | None = None
        self._counts = dict.fromkeys(("header", "records", "cut", "stale", "hidden", "copies"), 0)
        self._chunks = 0

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[list[Found]]:
        """What each chunk of the file gave, as soon as it is complete."""
        for piece in self._cutter.feed(chunk, last=last):
            yield self._read(piece)

    def _read(self, piece: Piece) -> list[Found]:
        layout, reads = read_chunk(piece.data)
        self._chunks += 1
        self._count(piece, layout)
        found: list[Found] = []
        written: list[tuple[int, str]] = []
        for read in self._once(piece, reads):
            self._line += 1
            event = self._event(piece, read)
            found.append(event)
            if isinstance(event, Event) and read.place.number is not None:
                written.append((read.place.number, str(event.system[_TIME] or "")))
                said = event.system[_NUMBER]
                if said != read.place.number and said is not None and str(said) != str(read.place.number):
                    self._ledger.renumbered = True
        self._ledger.numbers.add_all(_credible([read.place.number for read in reads]))
        self._look_back(written)
        return found

    def _count(self, piece: Piece, layout: Layout) -> None:
        self._counts["header"] += not layout.header_ok
        self._counts["records"] += layout.header_ok and not layout.records_ok and piece.whole
        self._counts["cut"] += not piece.whole
        self._counts["stale"] += layout.stale
        self._counts["hidden"] += layout.hidden

    def _once(self, piece: Piece, reads: list[Read]) -> list[Read]:
        """Without the records of an earlier copy of the same chunk: files taken from a running server hold some twice."""
        if not reads or reads[0].place.number is None:
            return reads
        first = reads[0].place
        key = (reads[0].place.number, zlib.crc32(piece.data[first.offset : first.offset + first.size]))
        known = self._copies.get(key)
        numbers = [read.place.number for read in reads if read.place.number is not None]
        self._copies[key] = max(numbers) if known is None else max(known, *numbers)
        if known is None:
            return reads
        fresh = [read for read in reads if read.place.number is None or read.place.number > known]
        self._counts["copies"] += len(reads) - len(fresh)
        return fresh

    def _event(self, piece: Piece, read: Read) -> Found:
        offset = piece.offset + read.place.offset
        reason = read.reason
        if read.json is not None:
            try:
                return Event(*read_json(read.json), self._line, offset, read.json.encode())
            except BadRecordError:
                reason = UNREADABLE
        raw = piece.data[read.place.offset : read.place.offset + read.place.size]
        return RejectedLine(self._line, offset, reason or BROKEN, raw)

    def _look_back(self, written: list[tuple[int, str]]) -> None:
        """Records that are older than the one written before them."""
        stamps = [stamp for _, stamp in written]
        if self._last is not None and written and written[0][0] == self._last[0] + 1:
            stamps.insert(0, self._last[1])
        if written:
            self._last = written[-1]
        if stamps == sorted(stamps):
            return
        for before, after in pairwise(stamps):
            if after < before:
                times = iso_ms(before.encode()), iso_ms(after.encode())
                if times[0] is not None and times[1] is not None:
                    self._ledger.went_back(times[0] - times[1])

    def kind(self) -> str:
        """`empty`, `no_event_log`, `no_records` or `records`: what the file was, once all of it was fed."""
        if self._line:
            return "records"
        if not self._cutter.size:
            return "empty"
        header = self._cutter.header
        return "no_records" if (header is not None and header.sound) or self._chunks else "no_event_log"

    def state(self) -> tuple[SourceState, str]:
        """READ, PARTIAL where bytes of the log are damaged or missing, NOT_A_LOG where there is none; and the reason."""
        kind = self.kind()
        if kind in _NO_LOG:
            return SourceState.NOT_A_LOG, _STATES[kind]
        header = self._cutter.header
        damage = [_DAMAGE["file_header"]] if header is None or not header.sound else []
        damage += [
            words.format(self._counts[name]) for name, words in _DAMAGE.items() if self._counts.get(name)
        ]
        if self._cutter.missing:
            damage.append(_DAMAGE["short"].format(self._cutter.missing))
        if self._cutter.lost:
            damage.append(_DAMAGE["lost"].format(self._cutter.lost))
        return (SourceState.PARTIAL, " ".join(damage)) if damage else (SourceState.READ, "")

    def facts(self) -> dict[str, str]:
        """`evtx.state` (see `state`), `evtx.emptied` (it held records once), `evtx.flags` (`dirty`, `full`), and the counts of
        what was damaged or left over."""
        header = self._cutter.header
        said = {"evtx.state": self.kind()}
        if said["evtx.state"] == "no_records" and header is not None and header.next_record > 1:
            said["evtx.emptied"] = "yes"
        flags = [name for name in ("dirty", "full") if header is not None and getattr(header, name)]
        if flags:
            said["evtx.flags"] = ", ".join(flags)
        said.update({f"evtx.{name}": str(count) for name, count in self._counts.items() if count})
        return said

    def notes(self) -> Iterator[str]:
        """The same in words; what is damaged stands in the reason of `state`."""
        kind, header = self.kind(), self._cutter.header
        if kind in _STATES:
            yield _STATES[kind]
        if kind == "records" and header is not None and header.dirty:
            yield "The log was in use when it was copied, or its server stopped suddenly: the last records may be missing."
        if kind == "no_records" and header is not None and header.next_record > 1:
            yield f"The log held records once: the next one would have had the number {header.next_record}."
        for name, words in _REMARKS.items():
            if self._counts[name]:
                yield words.format(self._counts[name])
        if self._cutter.moved:
            yield f"{self._cutter.moved} chunks end early: bytes of the file are missing there."


def _credible(numbers: Sequence[int | None]) -> list[int]:
    """Without those that damage made: records of one chunk have numbers near each other."""
    told = [number for number in numbers if number is not None]
    if not told:
        return told
    middle = sorted(told)[len(told) // 2]
    return [number for number in told if abs(number - middle) <= FAR]


_REMARKS = {
    "hidden": "{} records were hidden inside the bytes of others, whose size was changed to cover them. They were read.",
    "copies": "{} records stand in the file twice (an older copy of a chunk); they were counted once.",
    "stale": "{} marks of old records lie behind the end of chunks: leftovers, not read as events.",
}
_DAMAGE = {
    "file_header": "The header of the file is damaged or missing: its chunks were found by their marks.",
    "header": "Chunks with a damaged header: {}; their records were found by their marks.",
    "records": "Chunks that fail their checksum: {}; they were damaged, or changed by something else than the event log service.",
    "cut": "Chunks that are cut: {}; what is left of their records was read.",
    "short": "Chunks that the file should have at its end and has not: {}; what they held is missing.",
    "lost": "{} bytes are neither a chunk nor empty and hold no record.",
}
_STATES = {
    "empty": "The file has no bytes: no event log was copied.",
    "no_event_log": "The file is named like an event log but holds nothing of one.",
    "no_records": "The log holds no records. A log that was cleared looks the same: events 104 and 1102 of other logs tell.",
}
_NO_LOG = ("empty", "no_event_log")
