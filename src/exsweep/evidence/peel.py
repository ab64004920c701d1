"""Bytes become sources: a container is opened layer by layer, everything else is a file."""

from collections.abc import Iterator

from exsweep.evidence.opener import DEEP_HEAD, HEAD, Context, openers, recognise
from exsweep.evidence.own import written_by_us
from exsweep.evidence.reader import Reader, Window
from exsweep.evidence.records import EvidenceReadError, Place
from exsweep.evidence.source import Source
from exsweep.evidence.zip_directory import has_directory
from exsweep.model import SourceState

_ZEROS = bytes(HEAD)


def peel(
    reader: Reader, place: Place, context: Context, *, size: int | None = None, notes: tuple[str, ...] = ()
) -> Iterator[Source]:
    """All sources in `reader`, in order."""
    head = reader.peek(HEAD)
    if head == _ZEROS:
        head = reader.peek(DEEP_HEAD)
    found = recognise(head)
    if found is None:
        yield _plain(reader, place, head, size, notes)
        yield from _also_zip(reader, place, context)
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


def _also_zip(reader: Reader, place: Place, context: Context) -> Iterator[Source]:
    """A file of another kind that ends as a zip does: self-extracting, or made to fool one reader."""
    if not isinstance(reader, Window) or not reader.whole or context.depth >= context.budgets.nesting:
        return
    if not has_directory(reader.access):
        return
    note = f"{place.path} is read as what it begins as, and as the zip archive that it also is"
    yield from openers["zip"].sources(Window(reader.access), place, context, (note,))
