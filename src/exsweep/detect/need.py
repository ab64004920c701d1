"""What a row must hold for a rule to be able to match: a conjunction of choices between literals.

Derived from the rule, never written by hand. It may let too much through, never too little: where it is not sure what
a condition needs, it asks for nothing.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_network
from re import _constants as op  # type: ignore[attr-defined]  # the parser behind `re`: no public door to its tree
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from exsweep.knowledge.rules import tree

SHORTEST = 3
"""A literal below this length is in nearly every value."""
MAX_CHOICES = 2_000
"""More literals than this in one choice: the rule is a list of everything, and asks for nothing."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands in the value of `field`, ASCII letters in any case."""

    field: str | None
    text: str
    folds: bool = False
    """From a pattern that ignores case the Unicode way: two letters beyond ASCII may stand for `k` and `s`."""


Clause = frozenset[Literal]
"""One of them must be there."""
Need = tuple[Clause, ...]
"""All of them must be met; empty: any row may match."""


def weight(clause: Clause) -> int:
    """Length of the shortest literal: how rare a hit is."""
    return min(len(literal.text) for literal in clause)


def need(node: tree.Node) -> Need:
    """What a row must hold for `node` to be true."""
    if isinstance(node, tree.And):
        return tuple(dict.fromkeys(clause for child in node.of for clause in need(child)))
    if isinstance(node, tree.Or):
        return _either([need(child) for child in node.of])
    if isinstance(node, tree.Text):
        texts = [part for part in node.parts if isinstance(part, str)]
        return tuple(frozenset({Literal(node.field, part)}) for part in texts if len(part) >= SHORTEST)
    if isinstance(node, tree.Regex):
        return _of_regex(node)
    if isinstance(node, tree.Network):
        text = _of_network(node.cidr)
        return (frozenset({Literal(node.field, text)}),) if text else ()
    return ()


def _either(needs: list[Need]) -> Need:
    """(a and b) or (c and d) needs (best of a, b) or (best of c, d); each clause kept must be met by every side."""
    if not needs or not all(needs):
        return ()
    merged = frozenset().union(*(max(one, key=weight) for one in needs))
    common = tuple(clause for clause in needs[0] if all(clause in other for other in needs[1:]))
    return tuple(dict.fromkeys(((merged,) if len(merged) <= MAX_CHOICES else ()) + common))


def _of_network(cidr: str) -> str:
    """Text that every spelling of every address inside has."""
    network = ip_network(cidr, strict=False)
    if network.version == 4:
        kept = str(network.network_address).split(".")[: network.prefixlen // 8]
        text = ".".join(kept) + ("." if 0 < len(kept) < 4 else "")
    else:
        groups = network.network_address.exploded.split(":")[: min(network.prefixlen // 16, 6)]
        # the last two groups may be written as an IPv4 address
        text = max((group.lstrip("0") for group in groups), key=len, default="")
    return text if len(text) >= SHORTEST else ""


def _of_regex(node: tree.Regex) -> Need:
    if re.search(r"\[\[:|\\[QEpPzCX]|\\x\{|\(\?[a-zA-Z]*U", node.pattern):
        return ()  # RE2 reads these otherwise than `re`, whose parser is used here
    try:
        parsed = parser.parse(node.pattern)
    except (re.error, RecursionError, OverflowError):
        return ()
    if parsed.state.flags & re.VERBOSE:
        return ()
    folds = "(?" in node.pattern
    return tuple(
        frozenset(Literal(node.field, text, folds) for text in choice)
        for choice in dict.fromkeys(_choices(parsed))
        if len(choice) <= MAX_CHOICES
    )


def _choices(items: Any) -> list[frozenset[str]]:
    """Literals of a parsed pattern: each set has one that must occur."""
    found: list[frozenset[str]] = []
    run: list[str] = []

    def close() -> None:
        if len(run) >= SHORTEST:
            found.append(frozenset({"".join(run)}))
        run.clear()

    def walk(part: Any) -> None:
        for code, value in part:
            letter = _letter(code, value)
            if letter:
                run.append(letter)
            elif code is op.AT:
                continue
            elif code is op.SUBPATTERN:
                walk(value[3])
            elif code is op.BRANCH:
                close()
                sides = [_choices(side) for side in value[1]]
                if all(sides):
                    found.append(frozenset().union(*(max(side, key=_rarity) for side in sides)))
            elif code in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] >= 1:
                if value[0] == value[1] == 1:
                    walk(value[2])
                else:
                    close()
                    found.extend(_choices(value[2]))
            else:
                close()

    walk(items)
    close()
    return found


def _rarity(choice: frozenset[str]) -> int:
    return min(map(len, choice))


def _letter(code: Any, value: Any) -> str:
    """The one printable ASCII character, lower case, that this item stands for; else nothing."""
    if code is op.LITERAL:
        letters = {value}
    elif code is op.IN and all(kind is op.LITERAL for kind, _ in value):
        letters = {letter for _, letter in value}
    else:
        return ""
    texts = {chr(letter).lower() if letter < 128 else "" for letter in letters}
    text = texts.pop() if len(texts) == 1 else ""
    return text if text.isprintable() else ""
