"""What an opener is, and where openers register: one new file is one new kind of container."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from exsweep.evidence.access import Access
from exsweep.evidence.decoded import Allowance
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import Budgets, Place, TarMember, Unit, ZipMember
from exsweep.evidence.source import Source
from exsweep.model import SourceState
from exsweep.registry import Registry

HEAD = 512
"""Bytes that an opener sees when it is asked whether something is of its kind."""
DEEP_HEAD = 33 << 10
"""The same for what begins with zeros: optical discs say what they are at 32,769."""


@dataclass(frozen=True, slots=True)
class Context:
    """How deep we are, what may still be spent, and how to begin again."""

    budgets: Budgets
    allowance: Allowance
    depth: int = 0
    """Containers around the bytes at hand."""
    ancestors: tuple[bytes, ...] = ()
    """SHA-256 of the nested archives around the bytes at hand."""
    again: Callable[[], Reader] | None = None
    """The same bytes from their start, where that is possible."""
    passwords: tuple[bytes, ...] = ()
    """What locked members may open with; never written anywhere."""
    compressed: bool = False
    """The bytes come straight out of a compressed stream: a tar in it is not one level deeper."""

    def inside(self, *ancestors: bytes) -> "Context":
        """For what stands in the container at hand."""
        return replace(
            self, depth=self.depth + 1, ancestors=self.ancestors + ancestors, again=None, compressed=False
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One member of an archive with random access, as `split` lists it."""

    place: Place
    size: int = 0
    member: ZipMember | TarMember | None = None
    notes: tuple[str, ...] = ()
    state: SourceState = SourceState.READ
    """Not `read`: there is nothing to read, and `reason` says why."""
    reason: str = ""

    def recorded(self) -> Source:
        """The source that says why nothing is read here."""
        return Source(
            self.place, None, size=self.size, state=self.state, reason=self.reason, notes=self.notes
        )


class Opener(ABC):
    """Reads one kind of container."""

    @abstractmethod
    def recognises(self, head: bytes) -> bool:
        """By the first bytes, never by name."""

    @abstractmethod
    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        """Everything in it, in order; what cannot be read is a source that says so."""


class Archive(Opener):
    """A container whose members can be read each by itself, so that several processes may share the work."""

    @abstractmethod
    def split(self, access: Access, place: Place, budgets: Budgets) -> Iterator[Part]:
        """All members in their order. Raises EvidenceReadError."""

    @abstractmethod
    def member(self, access: Access, unit: Unit, context: Context) -> Iterator[Source]:
        """What a unit made from `split` holds."""


openers: Registry[Opener] = Registry("openers")


def recognise(head: bytes) -> tuple[str, Opener] | None:
    """The opener for what begins with `head`, by falling priority."""
    for name in openers:
        if openers[name].recognises(head):
            return name, openers[name]
    return None
