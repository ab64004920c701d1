"""Sparse members of tar archives (GNU's old header and its three pax forms)."""

from collections.abc import Callable, Iterable

from exsweep.evidence.reader import STEP, Reader, Slice
from exsweep.evidence.records import EvidenceReadError
from exsweep.model import SourceState

Stretch = tuple[int, int]
"""Offset in the file and length of one stretch of data."""
_MOST = 1_000_000


class Sparse(Reader):
    """The file with its holes as zeros; long holes are left out, as they are on disk."""

    def __init__(self, stored: Reader, stretches: list[Stretch], size: int, hole_bytes: int) -> None:
        super().__init__()
        self._stored = stored
        self._steps = self._plan(stretches, size)
        self._hole_bytes = hole_bytes
        self._left_out = 0
        self._zeros = 0
        self._data = 0

    @property
    def notes(self) -> tuple[str, ...]:
        if not self._left_out:
            return ()
        return (f"{self._left_out:,} bytes of holes (never written) left out; offsets count what was read",)

    @staticmethod
    def _plan(stretches: list[Stretch], size: int) -> list[Stretch]:
        """(zeros, data) in order, last first."""
        plan, position = [], 0
        for offset, length in stretches:
            plan.append((max(0, offset - position), length))
            position = max(position, offset) + length
        plan.append((max(0, size - position), 0))
        return plan[::-1]

    def _pull(self, size: int) -> bytes:
        while not self._zeros and not self._data:
            if not self._steps:
                return b""
            self._zeros, self._data = self._steps.pop()
            if self._zeros > self._hole_bytes:
                self._left_out += self._zeros
                self._zeros = 0
        if self._zeros:
            count = min(size, self._zeros, STEP)
            self._zeros -= count
            return bytes(count)
        part = self._stored.read(min(size, self._data))
        if not part:
            raise EvidenceReadError(
                SourceState.PARTIAL, "the map of a sparse member speaks of more data than it has"
            )
        self._data -= len(part)
        return part


def gnu_sparse(header: bytes, next_block: Callable[[], bytes]) -> tuple[list[Stretch], int]:
    """Old GNU form: four stretches in the header, more in blocks that follow. Raises EvidenceReadError."""
    stretches = _fields(header[386:482])
    size, more = _number(header[483:495]), header[482:483] not in (b"\0", b"")
    while more and len(stretches) < _MOST:
        block = next_block()
        stretches += _fields(block[:504])
        more = block[504:505] not in (b"\0", b"")
    return stretches, size


def pax_sparse(pairs: Iterable[tuple[bytes, bytes]], stored: Slice) -> tuple[list[Stretch], int] | None:
    """Pax forms 0.0, 0.1 and 1.0; the last one's map stands before the data. Raises EvidenceReadError."""
    last = dict(pairs)
    size = _decimal(last.get(b"GNU.sparse.realsize", last.get(b"GNU.sparse.size", b"")))
    if last.get(b"GNU.sparse.major") == b"1":
        return _map_in_data(stored), size
    if b"GNU.sparse.map" in last:
        numbers = [_decimal(value) for value in last[b"GNU.sparse.map"].split(b",")]
        return list(zip(numbers[::2], numbers[1::2], strict=False)), size
    offsets = [_decimal(value) for key, value in pairs if key == b"GNU.sparse.offset"]
    lengths = [_decimal(value) for key, value in pairs if key == b"GNU.sparse.numbytes"]
    return (list(zip(offsets, lengths, strict=False)), size) if offsets else None


def _map_in_data(stored: Slice) -> list[Stretch]:
    text = b""

    def line() -> int:
        nonlocal text
        while b"\n" not in text:
            block = stored.exactly(512)
            if not block or len(text) > 512:
                raise EvidenceReadError(SourceState.PARTIAL, "the map of a sparse member breaks off")
            text += block
        number, _, text = text.partition(b"\n")
        return _decimal(number)

    return [(line(), line()) for _ in range(min(line(), _MOST))]


def _fields(raw: bytes) -> list[Stretch]:
    pairs = [(raw[place : place + 12], raw[place + 12 : place + 24]) for place in range(0, len(raw) - 23, 24)]
    return [(_number(offset), _number(length)) for offset, length in pairs if offset.strip(b"\0 ")]


def _number(raw: bytes) -> int:
    if raw[:1] == b"\x80":
        return int.from_bytes(raw[1:], "big")
    text = raw.strip(b" \0")
    return int(text, 8) if text and all(byte in b"01234567" for byte in text) else 0


def _decimal(raw: bytes) -> int:
    return int(raw) if raw.isdigit() and len(raw) < 20 else 0
