"""Every known build of Exchange, and what an unknown or cut build can be."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache

import msgspec

from exsweep.knowledge.data_files import rows

Number = tuple[int, ...]
"""`15.1.2106.2` -> `(15, 1, 2106, 2)`; three parts where the last one is not known."""

_DOTTED = re.compile(
    r"(?<![\d.])0*(\d{1,3})\.0*(\d{1,3})(?:\.|\s*\(Build\s+)0*(\d{1,5})(?:\.0*(\d{1,5}))?(?![\d.])"
)


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One release. `update` is empty where the row is the CU itself."""

    product: str
    """`Exchange Server 2016`."""
    cu: str
    update: str
    kind: str
    build: str
    number: Number
    released: date | None
    """Day of release; the first of the month where only the month is known (`day_known` is false)."""
    day_known: bool
    kb: str | None
    support_end: date | None
    """Of the product."""
    note: str
    source: tuple[str, ...]

    @property
    def branch(self) -> Number:
        """Builds of one CU: `(15, 1, 2106)`; Exchange 2010 counts service packs: `(14, 3)`."""
        if self.number[0] < 15 and self.cu.startswith("SP"):
            return (self.number[0], int(self.cu.removeprefix("SP")))
        return branch_of(self.number)

    @property
    def name(self) -> str:
        """`Exchange Server 2016 CU18 + Mar21SU`."""
        main = " ".join(part for part in (self.product, self.cu) if part)
        return f"{main} + {self.update}" if self.update else main

    @property
    def cumulative(self) -> bool:
        """False for the March 2021 updates of old CUs: they fix four flaws and no older ones."""
        return "NOT cumulative" not in self.note


@dataclass(frozen=True, slots=True)
class Place:
    """Where a build stands among the known ones: `exact`, it is `low`; else after `low` and before `high`.

    A build in three parts has `low` = first and `high` = last known build that it can be, both included.
    """

    number: Number
    exact: bool
    low: Build | None
    high: Build | None

    @property
    def candidates(self) -> tuple[Build, ...]:
        """The known builds that can be meant; empty for a four-part build that is not known."""
        if self.exact and self.low:
            return (self.low,)
        return tuple(b for b in builds() if len(self.number) == 3 and b.number[:3] == self.number)


def number(text: str) -> Number | None:
    """Four or three numbers from `15.01.2106.002`, `15.1.2106`, `Version 15.1 (Build 2106.2)`; else None."""
    found = _DOTTED.search(text)
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def spell(parts: Number) -> str:
    """`(15, 1, 2106, 2)` -> `15.1.2106.2`."""
    return ".".join(str(part) for part in parts)


def branch_of(parts: Number) -> Number:
    """The CU (2013 and later) or service pack (2010) that a number belongs to."""
    return parts[:2] if parts[0] < 15 else parts[:3]


@cache
def builds() -> tuple[Build, ...]:
    """All known builds in rising order."""
    return tuple(sorted((_build(row) for row in rows("builds.csv")), key=lambda build: build.number))


def find(build: str) -> Build | None:
    """The known build of exactly this number (four parts), else None."""
    parts = number(build)
    return _by_number().get(parts) if parts else None


def locate(build: str) -> Place | None:
    """Place of any build among the known ones; None for no build of a known line (15.20 is the cloud)."""
    parts = number(build)
    if parts is None:
        return None
    line = [known for known in builds() if known.number[:2] == parts[:2] or known.number[0] == parts[0] == 14]
    if not line:
        return None
    same = [known for known in line if known.number[:3] == parts[:3]]
    if len(parts) == 3 and same:
        return Place(parts, False, same[0], same[-1])
    at = bisect_right([known.number for known in line], parts)
    low = line[at - 1] if at else None
    if low and low.number == parts:
        return Place(parts, True, low, low)
    return Place(parts, False, low, line[at] if at < len(line) else None)


def name_of(build: str) -> str:
    """Words for a build, as exact as is honest.

    >>> name_of("15.1.2106.13")
    'Exchange Server 2016 CU18 + Mar21SU'
    >>> name_of("15.1.2106")
    'Exchange Server 2016 CU18, update level not known'
    """
    place = locate(build)
    if place is None:
        return "a build that we do not know"
    if place.exact and place.low:
        return place.low.name
    branch = branch_of(place.number)
    inside = [known for known in (place.low, place.high) if known and known.branch == branch]
    if not inside:
        product = product_of(build)
        return f"{product}, a build that we do not know" if product else "a build that we do not know"
    main = " ".join(part for part in (inside[0].product, inside[0].cu) if part)
    if len(place.number) == 3:
        return f"{main}, update level not known"
    if place.low and place.low.branch == branch:
        return f"{main}, later than {place.low.update or 'the first release'}"
    return f"{main}, before the first known release"


def product_of(build: str) -> str | None:
    """`Exchange Server 2016`; of the nearest known build where this one is not known."""
    place = locate(build)
    nearest = place and (place.low or place.high)
    return nearest.product if nearest else None


def support_end(build: str) -> date | None:
    """Last day of free support of the product."""
    place = locate(build)
    nearest = place and (place.low or place.high)
    return nearest.support_end if nearest else None


def released(build: str) -> date | None:
    """Day on which this build came out, None where not known. No server can have run it before."""
    known = find(build)
    return known.released if known else None


def at_or_after(build: str, other: str) -> bool | None:
    """Is `build` the same as `other` or later in number? None where a missing fourth part leaves it open."""
    mine, its = number(build), number(other)
    if mine is None or its is None:
        return None
    if mine[:3] != its[:3]:
        return mine[:3] > its[:3]
    if len(mine) == 4 and len(its) == 4:
        return mine >= its
    return None


def newest(product: str) -> Build | None:
    """Newest known release of a product: what `install the latest update` means."""
    last = [build for build in builds() if build.product == product]
    return last[-1] if last else None


@cache
def _by_number() -> dict[Number, Build]:
    return {build.number: build for build in builds()}


def _build(row: dict[str, str]) -> Build:
    when = row["release_date"]
    return Build(
        product=row["product"],
        cu=row["cu"] or ("RTM" if row["update"] else ""),
        update=row["update"],
        kind=row["kind"],
        build=row["build"],
        number=tuple(int(part) for part in row["build"].split(".")),
        released=date.fromisoformat(when if len(when) == 10 else f"{when}-01") if when else None,
        day_known=row["date_precision"] == "day",
        kb=row["kb"] or None,
        support_end=date.fromisoformat(row["support_end"]) if row["support_end"] else None,
        note=row["note"],
        source=tuple(part.strip() for part in row["source"].split("; ")),
    )
