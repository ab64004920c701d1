"""Tar archives: split into members when plain, read in order when they come out of a compressed stream."""

from collections.abc import Iterator
from dataclasses import replace

from exsweep.evidence.access import Access
from exsweep.evidence.decoded import Decoded, Guarded
from exsweep.evidence.names import Claims, Name, common_top, logical, shown
from exsweep.evidence.opener import Archive, Context, Part, openers
from exsweep.evidence.peel import peel
from exsweep.evidence.reader import Reader, Window
from exsweep.evidence.records import Budgets, Place, TarMember, Unit
from exsweep.evidence.source import Source
from exsweep.evidence.tar_headers import Entry, Tar, valid
from exsweep.model import SourceState

_FOLDERS = (b"5", b"D", b"V")
_SPECIAL = {b"3": "character device", b"4": "block device", b"6": "FIFO"}


class TarOpener(Archive):
    """POSIX, GNU and v7 tar; nothing is ever extracted."""

    def recognises(self, head: bytes) -> bool:
        return valid(head)

    def split(self, access: Access, place: Place, budgets: Budgets) -> Iterator[Part]:
        def named() -> Iterator[str]:
            return _paths(Tar(Window(access), budgets))

        tar = Tar(Window(access), budgets)
        for entry, part in _parts(tar, place, common_top(named(), place.stem), budgets):
            yield replace(part, member=TarMember(offset=entry.offset)) if entry else part

    def member(self, access: Access, unit: Unit, context: Context) -> Iterator[Source]:
        if not isinstance(unit.member, TarMember):
            raise TypeError(f"a unit of kind {unit.kind!r} without a tar member")
        start = unit.member.offset
        tar = Tar(Window(access, start, access.size), context.budgets)
        inner = replace(context.inside(), again=lambda: _reader(access, start, context.budgets))
        for entry in tar.entries():
            yield from peel(entry.reader, unit.place, inner, size=entry.size, notes=unit.notes)
            return
        for state, reason in tar.damage:
            yield Source(unit.place, None, state=state, reason=reason, notes=unit.notes)

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        top = ""
        if place.stem and context.again:
            # The names have to be known before the first member is handed out: one more pass over the stream.
            top = common_top(_paths(Tar(_unguarded(context.again()), context.budgets)), place.stem)
        inner = replace(context, again=None, compressed=False) if context.compressed else context.inside()
        tar = Tar(_unguarded(reader), context.budgets)
        for entry, part in _parts(tar, place, top, context.budgets):
            if entry is None:
                yield part.recorded()
            else:
                bytes_ = entry.reader
                if isinstance(reader, Decoded):
                    bytes_ = Guarded(bytes_, lambda: reader.consumed, context.budgets)
                yield from peel(bytes_, part.place, inner, size=entry.size, notes=(*notes, *part.notes))
        if isinstance(reader, Decoded) and reader.notes:
            yield Source(place, None, size=0, notes=reader.notes)


openers.add("tar")(TarOpener())


def _reader(access: Access, start: int, budgets: Budgets) -> Reader:
    """The bytes of the member that begins there, from their start."""
    return next(Tar(Window(access, start, access.size), budgets).entries()).reader


def _unguarded(reader: Reader) -> Reader:
    if isinstance(reader, Decoded):
        reader.guarded = False
    return reader


def _paths(tar: Tar) -> Iterator[str]:
    return (logical(entry.name).path for entry in tar.entries() if entry.kind not in _FOLDERS)


def _parts(tar: Tar, place: Place, top: str, budgets: Budgets) -> Iterator[tuple[Entry | None, Part]]:
    """Members that have bytes come with their entry; the others are records."""
    claims, count = Claims(), 0
    for entry in tar.entries():
        if entry.kind in _FOLDERS:
            continue
        count += 1
        if count > budgets.entries:
            reason = f"the archive has more than {budgets.entries:,} members; the others were not read"
            yield None, Part(place, state=SourceState.LIMIT, reason=reason)
            break
        name = logical(entry.name)
        state, reason = _special(entry, claims, top)
        part = _part(entry, name, place.inside, top, claims)
        if reason:
            yield None, replace(part, state=state, reason=reason)
        else:
            yield entry, part
    for state, reason in tar.damage:
        yield None, Part(place, state=state, reason=reason)


def _part(entry: Entry, name: Name, inside: str, top: str, claims: Claims) -> Part:
    path, notes = claims.claim(name.path.removeprefix(top))
    place = Place(inside + path, name.shown if name.shown != path else "")
    return Part(place, entry.size, None, (*name.notes, *notes, *entry.notes))


def _special(entry: Entry, claims: Claims, top: str) -> tuple[SourceState, str]:
    target = shown(entry.link)
    if entry.kind == b"2":
        return SourceState.UNREADABLE, f'symbolic link to "{target}"; links are never followed'
    if entry.kind == b"1":
        if claims.knows(logical(entry.link).path.removeprefix(top)):
            return SourceState.DUPLICATE, f'hard link to "{target}", which was read'
        return SourceState.UNREADABLE, f'hard link to "{target}", which is not in the archive before it'
    if entry.kind in _SPECIAL:
        return SourceState.UNREADABLE, f"{_SPECIAL[entry.kind]}; not read"
    return SourceState.READ, ""
