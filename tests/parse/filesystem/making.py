"""File tables and journals of NTFS, built record by record. Nothing in them was ever a program."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime

RECORD = 1024
ROOT = 5


def ticks(when: str) -> int:
    """`2021-03-03 04:10:22` as a Windows file time."""
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
    return 116_444_736_000_000_000 + int(moment.timestamp() * 10_000_000)


def attribute(kind: int, content: bytes, name: str = "") -> bytes:
    """A resident attribute."""
    label = name.encode("utf-16-le")
    start = 24 + (len(label) + 7) // 8 * 8
    length = (start + len(content) + 7) // 8 * 8
    head = struct.pack("<IIBBHHHIHBB", kind, length, 0, len(name), 24, 0, 0, len(content), start, 0, 0)
    return (head + label).ljust(start, b"\0") + content.ljust(length - start, b"\0")


def far_data(size: int, name: str = "") -> bytes:
    """`$DATA` whose content lies elsewhere on the disk."""
    return struct.pack(
        "<IIBBHHHQQHHIQQQ", 0x80, 72, 1, len(name), 64, 0, 0, 0, 7, 64, 0, 0, size + 512, size, size
    ) + bytes(8)


def file_name(
    name: str, parent: int, when: int, *, space: int = 3, sequence: int = 1, size: int = 0
) -> bytes:
    raw = name.encode("utf-16-le", "surrogatepass")
    return (
        struct.pack("<Q4QQQII", parent | sequence << 48, *[when] * 4, size, size, 0x20, 0)
        + bytes([len(raw) // 2, space])
        + raw
    )


def record(
    number: int,
    attributes: Sequence[bytes],
    *,
    in_use: bool = True,
    folder: bool = False,
    sequence: int = 1,
    base: int = 0,
    size: int = RECORD,
) -> bytes:
    """A record with its sectors' ends protected as the file system does."""
    body = b"".join(attributes) + b"\xff\xff\xff\xff\0\0\0\0"
    sectors = size // 512
    start = (0x30 + 2 * (sectors + 1) + 7) // 8 * 8
    flags = (1 if in_use else 0) | (2 if folder else 0)
    head = struct.pack(
        "<4sHHQHHHHIIQHHI", b"FILE", 0x30, sectors + 1, 0, sequence, 1, start, flags,
        start + len(body), size, base, 9, 0, number,
    )  # fmt: skip
    made = bytearray(head.ljust(start, b"\0") + body).ljust(size, b"\0")
    check = struct.pack("<H", 7)
    ends = [bytes(made[512 * one + 510 : 512 * one + 512]) for one in range(sectors)]
    for one in range(sectors):
        made[512 * one + 510 : 512 * one + 512] = check
    made[0x30 : 0x30 + 2 * sectors + 2] = check + b"".join(ends)
    return bytes(made)


def standard(created: int, modified: int | None = None, flags: int = 0x20) -> bytes:
    times = (created, created if modified is None else modified, created, created)
    return attribute(0x10, struct.pack("<4QIIII", *times, flags, 0, 0, 0))


class Table:
    """A file table in the making: folders and files by path."""

    def __init__(self, start: str = "2019-05-01 10:00:00") -> None:
        self.start = ticks(start)
        self.records = [
            record(0, [standard(self.start), attribute(0x30, file_name("$MFT", ROOT, self.start))])
        ]
        self.records += [bytes(RECORD)] * 4
        root = [standard(self.start), attribute(0x30, file_name(".", ROOT, self.start))]
        self.records.append(record(ROOT, root, folder=True))
        self.folders: dict[str, int] = {"": ROOT}

    def folder(self, path: str) -> int:
        if path in self.folders:
            return self.folders[path]
        above, _, name = path.rpartition("\\")
        parent = self.folder(above)
        number = len(self.records)
        self.folders[path] = number
        own = [standard(self.start), attribute(0x30, file_name(name, parent, self.start))]
        self.records.append(record(number, own, folder=True))
        return number

    def file(
        self,
        path: str,
        when: str,
        *,
        said: str | None = None,
        in_use: bool = True,
        content: bytes = b"x",
        flags: int = 0x20,
        more: Sequence[bytes] = (),
    ) -> int:
        """A file made at `when`; `said`: what its own times claim."""
        folder, _, name = path.rpartition("\\")
        parent = self.folder(folder)
        number = len(self.records)
        own = standard(ticks(said or when), flags=flags)
        named = attribute(0x30, file_name(name, parent, ticks(when)))
        data = attribute(0x80, content)
        self.records.append(
            record(number, [own, named, data, *more], in_use=in_use, sequence=1 if in_use else 2)
        )
        return number

    def bytes(self) -> bytes:
        return b"".join(self.records)


