"""One readable file of the evidence, streamed in chunks whose borders depend on the content's length only."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from exsweep.evidence.reader import Reader
from exsweep.evidence.records import EvidenceReadError, Place
from exsweep.model import SourceState

CHUNK = 16 << 20


class Hash(Protocol):
    """What `hashlib` gives."""

    def update(self, data: bytes, /) -> None: ...


class Source:
    """A file, a member, a pasted text; or only the record of what cannot be read (`state` and `reason`).

    Read it before asking for the next source: members of one stream follow each other.
    """

    def __init__(
        self,
        place: Place,
        reader: Reader | None,
        *,
        size: int | None = None,
        state: SourceState = SourceState.READ,
        reason: str = "",
        notes: Iterable[str] = (),
    ) -> None:
        self.path = place.path
        """Logical path; the same for folder, zip and tar of one tree."""
        self.shown = place.shown
        """The name as the evidence has it, made safe to show."""
        self.size = size
        """Bytes, if they are known before reading."""
        self.state = state
        """What is known before reading. Not `read`: bytes, if any come, are only good for a seal."""
        self.reason = reason
        self._reader = reader
        self._notes = tuple(notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks in words; complete after reading."""
        return (*self._notes, *(self._reader.notes if self._reader else ()))

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """All bytes in pieces of exactly `size`, the last one shorter.

        Raises:
            EvidenceReadError: at the point of damage, after everything before it was yielded.
        """
        if self._reader is None:
            return
        delivered, parts, held = 0, [], 0
        failure: EvidenceReadError | None = None
        while True:
            try:
                part = self._reader.read(size - held)
            except EvidenceReadError as error:
                failure, part = error, b""
            if part:
                parts.append(part)
                held += len(part)
            if held == size or (held and not part):
                delivered += held
                yield parts[0] if len(parts) == 1 else b"".join(parts)
                parts, held = [], 0
            if not part:
                break
        if failure:
            raise EvidenceReadError(failure.state, failure.reason, delivered) from failure


def seal(chunks: Iterable[bytes], *hashes: Hash) -> Iterator[bytes]:
    """The same chunks, each shown to the hashes as it passes."""
    for chunk in chunks:
        for each in hashes:
            each.update(chunk)
        yield chunk
