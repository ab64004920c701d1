"""Bytes in order: what every layer of the evidence reads from; errors wait until all before them is out."""

import zlib
from abc import ABC, abstractmethod

from exsweep.evidence.access import Access, Memory
from exsweep.evidence.records import Budgets, EvidenceReadError
from exsweep.model import SourceState

STEP = 1 << 20


class Reader(ABC):
    """A stream that is read once. After an error it raises the same error again."""

    def __init__(self) -> None:
        self._held = b""
        self._broken: EvidenceReadError | None = None
        self._notes: list[str] = []

    @abstractmethod
    def _pull(self, size: int) -> bytes:
        """1 to `size` bytes, or nothing at the end. Raises EvidenceReadError."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks so far; complete only when the end was reached."""
        return tuple(self._notes)

    def read(self, size: int) -> bytes:
        """1 to `size` bytes, or nothing at the end. Raises EvidenceReadError where damage begins."""
        if self._held:
            part, self._held = self._held[:size], self._held[size:]
            return part
        if self._broken:
            raise self._broken
        try:
            return self._pull(size)
        except EvidenceReadError as error:
            self._broken = error
            raise

    def peek(self, size: int) -> bytes:
        """The next `size` bytes (fewer at the end or before damage) without taking them."""
        while len(self._held) < size and not self._broken:
            try:
                part = self._pull(size - len(self._held))
            except EvidenceReadError as error:
                self._broken = error
                break
            if not part:
                break
            self._held += part
        return self._held[:size]

    def exactly(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end. Raises EvidenceReadError."""
        parts: list[bytes] = []
        while size > 0 and (part := self.read(min(size, STEP))):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Leave out `size` bytes; returns how many there were. Raises EvidenceReadError."""
        left = size
        while left > 0 and (part := self.read(min(left, STEP))):
            left -= len(part)
        return size - left


class Window(Reader):
    """A stretch of something with random access; nothing is held in memory."""

    def __init__(
        self, access: Access, start: int = 0, end: int | None = None, *, holes: Budgets | None = None
    ) -> None:
        super().__init__()
        self.access = access
        self.whole = start == 0 and end is None
        self.position = self._start = start
        self._end = access.size if end is None else end
        self._holes = holes
        self._hole = start if holes else self._end
        """How far to read before looking for the next hole: what is left out must not depend on `size`."""
        self._left_out = 0

    @property
    def notes(self) -> tuple[str, ...]:
        holes = (f"{self._left_out:,} bytes of holes (never written) left out; offsets count what was read",)
        return (*self._notes, *(holes if self._left_out else ()))

    def read(self, size: int) -> bytes:
        if self._held and not self._left_out and not self._broken:
            # What was only looked at is read again with what follows it: in one piece it need not be put together.
            self.position -= len(self._held)
            self._held = b""
        return super().read(size)

    def _pull(self, size: int) -> bytes:
        if self._holes and self.position >= self._hole:
            self._pass_hole(self._holes.hole_bytes)
        want = self._end - self.position
        part = self.access.at(self.position, min(size, self._hole - self.position))
        self.position += len(part)
        if part:
            return part
        note = self.access.verify()
        if note and note not in self._notes:
            self._notes.append(note)
        if want > 0:
            raise EvidenceReadError(
                SourceState.PARTIAL,
                f"ends {want:,} bytes too early: the file looks cut off at {self.access.size:,} bytes",
            )
        return b""

    def solid(self) -> "Window":
        """The same stretch from its start with holes as zeros: containers need their offsets."""
        return Window(self.access, self._start, None if self.whole else self._end)

    def _pass_hole(self, least: int) -> None:
        data, hole = self.access.stretch(self.position)
        data, self._hole = min(data, self._end), min(hole, self._end)
        if data - self.position > least:
            self._left_out += data - self.position
            self.position = data

    def skip(self, size: int) -> int:
        held = min(size, len(self._held))
        self._held = self._held[held:]
        rest = max(0, min(size - held, min(self._end, self.access.size) - self.position))
        self.position += rest
        return held + rest


class Slice(Reader):
    """The next `size` bytes of another stream: a member of a stream of members."""

    def __init__(self, source: Reader, size: int) -> None:
        super().__init__()
        self._source = source
        self.left = size

    def _pull(self, size: int) -> bytes:
        if self.left <= 0:
            return b""
        part = self._source.read(min(size, self.left))
        if not part:
            raise EvidenceReadError(
                SourceState.PARTIAL, f"the archive ends {self.left:,} bytes before the end of this member"
            )
        self.left -= len(part)
        return part


class Tail(Reader):
    """Passes bytes on and remembers the last ones; and all of them, as long as there are no more than `keep`."""

    def __init__(self, source: Reader, size: int, keep: int = 0) -> None:
        super().__init__()
        self._source = source
        self._most = size
        self._room = keep
        self._kept: list[bytes] = []
        self.last = b""

    def again(self) -> "Window | None":
        """All bytes once more, where they were few enough."""
        return Window(Memory(b"".join(self._kept))) if self._room >= 0 and self._kept else None

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    def _pull(self, size: int) -> bytes:
        part = self._source.read(size)
        if part:
            self._room -= len(part)
            if self._room >= 0:
                self._kept.append(part)
            else:
                self._kept.clear()
            whole = part if len(part) >= self._most else self.last + part
            self.last = whole[-self._most :]
        return part


class Checked(Reader):
    """Passes bytes on and compares length and CRC-32 (where there is one) at the end."""

    def __init__(self, source: Reader, *, size: int, crc32: int | None) -> None:
        super().__init__()
        self._source = source
        self._want = (size, crc32)
        self._size = 0
        self._crc32 = 0

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    def _pull(self, size: int) -> bytes:
        part = self._source.read(size)
        if part:
            self._size += len(part)
            self._crc32 = zlib.crc32(part, self._crc32)
            return part
        size_said, crc32_said = self._want
        if self._size != size_said:
            raise EvidenceReadError(
                SourceState.PARTIAL, f"the archive says {size_said:,} bytes, the member holds {self._size:,}"
            )
        if crc32_said is not None and self._crc32 != crc32_said:
            raise EvidenceReadError(
                SourceState.PARTIAL, f"checksum differs: {self._crc32:08x} read, {crc32_said:08x} recorded"
            )
        return b""
