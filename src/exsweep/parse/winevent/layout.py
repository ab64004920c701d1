"""Where records stand in a 64 KiB chunk of an `.evtx` file: by their chain, and by their marks where the chain is broken.

Source: https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc
(read 2026-11-20). File header 4,096 bytes; chunk = 512 bytes of header, then records of 8-byte-aligned size:
mark `2a 2a 00 00`, size (u32), record number (u64), time written (u64), binary XML, size again.
"""

import struct
import zlib
from dataclasses import dataclass, field

import msgspec
import numpy as np

FILE_MARK = b"ElfFile\0"
CHUNK_MARK = b"ElfChnk\0"
RECORD_MARK = b"**\0\0"
FILE_HEADER = 4096
CHUNK = 65_536
FIRST_RECORD = 512
SMALLEST = 32
"""Bytes of the smallest record that we believe: header, one token, size again, rounded up."""
FAR = 4096
"""A record number further than this from its chunk's first belongs to an earlier use of the chunk: at most 2,322 fit."""

_MARK = int.from_bytes(RECORD_MARK, "little")
_RECORD = struct.Struct("<4sIQQ")
_SIZE = struct.Struct("<I")
_CHUNK = struct.Struct("<QQQQIIII")
_NO_CHECKSUM = 4
"""Flag in a chunk's header: its writer set no checksums (Windows since 2020)."""
_LAST = (1 << 64) - 1


class Place(msgspec.Struct, frozen=True, gc=False):
    """A record, or a stretch of bytes where one must have been (`number` None)."""

    offset: int
    """In the chunk."""
    size: int
    number: int | None
    """Record number in its file, as the record's own header has it."""
    mended: bool = False
    """Its size was wrong or covered other records; it is taken to end where the next record begins."""


@dataclass(frozen=True, slots=True)
class Layout:
    """All records of a chunk in their order."""

    places: tuple[Place, ...]
    sound: bool
    """The chunk can be read as it is."""
    header_ok: bool
    """The mark is there and the checksum of the header fits."""
    records_ok: bool
    """The checksum of the records fits (False where the header is damaged)."""
    stale: int = 0
    """Marks of records of an earlier use of the chunk behind its end: no part of the log any more."""
    hidden: int = 0
    """Records inside the bytes of another one, whose size was made to cover them."""


@dataclass(slots=True)
class _Found:
    places: list[Place] = field(default_factory=list)
    stale: int = 0
    hidden: int = 0


def lay_out(chunk: bytes) -> Layout:
    """Find the records of a chunk (CHUNK bytes, padded with zeros where the file ended before)."""
    _, _, _, last_number, _, _, free, checksum = _CHUNK.unpack_from(chunk, 8)
    unchecked = bool(_SIZE.unpack_from(chunk, 120)[0] & _NO_CHECKSUM)
    header_ok = chunk.startswith(CHUNK_MARK) and (
        (unchecked and FIRST_RECORD <= free <= CHUNK)
        or zlib.crc32(chunk[128:FIRST_RECORD], zlib.crc32(chunk[:120])) == _SIZE.unpack_from(chunk, 124)[0]
    )
    told = free if FIRST_RECORD <= free <= CHUNK and header_ok else None
    chain, end = _chain(chunk, FIRST_RECORD, CHUNK if told is None else told)
    records_ok = told is not None and (unchecked or zlib.crc32(chunk[FIRST_RECORD:told]) == checksum)
    found = _Found(chain)
    if told is None or end < told:
        _search(chunk, end, CHUNK if told is None else told, found, to_end=told is not None)
        end = CHUNK if told is None else told
    if told is not None:
        _after(chunk, told, found)
    if _marks(chunk, FIRST_RECORD, end) > len(chain):
        _uncover(chunk, found)
    places = tuple(found.places)
    sound = (
        records_ok
        and len(places) == len(chain)
        and not any(one.mended or one.number is None for one in places)
        and (not places or places[-1].number == last_number)
    )
    return Layout(places, sound, header_ok, records_ok, found.stale, found.hidden)


