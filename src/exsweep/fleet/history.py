"""When a server was broken into, as a span; which days its records cover; and when it stopped being open to each campaign."""

from datetime import UTC, datetime, time
from functools import lru_cache

import msgspec

from exsweep.fleet.clock import seconds
from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.cves import CveState, open_to_any
from exsweep.model import Assessment, Level, Stage, Strength

_ENTRY = frozenset({Stage.EXPLOITATION, Stage.DROP})
_PROOF = frozenset({Stage.EXPLOITATION, Stage.DROP, Stage.WEBSHELL, Stage.WEBSHELL_USE})


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The first break-in lies between the two, seconds since 1970 UTC; `earliest` None: nothing bounds it."""

    earliest: int | None
    latest: int


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What the builds seen say of one campaign; seconds since 1970 UTC, None where not seen."""

    campaign: str
    first_open: int | None = None
    last_open: int | None = None
    first_fixed: int | None = None


def broken(assessment: Assessment) -> Broken | None:
    """The span of the first break-in; None for a server that was not broken into, or at no known time.

    The way in itself was seen: a point. Only what came after it was seen: from the first day on which the campaign was
    used against anyone (its chain's, else any), or from the last moment at which records show the days before, to then.
    """
    if assessment.verdict.level.rank < Level.BROKEN_INTO.rank:
        return None
    proven = [
        (each.first_seen, each)
        for each in assessment.findings
        if each.strength is Strength.SUCCESS and each.first_seen is not None and each.stage in _PROOF
    ]
    first = min(proven, key=lambda pair: pair[0], default=None)
    latest = seconds(first[0] if first else assessment.verdict.since)
    if latest is None:
        return None
    if first is not None and first[1].stage in _ENTRY:
        return Broken(earliest=latest, latest=latest)
    names = {each.campaign for _, each in proven if each.campaign}
    known = [each for each in campaigns() if each.id in names] or [
        each for each in campaigns() if each.first_exploited is not None
    ]
    started = [seconds(datetime.combine(each.danger_from, time(), UTC)) for each in known]
    earliest = min((at for at in started if at is not None and at <= latest), default=None)
    return Broken(earliest=earliest, latest=latest)


def cover(assessment: Assessment) -> tuple[int | None, int | None]:
    """First and last moment of the records that matter."""
    rows = [row for row in assessment.coverage.sources if row.matters and row.first and row.last]
    return (
        min((at for row in rows if (at := seconds(row.first)) is not None), default=None),
        max((at for row in rows if (at := seconds(row.last)) is not None), default=None),
    )


def exposures(assessment: Assessment) -> tuple[Exposure, ...]:
    """For each campaign that touches the product: when the server was last seen open, and first seen fixed."""
    found = []
    for campaign in campaigns():
        opened: list[int] = []
        fixed: list[int] = []
        for seen in assessment.server.builds:
            state = _state(campaign, seen.build)
            span = [at for at in (seconds(seen.first), seconds(seen.last)) if at is not None]
            if state is CveState.CERTAIN:
                opened += span
            elif state is CveState.FIXED:
                fixed += span
        if opened or fixed:
            found.append(
                Exposure(
                    campaign=campaign.id,
                    first_open=min(opened, default=None),
                    last_open=max(opened, default=None),
                    first_fixed=min(fixed, default=None),
                )
            )
    return tuple(found)


def _state(campaign: Campaign, build: str) -> CveState:
    return _cached(campaign.cves, build)


@lru_cache(4_096)
def _cached(cves: tuple[str, ...], build: str) -> CveState:
    return open_to_any(cves, build)
