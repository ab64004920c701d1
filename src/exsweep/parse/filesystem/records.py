"""Records of a file table, a block of them at once: one pass over all records for each of their few attributes.

Source: https://flatcap.github.io/linux-ntfs/ntfs/ (layout of FILE records and attributes; facts only)
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FILE, BAAD = b"FILE", b"BAAD"
SECTOR = 512
_MOST_ATTRIBUTES = 64
"""Walked in one record; a record of 4 KiB has room for some more, all of them would have to be tiny."""
_END = 0xFFFF_FFFF
_STANDARD, _LIST, _NAME, _DATA = 0x10, 0x20, 0x30, 0x80
_STANDARD_BYTES, _NAME_BYTES = 36, 66
_LOW32, _LOW48 = np.uint64(0xFFFF_FFFF), np.uint64((1 << 48) - 1)
_MIN_ATTRIBUTE = 16


@dataclass(slots=True)
class Names:
    """One entry for each `$FILE_NAME`."""

    record: Index
    """Place of the record in the block."""
    at: Index
    """Byte in the block at which the attribute's content begins."""
    length: Index
    """Characters (UTF-16 units)."""
    space: Index
    """0 POSIX, 1 Win32, 2 DOS, 3 both."""


@dataclass(slots=True)
class Decoded:
    """A block of records, fixed up. Arrays have one entry for each record unless they say otherwise."""

    data: Bytes
    """The block with its sectors' ends put right."""
    good: Mask
    """A record whose parts all fit."""
    reason: dict[int, str] = field(default_factory=dict)
    """Why a record is not good; records that are empty stand in neither."""
    empty: Mask = field(default_factory=lambda: np.empty(0, bool))
    sequence: Index = field(default_factory=lambda: np.empty(0, np.int64))
    links: Index = field(default_factory=lambda: np.empty(0, np.int64))
    in_use: Mask = field(default_factory=lambda: np.empty(0, bool))
    folder: Mask = field(default_factory=lambda: np.empty(0, bool))
    base: Index = field(default_factory=lambda: np.empty(0, np.int64))
    """Number of the record that this one continues; 0 = none."""
    listed: Mask = field(default_factory=lambda: np.empty(0, bool))
    """The record goes on in others."""
    standard: Index = field(default_factory=lambda: np.empty(0, np.int64))
    """Byte at which the content of `$STANDARD_INFORMATION` begins; -1 = none."""
    size: Index = field(default_factory=lambda: np.empty(0, np.int64))
    """Bytes of the unnamed stream; -1 = not in this record."""
    inline: Index = field(default_factory=lambda: np.empty(0, np.int64))
    """Byte at which the content of the file stands in the record itself; -1 = elsewhere."""
    streams: dict[int, list[str]] = field(default_factory=dict)
    """Names of the other streams, of the few records that have any."""
    names: Names = field(default_factory=lambda: Names(*(np.empty(0, np.int64) for _ in range(4))))

    def word(self, at: Index) -> Words:
        """The 8 bytes at each place; places are multiples of 8."""
        words: Words = self.data.view("<u8")[at >> 3]
        return words

    def flags_at(self, standard: Index) -> Index:
        """Attributes of files (hidden, system ...) whose `$STANDARD_INFORMATION` begins there."""
        flags: Index = self.data.view("<u4")[(standard + 32) >> 2].astype(np.int64)
        return flags


def decode(block: bytes, record_size: int) -> Decoded:
    """All records of a block whose length is a multiple of `record_size`."""
    count = len(block) // record_size
    data = np.frombuffer(bytearray(block[: count * record_size]), np.uint8)
    rows = data.reshape(count, record_size)
    starts = np.arange(count, dtype=np.int64) * record_size
    mark = data.view("<u4")[starts >> 2]
    is_file = mark == int.from_bytes(FILE, "little")
    found = Decoded(data, is_file.copy())
    found.empty = ~is_file & ~rows.any(axis=1)
    for place in np.flatnonzero(~is_file & ~found.empty).tolist():
        baad = mark[place] == int.from_bytes(BAAD, "little")
        found.reason[place] = "damaged-on-disk" if baad else "no-record"
    _fix_up(found, rows)
    shorts = data.view("<u2")
    half = starts >> 1
    found.sequence = shorts[half + 8].astype(np.int64)
    found.links = shorts[half + 9].astype(np.int64)
    flags = shorts[half + 11]
    found.in_use, found.folder = (flags & 1) > 0, (flags & 2) > 0
    found.base = (found.word(starts + 32) & _LOW48).astype(np.int64)
    found.standard, found.size, found.inline = (np.full(count, -1, np.int64) for _ in range(3))
    found.listed = np.zeros(count, bool)
    _walk(found, starts, shorts[half + 10].astype(np.int64), record_size)
    return found


def _fail(found: Decoded, places: Index, reason: str) -> None:
    found.good[places] = False
    for place in places.tolist():
        found.reason.setdefault(place, reason)


