"""One file of a log to batches: header blocks, line numbers, offsets, times, counts; any chunk sizes, same result."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import LogFormat, text_formats
from exsweep.parse.batch import NO_TIME, Batch, RejectedLine
from exsweep.parse.columns import ColumnReader, Columns, read_line, too_long
from exsweep.parse.header import Header, directive, fields_header, known_names, names_a_type, plain_row
from exsweep.parse.headerless import ShapeReader
from exsweep.parse.lines import Block, Index, LineSplitter, Mask
from exsweep.parse.records import RecordReader, Records
from exsweep.parse.sweep import Sieve, Wanted, count_days, wanted
from exsweep.parse.tally import Tally
from exsweep.parse.text import TextDecoder
from exsweep.parse.times import Clock, iso_ms, row_ms

MAX_HEADERS = 500
"""Different headers in one file; real files have a handful, repeated."""
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


_Groups: TypeAlias = dict[tuple[str, tuple[str, ...], str], tuple[_State, list[Index]]]
"""Lines of one block by header and version."""


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
        self._formats = text_formats() if formats is None else tuple(formats)
        self._names = known_names(self._formats)
        self._decoder = TextDecoder()
        self._splitter = LineSplitter()
        self._columns = ColumnReader()
        self._shapes = ShapeReader(kind)
        self._records = RecordReader()
        self._clock = Clock()
        self._state = _State()
        self._seen: set[tuple[str, tuple[str, ...]]] = set()
        self._ended = False
        self._sieve: Sieve | None = None

    def feed(self, chunk: bytes, *, last: bool = False, sieve: Sieve | None = None) -> Iterator[Batch]:
        """Batches of the lines that are complete; with `last` all that is left.

        A batch holds at most about 6 MiB of text and lines of one header, in file order; where headers take turns inside
        such a piece, its batches overlap. Rejected lines ride along. Use the iterator up before the next call.
        """
        if self._ended:
            raise ValueError("this reader was told that the file had ended")
        self._ended, self._sieve = last, sieve
        text = self._decoder.feed(chunk, last=last)
        for block in self._splitter.feed(text, last=last):
            yield from self._read(block, sieve)
        if last:
            yield from self._close()

    def only_header(
        self, block: Block, begin: int, headers: Sequence[int], data: Mask
    ) -> Header | bool | None:
        """Instead of `feed`, for a small log whose lines begin at line `begin` of a block that holds other logs too.

        Counts its header lines (of `headers`, block line numbers) and takes them out of `data` (its lines that are not
        blank). The header above all that is left; True: nothing is; None: they must be read in their order, by another
        reader. See `took`.
        """
        self._ended = True
        self.tally.blank_lines += len(data) - int(np.count_nonzero(data))
        for index in headers:
            state = self._after(block.line(index))
            if state is None:
                continue
            data[index - begin] = False
            self.tally.header_lines += 1
            if not state.reads_like(self._state) and data[: index - begin].any():
                return None
            self._state = state
        if not data.any():
            return True
        header = self._state.header
        return None if header is None or header.format.multiline or dateless(header) else header

    def took(
        self,
        table: pa.Table,
        times: Index,
        header: Header,
        rejected: Sequence[RejectedLine],
        few_of: tuple[Block, Index] | None = None,
    ) -> None:
        """What the lines below the header gave; of the columns those that tell of the log as a whole are enough.

        `few_of`: all these lines of the block, where a sieve chose the rows and the rejected ones among them.
        """
        self.tally.events_of(table, times, header, whole=few_of is None)
        self.tally.reject(rejected)
        if few_of is None:
            self._note_version(self._state, times, header)
        else:
            block, lines = few_of
            self.tally.skip(len(lines) - len(times) - len(rejected))
            self._as_a_whole(block, lines, self._state, header)

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
        chosen = None if sieve is None else wanted(block, sieve)
        groups: _Groups = {}
        begin = 0
        for index in maybe_headers(block, data):
            state = self._after(block.line(index))
            if state is None:
                continue
            data[index] = False
            self.tally.header_lines += 1
            if not state.reads_like(self._state):
                yield from self._segment(block, begin, index, data, chosen, groups)
                yield from self._close_records()
                begin = index
                if state.day != self._state.day or state.header != self._state.header:
                    self._clock.header_date(state.day)
            self._state = state
        yield from self._segment(block, begin, len(block), data, chosen, groups)
        yield from self._flush(block, chosen, groups)

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
            header = fields_header(value, self._formats, self._kind(), state.log_type)
            return replace(state, header=self._limited(header))
        text = value[:200].decode("ascii", "replace")
        if name == "log-type" or (name == "software" and names_a_type(text, self._formats)):
            return replace(state, log_type=text)
        if name == "version":
            return replace(state, version=text)
        if name == "date":
            when = iso_ms(value)
            if when is not None and state.version:
                self.tally.header_build(state.version, when, when, self._kind().id)
            return replace(state, day=value[:10])
        return state

    def _limited(self, header: Header | None) -> Header | None:
        """No header beyond MAX_HEADERS different ones: the lines below it are then told by their shape."""
        if header is None:
            return None
        key = (header.format.id, header.names)
        if key not in self._seen and len(self._seen) >= MAX_HEADERS:
            self.tally.note(f"More than {MAX_HEADERS} different headers: the later ones were not believed.")
            return None
        self._seen.add(key)
        return header

    def _kind(self) -> LogFormat:
        return self.format if self._state.header is None else self._state.header.format

    def _segment(
        self, block: Block, begin: int, end: int, data: Mask, chosen: Wanted | None, groups: _Groups
    ) -> Iterator[Batch]:
        """Lines between two changes of the header: put with those of the same header, or read now when order matters."""
        state = self._state
        lines = np.flatnonzero(data[begin:end]) + begin
        if not len(lines):
            return
        if state.header is not None and not state.header.format.multiline and not dateless(state.header):
            key = (state.header.format.id, state.header.names, state.version)
            groups.setdefault(key, (state, []))[1].append(lines)
            return
        yield from self._flush(block, chosen, groups)
        if state.header is None:
            self._shapes.kind = self._kind()
            for inferred, columns in self._shapes.read(block, lines):
                yield from self._emit(block, inferred, columns, chosen)
        elif state.header.format.multiline:
            yield from self._emit_records(self._records.feed(block, lines, state.header))
        else:
            columns = self._columns.read(block, lines, state.header)
            yield from self._emit(block, state.header, columns, chosen)

    def _flush(self, block: Block, chosen: Wanted | None, groups: _Groups) -> Iterator[Batch]:
        """Read what was put together: one batch for each header, however often they take turns."""
        for state, parts in groups.values():
            header = state.header
            lines = parts[0] if len(parts) == 1 else np.concatenate(parts)
            if header is None:
                continue
            if chosen is None or not self._sifted(header.format):
                yield from self._emit(
                    block, header, self._columns.read(block, lines, header), None, state=state
                )
                continue
            parsed = chosen.of(block, lines, header)
            self.tally.skip(len(lines) - len(parsed))
            self._as_a_whole(block, lines, state, header)
            if len(parsed):
                columns = self._columns.read(block, parsed, header)
                yield from self._emit(block, header, columns, None, state=state, whole=False)
        groups.clear()

    def _sifted(self, kind: LogFormat) -> bool:
        """What the sieve chose counts for rows of this format."""
        return self._sieve is not None and self._sieve.knows(kind)

    def _as_a_whole(self, block: Block, lines: Index, state: _State, header: Header) -> None:
        """What lines of which few are parsed tell of the log as a whole."""
        if not header.format.states:
            self._ends(block, lines, state, header)
            count_days(block, lines, header, self.tally)

    def _ends(self, block: Block, lines: Index, state: _State, header: Header) -> None:
        """What the first and the last of lines of which few are parsed tell: moments, names and builds of the server."""
        for index in dict.fromkeys((int(lines[0]), int(lines[-1]))):
            fields = too_long(block) or read_line(block.line(index), header)
            if not isinstance(fields, str):
                when = row_ms(fields, header)
                if when is not None:
                    self.tally.span(when, when)
                    self._note_version(state, np.array([when]), header)
                self.tally.row(fields, when, header)

    def _emit(
        self,
        block: Block,
        header: Header | None,
        columns: Columns,
        chosen: Wanted | None,
        *,
        state: _State | None = None,
        whole: bool = True,
    ) -> Iterator[Batch]:
        """`whole`: these are all rows; else what they tell of the log as a whole would depend on which were chosen."""
        times = np.empty(0, np.int64)
        if header is not None:
            times = self._clock.times(columns.table, header)
            self.tally.events_of(columns.table, times, header, whole=whole)
            if whole:
                self._note_version(state or self._state, times, header)
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
        if chosen is not None and self._sifted(batch.format):
            kept = np.flatnonzero(chosen.chosen[columns.rows])
            few = [
                one
                for one, (index, _) in zip(rejected, columns.rejected, strict=True)
                if chosen.chosen[index]
            ]
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
        if self._state.header is not None and self._records.pending:
            yield from self._emit_records(self._records.close(self._state.header))

    def _emit_records(self, found: Records) -> Iterator[Batch]:
        self.tally.continued_lines += found.continued
        table = found.table()
        times = self._clock.times(table, found.header)
        self.tally.events_of(table, times, found.header)
        self._note_version(self._state, times, found.header)
        self.tally.reject(found.rejected)
        if found.rows or found.rejected:
            lines = tuple(found.texts)
            yield Batch(
                found.header.format, table, found.line(), found.offset(), times, found.rejected, lines=lines
            )

    def _note_version(self, state: _State, times: Index, header: Header) -> None:
        known = times[times != NO_TIME] if state.version else times[:0]
        if len(known):
            self.tally.header_build(state.version, int(known.min()), int(known.max()), header.format.id)


def maybe_headers(block: Block, data: Mask) -> list[int]:
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
