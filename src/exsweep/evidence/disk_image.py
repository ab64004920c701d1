"""Disk images and virtual disks: what the collection plan names is read from their NTFS volumes, nothing is mounted.

The formats are read by the dissect libraries (extra `exsweep[images]`), which are given bytes and never a path: a disk that
names another file as its parent or backing file is refused instead of followed (parts of one disk are known by their own
names, see `split`). Runs in the jailed worker like every other opener. Not read: snapshots of virtual machines, file systems
other than NTFS; each is said.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from exsweep.evidence.access import Access, Part, Spool
from exsweep.evidence.names import Claims
from exsweep.evidence.ntfs_volume import EXTRA, Drive, File, damage, files
from exsweep.evidence.opener import Context, Opener, openers
from exsweep.evidence.optional import MissingError, optional
from exsweep.evidence.reader import STEP, Reader, Window
from exsweep.evidence.records import EvidenceReadError, Place
from exsweep.evidence.shadow import has_shadows
from exsweep.evidence.source import Source
from exsweep.evidence.vmdk import extents_of, is_descriptor, rests_on_another
from exsweep.model import SourceState

_NTFS, _LOCKED, _REFS = b"NTFS    ", b"-FVE-FS-", b"ReFS\0\0\0\0"
_DESCRIPTOR = 64 << 10
_SECTOR = 512
_SPARSE = (b"KDMV", b"COWD", b"\xbe\xba\xfe\xca")
_VDI = bytes.fromhex("7f10dabe")
_VDI_ALONE = (1, 2)
"""Kinds of VDI that rest on no other file: dynamic and fixed."""
_SNAPSHOT = (
    "it rests on another disk (a snapshot or differencing disk), which is never followed:"
    " merge the snapshot, or make one file of both (qemu-img convert), and give that"
)


class BadImageError(Exception):
    """The image is not what its format allows, or leads outside itself."""


class DiskImage(Opener):
    """E01, VMDK and raw disks (in parts too), VHDX, VHD, VDI, QCOW2, single volumes."""

    def recognises(self, head: bytes) -> bool:
        return _container(head) is not None

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        head = reader.peek(512)
        kind = _container(head) or "disk"
        try:
            for module in (
                "dissect.ntfs",
                "dissect.volume.disk",
                "dissect.hypervisor",
                "dissect.evidence.ewf",
            ):
                optional(module, EXTRA)
        except MissingError:
            reason = (
                f"{kind}: reading it needs the extra {EXTRA} (pip install '{EXTRA}');"
                " or mount it read-only and give the folder"
            )
            yield Source(place, reader, state=SourceState.UNREADABLE, reason=reason, notes=notes)
            return
        if isinstance(reader, Window) and reader.whole:
            yield from self._all(reader.access, kind, place, context.inside(), notes)
            return
        with Spool(context.budgets) as spool:
            while part := reader.read(STEP):
                spool.add(part)
            yield from self._all(spool, kind, place, context.inside(), (*notes, *reader.notes))

    def _all(
        self, access: Access, kind: str, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        # Like an archive, an image is no file of the evidence itself: each file read from it is sealed. One that gives
        # nothing is a file, sealed whole.
        whole = partial(Window, access, holes=context.budgets)
        try:
            volumes = list(_volumes(_opened(access)))
        except (BadImageError, EvidenceReadError) as error:
            state = error.state if isinstance(error, EvidenceReadError) else SourceState.UNREADABLE
            reason = f"{kind} that cannot be read: {error}"
            yield Source(place, whole(), size=access.size, state=state, reason=reason, notes=notes)
            return
        claims = Claims()
        letters = iter("CDEFGHIJKLMNOPQRSTUVWXYZ")
        some = False
        for volume in volumes:
            first = _first(volume)
            if unread := _unread(first):
                some = True
                at = Place(f"{place.inside}{next(letters, 'Z')}")
                yield Source(at, None, state=SourceState.UNREADABLE, reason=unread)
            elif first[3:11] == _LOCKED:
                some = True
                reason = (
                    "a volume locked by BitLocker: unlock it with its recovery key, then make the image again"
                )
                yield Source(
                    Place(f"{place.inside}{next(letters, 'Z')}"),
                    None,
                    state=SourceState.ENCRYPTED,
                    reason=reason,
                )
            elif first[3:11] == _NTFS:
                some = True
                drive = Drive(place.inside, next(letters, "Z"), claims, context)
                yield from files(_bytes_of(volume), drive, has_shadows(first))
        if not some:
            reason = f"{kind} without an NTFS volume that could be found"
            state = SourceState.UNREADABLE
            yield Source(place, whole(), size=access.size, state=state, reason=reason, notes=notes)


def _container(head: bytes) -> str | None:
    known = (
        (b"vhdxfile", "a VHDX disk image"),
        (b"conectix", "a VHD disk image"),
        (b"KDMV", "a VMDK disk image"),
        (b"QFI\xfb", "a QCOW2 disk image"),
        (b"EVF\x09\x0d\x0a\xff\0", "an EnCase image (E01)"),
    )
    for magic, words in known:
        if head.startswith(magic):
            return words
    if is_descriptor(head):
        return "a VMDK disk image in several files"
    if head[64:68] == _VDI:
        return "a VDI disk image"
    if head[3:11] in (_NTFS, _LOCKED):
        return "an image of an NTFS volume"
    if head[510:512] == b"\x55\xaa" and head[:1] in (b"\x33", b"\xeb", b"\xfa", b"\xe9"):
        return "a raw disk image"
    if head[510:512] == b"\x55\xaa" and not head[:440].strip(b"\0") and any(head[446:510]):
        return "a raw disk image"
    return None


def _opened(access: Access) -> Any:
    """The disk's bytes. Raises BadImageError."""
    head, file = access.at(0, 8), File(access)
    try:
        if head.startswith(b"vhdxfile"):
            return optional("dissect.hypervisor.disk.vhdx", EXTRA).VHDX(file)
        if head.startswith(b"conectix"):
            return optional("dissect.hypervisor.disk.vhd", EXTRA).VHD(file)
        if head.startswith(b"KDMV") or is_descriptor(access.at(0, 64)):
            return _vmdk(access)
        if access.at(64, 4) == _VDI:
            disk = optional("dissect.hypervisor.disk.vdi", EXTRA).VDI(file)
            if int(disk.type) not in _VDI_ALONE:
                raise BadImageError(_SNAPSHOT)
            return disk.open()
        if head.startswith(b"QFI\xfb"):
            return optional("dissect.hypervisor.disk.qcow2", EXTRA).QCow2(file).open()
        if head.startswith(b"EVF"):
            return optional("dissect.evidence.ewf", EXTRA).EWF(_segments(access)).open()
    except (EvidenceReadError, BadImageError):
        raise
    except Exception as error:
        raise BadImageError(damage(error)) from error
    return file


