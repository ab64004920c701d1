"""Programs that collect evidence, and what they leave out: a file that was never taken proves nothing."""

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from exsweep.knowledge.collection import ARTIFACT, FOLDER, collection
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


@cache
def _marks(collector_id: str) -> re.Pattern[str]:
    marks = next(each.marks for each in collectors() if each.id == collector_id)
    return re.compile("|".join(f"(?:{mark})" for mark in marks), re.IGNORECASE)
