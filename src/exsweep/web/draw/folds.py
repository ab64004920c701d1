"""Long runs of lines in which nothing worked, folded, so that what worked is seen; nothing is left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

_LONGEST = 8
"""A run of more lines than these is folded."""
_SHOWN = 2
"""Lines of a run that stay open at each end."""


class Line(Protocol):
    """What is drawn; `exsweep.web.pages.timeline.Row` is one."""

    worked: bool
    starred: bool
    said: int


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines that follow each other; `folded` ones open with a click."""

    rows: tuple[Line, ...]
    folded: bool = False


def folds(rows: Sequence[Line], *, fold: bool = True) -> list[Fold]:
    """All lines in their order. With `fold`, long runs that nobody marked and in which nothing worked are folded."""
    if not fold:
        return [Fold(tuple(rows))] if rows else []
    found: list[Fold] = []
    for counts, run in groupby(rows, lambda row: row.worked or row.starred or bool(row.said)):
        lines = tuple(run)
        if counts or len(lines) <= _LONGEST:
            found.append(Fold(lines))
            continue
        found += [Fold(lines[:_SHOWN]), Fold(lines[_SHOWN:-_SHOWN], folded=True), Fold(lines[-_SHOWN:])]
    return found
