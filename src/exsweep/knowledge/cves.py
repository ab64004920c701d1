"""Flaws of Exchange, and whether a given build has them.

Rules of the collected facts: same CU and at or after the fixed build = fixed; a CU that came after the update
holds it; an older CU without an update of its own stays open. The March 2021 updates of old CUs fix four
flaws and nothing else.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.builds import Build, Number, Place, branch_of, builds, locate
from exsweep.knowledge.data_files import document, rows


class CveState(StrEnum):
    """What the build says about one flaw."""

    CERTAIN = "certain"
    """Open."""
    POSSIBLE = "possible"
    """Open or not: a setting is needed too, or the build is not known exactly."""
    FIXED = "fixed"
    NOT_AFFECTED = "not_affected"
    UNKNOWN = "unknown"
    """The build cannot say."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is needed besides the build."""

    settled_by: str
    """`setting` or `other`."""
    say: str
    source: tuple[str, ...]
    open_setting_from: str | None = None
    """From the fix of that CVE on, the setting alone decides."""


class Cve(msgspec.Struct, frozen=True, kw_only=True):
    """One flaw."""

    cve: str
    """`CVE-2021-26855`."""
    name: str
    """Campaign or nickname, empty where there is none."""
    kind: str
    description: str
    published: date | None
    fixed_in: str
    """Name of the update: `Mar21SU`."""
    fixed_builds: tuple[Number, ...]
    """First fixed build of each CU that got one."""
    fix_condition: str
    condition: Condition | None
    affected: tuple[str, ...]
    """`2016 CU18` ...: what the maker lists; older CUs are left out there because they get no updates."""
    cvss: float | None
    authentication: str
    exploited: bool
    """Exploitation is reported in the sources."""
    kev_added: date | None
    mitigation: str
    attack: tuple[str, ...]
    source: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Patched:
    """All flaws by their state at one build; each in order of number."""

    certain: tuple[Cve, ...]
    possible: tuple[Cve, ...]
    fixed: tuple[Cve, ...]
    unknown: tuple[Cve, ...]


@cache
def cves() -> tuple[Cve, ...]:
    """Every known flaw, in order of number."""
    return tuple(_cve(row, conditions().get(row["cve"])) for row in rows("cves.csv"))


@cache
def conditions() -> dict[str, Condition]:
    """Flaws that the build alone does not settle, by their id."""
    return document("cve_conditions.yml", dict[str, Condition])


def cve(cve_id: str) -> Cve:
    """The flaw of this id.

    Raises:
        KnowledgeError: not in the table.
    """
    try:
        return _by_id()[cve_id.upper()]
    except KeyError:
        raise KnowledgeError(
            f"{cve_id} is not a known flaw of Exchange.", tip="Add it to data/cves.csv."
        ) from None


def state(cve_id: str, build: str | None) -> CveState:
    """Is a server of this build (`15.1.2106.2`; three parts allowed) open to the flaw?

    >>> state("CVE-2021-26855", "15.1.2106.2"), state("CVE-2021-26855", "15.1.2106")
    (<CveState.CERTAIN: 'certain'>, <CveState.POSSIBLE: 'possible'>)

    Raises:
        KnowledgeError: the flaw is not known.
    """
    return _state(cve(cve_id), locate(build) if build else None)


def open_cves(build: str | None) -> tuple[str, ...]:
    """Ids of the flaws that are open for certain or possibly, also those that became known only later."""
    found = patched(build)
    return tuple(sorted(each.cve for each in (*found.certain, *found.possible)))


@cache
def patched(build: str | None) -> Patched:
    """All flaws by their state at this build; those that do not touch the product are left out."""
    place = locate(build) if build else None
    by: dict[CveState, list[Cve]] = {each: [] for each in CveState}
    for each in cves():
        by[_state(each, place)].append(each)
    return Patched(
        certain=tuple(by[CveState.CERTAIN]),
        possible=tuple(by[CveState.POSSIBLE]),
        fixed=tuple(by[CveState.FIXED]),
        unknown=tuple(by[CveState.UNKNOWN]),
    )


def open_to_any(cve_ids: Iterable[str], build: str | None) -> CveState:
    """The worst state among several flaws (a campaign's): certain, possible, unknown, fixed, not affected."""
    order = [CveState.CERTAIN, CveState.POSSIBLE, CveState.UNKNOWN, CveState.FIXED, CveState.NOT_AFFECTED]
    states = {state(each, build) for each in cve_ids}
    return next((each for each in order if each in states), CveState.UNKNOWN)


@cache
def _by_id() -> dict[str, Cve]:
    return {each.cve: each for each in cves()}


