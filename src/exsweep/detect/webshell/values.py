"""What flow knows of a value: its constants, where it came from, what type it is, what was done to it."""

from typing import TypeAlias

import msgspec

Constant: TypeAlias = "str | bytes | int | float | bool | tuple[Constant, ...] | None"

_NO_FILE = frozenset(
    {"memorystream", "networkstream", "answerstream", "gzipstream", "deflatestream", "cryptostream"}
)
_MOST_CONSTANTS = 4
_MOST_ORIGINS = 8
_LONGEST_TRAIL = 6

MIXED = "mixed"
"""Put together with something before it: the visitor does not choose where it begins."""
BUILT = "built"
"""A constant that was put together or decoded at run time."""
COMPUTED = "computed"
"""Made from constants in a way that folding could not follow."""
TELLING = 4
"""Characters or elements from which on a constant makes what is computed of it worth that word."""
DECODED = "decoded"
"""Went through a decoder or decryptor."""
MAPPED = "mapped"
"""A path below the root of the web site."""
ROOTED = "rooted"
"""Begins in the folder of the page or the root of its site."""
BASENAME = "basename"
"""Only the last part of a path."""


PARTLY = "partly"
"""One of several values of which nothing is known."""

CHECKED = "checked"
"""Where it is used, it has passed a check that holds, see `guards`."""

ASKED = "asked"
"""Where it is used, it has passed such a check against something of which nothing is known."""

EACH = "each"
"""One of many that the visitor names, in turn."""

CHOSEN = "#chosen"
"""Type of an object whose class the visitor names."""

PROGRAM = "program"
"""Type of a command of which the page itself says the program, which is no interpreter."""

ONTO = "onto:"
"""Before the name of a variable, as a type: what is written to this object ends up there."""

USERINFO = "userinfo"
"""Type of an address that holds a name and a password before the machine's name."""

COMPILED = "compiled"
"""Type of a path in a folder whose source files the server compiles."""

TAMED = frozenset({MIXED, BASENAME, MAPPED, ROOTED})
"""Marks of values that the visitor does not choose wholly."""


_HELD = frozenset({CHECKED, ASKED})


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where a value came from, and the names through which it went."""

    kind: str
    """As `Source.kind` of the knowledge."""
    name: str
    """Form field, header, cookie or control; `""` where it is not said."""
    at: int
    unit: int
    """Number of the block of code that `at` counts in."""
    trail: tuple[str, ...] = ()


class Value(msgspec.Struct, frozen=True, gc=False):
    """A value at one place, for all runs of the page."""

    constants: tuple[Constant, ...] = ()
    """Alternatives that are known; empty where none is."""
    origins: tuple[Origin, ...] = ()
    types: tuple[str, ...] = ()
    """Dotted lower-case names of types; `fn:` before the name of a function that is carried as a value."""
    marks: frozenset[str] = frozenset()

    @property
    def constant(self) -> "Constant | None":
        """The one constant that it is; None where there is none or more than one, see `known`."""
        return self.constants[0] if self.known else None

    @property
    def known(self) -> bool:
        """Is it one constant and nothing else?"""
        return len(self.constants) == 1 and not self.origins


UNKNOWN = Value()
_NO_MARKS: frozenset[str] = frozenset()


def constant(value: Constant, marks: frozenset[str] = _NO_MARKS) -> Value:
    """A value that is known."""
    return Value((value,), (), (), marks)


def derived(parts: list[Value], marks: frozenset[str] = _NO_MARKS) -> Value:
    """What was made of all the parts: origins and marks stay, constants and types do not."""
    origins: tuple[Origin, ...] = ()
    for part in parts:
        if part.origins:
            origins = _more(origins, part.origins)
        if part.marks:
            marks = marks | part.marks
    if not marks.isdisjoint(_HELD):
        # What begins with something that nobody checked is not checked.
        begins = next((part.marks for part in parts if part.origins), marks)
        marks -= _HELD - begins
    return Value((), origins, (), marks) if origins or marks else UNKNOWN


def either(one: Value, other: Value) -> Value:
    """One of the two."""
    if one is other or other is UNKNOWN or other == UNKNOWN:
        return one
    if one is UNKNOWN or one == UNKNOWN:
        return other
    constants = one.constants
    if other.constants != constants:
        extra = tuple(each for each in other.constants if not _holds(constants, each))
        constants = (constants + extra)[:_MOST_CONSTANTS]
    types = one.types
    if other.types != types:
        types = (*types, *(each for each in other.types if each not in types))[:12]
    marks = one.marks | other.marks
    if one.marks != other.marks and (one.origins or other.origins):
        # What tames a value counts only where it tames every alternative that comes from elsewhere.
        tamed = [each.marks for each in (one, other) if each.origins]
        marks -= (TAMED | _HELD) - frozenset.intersection(*tamed)
    return Value(constants, _more(one.origins, other.origins), types, marks)


def through(value: Value, name: str) -> Value:
    """The same value after it was given to a variable or parameter."""
    if not value.origins:
        return value
    origins = tuple(
        each
        if (each.trail and each.trail[-1] == name) or len(each.trail) >= _LONGEST_TRAIL
        else Origin(each.kind, each.name, each.at, each.unit, (*each.trail, name))
        for each in value.origins
    )
    return Value(value.constants, origins, value.types, value.marks)


def marked(value: Value, mark: str) -> Value:
    """The same value with one mark more."""
    if mark in value.marks:
        return value
    return Value(value.constants, value.origins, value.types, value.marks | {mark})


def typed(value: Value, *types: str) -> Value:
    """The same value with types added."""
    new = tuple(each for each in types if each and each not in value.types)
    return Value(value.constants, value.origins, value.types + new, value.marks) if new else value


def _holds(constants: tuple[Constant, ...], wanted: Constant) -> bool:
    return any(type(each) is type(wanted) and each == wanted for each in constants)


def _more(one: tuple[Origin, ...], other: tuple[Origin, ...]) -> tuple[Origin, ...]:
    if not one or one is other:
        return other
    keys = {(each.kind, each.name) for each in one}
    extra = tuple(each for each in other if (each.kind, each.name) not in keys)
    return (one + extra)[:_MOST_ORIGINS] if extra else one


def provided(name: Value) -> bool:
    """Does the page itself say which provider of Windows makes the object (`"WinNT://" & x`), one that runs no code?"""
    begins = [each for each in name.types if each.startswith("begins:")]
    return bool(begins) and not any(each.startswith("begins:script") for each in begins)


def without_file(value: Value) -> bool:
    """Is it an object that holds what is written to it, or sends it, and below which there is no file?"""
    last = {each.rpartition(".")[2] for each in value.types}
    return not _NO_FILE.isdisjoint(last) and "filestream" not in last


def telling(values: list[Value]) -> bool:
    """Is one of them a constant, or made from one, that could hold something?"""
    return any(
        COMPUTED in each.marks
        or any(isinstance(one, str | bytes | tuple) and len(one) >= TELLING for one in each.constants)
        for each in values
    )


def words(constants: tuple[Constant, ...]) -> bool:
    """Are they lists of names, which hide nothing?"""
    return all(
        isinstance(each, tuple)
        and bool(each)
        and all(isinstance(one, str) and len(one) > 1 and one.isidentifier() for one in each)
        for each in constants
    )
