"""Bytes become sources: a container is opened layer by layer, everything else is a file."""

from collections.abc import Iterator

from exsweep.evidence.access import Memory
from exsweep.evidence.opener import DEEP_HEAD, HEAD, Archive, Context, Opener, openers, recognise
from exsweep.evidence.own import written_by_us
from exsweep.evidence.reader import Reader, Tail, Window
from exsweep.evidence.records import EvidenceReadError, Place
from exsweep.evidence.source import Source
from exsweep.evidence.zip_directory import END, ends_as_zip, has_directory
from exsweep.knowledge.webshell_kinds import webshell_kinds
from exsweep.model import SourceState

_ZEROS = bytes(HEAD)
_KEPT = 8 << 20
"""Bytes of a member that are held until its end is seen, where its archive gives them only once."""


def peel(
    reader: Reader, place: Place, context: Context, *, size: int | None = None, notes: tuple[str, ...] = ()
) -> Iterator[Source]:
    """All sources in `reader`, in order."""
    head = reader.peek(HEAD)
    if head == _ZEROS:
        head = reader.peek(DEEP_HEAD)
    found = recognise(head)
    if found is not None and is_page(place.path):
        yield from _page(reader, place, context, found[0], found[1], size, notes)
    elif found is None and isinstance(reader, Window) and reader.whole:
        yield _plain(reader, place, head, size, notes)
        yield from _also_zip(reader, place, context)
    elif found is None:
        tail = Tail(reader, END, 0 if context.again else _KEPT)
        yield _plain(tail, place, head, size, notes)
        yield from _also_zip_inside(tail, place, context)
    elif context.depth >= context.budgets.nesting:
        reason = (
            f"not opened: archives stand {context.depth} deep in each other; unpack it and give the folder"
        )
        yield Source(place, reader, size=size, state=SourceState.LIMIT, reason=reason, notes=notes)
    else:
        reader = reader.solid() if isinstance(reader, Window) else reader
        try:
            yield from found[1].sources(reader, place, context, notes)
        except EvidenceReadError as error:
            yield Source(place, None, state=error.state, reason=error.reason, notes=notes)


def _plain(reader: Reader, place: Place, head: bytes, size: int | None, notes: tuple[str, ...]) -> Source:
    ours = written_by_us(place.path, head)
    state = SourceState.NOT_A_LOG if ours else SourceState.READ
    return Source(place, reader, size=size, state=state, reason=ours, notes=notes)


def is_page(path: str) -> bool:
    """A web server would run it by its name, whatever it begins as: code may stand in what is also an archive."""
    name = path.rpartition("/")[2].lower().partition("::$")[0].rstrip(". ")
    return any(
        webshell_kinds().kind_of_extension(part.rpartition(".")[2].rstrip(". ")) is not None
        for part in name.split(";")
        if "." in part
    )


def _page(
    reader: Reader,
    place: Place,
    context: Context,
    kind: str,
    opener: Opener,
    size: int | None,
    notes: tuple[str, ...],
) -> Iterator[Source]:
    """The page first; then, where both can be told apart by their paths, what it holds as an archive."""
    second: Reader | None = None
    if isinstance(reader, Window) and reader.whole:
        second = Window(reader.access)
    elif context.again is not None:
        second = context.again()
    elif len(held := reader.peek(_KEPT + 1)) <= _KEPT:
        second = Window(Memory(held))
    opened = isinstance(opener, Archive) and second is not None and context.depth < context.budgets.nesting
    also = f"{place.path} begins as a container does ({kind}) and is read as the page that its name says"
    more = "" if opened else "; it was not opened: rename a copy to see what it holds"
    yield Source(place, reader, size=size, notes=(*notes, also + more))
    if opened and second is not None:
        try:
            yield from opener.sources(second, place, context, (_note(place),))
        except EvidenceReadError as error:
            yield Source(place, None, state=error.state, reason=error.reason)


def _also_zip(reader: Window, place: Place, context: Context) -> Iterator[Source]:
    """A file of another kind that ends as a zip does: self-extracting, or made to fool one reader."""
    if context.depth < context.budgets.nesting and has_directory(reader.access):
        yield from openers["zip"].sources(Window(reader.access), place, context, (_note(place),))


def _also_zip_inside(tail: Tail, place: Place, context: Context) -> Iterator[Source]:
    """The same for a member of an archive, which passed by: its end is known, its bytes come once more."""
    if not ends_as_zip(tail.last):
        return
    reader = context.again() if context.again else tail.again()
    if reader is None or context.depth >= context.budgets.nesting:
        reason = "ends as a zip archive does, which was not opened here: unpack the archive around it and give the folder"
        yield Source(place, None, state=SourceState.LIMIT, reason=reason)
        return
    yield from openers["zip"].sources(reader, place, context, (_note(place),))


def _note(place: Place) -> str:
    return f"{place.path} is read as what it begins as, and as the zip archive that it also is"
