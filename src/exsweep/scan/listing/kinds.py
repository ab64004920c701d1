"""What a list format is, and the registry that the command line reads its choices from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from exsweep.registry import Registry
from exsweep.scan.owner import Owner
from exsweep.scan.reach import Way
from exsweep.scan.results import ScanResult

Write = Callable[[Iterable["Entry"]], Iterator[bytes]]
"""Pure: yields the file in pieces, in the order of the entries."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One result and whose it is."""

    result: ScanResult
    owner: Owner
    ways: tuple[Way, ...] = ()
    """How to reach them, best first."""

    @property
    def asn(self) -> int | None:
        """Number of the origin AS."""
        digits = (self.owner.asn or "").upper().removeprefix("AS")
        return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 11 else None


@dataclass(frozen=True, slots=True)
class ListFormat:
    """One kind of file."""

    name: str
    title: str
    """What it is for, in a few plain words."""
    write: Write
    binary: bool = False
    """Not for a terminal."""


FORMATS: Registry[ListFormat] = Registry("scan_lists")


def list_format(name: str, *, title: str, binary: bool = False) -> Callable[[Write], Write]:
    """Decorator: file a writer under `name`."""

    def register(write: Write) -> Write:
        FORMATS.add(name)(ListFormat(name=name, title=title, write=write, binary=binary))
        return write

    return register
