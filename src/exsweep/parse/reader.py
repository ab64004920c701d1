"""One file of a log to batches: header blocks, line numbers, offsets, times, counts; any chunk sizes, same result."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.parse.batch import NO_TIME, Batch, RejectedLine
from exsweep.parse.columns import ColumnReader, Columns
from exsweep.parse.header import Header, directive, fields_header, is_type, known_names, plain_row
from exsweep.parse.headerless import ShapeReader
from exsweep.parse.lines import Block, Index, LineSplitter, Mask
from exsweep.parse.records import RecordReader, Records
from exsweep.parse.tally import Tally
from exsweep.parse.text import TextDecoder
from exsweep.parse.times import DAY_MS, Clock, day_of, iso_ms

Sieve: TypeAlias = Callable[[memoryview], list[tuple[int, int]]]
"""Gives the spans (start, end) of the bytes that are worth parsing; every line that a span touches is parsed."""

_LF, _HASH, _QUOTE = 10, 35, 34


@dataclass(frozen=True, slots=True)
class _State:
    """What the header lines so far say about the lines that follow."""

    header: Header | None = None
    log_type: str = ""
    version: str = ""
    day: bytes = b""
    """Value of the last `#Date:`."""

    def reads_like(self, other: "_State") -> bool:
        """Lines below both can be read in one go."""
        if self.header != other.header or self.version != other.version:
            return False
        return self.day == other.day or self.header is None or not dateless(self.header)


def dateless(header: Header) -> bool:
    """Rows have a time of day only; the day stands in a header line, so that midnight is seen row by row."""
    kind = header.format.time
    return kind.style == "w3c" and kind.columns[0] not in header.names and kind.columns[1] in header.names


class Reader:
    """Reads one file. `tally` counts; `events + rejected + unread = lines` after every chunk.

    >>> from exsweep.knowledge.formats import format_of
    >>> reader = Reader(format_of("iis_w3c"))
    >>> text = b"#Fields: date time cs-method cs-uri-stem\\n2021-03-01 10:00:00 GET /owa/\\n"
    >>> [(len(batch), batch.line.tolist(), batch.offset.tolist()) for batch in reader.feed(text, last=True)]
    [(1, [2], [41])]
    """

    def __init__(self, kind: LogFormat, *, formats: Sequence[LogFormat] | None = None) -> None:
        self.format = kind
        """Format of the file as recognised; a header inside may change it for the lines below it."""
        self.tally = Tally()
        self._formats = load_formats() if formats is None else tuple(formats)
        self._names = known_names(self._formats)
        self._decoder = TextDecoder()
        self._splitter = LineSplitter()
        self._columns = ColumnReader()
        self._shapes = ShapeReader(kind)
        self._records = RecordReader()
        self._clock = Clock()
        self._state = _State()
        self._ended = False

    def feed(self, chunk: bytes, *, last: bool = False, sieve: Sieve | None = None) -> Iterator[Batch]:
        """Batches of the lines that are complete; with `last` all that is left.

        Batches are in file order and hold at most about 6 MiB of text; a change of header begins a new one. Rejected
        lines ride in the batch of their neighbours. Use the iterator up before the next call.
        """
        if self._ended:
            raise ValueError("this reader was told that the file had ended")
        self._ended = last
        text = self._decoder.feed(chunk, last=last)
        for block in self._splitter.feed(text, last=last):
            yield from self._read(block, sieve)
        if last:
            yield from self._close()

    def _close(self) -> Iterator[Batch]:
        yield from self._close_records()
        if self._decoder.encoding is not None:
            self.tally.note(
                f"The text is {self._decoder.encoding.upper()}: byte offsets count in its UTF-8 form."
            )
        if self._decoder.lost:
            self.tally.note(f"{self._decoder.lost} bytes at the end are half a character.")
        if self._splitter.nul_tail:
            self.tally.note(
                f"{self._splitter.nul_tail} zero bytes at the end were left out: the server stopped suddenly, "
                "or the file was laid out in advance."
            )

    def _read(self, block: Block, sieve: Sieve | None) -> Iterator[Batch]:
        data = block.ends > block.starts
        self.tally.blank_lines += len(block) - int(np.count_nonzero(data))
        chosen = None if sieve is None else _touched(block, sieve(memoryview(block.data)))
        begin = 0
        for index in _maybe_headers(block, data):
            state = self._after(block.line(index))
            if state is None:
                continue
            data[index] = False
            self.tally.header_lines += 1
            if not state.reads_like(self._state):
                yield from self._segment(block, begin, index, data, chosen)
                yield from self._close_records()
                begin = index
                if state.day != self._state.day or state.header != self._state.header:
                    self._clock.header_date(state.day)
            self._state = state
        yield from self._segment(block, begin, len(block), data, chosen)

    def _after(self, line: bytes) -> _State | None:
        """The state below a header line; None when the line is data."""
        found = directive(line)
        if found is None:
            if line.startswith(b"#"):
                return None
            header = plain_row(line, self._names, self._formats, self._kind())
            return None if header is None else replace(self._state, header=header)
        name, value = found
        state = self._state
        if name == "fields":
            return replace(state, header=fields_header(value, self._formats, self._kind(), state.log_type))
        text = value[:200].decode("ascii", "replace")
        if name == "log-type" or (name == "software" and any(is_type(one, text) for one in self._formats)):
            return replace(state, log_type=text)
        if name == "version":
            return replace(state, version=text)
        if name == "date":
            when = iso_ms(value)
            if when is not None and state.version:
                self.tally.header_build(state.version, when, when, self._kind().id)
            return replace(state, day=value[:10])
        return state

    def _kind(self) -> LogFormat:
        return self.format if self._state.header is None else self._state.header.format

    def _segment(
        self, block: Block, begin: int, end: int, data: Mask, chosen: Mask | None
    ) -> Iterator[Batch]:
        """Lines between two changes of the header."""
        header = self._state.header
        lines = np.flatnonzero(data[begin:end]) + begin
        if not len(lines):
            return
        if header is not None and header.format.multiline:
            yield from self._emit_records(self._records.feed(block, lines, header))
            return
        if header is None:
            self._shapes.kind = self._kind()
            for inferred, columns in self._shapes.read(block, lines):
                yield from self._emit(block, inferred, columns, chosen)
            return
        if chosen is None or dateless(header):
            yield from self._emit(block, header, self._columns.read(block, lines, header), chosen)
            return
        wanted = lines[chosen[lines]]
        self.tally.skip(len(lines) - len(wanted))
        self._sweep_days(block, lines, header)
        if len(wanted):
            yield from self._emit(
                block, header, self._columns.read(block, wanted, header), None, with_days=False
            )

    def _emit(
        self,
        block: Block,
        header: Header | None,
        columns: Columns,
        chosen: Mask | None,
        *,
        with_days: bool = True,
    ) -> Iterator[Batch]:
        times = np.empty(0, np.int64)
        if header is not None:
            times = self._clock.times(columns.table, header)
            self._count(columns.table, times, header, with_days=with_days)
        rejected = [self._rejected(block, index, reason) for index, reason in columns.rejected]
        self.tally.reject(rejected)
        batch = Batch(
            header.format if header is not None else self.format,
            columns.table,
            block.first_line + columns.rows,
            block.offset + block.starts[columns.rows],
            times,
            rejected,
            buffer=block.data,
            buffer_offset=block.offset,
        )
        if chosen is not None:
            kept = np.flatnonzero(chosen[columns.rows])
            few = [one for one, (index, _) in zip(rejected, columns.rejected, strict=True) if chosen[index]]
            if len(kept) < len(batch) or len(few) < len(rejected):
                batch = replace(batch.take(kept), rejected=few)
        if len(batch) or batch.rejected:
            yield batch

    def _rejected(self, block: Block, index: int, reason: str) -> RejectedLine:
        unfinished = index == len(block) - 1 and not block.too_long and block.data[-1] != _LF
        return RejectedLine(
            block.first_line + index,
            block.offset + int(block.starts[index]),
            "cut-line" if unfinished else reason,
            block.line(index),
        )

    def _close_records(self) -> Iterator[Batch]:
        if self._state.header is not None:
            yield from self._emit_records(self._records.close(self._state.header))

    def _emit_records(self, found: Records) -> Iterator[Batch]:
        self.tally.continued_lines += found.continued
        table = found.table()
        times = self._clock.times(table, found.header)
        self._count(table, times, found.header, with_days=True)
        self.tally.reject(found.rejected)
        if found.rows or found.rejected:
            lines = tuple(found.texts)
            yield Batch(
                found.header.format, table, found.line(), found.offset(), times, found.rejected, lines=lines
            )

    def _count(self, table: pa.Table, times: Index, header: Header, *, with_days: bool) -> None:
        self.tally.events_of(table, times, header, with_days=with_days)
        known = times[times != NO_TIME]
        if self._state.version and len(known):
            self.tally.header_build(self._state.version, int(known.min()), int(known.max()), header.format.id)

    def _sweep_days(self, block: Block, lines: Index, header: Header) -> None:
        """Days of all lines from their first ten bytes, without parsing; other formats show the days of hits only."""
        if header.names[0] not in header.format.time.columns:
            return
        octets = block.octets()
        lines = lines[block.ends[lines] - block.starts[lines] >= 10]
        if not len(lines):
            return
        stamps = octets[block.starts[lines][:, None] + np.arange(10)]
        changes = np.concatenate(
            (np.zeros(1, np.int64), np.flatnonzero((stamps[1:] != stamps[:-1]).any(axis=1)) + 1)
        )
        counts = np.diff(np.append(changes, len(lines)))
        for place, count in zip(changes.tolist(), counts.tolist(), strict=True):
            day = day_of(stamps[place].tobytes())
            if day is not None:
                self.tally.count_days(np.full(count, day, np.int64))
                self.tally.span(day * DAY_MS, day * DAY_MS)


def _touched(block: Block, spans: list[tuple[int, int]]) -> Mask:
    """Lines that one of the spans touches; an empty span touches the line that it stands in."""
    chosen = np.zeros(len(block), np.bool_)
    if spans:
        pairs = np.array(spans, np.int64).reshape(-1, 2)
        first = np.searchsorted(block.stops, pairs[:, 0], side="right")
        final = np.searchsorted(block.stops, np.maximum(pairs[:, 1] - 1, pairs[:, 0]), side="right")
        for low, high in zip(first.tolist(), final.tolist(), strict=True):
            chosen[low : high + 1] = True
    return chosen


def _maybe_headers(block: Block, data: Mask) -> list[int]:
    """Lines that begin with `#`, a letter, or a quoted letter: rows of logs begin with a digit."""
    if block.too_long or not data.any():
        return []
    octets = block.octets()
    final = len(octets) - 1
    first = octets[np.minimum(block.starts, final)]
    second = octets[np.minimum(block.starts + 1, final)]
    letter = _is_letter(first) | ((first == _QUOTE) & _is_letter(second))
    return [int(index) for index in np.flatnonzero(data & (letter | (first == _HASH)))]


def _is_letter(octets: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> Mask:
    lower = octets | np.uint8(32)
    return (lower >= 97) & (lower <= 122)
