"""Dotted names of what code calls, and patterns that find them."""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Generic, TypeAlias, TypeVar

from exsweep.detect.webshell.code import Call, Index, Member, Name, Op, Statement

T = TypeVar("T")

DottedName: TypeAlias = tuple[str, ...]
"""Lower case: `("system", "diagnostics", "process", "start")`."""

_DEEPEST = 40
_place = itemgetter(0)
SELF = frozenset({"this", "base", "me", "mybase", "myclass"})


class Patterns(Generic[T]):
    """Patterns as in the knowledge file, looked up by the last part of a name."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._index: dict[str, dict[str, list[tuple[int, DottedName, T]]]] = {}
        """Last part -> the part before it, `""` where that may be any or none -> place in the file, parts before the last."""
        for place, (pattern, value) in enumerate(entries):
            *before, last = pattern.split(".")
            near = before[-1] if before and before[-1] != "*" else ""
            self._index.setdefault(last, {}).setdefault(near, []).append((place, tuple(before), value))

    def knows(self, last: str) -> bool:
        """Can a name that ends so match at all?"""
        return last in self._index

    def find(self, names: Iterable[DottedName], *, new: bool = False) -> list[T]:
        """Values of all patterns that one of the names fits, each once, in order of the file.

        A pattern of one part fits a name of one part, or a constructed type with any namespace.
        """
        found: list[T] = []
        for name in names:
            for _, before, value in self._near(name):
                if _fits(before, name, new) and value not in found:
                    found.append(value)
        return found

    def matches(self, names: Iterable[DottedName], *, new: bool = False) -> bool:
        """Does one of the names fit one of the patterns?"""
        for name in names:
            for _, before, _ in self._near(name):
                if _fits(before, name, new):
                    return True
        return False

    def _near(self, name: DottedName) -> Sequence[tuple[int, DottedName, T]]:
        """Patterns with the last two parts of the name, in order of the file."""
        under = self._index.get(name[-1])
        if under is None:
            return ()
        wide = under.get("", ())
        near = under.get(name[-2], ()) if len(name) > 1 else ()
        return sorted((*wide, *near), key=_place) if wide and near else wide or near


def _fits(before: DottedName, name: DottedName, new: bool) -> bool:
    if not before:
        return len(name) == 1 or new
    if before[0] == "*":
        rest = before[1:]
        return len(name) > len(before) and name[len(name) - 1 - len(rest) : -1] == rest
    return name[-len(before) - 1 : -1] == before


def dotted(node: Statement) -> DottedName | None:
    """`a.b.c` as a name; calls and indexes between are passed over, so that `a.b(1).c` is `a.b.c`.

    `this.a` is `a`. None where the chain begins with something that has no name.
    """
    parts: list[str] = []
    for _ in range(_DEEPEST):
        # Half of all that is asked of the tree: patterns of `match` would cost twice as much.
        if isinstance(node, Name):
            name = node.name.lower()
            if not parts:
                return (name,)
            if name not in SELF:
                parts.append(name)
            return tuple(reversed(parts))
        if isinstance(node, Member):
            parts.append(node.name.lower())
            node = node.base
        elif isinstance(node, Call):
            node = node.function
        elif isinstance(node, Index):
            node = node.base
        elif isinstance(node, Op) and parts and node.operator in SELF:
            return tuple(reversed(parts))
        else:
            return None
    return None


def root(node: Statement) -> str | None:
    """The variable that a chain of members begins with, lower case."""
    found = dotted(node)
    return found[0] if found else None


def is_self(node: Statement) -> bool:
    """`this`, `Me` and the like: their members are those of the page."""
    return (isinstance(node, Op) and node.operator in SELF) or (
        isinstance(node, Name) and node.name.lower() in SELF
    )


def spell(node: Statement) -> str:
    """A name as written, for people."""
    parts: list[str] = []
    for _ in range(8):
        if isinstance(node, Name):
            parts.append(node.name)
            break
        if isinstance(node, Member):
            parts.append(node.name)
            node = node.base
        elif isinstance(node, Call):
            node = node.function
        elif isinstance(node, Index):
            node = node.base
        else:
            break
    return ".".join(reversed(parts))
