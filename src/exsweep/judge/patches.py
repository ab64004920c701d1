"""Which build ran when, from the logs' own words, and what was open on a given day."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache

from exsweep.knowledge import builds as known
from exsweep.knowledge.campaigns import campaigns
from exsweep.knowledge.cves import Cve, CveState, cves, open_cves, patched, state
from exsweep.knowledge.judging import judging
from exsweep.knowledge.mitigations import mitigations
from exsweep.knowledge.words import render
from exsweep.model import Patch, PatchCves, SeenBuild, SourceReport

_SETUP = "exchange_setup"
"""Kind of record that names cumulative updates and no security updates."""
_OPEN = frozenset({CveState.CERTAIN, CveState.POSSIBLE})


def _key(build: str) -> tuple[int, ...]:
    return tuple(int(part) for part in build.split("."))


@dataclass(frozen=True)
class BuildHistory:
    """Builds in the order in which they were first seen; spans do not overlap."""

    seen: tuple[SeenBuild, ...]

    def at(self, time: datetime | None) -> str | None:
        """Build running at `time`: the one seen last before it, or the first one seen when `time` lies before all.

        A server is never older later, so the first build seen bounds what ran before it from above.
        """
        if not self.seen:
            return None
        if time is None:
            return self.seen[-1].build
        place = bisect_right([item.first for item in self.seen], time)
        return self.seen[max(place - 1, 0)].build

    def surely_at(self, time: datetime | None) -> str | None:
        """As `at`, but None where it is only a bound: before the first build was seen an older one may have run.

        Without a time the newest build says nothing either: who came before the update is not gone with it.
        """
        if time is None or not self.seen:
            return None
        spare = timedelta(seconds=judging().clock_seconds)
        return self.at(time) if time >= self.seen[0].first - spare else None

    def by_setup(self, time: datetime | None) -> bool:
        """The build of that time is known from setup's log alone, which tells no security updates."""
        build = self.at(time)
        return any(item.build == build and item.source == _SETUP for item in self.seen)

    @property
    def last(self) -> str | None:
        return self.seen[-1].build if self.seen else None


def history(sources: Sequence[SourceReport], now: datetime) -> BuildHistory:
    """One build per span of time. Where two logs disagree, the higher build wins: headers lag behind an update.

    A build that somebody looked up and sent as text without a time is the one of `now`.
    """
    first: dict[str, SeenBuild] = {}
    for report in sources:
        stated = report.facts.get("stated_build")
        told = [SeenBuild(build=stated, first=now, last=now, source=report.kind)] if stated else []
        for item in [*report.builds, *told]:
            old = first.get(item.build)
            first[item.build] = (
                item
                if old is None
                else SeenBuild(
                    build=item.build,
                    first=min(item.first, old.first),
                    last=max(item.last, old.last),
                    source=old.source if old.first <= item.first else item.source,
                )
            )
    spans: list[SeenBuild] = []
    for item in sorted(first.values(), key=lambda seen: (seen.first, _key(seen.build))):
        if spans and _key(item.build) <= _key(spans[-1].build):
            continue  # an older build named again: a header that was not rewritten
        spans.append(item)
    return BuildHistory(tuple(spans))


@cache
def _known() -> frozenset[str]:
    """Flaws of Exchange; a user's rule may name others, of which the build says nothing."""
    return frozenset(item.cve for item in cves())


def open_on(cve_ids: Iterable[str], build: str | None) -> bool | None:
    """True: at least one flaw was open on that build; False: all fixed; None: cannot be said."""
    if build is None:
        return None
    return _open_on(tuple(cve_ids), build)


@lru_cache(maxsize=4_096)
def _open_on(cve_ids: tuple[str, ...], build: str) -> bool | None:
    known_ids = _known()
    states = [state(cve, build) for cve in cve_ids if cve in known_ids]
    if not states:
        return None
    if any(item in _OPEN for item in states):
        return True
    return None if CveState.UNKNOWN in states else False


def touches(cve_ids: Iterable[str], build: str) -> bool:
    """Whether the product of that build ever had one of the flaws, fixed or not."""
    known_ids = _known()
    return any(state(cve, build) is not CveState.NOT_AFFECTED for cve in cve_ids if cve in known_ids)


def patch(builds: BuildHistory, sources: Sequence[SourceReport] = ()) -> Patch:
    """State at the last build seen, the history in sentences, and the protections that stand in the configuration."""
    build = builds.last
    protected = _mitigations(sources)
    if build is None:
        return Patch(advice=render("patch.unknown"), mitigations=protected)
    if builds.by_setup(None):
        # Which security updates came on top, nothing tells: no flaw is surely open, none surely closed.
        lines, _ = _history(builds)
        return Patch(advice=render("patch.by_setup"), mitigations=protected, history=lines)
    found = known.find(build)
    groups = patched(build)
    certain = _ids(groups.certain)
    exploited = [item.cve for item in groups.certain if item.kev_added]
    advice = (
        render("patch.open", n=len(certain), used=len(exploited), update=_target(build))
        if certain
        else render("patch.up_to_date")
    )
    lines, opened = _history(builds)
    return Patch(
        build=build,
        build_name=known.name_of(build),
        cves=PatchCves(
            certain=certain,
            possible=_ids((*groups.possible, *groups.unknown)),
            fixed=_ids(groups.fixed),
        ),
        mitigations=protected,
        support_end=found.support_end if found else None,
        advice=advice,
        history=lines,
        open_from=opened[0] if opened else None,
        open_to=opened[1] if opened else None,
    )


def _mitigations(sources: Iterable[SourceReport]) -> tuple[str, ...]:
    """Name and limits of each; they mend nothing, and what came before them is still to be looked for."""
    seen = {name for report in sources for name in report.facts if name.startswith("mitigation.")}
    return tuple(f"{one.name}. {one.say}" for one in mitigations() if f"mitigation.{one.id}" in seen)


def _target(build: str) -> str:
    product = known.product_of(build)
    target = known.newest(product) if product else None
    return f"{target.product} {target.cu} {target.update}".strip() if target else "the newest update"


def _ids(flaws: Iterable[Cve]) -> tuple[str, ...]:
    return tuple(sorted(item.cve for item in flaws))


def _history(builds: BuildHistory) -> tuple[tuple[str, ...], tuple[datetime, datetime] | None]:
    lines: list[str] = []
    opened: list[datetime] = []
    for item in builds.seen:
        flaws = set(open_cves(item.build))
        names = [
            entry.title
            for entry in campaigns()
            if flaws & set(entry.cves) and entry.danger_from <= item.last.date()
        ]
        lines.append(
            f"{item.first:%Y-%m-%d %H:%M} to {item.last:%Y-%m-%d %H:%M} UTC: build {item.build}"
            f" ({known.name_of(item.build) or 'not in the table'})"
            + (f", open to {', '.join(names)}" if names else ", not open to any campaign known here")
            + f" [{item.source}]"
        )
        if names:
            opened += [item.first, item.last]
    return tuple(lines), (min(opened), max(opened)) if opened else None