def _state(each: Cve, place: Place | None) -> CveState:
    if place is None or not each.fixed_builds:
        return CveState.UNKNOWN
    numbers = _meant(place)
    return _merge({_of_number(each, number, place) for number in numbers})


def _meant(place: Place) -> tuple[Number, ...]:
    """The four-part numbers that a build can stand for."""
    if len(place.number) == 4:
        return (place.number,)
    return tuple(known.number for known in place.candidates) or ((*place.number, 0),)


def _merge(states: set[CveState]) -> CveState:
    """One state for several builds that can be meant."""
    if len(states) == 1:
        return states.pop()
    open_or_not = {CveState.CERTAIN, CveState.POSSIBLE}
    return CveState.POSSIBLE if states & open_or_not else CveState.UNKNOWN


def _of_number(each: Cve, number: Number, place: Place) -> CveState:
    line = [fixed for fixed in each.fixed_builds if _line(fixed) == _line(number)]
    if not line:
        return _other_line(each, number)
    known = _nearest(number)
    branch = known.branch if known and known.number == number else branch_of(number)
    own = next((fixed for fixed in line if branch_of(fixed) == branch), None)
    if own is None:
        return _without_own_update(each, branch, line, number)
    if number >= own:
        trusted = known is None or known.cumulative or known.update == each.fixed_in
        return _with_update(each) if trusted else CveState.UNKNOWN
    if known and known.number == number and known.update and known.update == each.fixed_in:
        return CveState.POSSIBLE  # sources disagree on the number of this very update
    return _before_fix(each, number)


def _without_own_update(each: Cve, branch: Number, line: list[Number], number: Number) -> CveState:
    if branch > max(branch_of(fixed) for fixed in line):
        return _with_update(each)
    if any(known.branch == branch for known in builds()):
        return _before_fix(each, number)
    return CveState.POSSIBLE  # a CU that we do not know, between known ones


def _with_update(each: Cve) -> CveState:
    return CveState.POSSIBLE if each.condition else CveState.FIXED


def _before_fix(each: Cve, number: Number) -> CveState:
    other = each.condition.open_setting_from if each.condition else None
    if other:
        place = Place(number, False, None, None)
        settable = _of_number(cve(other), number, place)
        return CveState.POSSIBLE if settable is not CveState.CERTAIN else CveState.CERTAIN
    return CveState.CERTAIN


def _other_line(each: Cve, number: Number) -> CveState:
    """No build of this product was ever fixed: it has not the flaw, or nobody says (out of support)."""
    known = _nearest(number)
    if known is None or each.published is None:
        return CveState.UNKNOWN
    same_update = any(
        _line(fixed) == _line(number) for other in _of_update(each.fixed_in) for fixed in other.fixed_builds
    )
    supported = known.support_end is not None and each.published <= known.support_end
    born = min(b.released for b in builds() if b.product == known.product and b.released)
    if same_update or supported or each.published < born:
        return CveState.NOT_AFFECTED
    return CveState.UNKNOWN


def _line(number: Number) -> Number:
    """Products of one code line: all of 2010; 2013; 2016; 2019 with SE."""
    return number[:1] if number[0] < 15 else number[:2]


@lru_cache(maxsize=4096)
def _nearest(number: Number) -> Build | None:
    """The last known build of the same line that is not later, else the first of that line."""
    line = [known for known in builds() if _line(known.number) == _line(number)]
    before = [known for known in line if known.number <= number]
    return before[-1] if before else (line[0] if line else None)


@cache
def _of_update(update: str) -> tuple[Cve, ...]:
    return tuple(each for each in cves() if each.fixed_in == update)


def _cve(row: dict[str, str], condition: Condition | None) -> Cve:
    def parts(text: str, make: Callable[[str], str] = str.strip) -> tuple[str, ...]:
        return tuple(make(part) for part in text.split(";") if part.strip())

    return Cve(
        cve=row["cve"],
        name=row["name"],
        kind=row["kind"],
        description=row["description"],
        published=date.fromisoformat(row["published"]) if row["published"] else None,
        fixed_in=row["fixed_in"],
        fixed_builds=tuple(
            sorted(tuple(int(n) for n in b.split(".")) for b in re.findall(r"=([\d.]+)", row["fixed_builds"]))
        ),
        fix_condition=row["fix_condition"],
        condition=condition,
        affected=parts(row["affected"]),
        cvss=float(row["cvss"]) if row["cvss"] else None,
        authentication=row["authentication"],
        exploited=row["exploited"] == "yes",
        kev_added=date.fromisoformat(row["kev_added"]) if row["kev_added"] else None,
        mitigation=row["mitigation"],
        attack=parts(row["attack"]),
        source=parts(row["source"]),
    )
