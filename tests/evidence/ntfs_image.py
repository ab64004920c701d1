"""A small NTFS volume written by hand: boot record, file table and runs as Windows lays them out, nothing more.

The indexes of folders are empty: who reads the file table does not need them. Sources: the structures as the documentation of
ntfs-3g describes them (analyst knowledge); read back by dissect.ntfs in the tests.
"""

import struct
from pathlib import Path

CLUSTER, RECORD, MFT_AT = 4096, 1024, 4
_TIME = 132_592_000_000_000_000  # 3 March 2021
_FIRST = 24
_ROOT = 5


def volume(files: dict[str, bytes]) -> bytes:
    """The bytes of a volume that holds these files (`inetpub/logs/x.log`)."""
    records: dict[int, tuple[str, int, bytes | None]] = {_ROOT: (".", _ROOT, None)}
    numbers: dict[str, int] = {"": _ROOT}
    for path in sorted(files):
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name = "/".join(parts[:depth])
            if name not in numbers:
                numbers[name] = number = _FIRST + len(numbers)
                above = numbers["/".join(parts[: depth - 1])]
                records[number] = (parts[depth - 1], above, files[path] if depth == len(parts) else None)
    count = max(records) + 1
    mft_clusters = -(-count * RECORD // CLUSTER)
    data_at = MFT_AT + mft_clusters
    table = bytearray(count * RECORD)
    data = bytearray()
    for number in range(count):
        if number in records:
            name, above, content = records[number]
            runs = b""
            if content is not None and len(content) > 400:
                clusters = -(-len(content) // CLUSTER)
                runs = _run(clusters, data_at + len(data) // CLUSTER)
                data += content.ljust(clusters * CLUSTER, b"\0")
            made = _record(number, name, above, content, runs)
        elif number == 0:
            whole = bytes(count * RECORD)
            made = _record(0, "$MFT", _ROOT, whole, _run(mft_clusters, MFT_AT))
        else:
            made = _sealed(number, 0, b"")
        table[number * RECORD : (number + 1) * RECORD] = made
    clusters = data_at + len(data) // CLUSTER + 1
    return (
        _boot(clusters).ljust(MFT_AT * CLUSTER, b"\0")
        + bytes(table).ljust(mft_clusters * CLUSTER, b"\0")
        + bytes(data)
        + bytes(CLUSTER)
    )


def disk(volume_bytes: bytes) -> bytes:
    """A disk with a master boot record and the volume as its only partition, at 1 MiB."""
    entry = struct.pack("<B3sB3sII", 0x80, b"\0\2\0", 7, b"\xff\xff\xff", 2048, len(volume_bytes) // 512)
    record = b"\x33\xc0".ljust(446, b"\0") + entry + bytes(48) + b"\x55\xaa"
    return record.ljust(1 << 20, b"\0") + volume_bytes


def volume_of(folder: Path) -> bytes:
    """A volume with the files below a folder."""
    return volume(
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    )


def entry_of(raw: bytes, name: str) -> int:
    """Where the entry of a file begins in a volume."""
    word, at = bytes([len(name), 1]) + name.encode("utf-16-le"), MFT_AT * CLUSTER
    while raw[at : at + 4] == b"FILE":
        if word in raw[at : at + RECORD]:
            return at
        at += RECORD
    raise ValueError(f"no {name}")


def deleted(raw: bytes, *paths: str) -> bytes:
    """The volume after files were deleted: their entries are no longer in use."""
    changed = bytearray(raw)
    for path in paths:
        at = entry_of(raw, path.rpartition("/")[2])
        changed[at + 22 : at + 24] = b"\0\0"
    return bytes(changed)


def _boot(clusters: int) -> bytes:
    head = b"\xeb\x52\x90NTFS    " + struct.pack("<HB", 512, CLUSTER // 512)
    head = head.ljust(0x15, b"\0") + b"\xf8" + bytes(2) + struct.pack("<HHI", 63, 255, 0)
    head = head.ljust(0x24, b"\0") + bytes.fromhex("80008000")
    head += struct.pack("<QQQ", clusters * CLUSTER // 512 - 1, MFT_AT, 1)
    head += struct.pack("<b3xb3xQ", -10, 1, 0x1122334455667788)
    return head.ljust(510, b"\0") + b"\x55\xaa"


def _record(number: int, name: str, above: int, content: bytes | None, runs: bytes) -> bytes:
    times = struct.pack("<4Q", *[_TIME] * 4)
    attributes = _resident(0x10, times + struct.pack("<I12x", 0x20))
    attributes += _resident(0x30, _file_name(name, above, content))
    if content is None:
        attributes += _resident(0x90, _index(), "$I30")
    elif runs:
        attributes += _long(len(content), runs)
    else:
        attributes += _resident(0x80, content)
    return _sealed(number, 3 if content is None else 1, attributes)


def _sealed(number: int, flags: int, attributes: bytes) -> bytes:
    sectors = RECORD // 512
    begin = (48 + 2 * (sectors + 1) + 7) & ~7
    used = begin + len(attributes) + 8
    assert used <= RECORD
    head = struct.pack(
        "<4sHHQHHHHIIQHHI", b"FILE", 48, sectors + 1, 0, 1, 1, begin, flags, used, RECORD, 0, 9, 0, number
    )
    raw = bytearray(head.ljust(begin, b"\0") + attributes + b"\xff\xff\xff\xff" + bytes(4)).ljust(
        RECORD, b"\0"
    )
    raw[48:50] = b"\1\0"
    for sector in range(sectors):
        end = (sector + 1) * 512 - 2
        raw[50 + 2 * sector : 52 + 2 * sector] = raw[end : end + 2]
        raw[end : end + 2] = b"\1\0"
    return bytes(raw)


def _resident(kind: int, content: bytes, name: str = "") -> bytes:
    title = name.encode("utf-16-le")
    at = (24 + len(title) + 7) & ~7
    length = (at + len(content) + 7) & ~7
    head = struct.pack("<IIBBHHHIHBB", kind, length, 0, len(name), 24, 0, kind >> 4, len(content), at, 0, 0)
    return ((head + title).ljust(at, b"\0") + content).ljust(length, b"\0")


def _long(size: int, runs: bytes) -> bytes:
    clusters = -(-size // CLUSTER)
    length = (64 + len(runs) + 7) & ~7
    head = struct.pack("<IIBBHHH", 0x80, length, 1, 0, 64, 0, 8)
    head += struct.pack("<QQHH4xQQQ", 0, clusters - 1, 64, 0, clusters * CLUSTER, size, size)
    return (head + runs).ljust(length, b"\0")


def _run(clusters: int, at: int) -> bytes:
    return b"\x44" + struct.pack("<Ii", clusters, at) + b"\0"


def _file_name(name: str, above: int, content: bytes | None) -> bytes:
    size = len(content or b"")
    flags = 0x10000000 if content is None else 0x20
    head = struct.pack(
        "<Q4QQQII", above | 1 << 48, *[_TIME] * 4, -(-size // CLUSTER) * CLUSTER, size, flags, 0
    )
    return head + bytes([len(name), 1]) + name.encode("utf-16-le")


def _index() -> bytes:
    entries = struct.pack("<QHHI", 0, 16, 0, 2)
    size = 16 + len(entries)
    return struct.pack("<IIIB3x", 0x30, 1, 4096, 1) + struct.pack("<IIIB3x", 16, size, size, 0) + entries
