"""What a Sigma condition says, as a small tree of frozen records: no pySigma needed to keep, send or translate it."""

from collections.abc import Iterator

import msgspec

ANY_RUN = 0
"""Part of a pattern: any characters, none too (Sigma `*`)."""
ANY_ONE = 1
"""Part of a pattern: exactly one character (Sigma `?`)."""


class And(msgspec.Struct, frozen=True, omit_defaults=True, tag="and"):
    of: "tuple[Node, ...]"


class Or(msgspec.Struct, frozen=True, omit_defaults=True, tag="or"):
    of: "tuple[Node, ...]"


class Not(msgspec.Struct, frozen=True, omit_defaults=True, tag="not"):
    """True where `of` is false or cannot be told (a missing field never satisfies a condition)."""

    of: "Node"


class Text(msgspec.Struct, frozen=True, omit_defaults=True, tag="text"):
    """The whole value is the parts in a row; ASCII letters compare without case unless `cased`."""

    field: str | None
    """None: keywords, searched in the whole line."""
    parts: tuple[str | int, ...]
    cased: bool = False


class Regex(msgspec.Struct, frozen=True, omit_defaults=True, tag="regex"):
    """RE2 finds `pattern` somewhere in the value; case matters unless the pattern says `(?i)`."""

    field: str | None
    pattern: str


class Network(msgspec.Struct, frozen=True, omit_defaults=True, tag="network"):
    """The value is an IPv4 or IPv6 address inside `cidr`."""

    field: str
    cidr: str


class Compare(msgspec.Struct, frozen=True, omit_defaults=True, tag="compare"):
    """The value is a number and `value op number` holds."""

    field: str
    op: str
    """`<`, `<=`, `>`, `>=` or `<>`."""
    number: float


class Null(msgspec.Struct, frozen=True, omit_defaults=True, tag="null"):
    """The field is missing or holds what its log writes for no value."""

    field: str


class Exists(msgspec.Struct, frozen=True, omit_defaults=True, tag="exists"):
    field: str
    exists: bool


class SameAs(msgspec.Struct, frozen=True, omit_defaults=True, tag="same"):
    """Two fields of one event: equal, or one begins, ends with or contains the other."""

    field: str
    other: str
    how: str
    """`equals`, `startswith`, `endswith` or `contains`."""


class TimePart(msgspec.Struct, frozen=True, omit_defaults=True, tag="time"):
    """Minute, hour, day, week (ISO), month or year (UTC) of the time in the field."""

    field: str
    part: str
    number: int


Node = And | Or | Not | Text | Regex | Network | Compare | Null | Exists | SameAs | TimePart


def leaves(node: Node) -> Iterator[Text | Regex | Network | Compare | Null | Exists | SameAs | TimePart]:
    """All conditions on fields, in the order written."""
    if isinstance(node, (And, Or)):
        for child in node.of:
            yield from leaves(child)
    elif isinstance(node, Not):
        yield from leaves(node.of)
    else:
        yield node


def fields(node: Node) -> set[str]:
    """Names of the fields that the tree looks at, as written in the rule."""
    found = set()
    for leaf in leaves(node):
        if leaf.field is not None:
            found.add(leaf.field)
        if isinstance(leaf, SameAs):
            found.add(leaf.other)
    return found