def _fix_up(found: Decoded, rows: Bytes) -> None:
    """Each sector's last two bytes stand in a list in front; in their place stands a number that shows torn writes."""
    count, record_size = rows.shape
    sectors = record_size // SECTOR
    shorts = found.data.view("<u2").reshape(count, record_size // 2)
    where = shorts[:, 2].astype(np.int64)
    fits = (shorts[:, 3] == sectors + 1) & (where % 2 == 0) & (where + 2 * sectors + 2 <= SECTOR - 2)
    _fail(found, np.flatnonzero(found.good & ~fits), "no-fix-up")
    some = np.flatnonzero(found.good)
    first = where[some] >> 1
    for sector in range(sectors):
        last = SECTOR // 2 * (sector + 1) - 1
        end, kept = shorts[some, last], shorts[some, first + 1 + sector]
        # Some programs hand out records whose ends were put right already.
        torn = (end != shorts[some, first]) & (end != kept)
        shorts[some, last] = np.where(torn, end, kept)
        _fail(found, some[torn], "torn-record")


def _walk(found: Decoded, starts: Index, first: Index, record_size: int) -> None:
    rows = np.flatnonzero(found.good)
    at = first[rows]
    bad = (at % 8 != 0) | (at < 0x28) | (at + 8 > record_size)
    _fail(found, rows[bad], "broken-attributes")
    rows, at = rows[~bad], at[~bad]
    names: list[tuple[Index, Index, Index, Index]] = []
    for _ in range(_MOST_ATTRIBUTES):
        if not len(rows):
            break
        place = starts[rows] + at
        head = found.word(place)
        kind, length = (head & _LOW32).astype(np.int64), (head >> np.uint64(32)).astype(np.int64)
        going = kind != _END
        rows, at, place, kind, length = (one[going] for one in (rows, at, place, kind, length))
        bad = (length < _MIN_ATTRIBUTE) | (length % 8 != 0) | (at + length + 8 > record_size)
        _fail(found, rows[bad], "broken-attributes")
        rows, at, place, kind, length = (one[~bad] for one in (rows, at, place, kind, length))
        _take(found, rows, place, kind, length, names)
        at = at + length
    _fail(found, rows, "broken-attributes")
    if names:
        found.names = Names(*(np.concatenate(parts) for parts in zip(*names, strict=True)))


def _take(
    found: Decoded,
    rows: Index,
    place: Index,
    kind: Index,
    length: Index,
    names: list[tuple[Index, Index, Index, Index]],
) -> None:
    """What one attribute of each record says."""
    found.listed[rows[kind == _LIST]] = True
    wanted = (kind == _STANDARD) | (kind == _NAME) | (kind == _DATA)
    rows, place, kind, length = rows[wanted], place[wanted], kind[wanted], length[wanted]
    second = found.word(place + 8)
    outside = (second & np.uint64(0xFF)) != 0
    name_length = ((second >> np.uint64(8)) & np.uint64(0xFF)).astype(np.int64)
    name_at = ((second >> np.uint64(16)) & np.uint64(0xFFFF)).astype(np.int64)
    roomy = length >= np.where(outside, 64, 24)
    third = found.word(np.where(roomy, place + 16, 0))
    size = (third & _LOW32).astype(np.int64)
    inside = ((third >> np.uint64(32)) & np.uint64(0xFFFF)).astype(np.int64)
    content = place + inside
    least = np.select([kind == _STANDARD, kind == _NAME], [_STANDARD_BYTES, _NAME_BYTES], 0)
    aligned = (inside % 8 == 0) | (kind == _DATA)
    good = roomy & (outside | (aligned & (size >= least) & (inside + size <= length)))
    good &= ~outside | (kind == _DATA)
    _fail(found, rows[~good], "broken-attributes")
    chosen = good & (kind == _STANDARD)
    found.standard[rows[chosen]] = content[chosen]
    _take_names(found, rows, content, size, good & (kind == _NAME), names)
    unnamed = good & (kind == _DATA) & (name_length == 0)
    kept = unnamed & ~outside
    found.size[rows[kept]], found.inline[rows[kept]] = size[kept], content[kept]
    far = unnamed & outside
    if far.any():
        real = found.word(place[far] + 48)
        found.size[rows[far]] = np.minimum(real, np.uint64(1 << 62)).astype(np.int64)
    for one in np.flatnonzero(good & (kind == _DATA) & (name_length > 0)).tolist():
        start = int(place[one] + name_at[one])
        raw = found.data[start : min(start + 2 * int(name_length[one]), int(place[one] + length[one]))]
        found.streams.setdefault(int(rows[one]), []).append(raw.tobytes().decode("utf-16-le", "replace"))


def _take_names(
    found: Decoded,
    rows: Index,
    content: Index,
    size: Index,
    chosen: Mask,
    names: list[tuple[Index, Index, Index, Index]],
) -> None:
    places = np.flatnonzero(chosen)
    if not len(places):
        return
    start = content[places]
    length, space = found.data[start + 64].astype(np.int64), found.data[start + 65].astype(np.int64)
    fits = (_NAME_BYTES + 2 * length <= size[places]) & (length > 0) & (space <= 3)
    _fail(found, rows[places[~fits]], "broken-attributes")
    names.append((rows[places[fits]], start[fits], length[fits], space[fits]))
