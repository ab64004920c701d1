"""Shadow copies (VSS): older states of a whole NTFS volume, of which Windows keeps the blocks of 16 KiB that changed since.

Own reader, for the one of dissect.volume 3.18 is unfinished: it prints, follows loops, and turns the offsets of moved blocks
round. Nothing is mounted; what the volume says of itself is bounded, for an intruder could have written it.

Source: "Volume Shadow Snapshot (VSS) format" by Joachim Metz (libyal/libvshadow, documentation/, read 2026-11-28). The tests
hold every byte against libvshadow.
"""

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from exsweep.evidence.access import Access

BLOCK = 16 << 10
HEADER_AT = 0x1E00
SIGNATURE = bytes.fromhex("6b87083876c1484eb7ae04046e6cc752")
_HEAD = 128
"""Bytes of the header of each block of records, and of one entry of the catalog."""
_CATALOG, _LIST, _STORE, _BITMAP = 2, 3, 4, 6
_VOLUME, _STORED = 2, 3
"""Entries of the catalog: which state, and where it is kept."""
_FORWARDER, _OVERLAY, _UNUSED = 1, 2, 4
_DESCRIPTOR = struct.Struct("<QQQII")
_SECTOR = 512
_MOST = 512
"""States of one volume; Windows keeps 64 of them where people reach them, and 512 in all."""
_MOST_BLOCKS = 4_000_000
"""Kept blocks in all states together: 61 GiB of changes, about 0.5 GB of memory."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class BadShadowError(Exception):
    """The state cannot be read: why, in words."""


class Shadow(Access):
    """The volume as it was at `made`. Reads the volume underneath, which must stay open."""

    def __init__(self, volume: Access, stores: Sequence["_Store"]) -> None:
        self._volume = volume
        self._stores = stores
        self.made = stores[0].made
        self.size = stores[0].size

    def changed(self, offset: int, size: int) -> bool:
        """Whether any block of a stretch was kept between this state and the next newer one; if not, both hold the same."""
        # An overlay belongs to one state only, so that one of the newer state makes the two differ as well.
        newer = self._stores[1].overlays if len(self._stores) > 1 else {}
        own = self._stores[0]
        return any(
            number in own.kept or number in own.overlays or number in newer
            for number in range(offset // BLOCK, -(-(offset + size) // BLOCK))
        )

    def _at(self, offset: int, size: int) -> bytes:
        number, inside = divmod(offset, BLOCK)
        size = min(size, BLOCK - inside)
        data = self._kept(offset, size)
        overlay = self._stores[0].overlays.get(number)
        return self._patched(data, inside, *overlay) if overlay else data

    def _kept(self, offset: int, size: int) -> bytes:
        """From this state's store, or the first newer one that kept the block, or the volume of today."""
        for place, store in enumerate(self._stores):
            kept = store.kept.get(offset // BLOCK)
            if kept is not None:
                offset = (kept >> 1) + offset % BLOCK
                if not kept & 1 or place == len(self._stores) - 1:
                    return self._volume.at(offset, size)
        if len(self._stores) == 1 and self._stores[0].free(offset // BLOCK):
            return bytes(size)
        return self._volume.at(offset, size)

    def _patched(self, data: bytes, inside: int, at: int, bits: int) -> bytes:
        """`data` from `inside` of its block, with the sectors that `bits` name taken from `at`."""
        whole = bytearray(data)
        for sector in range(inside // _SECTOR, -(-(inside + len(data)) // _SECTOR)):
            if bits >> sector & 1:
                begin, end = max(sector * _SECTOR, inside), min((sector + 1) * _SECTOR, inside + len(data))
                whole[begin - inside : end - inside] = self._volume.at(at + begin, end - begin)
        return bytes(whole)

    def close(self) -> None:
        """The volume is closed by who opened it."""


class _Store:
    """What was kept for one state. `kept`: number of a block -> twice the place of its bytes, odd where that place counts in
    the next newer state; `overlays`: number of a block -> place of sectors of 512 bytes, and which."""

    def __init__(self, volume: Access, made: datetime, size: int, entry: bytes, most: int) -> None:
        self.made, self.size = made, size
        blocks, header, _, bitmap, _, _, previous = struct.unpack_from("<Q16xQQQQQQ", entry, 8)
        next(_records(volume, header, _STORE))
        self.kept: dict[int, int] = {}
        self.overlays: dict[int, tuple[int, int]] = {}
        self._moved: dict[int, int] = {}
        """Block to which another one was moved -> that one."""
        for data in _records(volume, blocks, _LIST):
            for original, relative, offset, flags, bits in _DESCRIPTOR.iter_unpack(data):
                if not flags & _UNUSED and (original or relative or offset or flags):
                    self._add(original, relative, offset, flags, bits)
            if len(self.kept) + len(self.overlays) > most:
                raise BadShadowError(f"more than {_MOST_BLOCKS:,} blocks were kept for it and newer ones")
        self._bitmaps = [b"".join(_records(volume, place, _BITMAP)) for place in (bitmap, previous) if place]

    def _add(self, original: int, relative: int, offset: int, flags: int, bits: int) -> None:
        if flags & _OVERLAY:
            number = original // BLOCK
            at, known = self.overlays.get(number, (offset, 0))
            self.overlays[number] = (at, known | bits)
            return
        # Where a block had been moved here, what is kept now belongs to the place from which it came.
        original = self._moved.pop(original // BLOCK, original)
        if flags & _FORWARDER:
            if original == relative:
                return
            self._moved[relative // BLOCK] = original
        self.kept[original // BLOCK] = relative << 1 | 1 if flags & _FORWARDER else offset << 1

    def free(self, number: int) -> bool:
        """Nothing of the state was in the block: what is there now came later."""
        if number in self._moved or not self._bitmaps:
            return False
        byte, bit = divmod(number, 8)
        return all(byte < len(bitmap) and bitmap[byte] >> bit & 1 for bitmap in self._bitmaps)


def has_shadows(first: bytes) -> bool:
    """By the first 8 KiB of a volume; there may be none left."""
    return first[HEADER_AT : HEADER_AT + len(SIGNATURE)] == SIGNATURE


def shadows(volume: Access) -> Iterator["Shadow | BadShadowError"]:
    """The states of a volume, the newest first; where one cannot be read the error stands for it and all older ones.

    Raises:
        BadShadowError: the catalog cannot be read.
        EvidenceReadError: the volume cannot.
    """
    stores: list[_Store] = []
    for made, size, entry in _catalog(volume):
        try:
            used = sum(len(store.kept) + len(store.overlays) for store in stores)
            stores.insert(0, _Store(volume, made, size, entry, _MOST_BLOCKS - used))
        except BadShadowError as error:
            yield BadShadowError(f"the shadow copy of {made:%Y-%m-%d %H:%M:%S} UTC and older ones: {error}")
            return
        yield Shadow(volume, tuple(stores))


def _catalog(volume: Access) -> list[tuple[datetime, int, bytes]]:
    """When, size in bytes and where it is kept, of each state, the newest first."""
    header = volume.at(HEADER_AT, _HEAD)
    if len(header) < _HEAD or not header.startswith(SIGNATURE):
        raise BadShadowError("the volume has no header of shadow copies")
    (at,) = struct.unpack_from("<Q", header, 48)
    states: dict[bytes, tuple[datetime, int]] = {}
    stored: dict[bytes, bytes] = {}
    for data in _records(volume, at, _CATALOG) if at else ():
        for place in range(0, len(data), _HEAD):
            entry = data[place : place + _HEAD]
            kind, size = struct.unpack_from("<QQ", entry)
            name = entry[16:32]
            if kind == _VOLUME:
                states[name] = (_time(*struct.unpack_from("<Q", entry, 48)), min(size, volume.size))
            elif kind == _STORED:
                stored[name] = entry
        if len(states) > _MOST:
            raise BadShadowError(f"its catalog names more than {_MOST} shadow copies")
    if lost := len(states.keys() ^ stored.keys()):
        raise BadShadowError(f"its catalog names {lost} of them only by half")
    return sorted(((*states[name], stored[name]) for name in states), reverse=True)


def _records(volume: Access, offset: int, kind: int) -> Iterator[bytes]:
    """What stands in a chain of blocks, without their headers."""
    seen: set[int] = set()
    while True:
        block = volume.at(offset, BLOCK)
        while block and len(block) < BLOCK and (more := volume.at(offset + len(block), BLOCK - len(block))):
            block += more
        if len(block) < BLOCK or not block.startswith(SIGNATURE) or block[20] != kind:
            raise BadShadowError(f"a block of its records at byte {offset:,} is damaged")
        if offset in seen:
            raise BadShadowError(f"its records at byte {offset:,} lead back to themselves")
        seen.add(offset)
        yield block[_HEAD:]
        (offset,) = struct.unpack_from("<Q", block, 40)
        if not offset:
            return


def _time(filetime: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=filetime // 10)
    except OverflowError as error:
        raise BadShadowError("its catalog holds a time that cannot be") from error
