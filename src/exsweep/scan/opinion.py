"""What a build, or a range of builds, means: open for certain, perhaps, fixed; end of support. Never `fine` for lack of facts."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import msgspec

from exsweep.knowledge import builds
from exsweep.knowledge.cves import Cve, patched
from exsweep.knowledge.scanning import fingerprints
from exsweep.knowledge.words import render
from exsweep.scan.identify import EXCHANGE, Identity
from exsweep.scan.known import name_of, place_of


class Opinion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By build only: settings, mitigations and patches of other kinds cannot be seen from outside."""

    judged: bool = False
    """False: our tables say nothing about this build; then the lists are empty and mean nothing."""
    build_name: str = ""
    """`Exchange Server 2016 CU18, update level not known`."""
    low: str | None = None
    high: str | None = None
    """First and last known build that it can be."""
    certain: tuple[str, ...] = ()
    """CVEs that every build it can be is open to."""
    possible: tuple[str, ...] = ()
    """Open or not: update level not shown, or a setting decides."""
    fixed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    exploited: tuple[str, ...] = ()
    """Of `certain`: known to be used by intruders."""
    settings: tuple[str, ...] = ()
    """What else is needed besides the build, in sentences; from outside it cannot be seen."""
    support_end: date | None = None
    support_ended: bool = False
    released: date | None = None
    """Of the build (of the last one that it can be)."""
    newest: str | None = None
    """The newest build of the product that we know."""
    notes: tuple[str, ...] = ()


def opinion(identity: Identity, today: date) -> Opinion | None:
    """What is known of that build; None where no Exchange was seen."""
    if identity.kind not in EXCHANGE:
        return None
    if identity.build is None:
        return _by_product(identity, today)
    place = place_of(identity.build)
    rated = _rated_as(place) if place is not None else None
    judged = _by_build(rated, today) if rated is not None else None
    if place is None or judged is None:
        return _by_product(identity, today)
    low, high = (place.low, place.high) if len(place.number) == 4 else (None, None)
    return msgspec.structs.replace(
        judged,
        build_name=name_of(identity.build),
        low=low.build if low else judged.low,
        high=high.build if high else judged.high,
        notes=_notes(identity, place),
    )


def _rated_as(place: builds.Place) -> str | None:
    """The known build (or cumulative update) that stands for this one; None where none does.

    Fixes come with known builds, so a number between two of one update is as open as the lower one. A number newer
    than the table is rated as the newest. Servers can invent any other number: such a one is not rated.
    """
    if place.exact or len(place.number) == 3:
        return builds.spell(place.number) if place.candidates else None
    below = place.low
    if below is None:
        return None
    known = below.branch == builds.branch_of(place.number) or place.high is None
    return below.build if known else None


@lru_cache(4_096)
def _by_build(build: str, today: date) -> Opinion | None:
    """None where the tables hold not one flaw for this build: an empty list would look like good news."""
    place = place_of(build)
    known = patched(build)
    if place is None or not (known.certain or known.possible or known.fixed):
        return None
    newest = builds.newest(place.low.product) if place.low else None
    end = builds.support_end(build)
    return Opinion(
        judged=True,
        build_name=name_of(build),
        low=place.low.build if place.low else None,
        high=place.high.build if place.high else None,
        certain=_ids(known.certain),
        possible=_ids(known.possible),
        fixed=_ids(known.fixed),
        unknown=_ids(known.unknown),
        exploited=_ids(each for each in known.certain if each.exploited or each.kev_added),
        settings=tuple(dict.fromkeys(each.condition.say for each in known.possible if each.condition)),
        support_end=end,
        support_ended=end is not None and end < today,
        released=place.high.released if place.high else None,
        newest=newest.build if newest else None,
    )


def _notes(identity: Identity, place: builds.Place) -> tuple[str, ...]:
    found = [render("outside.note.by_build")]
    if len(place.number) == 4 and not place.exact:
        found.append(render("outside.note.newer" if place.high is None else "outside.note.between"))
    if place.exact and place.low is not None and place.low.note:
        found.append(place.low.note)
    if len(identity.pool) > 1:
        found.append(render("outside.note.pool", n=len(identity.pool)))
    return tuple(found)


def _by_product(identity: Identity, today: date) -> Opinion:
    old = next(
        (
            each
            for each in fingerprints().old_products
            if each.product == identity.product or (identity.build or "").startswith(each.line)
        ),
        None,
    )
    if old is None:
        return Opinion(
            build_name=name_of(identity.build) if identity.build else "",
            notes=(render("outside.note.unknown"),) if identity.build else (),
        )
    return Opinion(
        build_name=old.product,
        support_end=old.support_end,
        support_ended=old.support_end < today,
        notes=(render("outside.note.older"),),
    )


def _ids(flaws: Iterable[Cve]) -> tuple[str, ...]:
    return tuple(sorted(each.cve for each in flaws))