def _marks(chunk: bytes, start: int, end: int) -> int:
    """Marks of records between two offsets; every record begins at a multiple of eight bytes."""
    first, last = -(-start // 8), end // 8
    if last <= first:
        return 0
    return int(np.count_nonzero(np.frombuffer(chunk, "<u4", 2 * (last - first), 8 * first)[::2] == _MARK))


def _chain(chunk: bytes, start: int, end: int) -> tuple[list[Place], int]:
    """Records that follow one another from `start`, and where the chain ends."""
    places = []
    read = _RECORD.unpack_from
    while start + SMALLEST <= end:
        mark, size, number, _ = read(chunk, start)
        if mark != RECORD_MARK or not SMALLEST <= size <= end - start or size % 8:
            break
        places.append(Place(start, size, number))
        start += size
    return places, start


def _believed(chunk: bytes, at: int, end: int) -> bool:
    """A record stands here: its size stands at its end too, or another record follows it."""
    mark, size, _, _ = _RECORD.unpack_from(chunk, at)
    if mark != RECORD_MARK or not SMALLEST <= size <= end - at or size % 8:
        return False
    stop = at + size
    return bool(_SIZE.unpack_from(chunk, stop - 4)[0] == size or chunk[stop : stop + 4] == RECORD_MARK)


def _next(chunk: bytes, start: int, end: int) -> int:
    """Where the next believable record begins; `end` when there is none."""
    at = chunk.find(RECORD_MARK, start, end)
    while at >= 0 and at + SMALLEST <= end:
        if at % 8 == 0 and _believed(chunk, at, end):
            return at
        at = chunk.find(RECORD_MARK, at + 1, end)
    return end


def _search(chunk: bytes, at: int, end: int, found: _Found, *, to_end: bool) -> None:
    """Records behind a break of the chain. A record whose number is far off is left over from an earlier use.

    `to_end`: records are known to reach up to `end`; without that, what follows the last one may be nothing.
    """
    first = found.places[0].number if found.places else None
    while at < end:
        begin = _next(chunk, at, end)
        if begin > at and (begin < end or (to_end and any(chunk[at:begin]))):
            broken = _broken(chunk, at, begin)
            if broken is not None:
                found.places.append(broken)
        if begin >= end:
            return
        run, at = _chain(chunk, begin, end)
        number = run[0].number or 0
        first = number if first is None else first
        if abs(number - first) > FAR:
            found.stale += len(run)
        else:
            found.places += run


def _broken(chunk: bytes, at: int, end: int) -> Place | None:
    """What stands between two stretches of sound records, or None when it is nothing but leftovers."""
    if end - at < SMALLEST:
        return None
    mark, _, number, _ = _RECORD.unpack_from(chunk, at)
    if mark == RECORD_MARK:
        return Place(at, end - at, number, mended=True)
    return Place(at, end - at, None)


def _after(chunk: bytes, end: int, found: _Found) -> None:
    """Behind the end that the chunk's header tells: records that it does not count yet (the log was in use), or stale."""
    known = found.places[-1].number if found.places else None
    if known is not None and chunk.startswith(RECORD_MARK, end) and _believed(chunk, end, CHUNK):
        run, stop = _chain(chunk, end, CHUNK)
        if run[0].number == known + 1:
            found.places += run
            end = stop
    found.stale += _marks(chunk, end, CHUNK)


def _uncover(chunk: bytes, found: _Found) -> None:
    """Records that another one's size covers: it was enlarged to hide them. They are read like all others."""
    places: list[Place] = []
    for place in found.places:
        end = place.offset + place.size
        at = place.offset + _RECORD.size
        inside: list[Place] = []
        while place.number is not None and (at := _next(chunk, at, end)) < end:
            number = _RECORD.unpack_from(chunk, at)[2]
            if not 0 < number - place.number < FAR:
                at += 8
                continue
            run, at = _chain(chunk, at, end)
            inside += run
        if not inside:
            places.append(place)
            continue
        places.append(Place(place.offset, inside[0].offset - place.offset, place.number, mended=True))
        places += inside
        found.hidden += len(inside)
    found.places = places


def mended(chunk: bytes, places: tuple[Place, ...]) -> tuple[bytes, list[int | None]]:
    """The chunk with a header that fits, and sizes that lead from each place to the next; lost stretches become records
    without content, so that nothing behind them is lost. Beside it what each record in it is: its number in `places`, or
    None for a stretch that was filled.
    """
    made = bytearray(chunk)
    made[:8] = CHUNK_MARK
    at = FIRST_RECORD
    order: list[int | None] = []
    last: Place | None = None
    for number, place in enumerate(places):
        gap = place.offset - at
        lost = place.number is None
        start, size = place.offset, place.size
        if gap >= SMALLEST:
            _blank(made, at, gap)
            order.append(None)
        elif gap and last is not None:
            _SIZE.pack_into(made, last.offset + 4, place.offset - last.offset)
        elif gap:
            start, size, lost = at, gap + size, True
        if lost:
            _blank(made, start, size)
        elif place.mended:
            _SIZE.pack_into(made, start + 4, size)
        order.append(None if lost else number)
        at, last = place.offset + place.size, place
    _CHUNK.pack_into(made, 8, 1, _LAST, 1, _LAST, 128, 0, at, 0)
    return bytes(made), order


def _blank(made: bytearray, at: int, size: int) -> None:
    _RECORD.pack_into(made, at, RECORD_MARK, size, _LAST - 1, 0)
    made[at + _RECORD.size] = 0


def blanked(chunk: bytes, place: Place) -> bytes:
    """The chunk with one record emptied."""
    made = bytearray(chunk)
    _blank(made, place.offset, place.size)
    return bytes(made)


def without_tables(chunk: bytes) -> bytes:
    """The chunk without its tables of names and templates, which only save time."""
    return chunk[:128] + bytes(FIRST_RECORD - 128) + chunk[FIRST_RECORD:]
