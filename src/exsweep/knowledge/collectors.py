"""Programs that collect evidence, and what they leave out: a file that was never taken proves nothing."""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class Collector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One program with its blind spots in the default profile."""

    id: str
    name: str
    marks: tuple[str, ...]
    """Regexes on paths inside the evidence; one path that fits is enough."""
    leaves_out: tuple[str, ...]
    """Log formats."""
    takes_days: int | None = None
    """Only that many last days, unless it was told otherwise."""
    say: str
    """Fits into `{name} leaves out {say}.`"""
    tip: str
    source: tuple[str, ...]


@cache
def collectors() -> tuple[Collector, ...]:
    """All known ones."""
    return document("collectors.yml", tuple[Collector, ...])


def collectors_of(paths: Iterable[str]) -> tuple[Collector, ...]:
    """Those whose marks stand in the paths of the evidence (either slash), in the order of the table."""
    left = {each.id: each for each in collectors()}
    for path in paths:
        plain = path.replace("\\", "/")
        for name in [name for name in left if _marks(name).search(plain)]:
            del left[name]
        if not left:
            break
    return tuple(each for each in collectors() if each.id not in left)


@cache
def _marks(collector_id: str) -> re.Pattern[str]:
    marks = next(each.marks for each in collectors() if each.id == collector_id)
    return re.compile("|".join(f"(?:{mark})" for mark in marks), re.IGNORECASE)
