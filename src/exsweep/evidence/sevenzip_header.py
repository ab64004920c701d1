"""The table of contents of a 7z archive: where each block of packed data stands, how it was packed, which files are in it.

Source: `7zFormat.txt` of the LZMA SDK (public domain), https://www.7-zip.org/sdk.html; analyst knowledge, proved by archives
of the program itself in the tests.
"""

import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

MAGIC = b"7z\xbc\xaf\x27\x1c"
START = 32
"""Bytes of the header at the start: all places count from behind it."""
_START = struct.Struct("<6s2BL2QL")
_END, _HEADER, _PROPERTIES, _ADDITIONAL, _MAIN, _FILES = 0, 1, 2, 3, 4, 5
_PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _UNPACK_SIZE, _COUNT = 6, 7, 8, 9, 10, 11, 12, 13
_EMPTY, _EMPTY_FILE, _NAMES, _ATTRIBUTES, _PACKED_HEADER = 14, 15, 17, 21, 23
_MOST_CODERS = 8
_UNIX = 0x8000
_IS_FOLDER = 0x10


class HeaderError(Exception):
    """The table cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Coder:
    """One step of packing."""

    method: bytes
    properties: bytes
    unpacked: int
    """Bytes that come out of it."""


@dataclass(frozen=True, slots=True)
class Block:
    """Packed data that are unpacked in one go and hold one or many files (7z calls it a folder)."""

    start: int
    """In the file."""
    packed: int
    coders: tuple[Coder, ...]
    """In the order of unpacking; empty where the steps are no chain."""
    size: int
    """Bytes of its content."""
    crc32: int | None
    methods: tuple[bytes, ...]
    """All steps, in the order of the table."""


@dataclass(slots=True)
class Contents:
    """All blocks, the sizes of what stands in each, and the names."""

    blocks: list[Block] = field(default_factory=list)
    counts: "array[int]" = field(default_factory=lambda: array("Q"))
    """Streams in each block."""
    sizes: "array[int]" = field(default_factory=lambda: array("Q"))
    """Of each stream, block after block."""
    sums: list[int | None] = field(default_factory=list)
    names: bytes = b""
    """UTF-16, each ending with a zero."""
    count: int = 0
    empty: bytearray = field(default_factory=bytearray)
    """1 for each file without a stream."""
    folder: bytearray = field(default_factory=bytearray)
    """1 for each of them that is a folder."""
    attributes: "array[int]" = field(default_factory=lambda: array("L"))

    def named(self) -> Iterator[tuple[int, bytes]]:
        """Number and name (UTF-8) of each file, in order."""
        start = 0
        for number in range(self.count):
            stop = start
            while (stop := self.names.find(b"\0\0", stop)) % 2 and stop >= 0:
                stop += 1
            if stop < 0:
                raise HeaderError("a name does not end")
            text = self.names[start:stop].decode("utf-16-le", "surrogatepass")
            yield number, text.encode("utf-8", "surrogatepass")
            start = stop + 2

    def is_folder(self, number: int) -> bool:
        if self.attributes and self.attributes[number] & _IS_FOLDER:
            return bool(self.empty and self.empty[number])
        return bool(self.empty and self.empty[number] and self.folder[number])

    def unix_mode(self, number: int) -> int:
        """0 where the archive was not made on a Unix."""
        value = self.attributes[number] if self.attributes else 0
        return value >> 16 if value & _UNIX else 0


def start_of(data: bytes) -> tuple[int, int, int]:
    """Place in the file, size and checksum of the table, from the first 32 bytes. Raises HeaderError."""
    if len(data) < START or not data.startswith(MAGIC):
        raise HeaderError("its first bytes are damaged")
    _, _, _, crc, offset, size, table_crc = _START.unpack(data[:START])
    if zlib.crc32(data[12:START]) != crc:
        raise HeaderError("its first bytes are damaged")
    return START + offset, size, table_crc


def packed_header(table: bytes) -> Block | None:
    """The block in which the table itself is packed; None where the table stands open. Raises HeaderError."""
    data = _Bytes(table)
    kind = data.byte()
    if kind == _HEADER:
        return None
    if kind != _PACKED_HEADER:
        raise HeaderError("its table of contents is damaged")
    streams = _streams(data, 1)
    if len(streams.blocks) != 1:
        raise HeaderError("its table of contents is packed in a way that nobody knows")
    return streams.blocks[0]


def contents(table: bytes, most: int) -> Contents:
    """What an open table says; `most` files are allowed. Raises HeaderError."""
    data = _Bytes(table)
    if data.byte() != _HEADER:
        raise HeaderError("its table of contents is damaged")
    found = Contents()
    while (kind := data.number()) != _END:
        if kind == _PROPERTIES:
            while data.number() != _END:
                data.take(data.number())
        elif kind == _ADDITIONAL:
            _streams(data, most)
        elif kind == _MAIN:
            found = _streams(data, most)
        elif kind == _FILES:
            _files(data, found, most)
        else:
            raise HeaderError(f"its table of contents has a part that nobody knows ({kind})")
    if sum(found.counts) != len(found.sizes) or found.count - sum(found.empty) != len(found.sizes):
        raise HeaderError("its table of contents does not fit together")
    return found


class _Bytes:
    """Reads the table; every step past its end is an error."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise HeaderError("its table of contents ends too early")
        part, self._at = self._data[self._at : end], end
        return part

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """As many further bytes as the first one has leading ones."""
        first = self.byte()
        value, mask = 0, 0x80
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * place)
            value |= self.byte() << (8 * place)
            mask >>= 1
        return value

    def count(self, most: int) -> int:
        value = self.number()
        if value > most:
            raise HeaderError(f"its table of contents names more than {most:,} things")
        return value

    def bits(self, size: int) -> bytearray:
        packed = self.take((size + 7) // 8)
        return bytearray(packed[place >> 3] >> (7 - (place & 7)) & 1 for place in range(size))

    def optional_bits(self, size: int) -> bytearray:
        """A leading byte that is not zero stands for all."""
        return bytearray(b"\1" * size) if self.byte() else self.bits(size)

    def sums(self, size: int) -> list[int | None]:
        return [struct.unpack("<L", self.take(4))[0] if known else None for known in self.optional_bits(size)]


def _streams(data: _Bytes, most: int) -> Contents:
    found = Contents()
    starts: list[tuple[int, int]] = []
    while (kind := data.number()) != _END:
        if kind == _PACK:
            starts = _pack(data, most)
        elif kind == _UNPACK:
            found.blocks = _unpack(data, starts, most)
            found.counts = array("Q", [1] * len(found.blocks))
            found.sizes = array("Q", [block.size for block in found.blocks])
            found.sums = [block.crc32 for block in found.blocks]
        elif kind == _SUBSTREAMS:
            _substreams(data, found, most)
        else:
            raise HeaderError(f"its table of contents has a part that nobody knows ({kind})")
    return found


def _pack(data: _Bytes, most: int) -> list[tuple[int, int]]:
    place, count = START + data.number(), data.count(4 * most)
    sizes: list[int] = []
    while (kind := data.number()) != _END:
        if kind == _SIZE:
            sizes = [data.number() for _ in range(count)]
        elif kind == _CRC:
            data.sums(count)
        else:
            raise HeaderError("its table of contents is damaged")
    found = []
    for size in sizes:
        found.append((place, size))
        place += size
    return found


def _unpack(data: _Bytes, starts: list[tuple[int, int]], most: int) -> list[Block]:
    if data.number() != _FOLDER:
        raise HeaderError("its table of contents is damaged")
    count = data.count(most)
    if data.byte():
        raise HeaderError("its table of contents stands elsewhere")
    plans = [_plan(data) for _ in range(count)]
    if data.number() != _UNPACK_SIZE:
        raise HeaderError("its table of contents is damaged")
    sizes = [[data.number() for _ in plan.coders] for plan in plans]
    sums: list[int | None] = [None] * count
    while (kind := data.number()) != _END:
        if kind != _CRC:
            raise HeaderError("its table of contents is damaged")
        sums = data.sums(count)
    blocks, at = [], 0
    for plan, own, crc32 in zip(plans, sizes, sums, strict=True):
        mine = starts[at : at + plan.streams]
        at += plan.streams
        if len(mine) < plan.streams or not mine:
            raise HeaderError("its table of contents does not fit together")
        order = plan.order() if plan.streams == 1 else ()
        coders = tuple(Coder(*plan.coders[one], own[one]) for one in order)
        packed = sum(size for _, size in mine)
        methods = tuple(method for method, _ in plan.coders)
        blocks.append(Block(mine[0][0], packed, coders, own[plan.last()], crc32, methods))
    return blocks


@dataclass(frozen=True, slots=True)
class _Plan:
    coders: list[tuple[bytes, bytes]]
    binds: dict[int, int]
    """In-stream -> the out-stream that feeds it."""
    streams: int
    simple: bool
    """Each step has one stream in and one out."""

    def last(self) -> int:
        """The step whose result is the content."""
        return next(place for place in range(len(self.coders)) if place not in self.binds.values())

    def order(self) -> tuple[int, ...]:
        if not self.simple:
            return ()
        feeds = {out: into for into, out in self.binds.items()}
        (first, *more) = [place for place in range(len(self.coders)) if place not in self.binds]
        found = [first]
        while found[-1] in feeds and len(found) <= len(self.coders):
            found.append(feeds[found[-1]])
        if more or len(found) != len(self.coders):
            raise HeaderError("the steps of packing make no chain")
        return tuple(found)


def _plan(data: _Bytes) -> _Plan:
    count = data.count(_MOST_CODERS)
    coders: list[tuple[bytes, bytes]] = []
    into, out = 0, 0
    for _ in range(count):
        flags = data.byte()
        method = data.take(flags & 15)
        if flags & 0x80:
            raise HeaderError("its table of contents is of a kind that nobody knows")
        into += data.count(_MOST_CODERS) if flags & 16 else 1
        out += data.count(_MOST_CODERS) if flags & 16 else 1
        coders.append((method, data.take(data.number()) if flags & 32 else b""))
    if not count or out != count:
        raise HeaderError("the steps of packing cannot be followed")
    binds: dict[int, int] = {}
    for _ in range(out - 1):
        inner, outer = data.number(), data.number()
        if inner >= into or outer >= out or inner in binds or outer in binds.values():
            raise HeaderError("the steps of packing cannot be followed")
        binds[inner] = outer
    streams = into - len(binds)
    if streams > 1:
        for _ in range(streams):
            data.number()
    return _Plan(coders, binds, streams, into == out)


def _substreams(data: _Bytes, found: Contents, most: int) -> None:
    kind = data.number()
    if kind == _COUNT:
        found.counts = array("Q", [data.count(most) for _ in found.blocks])
        if sum(found.counts) > most:
            raise HeaderError(f"it holds more than {most:,} files")
        kind = data.number()
    sizes = array("Q")
    for block, count in zip(found.blocks, found.counts, strict=True):
        left = block.size
        for _ in range(max(count - 1, 0) if kind == _SIZE else 0):
            size = data.number()
            left -= size
            if left < 0:
                raise HeaderError("the files of a block are larger than the block")
            sizes.append(size)
        if count:
            sizes.append(left)
    if len(sizes) != sum(found.counts):
        raise HeaderError("its table of contents does not fit together")
    found.sizes = sizes
    if kind == _SIZE:
        kind = data.number()
    whole = {place: block.crc32 for place, block in enumerate(found.blocks) if found.counts[place] == 1}
    missing = sum(found.counts) - sum(crc32 is not None for crc32 in whole.values())
    sums: list[int | None] = [None] * missing
    while kind != _END:
        if kind != _CRC:
            raise HeaderError("its table of contents is damaged")
        sums = data.sums(missing)
        kind = data.number()
    rest = iter(sums)
    found.sums = []
    for place, count in enumerate(found.counts):
        if whole.get(place) is not None:
            found.sums.append(whole[place])
        else:
            found.sums += [next(rest) for _ in range(count)]


def _files(data: _Bytes, found: Contents, most: int) -> None:
    found.count = count = data.count(most)
    found.empty, found.folder = bytearray(count), bytearray(count)
    while (kind := data.number()) != _END:
        part = _Bytes(data.take(data.number()))
        if kind == _EMPTY:
            found.empty = part.bits(count)
            found.folder = bytearray(found.empty)
        elif kind == _EMPTY_FILE:
            files = iter(part.bits(sum(found.empty)))
            found.folder = bytearray(empty and not next(files) for empty in found.empty)
        elif kind == _NAMES:
            if part.byte():
                raise HeaderError("its names stand elsewhere")
            found.names = part.rest()
        elif kind == _ATTRIBUTES:
            known = part.optional_bits(count)
            if part.byte():
                raise HeaderError("its attributes stand elsewhere")
            found.attributes = array(
                "L", (struct.unpack("<L", part.take(4))[0] if one else 0 for one in known)
            )
