"""What could be looked at, per kind of log and day, held against the days on which the campaigns could have come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from exsweep.judge.calendar import calendar_of, with_holes
from exsweep.judge.disk import disk_gaps
from exsweep.judge.gaps import (
    collector_gaps,
    day_gaps,
    days_of,
    file_gaps,
    folder_gaps,
    hour_gaps,
    nobodys_gaps,
)
from exsweep.judge.holes import holes
from exsweep.judge.patches import BuildHistory, open_on, touches
from exsweep.judge.records import record_gaps, row_of
from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.words import render
from exsweep.model import Coverage, CoverageSource, DayState, Gap, SourceReport, SourceState


@dataclass(frozen=True)
class Window:
    """Days on which one campaign could have come in, and how much of them the evidence covers."""

    campaign: Campaign
    first: date
    last: date
    open: bool | None
    """Whether the build of those days was open to it; None = build unknown."""
    covered: tuple[str, ...]
    """Kinds of log that cover all of these days."""
    uncovered: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """Coverage as the judge needs it."""

    coverage: Coverage
    windows: tuple[Window, ...]
    end: datetime | None
    """Last moment that any log speaks of."""
    start: datetime | None

    @property
    def blind(self) -> tuple[Window, ...]:
        """Windows that could hide a break-in: the server was or may have been open and no decisive log covers them."""
        return tuple(window for window in self.windows if window.campaign.decisive and not window.covered)


def measure(
    sources: Sequence[SourceReport],
    formats: Sequence[LogFormat],
    builds: BuildHistory,
    now: datetime,
    *,
    nobodys: int = 0,
) -> Seen:
    """Put the days of all files of one kind side by side; name every hole and what it does to the verdict.

    `nobodys`: files of which nobody can say whether they are this server's.
    """
    by_kind: dict[str, list[SourceReport]] = defaultdict(list)
    for report in sources:
        if report.state is not SourceState.DUPLICATE:
            by_kind[row_of(report)].append(report)
    titles = {item.id: item for item in formats}
    known = sorted(
        kind
        for kind in by_kind
        if kind.split("/")[0] in titles and any(report.events or report.lines for report in by_kind[kind])
    )
    matters = {kind for entry in campaigns() for shown in entry.shows.values() for kind in shown}
    silent = holes({kind: by_kind[kind] for kind in known})
    rows = tuple(
        with_holes(
            calendar_of(kind, by_kind[kind], _title(kind, titles), kind in matters), silent.get(kind, ())
        )
        for kind in known
    )
    end = max((row.last for row in rows if row.last), default=None)
    start = min((row.first for row in rows if row.first), default=None)
    windows = _windows(rows, builds, end, now)
    gaps = (
        file_gaps(sources, matters)
        + day_gaps(rows)
        + hour_gaps(rows, silent)
        + folder_gaps(by_kind, rows)
        + _kind_gaps(windows, titles)
        + record_gaps(sources)
        + disk_gaps(sources)
        + collector_gaps(sources, {kind.split("/")[0] for kind in known}, titles)
        + nobodys_gaps(nobodys)
    )
    return Seen(Coverage(sources=rows, gaps=tuple(gaps)), windows, end, start)


def _title(kind: str, titles: Mapping[str, LogFormat]) -> str:
    family, _, channel = kind.partition("/")
    return f"{render('coverage.windows_events')}: {channel}" if channel else titles[family].title


def _windows(
    rows: Sequence[CoverageSource], builds: BuildHistory, end: datetime | None, now: datetime
) -> tuple[Window, ...]:
    """One window per campaign that could have met this server before its evidence ends."""
    days = {row.kind: {day.date for day in row.days if day.state is not DayState.ABSENT} for row in rows}
    horizon = (end or now).date()
    windows = []
    for entry in campaigns():
        first, last = entry.danger_from, min(_closed(entry, builds) or horizon, horizon)
        if first > last:
            continue
        open_ = _open_from(entry, first, builds)
        if open_ is False:
            continue
        covered = tuple(kind for kind in entry.decisive if _covers(days.get(kind, frozenset()), first, last))
        windows.append(
            Window(
                entry,
                first,
                last,
                open_,
                covered,
                tuple(kind for kind in entry.decisive if kind not in covered),
            )
        )
    return tuple(windows)


def _covers(days: frozenset[date] | set[date], first: date, last: date) -> bool:
    return len(days) > (last - first).days and all(
        first + timedelta(days=step) in days for step in range((last - first).days + 1)
    )


def _open_from(entry: Campaign, first: date, builds: BuildHistory) -> bool | None:
    """Whether the server was open when the campaign began. A fixed build seen only later says nothing of earlier days."""
    if not builds.seen or not touches(entry.cves, builds.seen[0].build):
        return None if not builds.seen else False
    open_ = open_on(entry.cves, builds.at(datetime.combine(first, time(), UTC)))
    return None if open_ is False and builds.seen[0].first.date() > first else open_


def _closed(entry: Campaign, builds: BuildHistory) -> date | None:
    """Day on which a build with the fix was first seen."""
    return next((item.first.date() for item in builds.seen if open_on(entry.cves, item.build) is False), None)


def _kind_gaps(windows: Sequence[Window], titles: dict[str, LogFormat]) -> list[Gap]:
    gaps = []
    for window in windows:
        if window.covered:
            continue
        open_ = "was open" if window.open else "may have been open"
        if not window.campaign.decisive:
            gaps.append(_unseeable(window, open_))
            continue
        names = ", ".join(titles[kind].title if kind in titles else kind for kind in window.uncovered)
        gaps.append(
            Gap(
                kind=window.uncovered[0],
                first=datetime.combine(window.first, time(), UTC),
                last=datetime.combine(window.last, time(23, 59, 59), UTC),
                reason=f"{window.campaign.title}: the server {open_} to it on {days_of(window.first, window.last)}, "
                f"and no log covers all of these days ({names}).",
                effect="A break-in of these days may not be seen." + _rotation(window.uncovered, titles),
                limits_verdict=True,
            )
        )
    return gaps


def _rotation(kinds: Sequence[str], titles: dict[str, LogFormat]) -> str:
    """Why the days may be missing: servers delete some of their records."""
    kept = [titles[kind] for kind in kinds if kind in titles and titles[kind].retention_days]
    said = [render("gap.rotation.reason", kind=item.title, days=item.retention_days) for item in kept]
    return " ".join(["", *said, render("gap.rotation.effect")]) if said else ""


def _unseeable(window: Window, open_: str) -> Gap:
    """A way in that leaves no trace in any log that exsweep reads: named, but no log could cover it."""
    return Gap(
        kind="unknown",
        first=datetime.combine(window.first, time(), UTC),
        last=datetime.combine(window.last, time(23, 59, 59), UTC),
        reason=f"{window.campaign.title}: the server {open_} to it on {days_of(window.first, window.last)}. "
        "No text log is known to show it.",
        effect="Only other records could show it, such as Windows event logs.",
    )
