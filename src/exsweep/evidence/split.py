"""What was saved in parts: `x.zip.001`, `x.zip.002` ... (cut anywhere), `x.z01` ... `x.zip` (zip's way), `x.E01`, `x.E02` ...,
`x.vmdk` (a small text) with `x-s001.vmdk` ... or `x-flat.vmdk`.

Only what begins as a container does is joined: `.001` is also how some programs number their logs. Links are not followed.
Source: APPNOTE 8 (split zip files); 7-Zip and others for `.001`.
"""

import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from exsweep.evidence.access import Access, DiskFile
from exsweep.evidence.opener import HEAD, recognise
from exsweep.evidence.records import Budgets, EvidenceReadError
from exsweep.evidence.vmdk import is_descriptor

_NUMBERED = re.compile(rb"(?s)(.+\.)(\d{3})")
_ZIP_PART = re.compile(rb"(?s)(.+\.)([zZ])(\d{2})")
_ZIP = re.compile(rb"(?s)(.+\.)([zZ])(?:ip|IP)")
_IMAGE = re.compile(rb"(?s)(.+\.[eE])(\d\d|[A-Z]{2})")
_DISK = re.compile(rb"(?s)(.+)\.vmdk")
_DISK_PART = re.compile(rb"(?s)(.+)(-[sf]\d{3}|-flat)\.vmdk")
_MOST = 999


class Volumes(Access):
    """Several files as one."""

    def __init__(self, paths: Sequence[bytes], budgets: Budgets) -> None:
        self._parts: list[DiskFile] = []
        try:
            for path in paths:
                self._parts.append(DiskFile(path, budgets))
        except EvidenceReadError:
            self.close()
            raise
        starts = [0]
        for part in self._parts:
            starts.append(starts[-1] + part.size)
        self.size = starts.pop()
        self.starts = tuple(starts)
        self._paths = tuple(paths)

    def _at(self, offset: int, size: int) -> bytes:
        found: list[bytes] = []
        while size > 0:
            place = bisect_right(self.starts, offset) - 1
            data = self._parts[place].at(offset - self.starts[place], size)
            if not data:
                break
            found.append(data)
            offset, size = offset + len(data), size - len(data)
        return b"".join(found)

    def stamp_for(self, path: bytes) -> str:
        """Stamps of all parts; that of the one which is listed stands at the end."""
        others = [part.stamp for part, name in zip(self._parts, self._paths, strict=True) if name != path]
        own = [part.stamp for part, name in zip(self._parts, self._paths, strict=True) if name == path]
        return "|".join([*others, *own])

    def verify(self) -> str:
        return "; ".join(filter(None, (part.verify() for part in self._parts)))

    def close(self) -> None:
        for part in self._parts:
            part.close()


def parts_of(path: bytes) -> tuple[bytes, ...]:
    """The files that make up this one, in order; the path alone where it is whole."""
    if (match := _NUMBERED.fullmatch(path)) and match[2] == b"001" and _container(path):
        rest = (b"%s%03d" % (match[1], number) for number in range(2, _MOST + 1))
        return (path, *_while_there(rest))
    if (match := _IMAGE.fullmatch(path)) and match[2] == b"01" and _container(path):
        return (path, *_while_there(match[1] + end for end in _image_ends()))
    if match := _ZIP.fullmatch(path):
        rest = (b"%s%s%02d" % (match[1], match[2], number) for number in range(1, 100))
        return (*_while_there(rest), path)
    if match := _DISK_PART.fullmatch(path):
        letter = match[2][1:2]
        if match[2] == b"-%s001" % letter and not _describes(match[1] + b".vmdk"):
            return (path, *_while_there(_extents(match[1], letter, 2)))
    elif (match := _DISK.fullmatch(path)) and _describes(path):
        flat = match[1] + b"-flat.vmdk"
        sparse = _while_there(_extents(match[1], b"s"))
        return (path, *(sparse or _while_there(_extents(match[1], b"f")) or _while_there([flat])))
    return (path,)


def all_parts(path: Path) -> list[Path]:
    """What was named, with the files that belong to it."""
    if path.is_dir():
        return [path]
    return [Path(os.fsdecode(each)) for each in parts_of(os.fsencode(path))]


def part_of(path: bytes) -> tuple[str, bool] | None:
    """Name of the file with which this one is read, and whether it really is (a part before it may be missing)."""
    if (match := _NUMBERED.fullmatch(path)) and match[2] not in (b"000", b"001"):
        first = match[1] + b"001"
        if _there(first) and _container(first):
            return _name(first), path in parts_of(first)
    elif (match := _IMAGE.fullmatch(path)) and match[2] not in (b"00", b"01"):
        first = match[1] + b"01"
        if _there(first) and _container(first):
            return _name(first), path in parts_of(first)
    elif match := _ZIP_PART.fullmatch(path):
        for end in (b"ip", b"IP"):
            main = match[1] + match[2] + end
            if _there(main):
                return _name(main), path in parts_of(main)
    elif match := _DISK_PART.fullmatch(path):
        main, first = match[1] + b".vmdk", b"%s-%s001.vmdk" % (match[1], match[2][1:2])
        if _describes(main):
            return _name(main), path in parts_of(main)
        if path != first and _there(first) and match[2] != b"-flat":
            return _name(first), path in parts_of(first)
    return None


def opened(path: bytes, budgets: Budgets) -> DiskFile | Volumes:
    """The file, with all its parts. Raises EvidenceReadError."""
    paths = parts_of(path)
    return DiskFile(path, budgets) if len(paths) == 1 else Volumes(paths, budgets)


def _image_ends() -> Iterator[bytes]:
    """`02` ... `99`, `AA` ... `ZZ`, as EnCase goes on."""
    yield from (b"%02d" % number for number in range(2, 100))
    letters = [bytes([letter]) for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    yield from (first + second for first in letters for second in letters)


def _extents(stem: bytes, letter: bytes, first: int = 1) -> Iterator[bytes]:
    return (b"%s-%s%03d.vmdk" % (stem, letter, number) for number in range(first, _MOST + 1))


def _describes(path: bytes) -> bool:
    """A regular file that begins as the text of a VMDK disk does."""
    try:
        with DiskFile(path, Budgets()) as access:
            return is_descriptor(access.at(0, HEAD))
    except EvidenceReadError:
        return False


def _while_there(paths: Iterable[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for path in paths:
        if not _there(path):
            break
        found.append(path)
    return found


def _there(path: bytes) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _container(path: bytes) -> bool:
    try:
        with DiskFile(path, Budgets()) as access:
            return recognise(access.at(0, HEAD)) is not None
    except EvidenceReadError:
        return False


def _name(path: bytes) -> str:
    return os.fsdecode(path.rpartition(os.fsencode(os.sep))[2])
