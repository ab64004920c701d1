"""Decoders that give bounded pieces, and everything that stands before damage."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

from exsweep.evidence.optional import MissingError, optional

PIECE = 1 << 20
"""Most bytes of one deflate step."""
SMALL = 16 << 10
"""Most bytes of one bzip2 or lzma step: their decoders lose the step in which they meet damage."""


class UndecodableError(Exception):
    """The bytes are not what the format allows."""


class Codec(Protocol):
    """One compressed stream. `decode(b"")` drains; feed only when `hungry`."""

    hungry: bool
    finished: bool
    unused: bytes

    def decode(self, data: bytes) -> bytes:
        """Raises UndecodableError."""
        ...


class Deflate:
    """zlib's inflate: raw (-15, as in zip) or with gzip's header and checksum (31)."""

    def __init__(self, wbits: int) -> None:
        self._inflate = zlib.decompressobj(wbits)
        self._tail = b""
        self._error = ""
        self.hungry, self.finished, self.unused = True, False, b""

    def decode(self, data: bytes) -> bytes:
        if self._error:
            raise UndecodableError(self._error)
        data = self._tail + data if self._tail else data
        before = self._inflate.copy()
        try:
            out = self._inflate.decompress(data, PIECE)
        except zlib.error as error:
            self._error, self.hungry = str(error), False
            return _up_to_damage(before, data)
        self._tail = self._inflate.unconsumed_tail
        self.finished, self.unused = self._inflate.eof, self._inflate.unused_data
        self.hungry = not self._tail and len(out) < PIECE
        return out


def _up_to_damage(inflate: "zlib._Decompress", data: bytes) -> bytes:
    # zlib throws away what it decoded in the call that fails: go there again, byte by byte.
    parts: list[bytes] = []
    try:
        for place in range(len(data)):
            parts.append(inflate.decompress(data[place : place + 1]))
    except zlib.error:
        return b"".join(parts)
    return b"".join(parts)


class Deflate64:
    """Method 9 of zip, as some versions of Windows Explorer write it (APPNOTE 4.4.5).

    One symbol may give 64 KiB and the decoder gives all of it at once: it is fed a few bytes at a time.
    """

    _FED = 64

    def __init__(self) -> None:
        self._inflate = optional("inflate64").Inflater()
        self._held = b""
        self.hungry, self.finished, self.unused = True, False, b""

    def decode(self, data: bytes) -> bytes:
        self._held += data
        parts, size = [], 0
        at = 0
        try:
            while at < len(self._held) and size < PIECE and not self._inflate.eof:
                part: bytes = self._inflate.inflate(self._held[at : at + self._FED])
                parts.append(part)
                size += len(part)
                at += self._FED
        except ValueError as error:
            if not parts:
                raise UndecodableError(str(error)) from error
        self._held = self._held[at:]
        self.finished = bool(self._inflate.eof)
        self.hungry = not self._held and not self.finished
        self.unused = self._held if self.finished else b""
        return b"".join(parts)


class Block:
    """bzip2, xz and lzma of the standard library."""

    def __init__(self, decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._decoder = decoder
        self.hungry, self.finished, self.unused = True, False, b""

    def decode(self, data: bytes) -> bytes:
        try:
            out = self._decoder.decompress(data, SMALL)
        except (OSError, lzma.LZMAError, EOFError, ValueError) as error:
            raise UndecodableError(str(error)) from error
        self.finished = self._decoder.eof
        self.hungry = not self.finished and self._decoder.needs_input
        self.unused = self._decoder.unused_data
        return out


class Zstandard:
    """One zstd frame, fed block by block (RFC 8878, 3.1.1): a block gives at most 128 KiB, a cut is seen."""

    _MAGIC = 0xFD2FB528

    def __init__(self, window_bytes: int) -> None:
        self._most = window_bytes
        self._decoder = zstandard.ZstdDecompressor(max_window_size=window_bytes).decompressobj()
        self._held = b""
        self._next: Callable[[], bytes | None] = self._header
        self._skip = 0
        self._checksum = False
        self.hungry, self.finished, self.unused = True, False, b""

    def decode(self, data: bytes) -> bytes:
        self._held += data
        out = self._next()
        self.hungry = out is None and not self.finished
        return out or b""

    def _take(self, size: int) -> bytes:
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def _feed(self, size: int) -> bytes:
        try:
            return self._decoder.decompress(self._take(size))
        except zstandard.ZstdError as error:
            raise UndecodableError(str(error)) from error

    def _finish(self) -> bytes:
        self.finished, self.unused = True, self._held
        return b""

    def _header(self) -> bytes | None:
        held = self._held
        if len(held) < 8:
            return None
        if int.from_bytes(held[:4], "little") & 0xFFFFFFF0 == 0x184D2A50:
            self._skip = struct.unpack_from("<I", held, 4)[0]
            self._take(8)
            self._next = self._skipping
            return self._skipping()
        descriptor = held[4]
        single, self._checksum = bool(descriptor & 0x20), bool(descriptor & 4)
        dictionary = (0, 1, 2, 4)[descriptor & 3]
        content = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
        size = 5 + (not single) + dictionary + content
        if len(held) < size:
            return None
        if not single:
            base = 1 << (10 + (held[5] >> 3))
            if base + base // 8 * (held[5] & 7) > self._most:
                raise UndecodableError(
                    f"needs more than {self._most >> 20} MiB to look back (made with --long?)"
                )
        self._next = self._block
        return self._feed(size)

    def _block(self) -> bytes | None:
        if len(self._held) < 3:
            return None
        head = int.from_bytes(self._held[:3], "little")
        size = 3 + (1 if (head >> 1) & 3 == 1 else head >> 3)
        if size > 3 + (128 << 10):
            raise UndecodableError("a block is larger than the format allows")
        if len(self._held) < size:
            return None
        last = bool(head & 1)
        if last:
            self._next = self._end
        out = self._feed(size)
        if last and not self._checksum:
            self._finish()
        return out

    def _end(self) -> bytes | None:
        if len(self._held) < 4:
            return None
        out = self._feed(4)
        self._finish()
        return out

    def _skipping(self) -> bytes | None:
        self._skip -= len(self._take(self._skip))
        return None if self._skip else self._finish()


def gzip_codec(_: int = 0) -> Codec:
    """One gzip member."""
    return Deflate(31)


def bzip2_codec(_: int = 0) -> Codec:
    """One bzip2 stream."""
    return Block(bz2.BZ2Decompressor())


def xz_codec(window_bytes: int) -> Codec:
    """One xz stream; the decoder may take a little more memory than the window."""
    return Block(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=window_bytes + (16 << 20)))


def deflate64_codec() -> Codec:
    """One deflate64 stream. Raises UndecodableError where the decoder is not installed."""
    try:
        return Deflate64()
    except MissingError as error:
        raise UndecodableError(
            f"saved with deflate64, which {error}; or unpack it and give the folder"
        ) from error


def zip_lzma_codec(header: bytes, window_bytes: int) -> Codec:
    """Method 14 of zip: version, length 5, properties (APPNOTE 5.8.8). Raises UndecodableError."""
    if len(header) < 9 or header[2:4] != b"\x05\0" or header[4] >= 225:
        raise UndecodableError("the lzma header cannot be read")
    rest, lc = divmod(header[4], 9)
    pb, lp = divmod(rest, 5)
    dictionary = max(4096, int.from_bytes(header[5:9], "little"))
    if dictionary > window_bytes:
        raise UndecodableError(f"needs {dictionary >> 20} MiB to look back")
    filters = [{"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": dictionary}]
    try:
        return Block(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters))
    except (lzma.LZMAError, ValueError) as error:
        raise UndecodableError(str(error)) from error