def _vmdk(access: Access) -> "Extents":
    """The disk that one or several files hold. Raises BadImageError."""
    ends = (*access.starts[1:], access.size)
    parts = [Part(access, start, end) for start, end in zip(access.starts, ends, strict=True)]
    text = access.at(0, min(parts[0].size, _DESCRIPTOR))
    if rests_on_another(text):
        raise BadImageError(_SNAPSHOT)
    if is_descriptor(text):
        named, parts = extents_of(text), parts[1:]
        if len(named) != len(parts) or not parts:
            raise BadImageError(
                f"it is in {len(named)} files, of which {len(parts)} lie beside it under its name:"
                " give all of them in one folder with the names that they had"
            )
        for (kind, sectors, ending), part in zip(named, parts, strict=True):
            if kind == "FLAT" and part.size < sectors * _SECTOR:
                raise BadImageError(f"the part {ending} is cut off")
    library = optional("dissect.hypervisor.disk.vmdk", EXTRA)
    return Extents(
        [
            library.SparseDisk(File(part)) if part.at(0, 4) in _SPARSE else library.RawDisk(File(part))
            for part in parts
        ]
    )


class Extents(File):
    """The parts of a VMDK one behind the other, as the library reads each of them.

    Its own joining looks for a parent in every part, and fails on parts that do not speak of one.
    """

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts
        self._starts = [0]
        for part in parts:
            self._starts.append(self._starts[-1] + part.sector_count * _SECTOR)
        super().__init__(_Joined(self._starts.pop(), self._sectors))

    def _sectors(self, offset: int, size: int) -> bytes:
        place = bisect_right(self._starts, offset) - 1
        part, inside = self._parts[place], offset - self._starts[place]
        first, last = inside // _SECTOR, min(-(-(inside + size) // _SECTOR), part.sector_count)
        data: bytes = part.read_sectors(first, last - first)
        return data[inside - first * _SECTOR :][:size]


class _Joined(Access):
    """Bytes by place from a function."""

    def __init__(self, size: int, read: Callable[[int, int], bytes]) -> None:
        self.size = size
        self._read = read

    def _at(self, offset: int, size: int) -> bytes:
        return self._read(offset, size)

    def close(self) -> None:
        """Nothing is held."""


def _segments(access: Access) -> list[File]:
    """The files of an EnCase image in order; the library passes over one that it cannot read, which would shift the rest.

    Raises BadImageError.
    """
    found = []
    for number, start in enumerate(access.starts, start=1):
        end = access.starts[number] if number < len(access.starts) else access.size
        segment = Part(access, start, end)
        head = segment.at(0, 13)
        if not head.startswith(b"EVF\x09\x0d\x0a\xff\0") or int.from_bytes(head[9:11], "little") != number:
            raise BadImageError(f"part {number} is not part {number} of this image")
        found.append(File(segment))
    return found


def _volumes(disk: Any) -> Iterator[Any]:
    """The volumes of a disk; the disk itself where it is one volume. Raises BadImageError."""
    first = _first(disk)
    if first[3:11] in (_NTFS, _LOCKED):
        yield disk
        return
    try:
        disk.seek(0)
        for partition in optional("dissect.volume.disk", EXTRA).Disk(disk).partitions:
            yield partition.open()
    except EvidenceReadError:
        raise
    except Exception as error:
        raise BadImageError(damage(error)) from error


def _first(volume: Any) -> bytes:
    """The first 8 KiB of a volume; empty where they cannot be had, which is told as a gap."""
    try:
        volume.seek(0)
        data: bytes = volume.read(8 << 10)
    except Exception:  # noqa: BLE001 - the caller names it: see `_unread`
        return b""
    return data


def _bytes_of(volume: Any) -> "_Joined":
    def read(offset: int, size: int) -> bytes:
        volume.seek(offset)
        data: bytes = volume.read(size)
        return data

    return _Joined(volume.seek(0, 2), read)


def _unread(first: bytes) -> str | None:
    """Why a volume that may hold files of the server is not read; other kinds (start and recovery volumes) hold none."""
    if not first:
        return "a volume whose beginning cannot be read: its files are not known"
    if first[3:11] == _REFS:
        return "a ReFS volume, which is not read: mount the image read-only and give the folder"
    return None


openers.add("disk", priority=-8)(DiskImage())