CREATE, DELETE, EXTEND, CLOSE, OLD_NAME, NEW_NAME = 0x100, 0x200, 0x2, 0x80000000, 0x1000, 0x2000


def change(
    name: str,
    when: str,
    reasons: int,
    *,
    entry: int,
    parent: int,
    usn: int = 0,
    version: int = 2,
    folder: bool = False,
    sequence: int = 1,
) -> bytes:
    """One record of a journal."""
    raw = name.encode("utf-16-le", "surrogatepass")
    file, above = entry | sequence << 48, parent | 1 << 48
    start = 60 if version == 2 else 76
    length = (start + len(raw) + 7) // 8 * 8
    ids = struct.pack("<QQ", file, above) if version == 2 else struct.pack("<QQQQ", file, 0, above, 0)
    rest = struct.pack(
        "<QQIIIIHH", usn, ticks(when), reasons, 0, 0, 0x10 if folder else 0x20, len(raw), start
    )
    return (struct.pack("<IHH", length, version, 0) + ids + rest + raw).ljust(length, b"\0")


def entry_of(action: str, name: str, parent: int, when: str, *, entry: int = 900) -> tuple[int, bytes]:
    """Operation and bytes of a folder's entry, as the log of the disk has them."""
    key = file_name(name, parent, ticks(when))
    raw = struct.pack("<QHHI", entry | 1 << 48, 16 + len(key), len(key), 0) + key
    return (0x0E if action == "added" else 0x0F), raw


def log_file(entries: Sequence[tuple[int, bytes]], *, pages: int = 16, gap: int = 0, torn: int = -1) -> bytes:
    """A log of so many pages that begins with two restart pages; `gap`: bytes before the first record, `torn`: page whose
    last sector was not written."""
    size = pages * 4096
    bits = (size - 1).bit_length() - 3
    data = bytearray(size)
    for place in (0, 1):
        head = struct.pack("<4sHHQIIHHH", b"RSTR", 30, 9, 0, 4096, 4096, 48, 1, 1)
        area = struct.pack("<QHHHHI", 0, 1, 0xFFFF, 0, 0, 64 - bits)
        data[place * 4096 : place * 4096 + 48] = head.ljust(48, b"\0")
        data[place * 4096 + 48 : place * 4096 + 48 + len(area)] = area
    at = 4 * 4096 + 64 + gap
    for number in range(4, pages):
        data[number * 4096 : number * 4096 + 8] = struct.pack("<4sHH", b"RCRD", 40, 9)
    for operation, raw in entries:
        if at % 4096 > 4096 - 80:
            at = (at // 4096 + 1) * 4096 + 64
        undo = operation == 0x0F
        client = struct.pack(
            "<6H20x",
            operation,
            operation ^ 1 if undo else 0x0F,
            32,
            0 if undo else len(raw),
            32,
            len(raw) if undo else 0,
        )
        body = (client + raw).ljust(-(-(len(client) + len(raw)) // 8) * 8, b"\0")
        head = struct.pack("<QQQIIII8x", 5 << bits | at // 8, 0, 0, len(body), 0, 1, 24)
        for byte in head + body:
            if at % 4096 == 0:
                at += 64
            data[at] = byte
            at += 1
    for number in range(4, pages):
        page = number * 4096
        data[page + 40 : page + 42] = b"\x07\0"
        for sector in range(8):
            end = page + 512 * (sector + 1) - 2
            data[page + 42 + 2 * sector : page + 44 + 2 * sector] = data[end : end + 2]
            data[end : end + 2] = b"\x06\0" if number == torn and sector == 7 else b"\x07\0"
    return bytes(data)
