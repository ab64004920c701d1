"""Files of traces built byte by byte. Nothing in them was ever a program."""

import struct
from collections.abc import Sequence

from exsweep.knowledge.filesystem import quarantine_key
from exsweep.parse.traces.quarantine import rc4
from tests.parse.filesystem.making import ticks


def wide(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def padded(data: bytes, to: int) -> bytes:
    return data + bytes(-len(data) % to)


def quarantine_entry(threat: str, files: Sequence[tuple[str, str]], when: str) -> bytes:
    """`Quarantine\\Entries\\{GUID}`: (path, scheme) of each locked file."""
    first = (
        bytes(0x20)
        + struct.pack("<Q", ticks(when))
        + bytes(8)
        + struct.pack("<I", 1)
        + threat.encode()
        + b"\0"
    )
    first = first.ljust(0x60, b"\0")
    entries, places = b"", []
    start = 4 + 4 * len(files)
    for path, scheme in files:
        places.append(start + len(entries))
        entries += padded(wide(path) + struct.pack("<H", 0) + scheme.encode() + b"\0", 4)
    second = struct.pack(f"<I{len(files)}I", len(files), *places) + entries
    head = bytes.fromhex("dbe8c501010001") + bytes(0x21) + struct.pack("<II", len(first), len(second))
    key = quarantine_key()
    return b"".join(rc4(part, key) for part in (head.ljust(0x3C, b"\0"), first, second))


def locked_file(content: bytes) -> bytes:
    """`Quarantine\\ResourceData\\AB\\AB...`: rights, then the file."""
    rights = b"\1\0\4\x80" + bytes(40)
    parts = struct.pack("<IIQI", 3, 2, len(rights), 0) + rights
    parts += struct.pack("<IIQI", 1, 8, len(content), 0) + content
    return rc4(parts, quarantine_key())


def detection(threat: str, resources: Sequence[tuple[str, str]], when: str, process: str = "") -> bytes:
    """`DetectionHistory\\NN\\GUID`: a list of values."""

    def value(kind: int, data: bytes) -> bytes:
        return padded(struct.pack("<II", len(data), kind) + data, 8)

    made = value(8, bytes(8)) + value(0x1E, bytes(16)) + value(0x15, wide("Magic.Version:1.2"))
    made += value(0x15, wide(threat)) + value(6, b"\5\0\0\0") + value(6, b"\1\0\0\0")
    for scheme, name in resources:
        made += value(0x15, wide(scheme)) + value(0x15, wide(name))
    tracking = wide("ThreatTrackingStartTime") + struct.pack("<IQ", 4, ticks(when))
    made += value(0x28, struct.pack("<II", len(tracking) + 4, len(tracking)) + tracking)
    made += value(0x0A, struct.pack("<Q", ticks("2021-03-09 00:00:00")))
    return made + value(0x15, wide(process or "Unknown"))


def prefetch(
    name: str, files: Sequence[str], runs: Sequence[str], *, version: int = 26, count: int = 3
) -> bytes:
    """A prefetch file as it is before it is packed; runs newest first."""
    names = b"".join(wide(one) for one in files)
    at = {17: 120, 23: 128}.get(version, 128)
    count_at = {17: 144, 23: 152, 26: 208, 30: 208, 31: 200}[version]
    head = bytearray(304)
    struct.pack_into("<I4sII", head, 0, version, b"SCCA", 17, 0)
    head[16 : 16 + 2 * len(name)] = name.encode("utf-16-le")
    struct.pack_into("<I", head, 76, 0x12345678)
    volume = wide("\\VOLUME{01d7}")
    volumes_at = 304 + len(names)
    struct.pack_into("<9I", head, 84, 304, 0, 304, 0, 304, len(names), volumes_at, 1, 24 + len(volume))
    for number, when in enumerate(runs):
        struct.pack_into("<Q", head, at + 8 * number, ticks(when))
    struct.pack_into("<I", head, count_at, count)
    about = struct.pack("<IIQI", 24, len(volume) // 2 - 1, ticks("2019-01-01 00:00:00"), 0xABCD).ljust(
        24, b"\0"
    )
    return bytes(head) + names + about + volume


def packed(data: bytes) -> bytes:
    """`MAM`: every byte a code of eight bits, which is what the code table says; so nothing gets smaller."""
    made = b""
    for start in range(0, len(data), 1 << 16):
        piece = padded(data[start : start + (1 << 16)], 2)
        made += (
            b"\x88" * 128 + bytes(128) + b"".join(piece[at : at + 2][::-1] for at in range(0, len(piece), 2))
        )
    return b"MAM\x04" + struct.pack("<I", len(data)) + made + bytes(4)


def recycled(path: str, when: str, *, size: int = 12, version: int = 2) -> bytes:
    """`$I......`"""
    head = struct.pack("<QQQ", version, size, ticks(when))
    if version == 1:
        return head + wide(path).ljust(520, b"\0")
    return head + struct.pack("<I", len(path) + 1) + wide(path)
