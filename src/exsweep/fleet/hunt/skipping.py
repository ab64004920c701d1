"""Which files a hunt need not open: those in whose index some text is missing without which no rule of the hunt can match.

The texts are those of the rules' needs (`knowledge.rules.need`), the same that triage's prefilter goes by. Where a rule needs no
text, or only texts too short for the index, every file may hold it.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from exsweep.fleet.grams import Grams, Hashes, cut, pieces
from exsweep.knowledge.rules import Rule
from exsweep.knowledge.rules.need import Clause, Literal, need


class Skipper:
    """The rules of one hunt, as pieces of texts to ask an index for."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._kinds: dict[str, _Asked | None] = {}
        self._rules = rules
        self._clauses = {rule.id: tuple(_clauses(rule)) for rule in rules}

    def asks(self, kind: str) -> bool:
        """Can an index say no to this hunt, for records of this kind?"""
        return self._of(kind) is not None

    def may_hold(self, kind: str, index: Grams | None) -> bool:
        """False only where no row of the file that the index is of can match any rule."""
        asked = self._of(kind)
        return asked is None or index is None or asked.may(index)

    def _of(self, kind: str) -> "_Asked | None":
        """None: some rule may match without any text."""
        if kind not in self._kinds:
            each = [self._clauses[rule.id] for rule in self._rules if kind in rule.formats]
            self._kinds[kind] = _Asked(each) if each and all(each) else None
        return self._kinds[kind]


_Asked_ = tuple[Hashes, ...]
"""Choices of one clause: all pieces of one of them must be there."""


class _Asked:
    """Rules -> clauses -> choices -> pieces, flat: ten thousand indicators are asked of an index at once."""

    def __init__(self, rules: Sequence[tuple[_Asked_, ...]]) -> None:
        clauses = [clause for rule in rules for clause in rule]
        choices = [choice for clause in clauses for choice in clause]
        self._pieces = np.concatenate(choices)
        self._of_choice = _starts(choices)
        self._of_clause = _starts(clauses)
        self._of_rule = _starts(rules)

    def may(self, index: Grams) -> bool:
        choices = np.logical_and.reduceat(index.have(self._pieces), self._of_choice)
        clauses = np.logical_or.reduceat(choices, self._of_clause)
        return bool(np.logical_and.reduceat(clauses, self._of_rule).any())


def _starts(groups: Sequence[Sequence[object] | Hashes]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.cumsum([0, *(len(each) for each in groups)])[:-1]


def _clauses(rule: Rule) -> Iterator[_Asked_]:
    for clause in need(rule.condition) if rule.condition is not None else ():
        choices = _choices(clause)
        if choices is not None:
            yield choices


def _choices(clause: Clause) -> _Asked_ | None:
    """None: one of the choices is too short to ask for."""
    found = tuple(_pieces(literal) for literal in sorted(clause, key=lambda one: one.text))
    return found if found and all(len(each) for each in found) else None


def _pieces(literal: Literal) -> Hashes:
    return np.concatenate([np.zeros(0, np.uint64), *(pieces(part) for part in cut(literal.text))])
