"""Members of a zip whose directory is lost (an upload that broke off), found by their local headers."""

import struct
from collections.abc import Iterator

import msgspec

from exsweep.evidence.access import Access
from exsweep.evidence.records import ZipMember
from exsweep.evidence.zip_directory import LOCAL, UNKNOWN, aes_field, zip64

_STREAMED = 8
"""Flag: sizes and checksum stand after the data."""
_STEP = 1 << 20
_NEWEST_VERSION = 63


def salvaged(access: Access) -> Iterator[ZipMember]:
    """Every member that a local header speaks of. The last one may be cut off: reading it says so."""
    at = _find(access, 0, (b"PK\3\4",))
    while at < access.size:
        raw = access.at(at, LOCAL.size)
        found = _header(access, at, raw) if len(raw) == LOCAL.size else None
        if found is None:
            at = _find(access, at + 4, (b"PK\3\4",))
            continue
        member, start = found
        after = start + member.stored_size
        if member.size == UNKNOWN or access.at(after, 4) not in (b"PK\3\4", b"PK\1\2", b"PK\7\x08"):
            after = _find(access, start, (b"PK\3\4", b"PK\1\2"))
        yield _with_descriptor(access, member, start, after) if member.size == UNKNOWN else member
        at = _find(access, after, (b"PK\3\4",))


def _header(access: Access, at: int, raw: bytes) -> tuple[ZipMember, int] | None:
    _, version, flags, method, dos_time, _, crc32, stored, size, name_size, extra_size = LOCAL.unpack(raw)
    rest = access.at(at + LOCAL.size, name_size + extra_size)
    if version & 0xFF > _NEWEST_VERSION or not name_size or len(rest) < name_size + extra_size:
        return None
    size, stored, _ = zip64(rest[name_size:], size, stored, 0)
    if flags & _STREAMED and not stored:
        size, stored, crc32 = UNKNOWN, 0, 0
    member = ZipMember(
        name=rest[:name_size],
        offset=at,
        stored_size=stored,
        size=size,
        crc32=crc32,
        method=method,
        flags=flags,
        dos_time=dos_time,
        aes=aes_field(rest[name_size:]),
    )
    return member, at + LOCAL.size + len(rest)


def _with_descriptor(access: Access, member: ZipMember, start: int, after: int) -> ZipMember:
    """Sizes and checksum from the data descriptor before the next header (APPNOTE 4.3.9), if it fits."""
    for form in ("<4sLLL", "<4sLQQ"):
        length = struct.calcsize(form)
        raw = access.at(after - length, length) if after - length >= start else b""
        if raw.startswith(b"PK\7\x08") and len(raw) == length:
            _, crc32, stored, size = struct.unpack(form, raw)
            if stored == after - length - start:
                return _sized(member, stored, size, crc32)
    return _sized(member, after - start, UNKNOWN, 0)


def _sized(member: ZipMember, stored: int, size: int, crc32: int) -> ZipMember:
    return msgspec.structs.replace(member, stored_size=stored, size=size, crc32=crc32)


def _find(access: Access, start: int, signatures: tuple[bytes, ...]) -> int:
    """Where the next of the signatures stands; the size of the file if none does."""
    while start < access.size:
        piece = access.at(start, _STEP)
        places = [place for place in map(piece.find, signatures) if place >= 0]
        if places:
            return start + min(places)
        if len(piece) < _STEP:
            break
        start += len(piece) - 3
    return access.size
