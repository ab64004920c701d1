"""Shadow copies written by hand into a volume: catalog, stores, lists of blocks and bitmaps as Windows lays them out.

Source: "Volume Shadow Snapshot (VSS) format" by Joachim Metz (libyal/libvshadow). libvshadow reads them in the tests.
"""

import struct
from collections.abc import Sequence
from datetime import datetime

from exsweep.evidence.shadow import _EPOCH, BLOCK, HEADER_AT, SIGNATURE

FORWARDER, OVERLAY, UNUSED = 1, 2, 4
Descriptor = tuple[int, int, int, int, int]
"""Place on the volume, place in the store (or to which it moved), place of the kept bytes, flags, sectors."""


class Area:
    """The volume, and what is laid behind it."""

    def __init__(self, today: bytes) -> None:
        self.raw = bytearray(today)
        self.size = len(today)
        self.raw += bytes(-len(self.raw) % BLOCK)

    def lay(self, data: bytes) -> int:
        """Where it lies. At most one block."""
        at = len(self.raw)
        self.raw += data.ljust(BLOCK, b"\0")
        return at

    def records(self, kind: int, data: bytes, size: int = 0) -> int:
        """A chain of blocks of records; where it begins."""
        room = BLOCK - 128
        pieces = [data[at : at + room] for at in range(0, max(len(data), 1), room)]
        first = len(self.raw)
        for number, piece in enumerate(pieces):
            at = len(self.raw)
            further = at + BLOCK if number + 1 < len(pieces) else 0
            self.lay(_head(kind, at - first, at, further, size) + piece)
        return first


def with_shadows(states: Sequence[tuple[datetime, bytes]], today: bytes) -> bytes:
    """A volume that is `today`, and was `states`, the oldest first; all of one size."""
    states = [(made, _with_header(state, 0)) for made, state in states]
    area = Area(_with_header(today, 0))
    later = [*(state for _, state in states), _with_header(today, 0)][1:]
    stores = []
    for (made, state), newer in zip(states, later, strict=True):
        kept = [
            (at, 0, area.lay(state[at : at + BLOCK]), 0, 0)
            for at in range(0, len(state), BLOCK)
            if state[at : at + BLOCK] != newer[at : at + BLOCK]
        ]
        stores.append((made, kept, bytes(len(state) // BLOCK // 8 + 1), None))
    return catalogued(area, stores)


def catalogued(
    area: Area, stores: Sequence[tuple[datetime, Sequence[Descriptor], bytes, bytes | None]]
) -> bytes:
    """The volume with these stores: when, kept blocks, blocks free in the state, and in the one before (None: not told)."""
    entries = b""
    for number, (made, kept, free, before) in enumerate(stores):
        name = struct.pack("<IHH8s", 0x11111111 + number, 0x2222, 0x11E1, b"\x80\1exsweep"[:8])
        information = (
            bytes(16) + name + name + struct.pack("<IIII", 13, 1, 0x420009, 0) + struct.pack("<HH", 0, 0)
        )
        filetime = round((made - _EPOCH).total_seconds()) * 10_000_000
        header = area.records(4, information, len(information))
        blocks = area.records(3, b"".join(struct.pack("<QQQII", *one) for one in kept))
        ranges = area.records(5, b"")
        current = area.records(6, free)
        previous = area.records(6, before) if before is not None else 0
        entries += struct.pack("<QQ16sQQQ", 2, area.size, name, number + 1, 0x40, filetime).ljust(128, b"\0")
        entries += struct.pack(
            "<QQ16sQQQQQQ", 3, blocks, name, header, ranges, current, 0, area.size, previous
        ).ljust(128, b"\0")
    catalog = area.records(2, entries)
    return _with_header(bytes(area.raw), catalog)


def _with_header(state: bytes, catalog: int) -> bytes:
    head = SIGNATURE + struct.pack("<IIQQQQQ", 1, 1, HEADER_AT, HEADER_AT, 0, catalog, 0)
    return state[:HEADER_AT] + head.ljust(512, b"\0") + state[HEADER_AT + 512 :]


def _head(kind: int, relative: int, at: int, further: int, size: int) -> bytes:
    return (SIGNATURE + struct.pack("<IIQQQQ", 1, kind, relative, at, further, size)).ljust(128, b"\0")
