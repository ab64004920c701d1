"""The central directory of a zip: raw names, true offsets (APPNOTE 4.3.12 to 4.3.16)."""

import struct
from collections.abc import Iterator

from exsweep.evidence.access import Access
from exsweep.evidence.records import EvidenceReadError, ZipMember

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_RECORD = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
"""Local header, before the name (APPNOTE 4.3.7)."""
UNKNOWN = -1
"""Size and checksum of a salvaged member that does not say them."""
_STEP = 1 << 20
_UNIX = 3


class NoDirectoryError(Exception):
    """The archive has no directory that can be trusted: cut off, or damaged."""


class Directory:
    """Where the central directory stands."""

    def __init__(self, start: int, size: int, count: int, shift: int, starts: tuple[int, ...] = (0,)) -> None:
        self.start = start
        self.size = size
        self.count = count
        self.shift = shift
        """Bytes before the archive (self-extracting files)."""
        self.starts = starts
        """Where each file of the archive begins; offsets count from there."""


def find_directory(access: Access) -> Directory:
    """From the end of the file. Raises NoDirectoryError, EvidenceReadError."""
    tail_at = max(0, access.size - 65_557)
    tail = access.at(tail_at, 65_557)
    place = tail.rfind(b"PK\5\6")
    while place >= 0:
        if len(tail) - place >= _END.size:
            found = _read_end(access, tail_at + place, _END.unpack_from(tail, place))
            if found:
                return found
        place = tail.rfind(b"PK\5\6", 0, place)
    raise NoDirectoryError("it has no directory at its end")


def _read_end(
    access: Access, at: int, end: tuple[bytes, int, int, int, int, int, int, int]
) -> Directory | None:
    _, disk, disk_start, _, count, size, start, _ = end
    ends_at = at
    if 0xFFFF in (disk, count) or 0xFFFFFFFF in (size, start):
        locator = access.at(at - _LOCATOR.size, _LOCATOR.size) if at >= _LOCATOR.size else b""
        if locator.startswith(b"PK\6\7") and len(locator) == _LOCATOR.size:
            end64_at = _LOCATOR.unpack(locator)[2]
            # Bytes before the archive move the record; it is then found right before its locator.
            for ends_at in (end64_at, at - _LOCATOR.size - _END64.size):
                raw = access.at(ends_at, _END64.size) if 0 <= ends_at < at else b""
                if raw.startswith(b"PK\6\6") and len(raw) == _END64.size:
                    _, _, _, _, disk, disk_start, _, count, size, start = _END64.unpack(raw)
                    break
            else:
                return None
    if disk and disk == len(access.starts) - 1 and disk_start <= disk:
        start += access.starts[disk_start]
        if access.at(start, 4) != (b"PK\1\2" if count else access.at(start, 4)):
            return None
        return Directory(start, size, count, 0, access.starts)
    shift = ends_at - size - start
    if disk != disk_start or disk or shift < 0:
        return None
    if shift and access.at(0, 4) == b"PK\3\4":
        # The end of an archive inside this one, whose own end is lost; or made to hide what stands before it.
        return None
    if count and not access.at(start + shift, 4).startswith(b"PK\1\2"):
        return None
    return Directory(start + shift, size, count, shift)


def has_directory(access: Access) -> bool:
    """Whether a zip with members ends here, whatever the file begins with."""
    try:
        directory = find_directory(access)
        first = next(members(access, directory), None)
    except (NoDirectoryError, EvidenceReadError):
        return False
    return first is not None and access.at(first.offset, 4) == b"PK\3\4"


END = 22 + 0xFFFF
"""Bytes at the end of a file in which a zip's end record begins."""


def ends_as_zip(last: bytes) -> bool:
    """The same for the last bytes of something that passed by: an end record that fits, with its directory before it."""
    at = last.rfind(b"PK\5\6")
    if at < 0 or len(last) - at < 22:
        return False
    count, size, _, comment = struct.unpack_from("<HIIH", last, at + 10)
    begins = at - size
    directory = last[begins : begins + 4] == b"PK\1\2" if begins >= 0 else True
    return bool(count) and at + 22 + comment == len(last) and directory


def members(access: Access, directory: Directory) -> Iterator[ZipMember]:
    """Every record in its order. Raises NoDirectoryError where the end promised more."""
    position, end, held = directory.start, directory.start + directory.size, b""
    count = 0
    while position < end or held:
        need = _RECORD.size
        if len(held) >= need:
            need += sum(struct.unpack_from("<3H", held, 28))
        if len(held) < need:
            more = access.at(position, min(max(_STEP, need), end - position)) if position < end else b""
            if not more:
                raise NoDirectoryError(
                    f"its directory breaks off after {count:,} of {directory.count:,} members"
                )
            held, position = held + more, position + len(more)
            continue
        place = 0
        while len(held) - place >= _RECORD.size:
            name_size, extra_size, comment_size = struct.unpack_from("<3H", held, place + 28)
            whole = _RECORD.size + name_size + extra_size + comment_size
            if len(held) - place < whole:
                break
            if held[place : place + 4] != b"PK\1\2":
                raise NoDirectoryError(
                    f"its directory is damaged after {count:,} of {directory.count:,} members"
                )
            yield _member(held[place : place + whole], name_size, extra_size, directory)
            count += 1
            place += whole
        held = held[place:]
    if count != directory.count and count & 0xFFFF != directory.count:
        raise NoDirectoryError(f"its directory holds {count:,} of {directory.count:,} members")


def _member(raw: bytes, name_size: int, extra_size: int, directory: Directory) -> ZipMember:
    (_, made, _, flags, method, dos_time, _, crc32, stored, size, _, _, _, disk, _, attributes, offset) = (
        _RECORD.unpack_from(raw)
    )
    shift = directory.shift + (directory.starts[disk] if disk < len(directory.starts) else 0)
    name_end = _RECORD.size + name_size
    extra = raw[name_end : name_end + extra_size]
    size, stored, offset = zip64(extra, size, stored, offset)
    return ZipMember(
        name=raw[_RECORD.size : name_end],
        offset=offset + shift,
        stored_size=stored,
        size=size,
        crc32=crc32,
        method=method,
        flags=flags,
        unix_mode=attributes >> 16 if made >> 8 == _UNIX else 0,
        dos_time=dos_time,
        aes=aes_field(extra),
    )


def aes_field(extra: bytes) -> tuple[int, int, int] | None:
    """Version (1: the checksum counts, 2: it does not), strength 1 to 3 and true method, of extra field 0x9901."""
    place = 0
    while place + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, place)
        if tag == 0x9901 and length >= 7 and place + 11 <= len(extra):
            version, _, strength, method = struct.unpack_from("<H2sBH", extra, place + 4)
            return version, strength, method
        place += 4 + length
    return None


def zip64(extra: bytes, size: int, stored: int, offset: int) -> tuple[int, int, int]:
    """Size, stored size and offset with what the zip64 extra field says (APPNOTE 4.5.3)."""
    place = 0
    while place + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, place)
        field = extra[place + 4 : place + 4 + length]
        if tag == 1:
            values = [value for (value,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
            size = values.pop(0) if size == 0xFFFFFFFF and values else size
            stored = values.pop(0) if stored == 0xFFFFFFFF and values else stored
            offset = values.pop(0) if offset == 0xFFFFFFFF and values else offset
        place += 4 + length
    return size, stored, offset
