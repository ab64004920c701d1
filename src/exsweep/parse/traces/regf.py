"""A file of the registry (hive): keys and values by path, with its transaction logs written in where it was not closed.

Every number in it is hostile: offsets are checked, loops end, damage is counted in `problems` and never raised.
Source: https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md (read 2026-11-28)
"""

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exsweep.parse.traces.stamp import filetime

MAGIC = b"regf"
_BASE = 4096
_PAGE = 512
_NONE = 0xFFFF_FFFF
_ASCII_KEY, _ASCII_VALUE = 0x20, 0x01
_MOST_KEYS = 1_000_000
"""Subkeys of one key, and values of one key."""
_MOST_LISTS = 4_096
_SEGMENT = 16_344
_BIGGEST_VALUE = 8 << 20
_SEED = 0x82EF4D887A4E55C5
SZ, EXPAND_SZ, BINARY, DWORD, MULTI_SZ, QWORD = 1, 2, 3, 4, 7, 11


def is_hive(head: bytes, _path: str = "") -> bool:
    """A hive itself, not one of its logs."""
    return head[:4] == MAGIC and len(head) >= _PAGE and struct.unpack_from("<I", head, 28)[0] == 0


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a key."""

    name: str
    kind: int
    data: bytes

    @property
    def text(self) -> str:
        """Text without its end; several strings joined by `|`; a number in digits; else empty."""
        if self.kind in (SZ, EXPAND_SZ):
            return self.data.decode("utf-16-le", "replace").split("\0")[0]
        if self.kind == MULTI_SZ:
            return "|".join(filter(None, self.data.decode("utf-16-le", "replace").split("\0")))
        if self.kind in (DWORD, QWORD) and self.data:
            return str(int.from_bytes(self.data[:8], "little"))
        return ""


class Key:
    """One key; what stands in it is read when it is asked for."""

    def __init__(self, hive: "Hive", at: int, path: str, name: str) -> None:
        self._hive, self._at = hive, at
        self.path, self.name = path, name

    @property
    def written(self) -> str:
        """When something in the key was last changed; `2021-03-03 04:10:22.000Z` or empty."""
        return filetime(bytes(self._hive.data[self._at + 4 : self._at + 12]))

    def subkeys(self) -> Iterator["Key"]:
        """In the order of the file."""
        count, place = self._hive.words(self._at + 20, 0, 8)
        if count and place != _NONE:
            for number, at in enumerate(self._hive.listed(place)):
                if number >= min(count, _MOST_KEYS):
                    break
                found = self._hive.key_at(at, self.path)
                if found is not None:
                    yield found

    def subkey(self, name: str) -> "Key | None":
        """By name, in any case."""
        low = name.lower()
        return next((one for one in self.subkeys() if one.name.lower() == low), None)

    def values(self) -> dict[str, Value]:
        """By lower-case name; the nameless one is ``""``."""
        count, place = self._hive.words(self._at + 36, 0, 4)
        found: dict[str, Value] = {}
        cell = self._hive.cell(place) if count and place != _NONE else b""
        for number in range(min(count, len(cell) // 4, _MOST_KEYS)):
            value = self._hive.value_at(int.from_bytes(cell[4 * number : 4 * number + 4], "little"))
            if value is not None:
                found.setdefault(value.name.lower(), value)
        return found


class Hive:
    """`data`: the whole file. `logs`: its `.LOG1`, `.LOG2`, whichever there are."""

    def __init__(self, data: bytes, logs: Sequence[bytes] = ()) -> None:
        self.problems: Counter[str] = Counter()
        self.applied = 0
        """Entries of logs that were written in."""
        first, second = struct.unpack_from("<II", data, 4)
        self.dirty = first != second
        """The hive was in use when it was copied: its last changes are in its logs."""
        self.data: bytes | bytearray = data
        if self.dirty and logs:
            changed = bytearray(data)
            self.applied = _replay(changed, logs, second)
            self.data = changed

    @property
    def root(self) -> Key | None:
        """None where the file has no root any more."""
        return self.key_at(struct.unpack_from("<I", self.data, 36)[0], None)

    def key(self, path: str) -> Key | None:
        r"""`Microsoft\Windows\CurrentVersion\Run`, in any case."""
        at = self.root
        for part in path.split("\\") if path else ():
            at = at.subkey(part) if at is not None else None
        return at

    def words(self, at: int, first: int, second: int) -> tuple[int, int]:
        """Two 32-bit numbers at two distances from a place."""
        data = self.data
        return (
            int.from_bytes(data[at + first : at + first + 4], "little"),
            int.from_bytes(data[at + second : at + second + 4], "little"),
        )

    def cell(self, place: int) -> bytes:
        """Content of the cell; empty where there is none."""
        at = _BASE + place
        if place == _NONE or at + 8 > len(self.data):
            self.problems["outside"] += 1
            return b""
        size = abs(int.from_bytes(self.data[at : at + 4], "little", signed=True))
        if size < 8 or at + size > len(self.data):
            self.problems["cell-size"] += 1
            return b""
        return bytes(self.data[at + 4 : at + size])

    def key_at(self, place: int, above: str | None) -> Key | None:
        at = _BASE + place + 4
        if place == _NONE or at + 76 > len(self.data) or self.data[at : at + 2] != b"nk":
            self.problems["no-key"] += 1
            return None
        flags = int.from_bytes(self.data[at + 2 : at + 4], "little")
        length = int.from_bytes(self.data[at + 72 : at + 74], "little")
        raw = bytes(self.data[at + 76 : at + 76 + min(length, 1_024)])
        name = raw.decode("latin-1" if flags & _ASCII_KEY else "utf-16-le", "replace")
        path = "" if above is None else f"{above}\\{name}" if above else name
        return Key(self, at, path, name)

    def listed(self, place: int) -> Iterator[int]:
        """Places of keys in a list of subkeys, lists of lists included, each list once."""
        waiting, seen = [place], set[int]()
        while waiting:
            one = waiting.pop(0)
            if one in seen or len(seen) >= _MOST_LISTS:
                self.problems["list-loop"] += 1
                continue
            seen.add(one)
            cell = self.cell(one)
            kind, count = cell[:2], int.from_bytes(cell[2:4], "little")
            step = 8 if kind in (b"lf", b"lh") else 4
            if kind not in (b"lf", b"lh", b"li", b"ri"):
                self.problems["no-list"] += 1
                continue
            places = [
                int.from_bytes(cell[4 + step * n : 8 + step * n], "little")
                for n in range(min(count, (len(cell) - 4) // step))
            ]
            if kind == b"ri":
                waiting += places
            else:
                yield from places

    def value_at(self, place: int) -> Value | None:
        cell = self.cell(place)
        if cell[:2] != b"vk" or len(cell) < 20:
            self.problems["no-value"] += 1
            return None
        length, size, where, kind, flags = struct.unpack_from("<HIIIH", cell, 2)
        raw = cell[20 : 20 + length]
        name = raw.decode("latin-1" if flags & _ASCII_VALUE else "utf-16-le", "replace")
        if size & 0x8000_0000:
            data = where.to_bytes(4, "little")[: min(size & 0x7FFF_FFFF, 4)]
        else:
            data = self._content(where, min(size, _BIGGEST_VALUE)) if size else b""
        return Value(name, kind, data)

    def _content(self, place: int, size: int) -> bytes:
        cell = self.cell(place)
        if size <= _SEGMENT or cell[:2] != b"db" or len(cell) < 8:
            return cell[:size]
        count, listed = struct.unpack_from("<HI", cell, 2)
        places = self.cell(listed)
        parts = [
            self.cell(int.from_bytes(places[4 * n : 4 * n + 4], "little"))[:_SEGMENT]
            for n in range(min(count, len(places) // 4, _BIGGEST_VALUE // _SEGMENT + 1))
        ]
        return b"".join(parts)[:size]


def _replay(data: bytearray, logs: Sequence[bytes], start: int) -> int:
    """Write what the logs hold into the hive, in the order of their numbers; stops at the first gap."""
    entries: dict[int, tuple[bytes, int, int]] = {}
    old = 0
    for log in logs:
        if log[_PAGE : _PAGE + 4] == b"HvLE":
            for number, at, size in _entries(log):
                entries.setdefault(number, (log, at, size))
        elif log[_PAGE : _PAGE + 4] == b"DIRT" and not old:
            old = _replay_old(data, log)
    numbers = sorted(number for number in entries if number >= start)
    done = 0
    for place, number in enumerate(numbers):
        if place and number != numbers[place - 1] + 1:
            break
        log, at, size = entries[number]
        if not _write(data, log[at : at + size]):
            break
        done += 1
    return done + old


def _entries(log: bytes) -> Iterator[tuple[int, int, int]]:
    """Number, place and size of each whole entry."""
    at = _PAGE
    while log[at : at + 4] == b"HvLE" and at + 40 <= len(log):
        size, _, number = struct.unpack_from("<III", log, at + 4)
        if size < _PAGE or size % _PAGE or at + size > len(log):
            return
        if marvin32(log[at + 40 : at + size]) != struct.unpack_from("<Q", log, at + 24)[0]:
            return
        yield number, at, size
        at += size


def _write(data: bytearray, entry: bytes) -> bool:
    bins, count = struct.unpack_from("<II", entry, 16)
    at = 40 + 8 * count
    if at > len(entry) or bins > 1 << 30:
        return False
    if _BASE + bins > len(data):
        data.extend(bytes(_BASE + bins - len(data)))
    for number in range(count):
        place, size = struct.unpack_from("<II", entry, 40 + 8 * number)
        if at + size > len(entry) or _BASE + place + size > len(data):
            return False
        data[_BASE + place : _BASE + place + size] = entry[at : at + size]
        at += size
    return True


def _replay_old(data: bytearray, log: bytes) -> int:
    """The form of Windows before 8.1: a bit for each changed 512 bytes, then these in order."""
    bits = (len(data) - _BASE) // _PAGE
    marks = log[_PAGE + 4 : _PAGE + 4 + bits // 8]
    at = -(-(_PAGE + 4 + len(marks)) // _PAGE) * _PAGE
    done = 0
    for number in range(8 * len(marks)):
        if marks[number // 8] >> number % 8 & 1 and at + _PAGE <= len(log):
            start = _BASE + number * _PAGE
            data[start : start + _PAGE] = log[at : at + _PAGE]
            at += _PAGE
            done = 1
    return done


def marvin32(data: bytes, seed: int = _SEED) -> int:
    """Checksum of log entries. Source: the specification above, "Marvin32 hash"."""
    low, high = seed & _NONE, seed >> 32
    whole = len(data) // 4 * 4
    for word in struct.unpack(f"<{whole // 4}I", data[:whole]):
        low, high = _mixed((low + word) & _NONE, high)
    tail = data[whole:] + b"\x80"
    low, high = _mixed((low + int.from_bytes(tail.ljust(4, b"\0"), "little")) & _NONE, high)
    low, high = _mixed(low, high)
    return low | high << 32


def _mixed(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = ((low << 20 | low >> 12) & _NONE) + high & _NONE
    high = (high << 9 | high >> 23) & _NONE ^ low
    low = ((low << 27 | low >> 5) & _NONE) + high & _NONE
    return low, (high << 19 | high >> 13) & _NONE
