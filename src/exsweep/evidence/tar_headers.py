"""Headers of a tar stream (POSIX pax, GNU, v7), one member after another; damage is passed and remembered."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from exsweep.evidence.reader import Reader, Slice
from exsweep.evidence.records import Budgets, EvidenceReadError
from exsweep.evidence.tar_sparse import Sparse, Stretch, gnu_sparse, pax_sparse
from exsweep.model import SourceState

BLOCK = 512
_ZEROS = bytes(BLOCK)


@dataclass(frozen=True, slots=True)
class Entry:
    """One member; `reader` gives its bytes until the next entry is asked for."""

    offset: int
    """Of its first header block."""
    name: bytes
    kind: bytes
    """Type flag: `0` file, `1` hard link, `2` symbolic link, `5` folder ..."""
    size: int
    link: bytes
    reader: Reader
    notes: tuple[str, ...] = ()


@dataclass
class Tar:
    """Reads entries in order. `damage` is complete after the last one."""

    reader: Reader
    budgets: Budgets
    damage: list[tuple[SourceState, str]] = field(default_factory=list)
    position: int = 0

    def entries(self) -> Iterator[Entry]:
        """All members. Raises nothing: what ends the stream early stands in `damage`."""
        try:
            yield from self._entries()
        except EvidenceReadError as error:
            self.damage.append((error.state, error.reason))

    def _entries(self) -> Iterator[Entry]:
        ended, start, pax, long, notes = False, self.position, _Pax(), dict[bytes, bytes](), list[str]()
        while header := self._block():
            if header == _ZEROS:
                # Some tars are glued together: what stands behind the end mark is read too.
                ended, start = True, self.position
                continue
            if not valid(header):
                start = self.position
                self._resync()
                pax, long, notes = _Pax(), {}, []
                continue
            ended, kind, size = False, header[156:157], _number(header[124:136])
            if kind in b"xgLKX":
                text = self._text(size, notes)
                if kind in b"xX":
                    pax = _Pax.read(text)
                elif kind in b"LK":
                    long[kind] = text.split(b"\0", 1)[0]
                continue
            entry, left = self._entry(header, start, pax, long, notes)
            yield entry
            self._pass(left)
            start, pax, long, notes = self.position, _Pax(), {}, []
        if not ended:
            self._damaged(f"the tar archive looks cut off: no end mark after {self.position:,} bytes")

    def _entry(
        self, header: bytes, start: int, pax: "_Pax", long: dict[bytes, bytes], notes: list[str]
    ) -> "tuple[Entry, _Body]":
        kind, size = header[156:157], _number(header[124:136])
        prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
        name = header[:100].split(b"\0", 1)[0]
        name = b"/".join((prefix, name)) if prefix else name
        name = pax.one(b"GNU.sparse.name") or pax.one(b"path") or long.get(b"L", name)
        link = pax.one(b"linkpath") or long.get(b"K", header[157:257].split(b"\0", 1)[0])
        size = pax.number(b"size", size)
        if kind in b"123456":
            size = 0
        body = _Body(self, size)
        reader, real = self._sparse(header, pax, body)
        return Entry(start, name, kind, real, link, reader, tuple(notes)), body

    def _sparse(self, header: bytes, pax: "_Pax", body: "_Body") -> tuple[Reader, int]:
        stretches: tuple[list[Stretch], int] | None = None
        if header[156:157] == b"S":
            stretches = gnu_sparse(header, self._block)
        elif any(key.startswith(b"GNU.sparse.") for key, _ in pax.pairs):
            stretches = pax_sparse(pax.pairs, body.slice)
        if stretches is None:
            return body.slice, body.size
        return Sparse(body.slice, stretches[0], stretches[1], self.budgets.hole_bytes), stretches[1]

    def _block(self) -> bytes:
        block = self.reader.exactly(BLOCK)
        self.position += len(block)
        if 0 < len(block) < BLOCK:
            raise EvidenceReadError(
                SourceState.PARTIAL, f"the tar archive ends inside a header, at {self.position:,} bytes"
            )
        return block

    def _text(self, size: int, notes: list[str]) -> bytes:
        kept = min(size, self.budgets.name_bytes)
        if kept < size:
            notes.append(f"a name or extended header of {size:,} bytes was cut at {kept:,}")
        body = _Body(self, size)
        text = body.slice.exactly(kept)
        self._pass(body)
        return text

    def _pass(self, body: "_Body") -> None:
        padded = -(-body.size // BLOCK) * BLOCK
        left = body.slice.left + padded - body.size
        skipped = self.reader.skip(left)
        self.position += padded
        if skipped < left:
            raise EvidenceReadError(
                SourceState.PARTIAL, "the tar archive ends inside its last member: it looks cut off"
            )

    def _resync(self) -> None:
        lost_at = self.position - BLOCK
        while len(block := self.reader.peek(BLOCK)) == BLOCK and not (
            valid(block) and block[257:262] == b"ustar"
        ):
            self.reader.skip(BLOCK)
            self.position += BLOCK
        passed = self.position - lost_at
        self._damaged(
            f"the tar archive is damaged: no header at byte {lost_at:,}; {passed:,} bytes passed over"
        )

    def _damaged(self, reason: str) -> None:
        self.damage.append((SourceState.PARTIAL, reason))


class _Body:
    """What stands behind a header: `size` bytes, padded to whole blocks."""

    def __init__(self, tar: Tar, size: int) -> None:
        self.size = size
        self.slice = Slice(tar.reader, size)


@dataclass(frozen=True, slots=True)
class _Pax:
    pairs: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def read(cls, text: bytes) -> "_Pax":
        """Records `length key=value\\n`; reading stops at the first that is none."""
        pairs, place = [], 0
        while (blank := text.find(b" ", place, place + 20)) > place and text[place:blank].isdigit():
            end = place + int(text[place:blank])
            key, equals, value = text[blank + 1 : end - 1].partition(b"=")
            if not equals or end <= blank:
                break
            pairs.append((key, value))
            place = end
        return cls(tuple(pairs))

    def one(self, key: bytes) -> bytes:
        return next((value for name, value in reversed(self.pairs) if name == key), b"")

    def number(self, key: bytes, default: int) -> int:
        value = self.one(key)
        return int(value) if value.isdigit() and len(value) < 20 else default


def valid(header: bytes) -> bool:
    """Whether the checksum of a header block is right, by either of the two ways in which it is counted."""
    if len(header) < BLOCK or not header[0]:
        return False
    said = _octal(header[148:156])
    if said < 0:  # nearly every file that is no tar: adding up would be for nothing
        return False
    rest = header[:148] + header[156:BLOCK]
    unsigned = sum(rest) + 256
    return (
        said in (unsigned, unsigned - 256 * sum(byte > 127 for byte in rest))
        and _number(header[124:136]) >= 0
    )


def _octal(field_: bytes) -> int:
    text = field_.strip(b" \0")
    return int(text, 8) if text and all(byte in b"01234567" for byte in text) else -1


def _number(field_: bytes) -> int:
    if field_[0] == 0x80:
        return int.from_bytes(field_[1:], "big")
    text = field_.split(b"\0", 1)[0].strip()
    return 0 if not text else _octal(text)
