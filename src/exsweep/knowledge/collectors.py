"""Programs that collect evidence, and what they leave out: a file that was never taken proves nothing."""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from exsweep.knowledge.collection import ARTIFACT, FOLDER, collection
from exsweep.knowledge.data_files import document
from exsweep.knowledge.evidence_paths import is_drive


class Collector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One program with its blind spots in the default profile."""

    id: str
    name: str
    marks: tuple[str, ...]
    """Regexes on paths inside the evidence; one path that fits is enough."""
    own_files: tuple[str, ...] = ()
    """Regexes on paths: what the program writes about its own work."""
    leaves_out: tuple[str, ...]
    """Log formats."""
    takes_days: int | None = None
    """Only that many last days, unless it was told otherwise."""
    say: str
    """Fits into `{name} leaves out {say}.`"""
    tip: str
    instead_of: tuple[str, ...] = ()
    """Ids of programs that carry this one's collections: their own blind spots do not count then."""
    source: tuple[str, ...]


@cache
def collectors() -> tuple[Collector, ...]:
    """All known ones, our own first."""
    return (_own(), *document("collectors.yml", tuple[Collector, ...]))


def _own() -> Collector:
    """Made from the plan of our collector, so that what coverage says of it is what it does."""
    plan = collection()
    return Collector(
        id="exsweep",
        name="exsweep collector",
        marks=(
            rf"(^|/){FOLDER}/(manifest\.csv|collection\.json)$",
            rf"(^|/)results/{re.escape(ARTIFACT)}",
        ),
        leaves_out=plan.left(),
        say=plan.say,
        tip=plan.tip,
        instead_of=("velociraptor", "kape"),
        source=plan.source,
    )


def collectors_of(paths: Iterable[str]) -> tuple[Collector, ...]:
    """Those whose marks stand in the paths of the evidence (either slash), in the order of the table."""
    left = {each.id: each for each in collectors()}
    for path in paths:
        plain = path.replace("\\", "/")
        for name in [name for name in left if _marks(name).search(plain)]:
            del left[name]
        if not left:
            break
    found = [each for each in collectors() if each.id not in left]
    carriers = {name for each in found for name in each.instead_of}
    return tuple(each for each in found if each.id not in carriers)


def writer_of(path: str) -> str | None:
    """Name of the program that wrote this file about its own work; None for everything on a copied drive."""
    folders = path.replace("\\", "/").split("/")[:-1]
    if any(map(is_drive, folders)):
        return None
    plain = path.replace("\\", "/")
    return next((each.name for each in collectors() if _own_files(each.id, plain)), None)


def _own_files(collector_id: str, path: str) -> bool:
    pattern = _own_pattern(collector_id)
    return pattern is not None and pattern.search(path) is not None


@cache
def _own_pattern(collector_id: str) -> re.Pattern[str] | None:
    own = next(each.own_files for each in collectors() if each.id == collector_id)
    return re.compile("|".join(f"(?:{each})" for each in own), re.IGNORECASE) if own else None


@cache
def _marks(collector_id: str) -> re.Pattern[str]:
    marks = next(each.marks for each in collectors() if each.id == collector_id)
    return re.compile("|".join(f"(?:{mark})" for mark in marks), re.IGNORECASE)
