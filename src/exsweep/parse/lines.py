"""Chunks of bytes to blocks of whole lines, with the exact number and offset of each line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

LINE_CAP = 1 << 20
"""Bytes of a line that are kept; a longer line is rejected and the next one is still found."""
BLOCK_BYTES = 6 << 20
"""A block is parsed in one go. Measured: above 8 MiB pyarrow slows down by a quarter (fresh pages)."""
BLOCK_LINES = 1 << 17
"""Bounds the memory of blocks that are nothing but line breaks."""

Index: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
Mask: TypeAlias = np.ndarray[tuple[int], np.dtype[np.bool_]]
Octets: TypeAlias = np.ndarray[tuple[int], np.dtype[np.uint8]]

BOM = b"\xef\xbb\xbf"
_LF, _CR, _NUL, _BOM0 = 10, 13, 0, 0xEF
_CACHED = 1 << 18


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines. Line `i` is `data[starts[i]:ends[i]]`: without line break and CR, and without NUL bytes at either end
    and a byte order mark at the start (they are no text); `altered[i]` says that such bytes were taken off."""

    data: bytes
    starts: Index
    ends: Index
    stops: Index
    """End of each line with its line break; `stops[i]` is where line `i + 1` begins."""
    altered: Mask
    returns: int
    """Number of CR bytes that stand directly before a line break."""
    offset: int
    """Offset of `data[0]` in the stream."""
    first_line: int
    """1-based number of the first line."""
    too_long: bool = False
    """One line, of which only the first LINE_CAP bytes are here."""

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, index: int) -> bytes:
        """The bytes of one line."""
        return self.data[int(self.starts[index]) : int(self.ends[index])]

    def octets(self) -> Octets:
        """The bytes as an array, not copied."""
        return np.frombuffer(self.data, np.uint8)


def places_of(octets: Octets, wanted: int) -> Index:
    """Where a byte stands, rising. In pieces that stay in the processor's cache: in one go it takes twice as long."""
    pieces = [
        np.flatnonzero(octets[at : at + _CACHED] == wanted) + at for at in range(0, len(octets), _CACHED)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int64)


def count_of(octets: Octets, wanted: int) -> int:
    """How often a byte occurs, in pieces as in `places_of`."""
    return sum(
        int(np.count_nonzero(octets[at : at + _CACHED] == wanted)) for at in range(0, len(octets), _CACHED)
    )


class LineSplitter:
    """Cuts a stream at `\\n`. Holds at most one chunk and one unfinished line of LINE_CAP bytes."""

    def __init__(self) -> None:
        self._rest = b""
        self._offset = 0  # of self._rest[0], or of the long line being skipped
        self._line = 1
        self._long: _LongLine | None = None
        self._nul_tail_of_long = 0
        self.nul_tail = 0
        """NUL bytes after the last text of the stream, known once the last chunk was fed."""

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Block]:
        """Blocks of the lines that are complete; with `last` the unfinished line too."""
        if self._long is not None:
            chunk, block = self._go_on_skipping(self._long, chunk, last=last)
            if block is None:
                return
            yield block
        stop = len(chunk) if last else chunk.rfind(b"\n") + 1
        if not stop and not last:
            self._rest += chunk
        else:
            # Whole lines are copied once, or not at all.
            whole = stop == len(chunk)
            pieces = (self._rest, chunk if whole else memoryview(chunk)[:stop])
            data = chunk if whole and not self._rest else b"".join(pieces)
            self._rest = chunk[stop:]
            yield from self._blocks(data, len(data))
            self._offset += len(data)
        if last:
            self.nul_tail = len(data) - len(data.rstrip(b"\0")) or self._nul_tail_of_long
            return
        if len(self._rest) > LINE_CAP:
            self._long = _LongLine(self._offset)
            self._long.add(self._rest)
            self._rest = b""

    def _go_on_skipping(self, long: "_LongLine", chunk: bytes, *, last: bool) -> tuple[bytes, Block | None]:
        end = chunk.find(b"\n")
        if end < 0 and not last:
            long.add(chunk)
            return b"", None
        stop = len(chunk) if end < 0 else end + 1
        long.add(chunk[:stop])
        block = long.block(self._line)
        self._nul_tail_of_long = long.nul_tail if end < 0 else 0
        self._offset = long.begin + long.size
        self._line += 1
        self._long = None
        return chunk[stop:], block

    def _blocks(self, data: bytes, cut: int) -> Iterator[Block]:
        octets = np.frombuffer(data, np.uint8)[:cut]
        at = 0
        while at < cut:
            window = octets[at : at + BLOCK_BYTES]
            breaks = places_of(window, _LF)
            full = at + len(window) >= cut
            if not full and not len(breaks):
                # A line longer than the window: it is over the cap whatever follows.
                end = data.find(b"\n", at, cut)
                stop = cut if end < 0 else end + 1
                yield self._long_block(data, at, stop)
                at = stop
                continue
            full = full and len(breaks) < BLOCK_LINES
            stops = breaks[:BLOCK_LINES] + 1
            if full and (not len(stops) or stops[-1] != len(window)):
                stops = np.append(stops, len(window))
            size = int(stops[-1])
            yield from self._split_long(
                data, at, data[at : at + size] if at or size < len(data) else data, stops
            )
            at += size

    def _split_long(self, data: bytes, at: int, piece: bytes, stops: Index) -> Iterator[Block]:
        starts = np.concatenate((np.zeros(1, np.int64), stops[:-1]))
        over = np.flatnonzero(stops - starts > LINE_CAP)
        if not len(over):
            yield self._block(piece, starts, stops, self._offset + at)
            return
        begin = 0
        for index in (*over.tolist(), len(stops)):
            if index > begin:
                low, high = int(starts[begin]), int(stops[index - 1])
                yield self._block(
                    piece[low:high],
                    starts[begin:index] - low,
                    stops[begin:index] - low,
                    self._offset + at + low,
                )
            if index < len(stops):
                yield self._long_block(data, at + int(starts[index]), at + int(stops[index]))
            begin = index + 1

    def _long_block(self, data: bytes, start: int, stop: int) -> Block:
        long = _LongLine(self._offset + start)
        long.add(data[start:stop])
        block = long.block(self._line)
        self._line += 1
        return block

    def _block(self, data: bytes, starts: Index, stops: Index, offset: int) -> Block:
        octets = np.frombuffer(data, np.uint8)
        ends = stops.copy()
        broken = octets[stops - 1] == _LF
        ends -= broken
        returned = (ends > starts) & (octets[np.maximum(ends, 1) - 1] == _CR)
        ends -= returned
        for index in np.flatnonzero(
            returned & (ends > starts) & (octets[np.maximum(ends, 1) - 1] == _CR)
        ).tolist():
            start = int(starts[index])
            ends[index] = start + len(data[start : int(ends[index])].rstrip(b"\r"))
        altered = np.zeros(len(starts), np.bool_)
        _trim(data, octets, starts, ends, altered)
        block = Block(
            data, starts, ends, stops, altered, int(np.count_nonzero(returned & broken)), offset, self._line
        )
        self._line += len(starts)
        return block


