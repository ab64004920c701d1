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
