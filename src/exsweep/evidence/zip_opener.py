"""Zip archives: split into members by the central directory; without one, by what their local headers say."""

import hashlib
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from itertools import islice

from exsweep.evidence.access import Access, Spool
from exsweep.evidence.names import Claims, Name, common_top, logical
from exsweep.evidence.opener import Archive, Context, Part, openers
from exsweep.evidence.reader import STEP, Reader, Window
from exsweep.evidence.records import Budgets, EvidenceReadError, Place, Unit, ZipMember
from exsweep.evidence.source import Source
from exsweep.evidence.zip_directory import LOCAL, NoDirectoryError, find_directory, members
from exsweep.evidence.zip_member import member_sources
from exsweep.evidence.zip_salvage import salvaged
from exsweep.model import SourceState


class Zip(Archive):
    """PKZIP with zip64; methods stored, deflate, bzip2, lzma, xz and zstd."""

    def recognises(self, head: bytes) -> bool:
        return head.startswith((b"PK\3\4", b"PK\5\6", b"PK\7\x08PK\3\4", b"PK00PK\3\4"))

    def split(self, access: Access, place: Place, budgets: Budgets) -> Iterator[Part]:
        yield from _listed(access, place, budgets)

    def member(self, access: Access, unit: Unit, context: Context) -> Iterator[Source]:
        if not isinstance(unit.member, ZipMember):
            raise TypeError(f"a unit of kind {unit.kind!r} without a zip member")
        yield from member_sources(access, unit.member, unit.place, context.inside(), unit.notes)

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        if isinstance(reader, Window) and reader.whole:
            yield from _all(reader.access, place, context.inside(), notes)
            return
        with Spool(context.budgets) as spool:
            digest, failure = hashlib.sha256(), None
            try:
                while part := reader.read(STEP):
                    spool.add(part)
                    digest.update(part)
            except EvidenceReadError as error:
                failure = error
            if digest.digest() in context.ancestors:
                reason = "not opened: the archive holds itself"
                yield Source(place, None, state=SourceState.LIMIT, reason=reason, notes=notes)
                return
            yield from _all(spool, place, context.inside(digest.digest()), (*notes, *reader.notes))
            if failure:
                yield Source(place, None, state=failure.state, reason=failure.reason, notes=notes)


openers.add("zip")(Zip())


def _all(access: Access, place: Place, context: Context, notes: tuple[str, ...]) -> Iterator[Source]:
    for part in _listed(access, place, context.budgets):
        if isinstance(part.member, ZipMember):
            yield from member_sources(access, part.member, part.place, context, (*notes, *part.notes))
        else:
            yield part.recorded()


def _listed(access: Access, place: Place, budgets: Budgets) -> Iterator[Part]:
    """Every member in the archive's order, then what is wrong with the archive as a whole."""
    records, damage = _records(access)
    named = (logical(member.name).path for member in records() if not _is_folder(member))
    top = common_top(named, place.stem)
    claims, regions = Claims(), _Regions()
    count = 0
    for count, member in enumerate(islice(records(), budgets.entries), 1):  # noqa: B007 - counted for the damage below
        if _is_folder(member):
            continue
        yield _part(member, logical(member.name), place.inside, top, claims, regions)
    if count == budgets.entries and next(islice(records(), count, None), None):
        reason = f"the archive has more than {budgets.entries:,} members; the others were not read"
        yield Part(place, state=SourceState.LIMIT, reason=reason)
    if damage:
        reason = (
            f"the zip archive looks cut off or damaged at {access.size:,} bytes: {damage}; "
            f"{count:,} members were found by their own headers"
        )
        yield Part(place, state=SourceState.PARTIAL, reason=reason)


def _records(access: Access) -> tuple[Callable[[], Iterator[ZipMember]], str]:
    """A way to list the members, as often as one likes, and why the directory is not that way."""
    try:
        directory = find_directory(access)
        for _ in members(access, directory):
            pass
    except NoDirectoryError as error:
        return lambda: salvaged(access), str(error)
    return lambda: members(access, directory), ""


def _is_folder(member: ZipMember) -> bool:
    return member.name.endswith((b"/", b"\\")) and member.size == 0


def _part(member: ZipMember, name: Name, inside: str, top: str, claims: Claims, regions: "_Regions") -> Part:
    path, notes = claims.claim(name.path.removeprefix(top))
    place = Place(inside + path, name.shown if name.shown != path else "")
    state, reason = regions.take(member)
    if state is not SourceState.READ:
        return Part(place, max(member.size, 0), None, (*name.notes, *notes), state, reason)
    return Part(place, max(member.size, 0), member, (*name.notes, *notes))


class _Regions:
    """Which stretches of the file belong to members that were listed before."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: dict[int, int] = {}

    def take(self, member: ZipMember) -> tuple[SourceState, str]:
        """`read` for a stretch of its own; a stretch is read once, under its first name."""
        start, end = member.offset, member.offset + LOCAL.size + member.stored_size
        place = bisect_right(self._starts, start)
        if place and self._starts[place - 1] == start:
            return (
                SourceState.DUPLICATE,
                "overlaps: an earlier member has the very same data; they were read once",
            )
        inside = place and self._ends[self._starts[place - 1]] > start
        if inside or (place < len(self._starts) and self._starts[place] < end):
            return (
                SourceState.LIMIT,
                "overlaps the data of an earlier member, as in zip bombs; they were read once",
            )
        insort(self._starts, start)
        self._ends[start] = end
        return SourceState.READ, ""