class _LongLine:
    """A line of which only the beginning is kept. Small after all when what follows the text is only NUL bytes."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self.size = 0
        self._skipped = 0  # NUL bytes in front
        self._kept = bytearray()
        self._more = False  # text beyond what is kept
        self._zeros = 0  # NUL bytes seen since the last text
        self._return = False

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if not self._kept:
            stripped = data.lstrip(b"\0")
            self._skipped += len(data) - len(stripped)
            data = stripped
        text = data.rstrip(b"\0")
        self._zeros = self._zeros + len(data) if not text else len(data) - len(text)
        room = LINE_CAP + 1 - len(self._kept)
        if room > 0:
            self._kept += data[:room]
        self._more = self._more or bool(data[max(room, 0) :].strip(b"\0\r\n"))

    @property
    def nul_tail(self) -> int:
        """NUL bytes at the end, when nothing else follows them."""
        return self._zeros if self._kept else self._skipped

    def block(self, line: int) -> Block:
        text = bytes(self._kept)
        if not self._more:
            text = text.rstrip(b"\0\r\n")
        mark = len(BOM) if text.startswith(BOM) else 0
        too_long = self._more or len(text) > LINE_CAP
        if too_long:
            text = text[:LINE_CAP]
        starts = np.array([mark], np.int64)
        ends = np.array([max(len(text), mark)], np.int64)
        stops = np.array([len(text)], np.int64)
        altered = np.ones(1, np.bool_)
        return Block(text, starts, ends, stops, altered, 0, self.begin + self._skipped, line, too_long)


def _trim(data: bytes, octets: Octets, starts: Index, ends: Index, altered: Mask) -> None:
    """Take NUL bytes off both ends and a byte order mark off the start of lines; rare, so line by line."""
    if not len(starts):
        return
    first = octets[np.minimum(starts, len(octets) - 1)]
    odd = first == _BOM0
    if b"\0" in data:
        odd |= (first == _NUL) | ((ends > starts) & (octets[np.maximum(ends, 1) - 1] == _NUL))
    for index in np.flatnonzero(odd & (ends > starts)).tolist():
        start, end = int(starts[index]), int(ends[index])
        line = data[start:end]
        text = line.lstrip(b"\0")
        start += len(line) - len(text)
        text = text.rstrip(b"\0")
        end = start + len(text)
        if text.startswith(BOM):
            start += len(BOM)
        if start != starts[index] or end != ends[index]:
            starts[index], ends[index], altered[index] = start, max(start, end), True
