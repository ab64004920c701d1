"""A registry hive in the making: keys and values by path. Nothing in it was ever a computer's."""

import struct
from collections.abc import Mapping, Sequence

from exsweep.parse.traces.regf import marvin32
from tests.parse.filesystem.making import ticks

SZ, BINARY, DWORD = 1, 3, 4
Content = str | int | bytes | Sequence[str]


class HiveMaker:
    """`key` adds a key with all above it; `made` writes them out, `logged` as a dirty hive with its log."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, ...], tuple[str, dict[str, Content]]] = {(): ("2021-01-01 00:00:00", {})}

    def key(self, path: str, when: str = "2021-01-01 00:00:00", **values: Content) -> "HiveMaker":
        return self.put(path, values, when)

    def put(self, path: str, values: Mapping[str, Content], when: str = "2021-01-01 00:00:00") -> "HiveMaker":
        parts = tuple(path.split("\\"))
        for length in range(1, len(parts)):
            self._keys.setdefault(parts[:length], ("2021-01-01 00:00:00", {}))
        known = self._keys.get(parts, (when, {}))[1]
        self._keys[parts] = (when, {**known, **values})
        return self

    def made(self, *, first: int = 7, second: int = 7) -> bytes:
        cells = _Cells()
        root = cells.add(bytes(80))  # as in every real hive, the root is the first cell
        self._write(cells, ())
        body = cells.bins()
        head = struct.pack(
            "<4sIIQIIIIIII",
            b"regf",
            first,
            second,
            ticks("2021-03-03 00:00:00"),
            1,
            5,
            0,
            1,
            root,
            len(body),
            1,
        )
        return head.ljust(4096, b"\0") + body

    def logged(self, later: "HiveMaker") -> tuple[bytes, bytes]:
        """This hive, still in use, and the log that turns it into `later`."""
        body = later.made()[4096:]
        entry = struct.pack("<II", 0, len(body)) + body  # one dirty page: all of it
        size = -(-(40 + len(entry)) // 512) * 512
        rest = entry.ljust(size - 40, b"\0")
        hashed = struct.pack("<Q", marvin32(rest))
        log = b"HvLE" + struct.pack("<IIIII", size, 0, 7, len(body), 1) + hashed + bytes(8) + rest
        base = struct.pack("<4sIIQIII", b"regf", 7, 7, 0, 1, 5, 6)
        return self.made(first=8, second=7), base.ljust(512, b"\0") + log

    def _write(self, cells: "_Cells", path: tuple[str, ...]) -> int:
        when, values = self._keys[path]
        below = sorted(
            (one for one in self._keys if len(one) == len(path) + 1 and one[: len(path)] == path),
            key=lambda one: one[-1].upper(),
        )
        kids = [self._write(cells, one) for one in below]
        listed = (
            cells.add(
                b"lh" + struct.pack("<H", len(kids)) + b"".join(struct.pack("<II", one, 0) for one in kids)
            )
            if kids
            else 0xFFFFFFFF
        )
        places = [_value(cells, name, content) for name, content in values.items()]
        told = cells.add(b"".join(struct.pack("<I", one) for one in places)) if places else 0xFFFFFFFF
        name = path[-1].encode("latin-1") if path else b"ROOT"
        node = (
            b"nk" + struct.pack("<HQIIIIIIIIII", 0x20, ticks(when), 0, 0, len(kids), 0, listed, 0xFFFFFFFF, len(places), told, 0xFFFFFFFF, 0xFFFFFFFF)
            + bytes(20) + struct.pack("<HH", len(name), 0) + name
        )  # fmt: skip
        return cells.add(node) if path else cells.first(node)


class _Cells:
    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 32

    def add(self, data: bytes) -> int:
        size = -(-(len(data) + 4) // 8) * 8
        place = self._at
        self._parts.append(struct.pack("<i", -size) + data.ljust(size - 4, b"\0"))
        self._at += size
        return place

    def first(self, data: bytes) -> int:
        self._parts[0] = self._parts[0][:4] + data.ljust(len(self._parts[0]) - 4, b"\0")
        return 32

    def bins(self) -> bytes:
        size = -(-self._at // 4096) * 4096
        head = b"hbin" + struct.pack("<II", 0, size) + bytes(20)
        return (head + b"".join(self._parts)).ljust(size, b"\0")


def _value(cells: _Cells, name: str, content: Content) -> int:
    if isinstance(content, str):
        kind, data = SZ, content.encode("utf-16-le") + b"\0\0"
    elif isinstance(content, int):
        kind, data = DWORD, struct.pack("<I", content)
    elif isinstance(content, bytes):
        kind, data = BINARY, content
    else:
        kind, data = 7, "".join(f"{one}\0" for one in content).encode("utf-16-le") + b"\0\0"
    raw = name.encode("latin-1")
    if len(data) <= 4:
        size, where = len(data) | 0x80000000, int.from_bytes(data.ljust(4, b"\0"), "little")
    elif len(data) > 16_344:
        parts = [cells.add(data[at : at + 16_344]) for at in range(0, len(data), 16_344)]
        listed = cells.add(b"".join(struct.pack("<I", one) for one in parts))
        size, where = len(data), cells.add(b"db" + struct.pack("<HI", len(parts), listed))
    else:
        size, where = len(data), cells.add(data)
    return cells.add(b"vk" + struct.pack("<HIIIHH", len(raw), size, where, kind, 1, 0) + raw)


def shimcache_10(entries: Sequence[tuple[str, str]]) -> bytes:
    """AppCompatCache of Windows Server 2016 and later: (path, time of the file)."""
    made = struct.pack("<I", 0x34).ljust(0x34, b"\0")
    for path, when in entries:
        raw = path.encode("utf-16-le")
        rest = struct.pack("<H", len(raw)) + raw + struct.pack("<QI", ticks(when), 0)
        made += b"10ts" + struct.pack("<II", 0, len(rest)) + rest
    return made


def shimcache_8(entries: Sequence[tuple[str, str, bool]]) -> bytes:
    """The same of Windows Server 2012 R2, which says whether a program ran."""
    made = struct.pack("<I", 0x80).ljust(0x80, b"\0")
    for path, when, ran in entries:
        raw = path.encode("utf-16-le")
        rest = (
            struct.pack("<H", len(raw)) + raw + struct.pack("<HIIQI", 0, 2 if ran else 0, 0, ticks(when), 0)
        )
        made += b"10ts" + struct.pack("<II", 0, len(rest)) + rest
    return made


def shimcache_7(entries: Sequence[tuple[str, str, bool]]) -> bytes:
    """The same of Windows Server 2008 R2."""
    head, texts = b"", b""
    start = 0x80 + 48 * len(entries)
    for path, when, ran in entries:
        raw = path.encode("utf-16-le")
        head += struct.pack(
            "<HHIQQIIQQ", len(raw), len(raw), 0, start + len(texts), ticks(when), 2 if ran else 0, 0, 0, 0
        )
        texts += raw
    return struct.pack("<II", 0xBADC0FEE, len(entries)).ljust(0x80, b"\0") + head + texts
