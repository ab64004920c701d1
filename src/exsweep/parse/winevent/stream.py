"""The bytes of an `.evtx` file, however they arrive, to its 64 KiB chunks, found where they are."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from exsweep.parse.winevent.layout import CHUNK, CHUNK_MARK, FILE_HEADER, FILE_MARK, RECORD_MARK

SECTOR = 512
"""Files are written and lost in whole sectors: a chunk that was moved begins on one."""
_MARK = np.frombuffer(CHUNK_MARK, "<u8")[0]
_DIRTY, _FULL = 1, 2


@dataclass(frozen=True, slots=True)
class Piece:
    """Up to CHUNK bytes that hold something. `whole` is False where bytes of the chunk are missing."""

    offset: int
    data: bytes
    """CHUNK bytes, padded with zeros."""
    whole: bool


@dataclass(slots=True)
class FileHeader:
    """What the first 4,096 bytes say."""

    sound: bool
    """The mark is there and the checksum fits."""
    dirty: bool = False
    """The log was in use, or its server stopped suddenly."""
    full: bool = False
    next_record: int = 0
    """Number that the next record would have got; 1 in a log that was never written to, 0 where it is not told."""
    chunks: int = 0
    """Chunks that the log had; more follow in a file that is laid out in advance."""


def read_header(data: bytes) -> FileHeader:
    """The header of a file from its first bytes."""
    if len(data) < 128 or not data.startswith(FILE_MARK):
        return FileHeader(sound=False)
    flags, checksum = struct.unpack_from("<II", data, 120)
    return FileHeader(
        zlib.crc32(data[:120]) == checksum,
        bool(flags & _DIRTY),
        bool(flags & _FULL),
        struct.unpack_from("<Q", data, 24)[0],
        struct.unpack_from("<H", data, 42)[0],
    )


class ChunkCutter:
    """Cuts a stream into pieces; holds at most two chunks besides what is fed."""

    def __init__(self) -> None:
        self.header: FileHeader | None = None
        """Known once the first bytes were fed."""
        self.size = 0
        """Bytes fed so far."""
        self.empty = 0
        """Chunks of nothing but zeros: laid out in advance, or wiped."""
        self.lost = 0
        """Bytes that are neither a chunk nor zeros and hold no record."""
        self.moved = 0
        """Chunks that stand elsewhere than they were written."""
        self._buffer = b""
        self._offset = 0

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Piece]:
        """Pieces that are complete; with `last` what is left."""
        self.size += len(chunk)
        data = self._buffer + chunk if self._buffer else chunk
        at = 0
        if self.header is None:
            if len(data) < (FILE_HEADER if data.startswith(FILE_MARK) else CHUNK) and not last:
                self._buffer = data
                return
            at = self._begin(data)
        while len(data) - at >= 2 * CHUNK or (last and at < len(data)):
            piece, at = self._next(data, at)
            if piece is not None:
                yield piece
        self._buffer = data[at:]
        self._offset += at

    def _begin(self, data: bytes) -> int:
        self.header = read_header(data)
        if data.startswith(CHUNK_MARK):
            return 0
        marks = _marks(data[: FILE_HEADER + 8])
        if marks:
            return marks[0]
        # Bytes were cut off or put before it: the first chunk tells where the others begin.
        odd = -1 if self.header.sound else chunk_at(data[:CHUNK])
        return odd if odd > 0 else min(FILE_HEADER, len(data))

    @property
    def missing(self) -> int:
        """Chunks that the header counts and the file is too short for."""
        counted = self.header.chunks if self.header is not None and self.header.sound else 0
        return max(0, counted - max(0, self.size - FILE_HEADER) // CHUNK)

    def _next(self, data: bytes, at: int) -> tuple[Piece | None, int]:
        """The piece at `at`, and where the next one begins."""
        piece = data[at : at + CHUNK]
        marks = [mark for mark in _marks(piece) if mark]
        if piece.startswith(CHUNK_MARK):
            # A second mark inside: either the rest of this chunk is missing, or the mark is what an older use left.
            stop = marks[0] if marks and not _ends_in_time(piece) else len(piece)
        else:
            stop = marks[0] if marks else len(piece)
            if RECORD_MARK not in piece[:stop]:
                self._count_lost(piece[:stop])
                return None, at + stop
        if stop % CHUNK and at + stop < len(data):
            self.moved += 1
        return Piece(self._offset + at, piece[:stop].ljust(CHUNK, b"\0"), stop == CHUNK), at + stop

    def _count_lost(self, piece: bytes) -> None:
        if piece.count(0) == len(piece):
            self.empty += len(piece) == CHUNK
        else:
            self.lost += len(piece)


def chunk_at(data: bytes) -> int:
    """Where the header of a chunk stands that a writer of today made, at whatever byte; -1 without any."""
    at = data.find(CHUNK_MARK)
    while at >= 0 and data[at + 40 : at + 44] != b"\x80\0\0\0":  # its own length: 128
        at = data.find(CHUNK_MARK, at + 1)
    return at


def _marks(piece: bytes) -> list[int]:
    """Offsets of chunk marks at the start of a sector."""
    sectors = len(piece) // SECTOR
    if not sectors:
        return []
    firsts = np.frombuffer(piece, "<u8", count=sectors * SECTOR // 8)[:: SECTOR // 8]
    return [int(sector) * SECTOR for sector in np.flatnonzero(firsts == _MARK)]


def _ends_in_time(piece: bytes) -> bool:
    """The checksum over the chunk's records fits: all of them are here."""
    if len(piece) < CHUNK:
        return False
    free, checksum = struct.unpack_from("<II", piece, 48)
    return bool(SECTOR <= free <= CHUNK and zlib.crc32(piece[SECTOR:free]) == checksum)
