"""What the collection plan names on an NTFS volume, as it is and as its shadow copies keep it.

The file system is read by dissect.ntfs, which is given bytes and never a path. Not read: deleted files that no shadow copy
holds, and the volume's own tables (`$MFT` and its like) of older states.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from exsweep.evidence.access import Access
from exsweep.evidence.names import Claims, logical, shown
from exsweep.evidence.opener import Context
from exsweep.evidence.optional import optional
from exsweep.evidence.peel import peel
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import EvidenceReadError, Place
from exsweep.evidence.shadow import BadShadowError, Shadow, shadows
from exsweep.evidence.source import Source
from exsweep.knowledge.images import wanted
from exsweep.model import SourceState

EXTRA = "exsweep[images]"
_FIRST_FILE = 16
"""Segments before it are the volume's own, except the table itself."""
_LOG = 2
"""Number of `$LogFile` in the file table of every volume."""
_PIECE = 1 << 20
_STREAMS = 100
"""Of one file."""
_ATTRIBUTE_LIST = 0x20
_SHADOW = "as it was in a shadow copy of the volume, {made:%Y-%m-%d %H:%M:%S} UTC"


class File:
    """What the libraries read from: bytes by place, no name, no path."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._place = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._place, self._access.size)[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        left = self._access.size - self._place if size is None or size < 0 else size
        while left > 0 and (part := self._access.at(self._place, min(left, _PIECE))):
            parts.append(part)
            self._place += len(part)
            left -= len(part)
        return b"".join(parts)


class Stream(Reader):
    """A file on a volume. `size`: bytes that the volume says it has."""

    def __init__(self, make: Callable[[], Any], size: int) -> None:
        super().__init__()
        self._make = make
        self._left = size
        self._file: Any = None

    def _pull(self, size: int) -> bytes:
        try:
            if self._file is None:
                self._file = self._make()
            data: bytes = self._file.read(min(size, _PIECE))
        except EvidenceReadError:
            raise
        except Exception as error:
            raise EvidenceReadError(SourceState.PARTIAL, damage(error)) from error
        self._left -= len(data)
        if not data and self._left > 0:
            raise EvidenceReadError(
                SourceState.PARTIAL, f"the image ends {self._left:,} bytes before the end of this file"
            )
        return data


class _State:
    """The files of a volume at one moment.

    Raises EvidenceReadError or what the library raises: the table cannot be read.
    """

    def __init__(self, disk: File, newer: "_State | None" = None) -> None:
        self.ntfs = optional("dissect.ntfs", EXTRA).NTFS(disk)
        self.size: int = self.ntfs._record_size
        self.damaged = 0
        self.files: dict[int, tuple[str, ...]] = {}
        """Segment -> paths of a file that is wanted."""
        self.same: set[int] = set()
        """Segments whose entry is that of the newer state, byte for byte."""
        self._list(newer)

    def raw(self, segment: int) -> bytes:
        table = self.ntfs.mft.fh
        table.seek(segment * self.size)
        data: bytes = table.read(self.size)
        return data

    def _list(self, newer: "_State | None") -> None:
        count = self.ntfs.mft.get(0).size() // self.size
        first = () if newer else (_LOG,)
        for segment in (*first, *range(_FIRST_FILE, count)):
            if newer and self._as_in(newer, segment):
                self.same.add(segment)
                if segment in newer.files:
                    self.files[segment] = newer.files[segment]
            elif paths := self._paths(segment):
                self.files[segment] = paths

    def _as_in(self, newer: "_State", segment: int) -> bool:
        try:
            return self.raw(segment) == newer.raw(segment) != b""
        except EvidenceReadError:
            raise
        except Exception:  # noqa: BLE001 - then it is read for itself, which counts what is damaged
            return False

    def _paths(self, segment: int) -> tuple[str, ...]:
        try:
            record = self.ntfs.mft.get(segment)
            if not record.header.Flags & 1 or record.is_dir():
                return ()
            paths = [path.replace("\\", "/") for path in record.full_paths(ignore_dos=True)]
        except EvidenceReadError:
            raise
        except Exception:  # noqa: BLE001 - counted, and said once for the volume
            self.damaged += self._used(segment)
            return ()
        return tuple(path for path in paths if wanted(path))

    def _used(self, segment: int) -> bool:
        """Whether anything was ever written there, or it is beyond the end of the image."""
        try:
            return self.raw(segment)[:4] != bytes(4)
        except Exception:  # noqa: BLE001 - what cannot be read may have been anything
            return True

    def untouched(self, segment: int, shadow: Shadow) -> bool:
        """The file is in the next newer state as it is in this one: not read again."""
        if segment not in self.same:
            return False
        try:
            record = self.ntfs.mft.get(segment)
            attributes = record.attributes
            # Entries that go on in others may have changed there.
            return not attributes.get(_ATTRIBUTE_LIST) and not any(
                start is not None and shadow.changed(start * cluster, length * cluster)
                for part in attributes.DATA
                if not part.header.resident
                for start, length in part.dataruns()
                for cluster in (self.ntfs.cluster_size,)
            )
        except EvidenceReadError:
            raise
        except Exception:  # noqa: BLE001 - reading it says what is wrong
            return False


class Drive(msgspec.Struct, frozen=True):
    """Where the files of one volume go."""

    inside: str
    """Logical path above the drive, empty or with `/` at its end."""
    letter: str
    claims: Claims
    context: Context


def files(volume: Access, drive: Drive, shadowed: bool) -> Iterator[Source]:
    """Every file that is wanted; those of shadow copies where they are not the same as in the next newer state."""
    inside = f"{drive.inside}{drive.letter}/"
    try:
        state = _State(File(volume))
    except EvidenceReadError as error:
        yield Source(Place(inside.rstrip("/")), None, state=error.state, reason=error.reason)
        return
    except Exception as error:  # noqa: BLE001 - a library's error on hostile bytes is a gap
        reason = f"the file table of the volume cannot be read: {damage(error)}"
        yield Source(Place(inside.rstrip("/")), None, state=SourceState.UNREADABLE, reason=reason)
        return
    yield from _of(state, {0: ("$MFT",), **state.files}, inside, drive)
    if shadowed:
        yield from _older(volume, state, drive)


def _older(volume: Access, state: _State, drive: Drive) -> Iterator[Source]:
    place = Place(f"{drive.inside}{drive.letter}/System Volume Information")
    try:
        for shadow in shadows(volume):
            if isinstance(shadow, BadShadowError):
                raise shadow
            made = shadow.made
            older = _State(File(shadow), state)
            found = {
                segment: paths
                for segment, paths in older.files.items()
                if not older.untouched(segment, shadow)
            }
            above = (
                f"{drive.inside}shadow copy of {drive.letter}, {made:%Y-%m-%d %H.%M.%S} UTC/{drive.letter}/"
            )
            yield from _of(older, found, above, drive, _SHADOW.format(made=made))
            state = older
    except EvidenceReadError as error:
        yield Source(place, None, state=error.state, reason=f"shadow copies: {error.reason}")
    except BadShadowError as error:
        reason = f"older states of the volume are not known: {error}"
        yield Source(place, None, state=SourceState.PARTIAL, reason=reason)
    except Exception as error:  # noqa: BLE001 - a library's error on hostile bytes is a gap
        reason = (
            f"the file table of a shadow copy cannot be read, older states are not known: {damage(error)}"
        )
        yield Source(place, None, state=SourceState.PARTIAL, reason=reason)


def _of(
    state: _State, found: Mapping[int, tuple[str, ...]], inside: str, drive: Drive, *told: str
) -> Iterator[Source]:
    for path, segment in sorted((path, segment) for segment, paths in found.items() for path in paths):
        name = logical(path.encode("utf-8", "surrogatepass"))
        claimed, notes = drive.claims.claim(inside + name.path)
        record = state.ntfs.mft.get(segment)
        try:
            size = record.size()
        except Exception as error:  # noqa: BLE001 - a library's error on hostile bytes is a gap
            yield Source(Place(claimed), None, state=SourceState.UNREADABLE, reason=damage(error))
            continue
        stream = Stream(record.open, size)
        yield from peel(stream, Place(claimed), drive.context, size=size, notes=(*name.notes, *notes, *told))
        yield from _streams(record, claimed, drive.context, told)
    if state.damaged:
        reason = (
            f"{state.damaged:,} entries of the volume's file table cannot be read; their files are not known"
        )
        yield Source(Place(inside.rstrip("/")), None, state=SourceState.PARTIAL, reason=reason)


def _streams(record: Any, path: str, context: Context, told: tuple[str, ...]) -> Iterator[Source]:
    """What stands beside the content of a file in streams of their own, which no folder listing shows."""
    try:
        named = sorted({part.name for part in record.attributes.DATA if part.name and _plain(part.name)})
    except Exception as error:  # noqa: BLE001 - a library's error on hostile bytes is a gap
        yield Source(Place(path), None, state=SourceState.UNREADABLE, reason=f"its streams: {damage(error)}")
        return
    for name in named[:_STREAMS]:
        place = Place(f"{path}:{shown(name.encode('utf-8', 'surrogatepass'))}")
        try:
            size = record.size(name)
        except Exception as error:  # noqa: BLE001 - a library's error on hostile bytes is a gap
            yield Source(place, None, state=SourceState.UNREADABLE, reason=damage(error))
            continue
        note = "a stream of its own, which no folder listing shows"
        yield from peel(
            Stream(partial(record.open, name), size), place, context, size=size, notes=(note, *told)
        )


def _plain(name: str) -> bool:
    """Not one of the volume's own (`$J`, `$Bad`), nor the note of Windows where a file came from."""
    return not name.startswith("$") and name.lower() != "zone.identifier"


def damage(error: Exception) -> str:
    """A library's error in words."""
    words = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return f"damaged, or of a kind that is not read ({words})"
