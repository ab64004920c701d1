"""One member of a zip: its local header, its method, its checksum."""

import stat
import struct
from collections.abc import Iterator
from dataclasses import replace

from exsweep.evidence.access import Access
from exsweep.evidence.codecs import (
    Codec,
    Deflate,
    UndecodableError,
    Zstandard,
    bzip2_codec,
    deflate64_codec,
    xz_codec,
    zip_lzma_codec,
)
from exsweep.evidence.decoded import Decoded
from exsweep.evidence.names import shown
from exsweep.evidence.opener import Context
from exsweep.evidence.optional import MissingError
from exsweep.evidence.peel import peel
from exsweep.evidence.reader import Checked, Reader, Window
from exsweep.evidence.records import EvidenceReadError, Place, ZipMember
from exsweep.evidence.source import Source
from exsweep.evidence.zip_container import advice, passwords_for
from exsweep.evidence.zip_directory import LOCAL, UNKNOWN
from exsweep.evidence.zip_locks import AES, Drained, unlock
from exsweep.model import SourceState

_ENCRYPTED = 1
_MASKED = 1 << 13
_STORED = 0
_WITH_CHECKSUM = 1
"""First version of the lock with AES: the checksum of the content is kept beside its seal."""
_METHODS = {
    1: "shrink",
    6: "implode",
    10: "TERSE",
    18: "TERSE",
    19: "LZ77",
    97: "WavPack",
    98: "PPMd",
}
_LINK_TARGET = 4096


def member_sources(
    access: Access, member: ZipMember, place: Place, context: Context, notes: tuple[str, ...] = ()
) -> Iterator[Source]:
    """What the member holds, or why it cannot be read. `context` is that of the member's bytes."""
    try:
        reader, more = open_member(access, member, context)
        notes += more
        if stat.S_IFMT(member.unix_mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield _special(member, reader, place, notes)
            return
    except EvidenceReadError as error:
        yield Source(place, None, size=member.size, state=error.state, reason=error.reason, notes=notes)
        return
    context = replace(context, again=lambda: open_member(access, member, context)[0])
    size = None if member.size == UNKNOWN else member.size
    yield from peel(reader, place, context, size=size, notes=notes)


def open_member(access: Access, member: ZipMember, context: Context) -> tuple[Reader, tuple[str, ...]]:
    """Its bytes, checked at the end, and notes on its local header. Raises EvidenceReadError."""
    start, notes = _data_start(access, member)
    if member.flags & _ENCRYPTED or member.method == AES:
        return _unlocked(access, member, start, context), notes
    stored = Window(access, start, start + member.stored_size)
    decoded = decode_member(stored, member.method, context)
    if member.size == UNKNOWN:
        return decoded, notes
    return Checked(decoded, size=member.size, crc32=member.crc32), notes


def _unlocked(access: Access, member: ZipMember, start: int, context: Context) -> Reader:
    def beside(one: ZipMember) -> Reader:
        if one.flags & _ENCRYPTED:
            raise EvidenceReadError(SourceState.ENCRYPTED, "encrypted")
        return open_member(access, one, context)[0]

    try:
        passwords, scheme = passwords_for(access, member, context.passwords, beside)
    except MissingError as error:
        reason = f"encrypted by Velociraptor for a key, which {error}"
        raise EvidenceReadError(SourceState.ENCRYPTED, reason) from error
    try:
        stored = unlock(access, member, start, passwords)
    except EvidenceReadError as error:
        words = advice(scheme, key_given=len(passwords) < len(context.passwords))
        if error.state is not SourceState.ENCRYPTED or not words:
            raise
        raise EvidenceReadError(SourceState.ENCRYPTED, words) from error
    method = member.aes[2] if member.aes and member.method == AES else member.method
    decoded = Drained(decode_member(stored, method, context), stored)
    if member.size == UNKNOWN:
        return decoded
    sealed = member.method == AES and member.aes is not None and member.aes[0] != _WITH_CHECKSUM
    return Checked(decoded, size=member.size, crc32=None if sealed else member.crc32)


def decode_member(stored: Reader, method: int, context: Context) -> Reader:
    """The decoded bytes of a member. Raises EvidenceReadError for a method that cannot be read."""
    if method == _STORED:
        return stored
    window = context.budgets.window_bytes

    def codec() -> Codec:
        match method:
            case 8:
                return Deflate(-15)
            case 9:
                return deflate64_codec()
            case 12:
                return bzip2_codec()
            case 14:
                return zip_lzma_codec(stored.exactly(9), window)
            case 95:
                return xz_codec(window)
            case 20 | 93:
                return Zstandard(window)
        name = _METHODS.get(method, f"number {method}")
        raise UndecodableError(
            f"saved with a method we cannot read ({name}); unpack it and give the folder, or zip it again"
        )

    try:
        return Decoded(stored, codec, context.allowance, budgets=context.budgets)
    except UndecodableError as error:
        raise EvidenceReadError(SourceState.UNREADABLE, str(error)) from error


def _data_start(access: Access, member: ZipMember) -> tuple[int, tuple[str, ...]]:
    raw = access.at(member.offset, LOCAL.size)
    if len(raw) < LOCAL.size or not raw.startswith(b"PK\3\4"):
        reason = f"no member begins at byte {member.offset:,}, where the archive's directory says so"
        raise EvidenceReadError(SourceState.UNREADABLE, reason)
    flags, (name_size, extra_size) = struct.unpack_from("<H", raw, 6)[0], struct.unpack_from("<2H", raw, 26)
    name = access.at(member.offset + LOCAL.size, name_size)
    start = member.offset + LOCAL.size + name_size + extra_size
    if name == member.name or flags & _MASKED:
        return start, ()
    return start, (
        f'two names: the archive\'s directory says "{shown(member.name)}", the header "{shown(name)}"',
    )


def _special(member: ZipMember, reader: Reader, place: Place, notes: tuple[str, ...]) -> Source:
    if stat.S_ISLNK(member.unix_mode):
        reason = f'symbolic link to "{shown(reader.exactly(_LINK_TARGET))}"; links are never followed'
    else:
        reason = "a device, FIFO or socket; not read"
    return Source(place, None, size=0, state=SourceState.UNREADABLE, reason=reason, notes=notes)
