"""Containers that exsweep does not read: named, with what to do."""

from collections.abc import Iterator

from exsweep.evidence.opener import DEEP_HEAD, Context, Opener, openers
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import Place
from exsweep.evidence.source import Source
from exsweep.model import SourceState

_UNPACK = "unpack it and give the folder"
_UNRAR = "unpack it (7-Zip, WinRAR or unar can; for parts name the first one) and give the folder"
_CABINET = "unpack it (expand.exe -F:* FILE FOLDER on Windows, cabextract elsewhere) and give the folder"
_MOUNT = "mount it read-only and give the folder"
_KINDS: tuple[tuple[int, bytes, str, str], ...] = (
    (32_769, b"CD001", "an image of an optical disc (ISO)", _MOUNT),
    (3, b"NTFS    ", "an image of an NTFS volume", _MOUNT),
    (510, b"\x55\xaa", "a raw disk image", _MOUNT),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNRAR),
    (0, b"MSCF\0\0\0\0", "a cabinet file", _CABINET),
    (0, b"MSWIM\0\0\0", "a WIM image", _UNPACK),
    (0, b"\x1f\x9d", "a file of the old `compress`", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "an LZ4 file", _UNPACK),
    (0, b"LZIP\x01", "an lzip file", _UNPACK),
    (0, b"vhdxfile", "a VHDX disk image", _MOUNT),
    (0, b"conectix", "a VHD disk image", _MOUNT),
    (0, b"KDMV", "a VMDK disk image", _MOUNT),
    (0, b"QFI\xfb", "a QCOW2 disk image", _MOUNT),
    (0, b"EVF\x09\x0d\x0a\xff\0", "an EnCase image (E01)", _MOUNT),
    (0, b"EVF2\x0d\x0a\x81\0", "an EnCase image (Ex01)", _MOUNT),
)
_JUMPS = b"\x33\xeb\xfa\xe9"
"""How the code of a boot record begins: its mark alone is two bytes, which chance gives too."""


class Foreign(Opener):
    """Recognised by its magic, not opened; its bytes still come, for the seal."""

    def recognises(self, head: bytes) -> bool:
        return _kind(head) is not None

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        what, advice = _kind(reader.peek(DEEP_HEAD)) or ("a container", _UNPACK)
        reason = f"{what}, which exsweep does not read: {advice}"
        yield Source(place, reader, state=SourceState.UNREADABLE, reason=reason, notes=notes)


def _kind(head: bytes) -> tuple[str, str] | None:
    for place, magic, what, advice in _KINDS:
        if head.startswith(magic, place) and (place != 510 or head[0] in _JUMPS):
            return what, advice
    return None


openers.add("foreign", priority=-9)(Foreign())
