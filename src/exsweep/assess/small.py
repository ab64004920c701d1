"""Small logs wait until there are enough of one format to read them together."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from exsweep.assess.joined import JOIN_BYTES, Joined, Part
from exsweep.knowledge.formats import LogFormat
from exsweep.model import SourceReport
from exsweep.parse import Sieve, Stack, Tally, read_several
from exsweep.parse.several import MOST_BYTES


@dataclass(frozen=True, slots=True)
class Small:
    """One log, whole."""

    place: int
    """In its task."""
    path: str
    data: bytes
    kind: LogFormat
    done: Callable[[Tally], SourceReport]
    """What is said of it, once it is read."""


@dataclass(slots=True)
class Shelf:
    """Logs by format, less than MOST_BYTES of each."""

    _waiting: dict[str, list[Small]] = field(default_factory=dict)
    _bytes: Counter[str] = field(default_factory=Counter)

    def add(self, one: Small) -> Iterator[list[Small]]:
        """Put a log in; gives those that are to be read now."""
        kind = one.kind.id
        if self._bytes[kind] + len(one.data) > MOST_BYTES and self._bytes[kind]:
            yield self._take(kind)
        self._waiting.setdefault(kind, []).append(one)
        self._bytes[kind] += len(one.data)
        if self._bytes[kind] >= JOIN_BYTES:
            yield self._take(kind)

    def rest(self) -> Iterator[list[Small]]:
        """All that waits."""
        while self._waiting:
            yield self._take(min(self._waiting))

    def _take(self, kind: str) -> list[Small]:
        del self._bytes[kind]
        return self._waiting.pop(kind)


def read(files: Sequence[Small], sieve: Sieve | None = None) -> tuple[dict[int, SourceReport], list[Joined]]:
    """Logs of one format: what is said of each, by its place, and their rows."""
    tallies, stacks = read_several([one.data for one in files], files[0].kind, sieve)
    reports = {one.place: one.done(tally) for one, tally in zip(files, tallies, strict=True)}
    return reports, [_joined(stack, files) for stack in stacks]


def _joined(stack: Stack, files: Sequence[Small]) -> Joined:
    parts, first = [], 0
    for number, rows in zip(stack.files, stack.rows, strict=True):
        parts.append(Part(files[number].place, files[number].path, rows, partial(_line, stack, first)))
        first += rows
    return Joined(stack.batch.without_buffer(), tuple(parts), len(stack.data))


def _line(stack: Stack, first: int, row: int) -> bytes:
    return stack.raw(first + row)
