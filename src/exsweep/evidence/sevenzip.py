"""7z archives: block by block in a stream, with the same limits as every archive; nothing is ever extracted.

Read: what `sevenzip_codecs` names, tables packed or locked, solid archives, parts (`.7z.001`). A block is unpacked once,
front to back, so an archive is one piece of work. Where a table is gone (cut off in upload), nothing can be read: 7z keeps
it at the end.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from exsweep.evidence.access import Access, Spool
from exsweep.evidence.decoded import Allowance, Guarded
from exsweep.evidence.names import Claims, common_top, logical, shown
from exsweep.evidence.opener import Context, Opener, Part, openers
from exsweep.evidence.optional import MissingError
from exsweep.evidence.peel import peel
from exsweep.evidence.reader import STEP, Checked, Reader, Slice, Window
from exsweep.evidence.records import EvidenceReadError, Place
from exsweep.evidence.sevenzip_codecs import locked, unpacked
from exsweep.evidence.sevenzip_header import (
    MAGIC,
    START,
    Block,
    Contents,
    HeaderError,
    contents,
    packed_header,
    start_of,
)
from exsweep.evidence.source import Source
from exsweep.evidence.zip_container import PEM
from exsweep.model import SourceState

_MOST_TABLE = 128 << 20
_TRIED = 1 << 20
"""Bytes that are unpacked to see whether a password is the right one."""
_PASSED_OVER = 1 << 30
"""What may be unpacked only to reach the next file, where a file was stopped by a limit."""
_LINK, _KIND = 0o120000, 0o170000


class SevenZip(Opener):
    """7z, formats 0.2 to 0.4."""

    def recognises(self, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        if isinstance(reader, Window) and reader.whole:
            yield from _all(reader.access, place, context.inside(), notes)
            return
        with Spool(context.budgets) as spool:
            while part := reader.read(STEP):
                spool.add(part)
            yield from _all(spool, place, context.inside(), (*notes, *reader.notes))


openers.add("7z")(SevenZip())


def _all(access: Access, place: Place, context: Context, notes: tuple[str, ...]) -> Iterator[Source]:
    try:
        try:
            table = contents(_table(access, context), context.budgets.entries)
            parts = _parts(table, place)
        except HeaderError as error:
            reason = f"a 7-Zip archive that cannot be read: {error}"
            raise EvidenceReadError(SourceState.UNREADABLE, reason) from error
        except MissingError as error:
            reason = f"encrypted with AES, which {error}; or unpack it and give the folder"
            raise EvidenceReadError(SourceState.ENCRYPTED, reason) from error
    except EvidenceReadError as error:
        whole = Window(access, holes=context.budgets)
        yield Source(place, whole, size=access.size, state=error.state, reason=error.reason, notes=notes)
        return
    for part, empty in parts:
        if empty:
            yield Source(part.place, None, size=0, notes=(*notes, *part.notes))
    rows = zip(
        (part for part, empty in parts if not empty), table.sizes, table.sums, _modes(table), strict=True
    )
    for block, count in zip(table.blocks, table.counts, strict=True):
        yield from _block(access, block, [_File(*row) for row in islice(rows, count)], context, notes)


def _table(access: Access, context: Context) -> bytes:
    """The open table of contents. Raises HeaderError, EvidenceReadError, MissingError."""
    offset, size, crc32 = start_of(access.at(0, START))
    if not size:
        return b"\1\0"
    if offset + size > access.size:
        raise HeaderError(
            f"it looks cut off at {access.size:,} of {offset + size:,} bytes, and its table of contents stood at the end"
        )
    if size > _MOST_TABLE:
        raise HeaderError(f"its table of contents is larger than {_MOST_TABLE:,} bytes")
    table = access.at(offset, size)
    if zlib.crc32(table) != crc32:
        raise HeaderError("its table of contents is damaged")
    for _ in range(4):
        block = packed_header(table)
        if block is None:
            return table
        if block.size > _MOST_TABLE:
            raise HeaderError(f"its table of contents is larger than {_MOST_TABLE:,} bytes")
        password = _password(access, block, block.size, block.crc32, context)
        table = _opened(access, block, context, password).exactly(block.size)
        if block.crc32 is not None and zlib.crc32(table) != block.crc32:
            raise HeaderError("its table of contents is damaged")
    raise HeaderError("its table of contents is packed too often")


def _opened(access: Access, block: Block, context: Context, password: bytes | None) -> Reader:
    stored = Window(access, block.start, block.start + block.packed)
    return unpacked(stored, block, context, password)


def _password(access: Access, block: Block, size: int, crc32: int | None, context: Context) -> bytes | None:
    """The one that opens a block whose first file has this size and checksum. Raises EvidenceReadError, MissingError."""
    if not locked([block]):
        return None
    given = [each for each in context.passwords if not each.startswith(PEM)]
    if not given:
        reason = "give its password (--ask-password), or unpack it and give the folder"
        raise EvidenceReadError(SourceState.ENCRYPTED, reason)
    fresh = replace(context, allowance=Allowance(context.budgets.expansion_bytes))
    for password in given:
        try:
            data = _opened(access, block, fresh, password).exactly(min(size, _TRIED))
        except EvidenceReadError as error:
            if error.state in (SourceState.UNREADABLE, SourceState.LIMIT):
                raise
            continue
        if len(data) < size or crc32 is None or zlib.crc32(data) == crc32:
            return password
    tried = "the password does" if len(given) == 1 else f"none of {len(given)} passwords does"
    raise EvidenceReadError(SourceState.ENCRYPTED, f"{tried} not open it")


def _parts(table: Contents, place: Place) -> list[tuple[Part, bool]]:
    """What is listed, in order, without folders; and whether it has no bytes. Raises HeaderError."""
    names = [logical(name) for _, name in table.named()]
    listed = [name.path for number, name in enumerate(names) if not table.is_folder(number)]
    top = common_top(listed, place.stem)
    claims = Claims()
    found: list[tuple[Part, bool]] = []
    for number, name in enumerate(names):
        empty = bool(table.empty[number]) if table.empty else False
        if table.is_folder(number):
            continue
        path, notes = claims.claim(name.path.removeprefix(top))
        at = Place(place.inside + path, name.shown if name.shown != path else "")
        found.append((Part(at, 0, None, (*name.notes, *notes)), empty))
    return found


@dataclass(frozen=True, slots=True)
class _File:
    """A file that has bytes."""

    part: Part
    size: int
    crc32: int | None
    mode: int


def _block(
    access: Access, block: Block, files: list[_File], context: Context, notes: tuple[str, ...]
) -> Iterator[Source]:
    """The files of one block, in order; where it cannot be unpacked each of them says so."""
    if not files:
        return
    try:
        password = _password(access, block, files[0].size, files[0].crc32, context)
        stored = Window(access, block.start, block.start + block.packed)
        stream = unpacked(stored, block, context, password)
    except MissingError as error:
        reason = f"encrypted with AES, which {error}; or unpack it and give the folder"
        yield from _lost(files, SourceState.ENCRYPTED, reason)
        return
    except EvidenceReadError as error:
        yield from _lost(files, error.state, error.reason)
        return
    for number, file in enumerate(files, start=1):
        slice_ = Slice(stream, file.size)
        checked = Checked(slice_, size=file.size, crc32=file.crc32)
        member = Guarded(checked, lambda: stored.position, context.budgets)
        all_notes = (*notes, *file.part.notes)
        if file.mode & _KIND == _LINK:
            reason = f'symbolic link to "{shown(member.peek(4096))}"; links are never followed'
            yield Source(
                file.part.place, None, size=0, state=SourceState.UNREADABLE, reason=reason, notes=all_notes
            )
        else:
            yield from peel(member, file.part.place, context, size=file.size, notes=all_notes)
        if slice_.left > _PASSED_OVER:
            reason = "stands in one block behind a file that was not read to its end; unpack the archive and give the folder"
            yield from _lost(files[number:], SourceState.LIMIT, reason)
            return
        try:
            stream.skip(slice_.left)
        except EvidenceReadError as error:
            yield from _lost(files[number:], error.state, f"not reached: {error.reason}")
            return


def _modes(table: Contents) -> Iterator[int]:
    """Kind and rights of each file that has bytes; 0 where nothing is known."""
    for number in range(table.count):
        if not (table.empty and table.empty[number]):
            yield table.unix_mode(number)


def _lost(files: Sequence[_File], state: SourceState, reason: str) -> Iterator[Source]:
    for file in files:
        yield replace(file.part, size=file.size, state=state, reason=reason).recorded()
