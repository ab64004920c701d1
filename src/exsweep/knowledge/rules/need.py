"""What a row must hold for a rule to be able to match: a conjunction of choices between literals.

Derived from the rule, never written by hand. It may let too much through, never too little: where it is not sure what
a condition needs, it asks for nothing.
"""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from re import _constants as op  # type: ignore[attr-defined]  # the parser behind `re`: no public door to its tree
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, TypeVar

import msgspec

from exsweep.knowledge.rules import tree

T = TypeVar("T")

SHORTEST = 3
"""A literal below this length is in nearly every value."""
RANKS = 3
"""Clauses that are made of the sides of an `or`."""
MAX_CHOICES = 2_000
"""More literals than this in one choice: the rule is a list of everything, and asks for nothing."""


SPACES = "\t\n\f\r "
"""What RE2 takes for `\\s`."""
_FOREIGN = re.compile(r"\[\[:|(?<!\\)(?:\\\\)*\\(?:[QEpPzCX]|x\{)|\(\?[a-zA-Z]*U")
"""What RE2 reads otherwise than `re`, whose parser is used here; `\\\\P` is a backslash and a letter."""
MAX_RUNS = 64
"""Texts that a stretch of a pattern may be; more: the stretch is cut."""


class Literal(msgspec.Struct, frozen=True, array_like=True):
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
        if len(texts) == len(node.parts) == 1:  # the whole value: may be rare though it is short
            return (frozenset({Literal(node.field, texts[0])}),) if texts[0] else ()
        return tuple(frozenset({Literal(node.field, part)}) for part in texts if _rare(part))
    if isinstance(node, tree.Regex):
        return _of_regex(node)
    if isinstance(node, tree.Network):
        text = _of_network(node.cidr)
        return (frozenset({Literal(node.field, text)}),) if text else ()
    return ()


def _rare(part: str) -> bool:
    """Long enough to tell something, or not of the letters that everything is written in."""
    return len(part) >= SHORTEST or not part.isascii()


def _either(needs: list[Need]) -> Need:
    """(a and b) or (c and d) needs (best of a, b) or (best of c, d); each clause kept must be met by every side."""
    if not needs or not all(needs):
        return ()
    merged = tuple(one for one in _ranked(needs, weight) if len(one) <= MAX_CHOICES)
    common = tuple(clause for clause in needs[0] if all(clause in other for other in needs[1:]))
    return tuple(dict.fromkeys(merged + common))


def _ranked(
    sides: Sequence[Sequence[frozenset[T]]], rare: Callable[[frozenset[T]], int]
) -> list[frozenset[T]]:
    """One clause of each side together is met whichever side is: the rarest of all, the second of all ...

    `a.*powershell|b@c/powershell` so gives both `a or /powershell` and `powershell or b@c`.
    """
    ranked = [sorted(side, key=rare, reverse=True)[:RANKS] for side in sides]
    ranks = range(max(map(len, ranked)))
    return [frozenset().union(*(one[min(rank, len(one) - 1)] for one in ranked)) for rank in ranks]


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
    if _FOREIGN.search(node.pattern):
        return ()
    try:
        parsed = parser.parse(node.pattern)
    except (re.error, RecursionError, OverflowError):
        return ()
    if parsed.state.flags & re.VERBOSE:
        return ()
    folds = "(?" in node.pattern
    runs = _Runs()
    runs.walk(parsed)
    runs.close()
    return tuple(
        frozenset(Literal(node.field, text, folds) for text in choice)
        for choice in dict.fromkeys(runs.found)
        if len(choice) <= MAX_CHOICES
    )


class _Runs:
    """Walks a parsed pattern with the set of texts that the stretch since the last open end may be."""

    def __init__(self) -> None:
        self.found: list[frozenset[str]] = []
        self._now: tuple[str, ...] = ("",)

    def walk(self, items: Any) -> None:
        for code, value in items:
            texts = _texts(code, value)
            if texts is not None and len(texts) * len(self._now) <= MAX_RUNS:
                self._append(texts)
            elif code is op.SUBPATTERN:
                self.walk(value[3])
            elif code in (op.MAX_REPEAT, op.MIN_REPEAT) and value[0] >= 1:
                self._repeat(value[2])
            else:
                self.close()
                if code is op.BRANCH:
                    self._branch(value[1])

    def close(self) -> None:
        """The stretch ends in something that may be anything."""
        if min(map(len, self._now)) >= SHORTEST:
            self.found.append(frozenset(self._now))
        self._now = ("",)

    def _append(self, texts: tuple[str, ...]) -> None:
        self._now = tuple(dict.fromkeys(before + text for before in self._now for text in texts))

    def _repeat(self, body: Any) -> None:
        """Once or more often: the stretch before it goes on into the first, the one behind begins with the last."""
        texts = _language(body)
        if texts is None or len(texts) * len(self._now) > MAX_RUNS:
            self.close()
            inner = _Runs()
            inner.walk(body)
            inner.close()
            self.found += inner.found
        else:
            self._append(texts)
            self.close()
            self._now = texts

    def _branch(self, sides: Any) -> None:
        each = []
        for side in sides:
            inner = _Runs()
            inner.walk(side)
            inner.close()
            each.append(inner.found)
        if all(each):
            self.found += _ranked(each, _rarity)


def _language(items: Any) -> tuple[str, ...] | None:
    """All texts that a part of a pattern can match, if they are few; they may be longer in part, never other."""
    found: tuple[str, ...] = ("",)
    for code, value in items:
        texts = _texts(code, value)
        if texts is None or len(texts) * len(found) > MAX_RUNS:
            return None
        found = tuple(dict.fromkeys(before + text for before in found for text in texts))
    return found


def _texts(code: Any, value: Any) -> tuple[str, ...] | None:
    """`_language` of one item: ASCII, lower case; None: anything."""
    if code is op.LITERAL:
        letter = _letter(value)
        return (letter,) if letter else None
    if code is op.IN:
        letters = tuple(dict.fromkeys(letter for one in value for letter in _letters(*one)))
        return letters if letters and all(letters) else None
    if code is op.AT:
        return ("",)
    if code is op.SUBPATTERN:
        return _language(value[3])
    if code is op.BRANCH:
        sides = [_language(side) for side in value[1]]
        texts = tuple(dict.fromkeys(text for side in sides if side is not None for text in side))
        return texts if None not in sides and len(texts) <= MAX_RUNS else None
    if code in (op.MAX_REPEAT, op.MIN_REPEAT) and value[1] == 1:
        body = _language(value[2])
        return body if body is None or value[0] == 1 else tuple(dict.fromkeys(("", *body)))
    return None


def _letters(code: Any, value: Any) -> tuple[str, ...]:
    """Characters of one member of a class; an empty text among them: too many to name."""
    if code is op.LITERAL:
        return (_letter(value),)
    return tuple(SPACES) if code is op.CATEGORY and value is op.CATEGORY_SPACE else ("",)


def _letter(code: int) -> str:
    """An ASCII character, lower case; else nothing."""
    return chr(code).lower() if code < 128 else ""


def _rarity(choice: frozenset[str]) -> int:
    return min(map(len, choice))
