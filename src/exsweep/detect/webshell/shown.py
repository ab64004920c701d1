"""Places where the code of a page shows what it can do."""

import msgspec

from exsweep.detect.webshell.code import Program
from exsweep.detect.webshell.sinks import Sink, lookup
from exsweep.detect.webshell.values import Value

MARKUP = -1
"""Number of the unit of what stands in tags: `at` is then an offset in the text of the page."""


class Shown(msgspec.Struct, frozen=True, gc=False):
    """A place where the code shows a capability."""

    capability: str
    number: int
    unit: int
    at: int
    name: str
    """What is called or set, as written."""
    data: Value | None
    target: Value | None
    language: str = ""
    """Of the code that it stands in."""
    around: frozenset[str] = frozenset()
    """What the code stands in, in the words of `weights.yml`: `served`, `lonely`, `bare`."""


class Unit(msgspec.Struct):
    """One parsed piece of code of the page."""

    number: int
    program: Program
    depth: int = 0
    """0: stands in the page; more: a constant that is code."""


class Places:
    """What was shown so far, and where the code is just now."""

    def __init__(self, units: list[Unit]) -> None:
        """`units`: code of the page; the first is the one where it begins."""
        self.units = units
        self.known = lookup()
        self.shown: dict[tuple[str, int, int, int, str], Shown] = {}
        self.around: frozenset[str] = frozenset()
        """What the code stands in, see `Shown`."""
        self.unit = units[0] if units else Unit(0, Program(language="other"))

    def show(self, sink: Sink, at: int, name: str, data: Value | None, target: Value | None) -> None:
        """Keep a place that shows a capability; a later round knows more and replaces it."""
        key = (sink.capability, sink.number, self.unit.number, at, name)
        self.shown[key] = Shown(
            sink.capability,
            sink.number,
            self.unit.number,
            at,
            name[:80],
            data,
            target,
            self.unit.program.language,
            self.around,
        )
