"""What could be looked at, per kind of log and day, held against the days on which the campaigns could have come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from exsweep.judge.disk import disk_gaps
from exsweep.judge.holes import Hole, holes
from exsweep.judge.patches import BuildHistory, open_on, touches
from exsweep.judge.records import record_gaps, row_of
from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.collectors import collectors_of
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import join, render
from exsweep.model import Coverage, CoverageDay, CoverageSource, DayState, Gap, SourceReport, SourceState

_LOST = frozenset(
    {
        SourceState.PARTIAL,
        SourceState.UNREADABLE,
        SourceState.ENCRYPTED,
        SourceState.LIMIT,
        SourceState.TIMEOUT,
        SourceState.CHANGED,
    }
)
_MOST_RUNS = 6
_MAX_CALENDAR_DAYS = 800
"""A calendar longer than this (a wrong clock, years of web logs) keeps its newest days; counts stay exact."""


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
        _cut(_source(kind, by_kind[kind], _title(kind, titles), kind in matters), silent.get(kind, ()))
        for kind in known
    )
    end = max((row.last for row in rows if row.last), default=None)
    start = min((row.first for row in rows if row.first), default=None)
    windows = _windows(rows, builds, end, now)
    gaps = (
        _file_gaps(sources, matters)
        + _day_gaps(rows)
        + _hour_gaps(rows, silent)
        + _folder_gaps(by_kind, rows)
        + _kind_gaps(windows, titles)
        + record_gaps(sources)
        + disk_gaps(sources)
        + _collector_gaps(sources, {kind.split("/")[0] for kind in known}, titles)
        + _nobodys_gaps(nobodys)
    )
    return Seen(Coverage(sources=rows, gaps=tuple(gaps)), windows, end, start)


def _title(kind: str, titles: Mapping[str, LogFormat]) -> str:
    family, _, channel = kind.partition("/")
    return f"{render('coverage.windows_events')}: {channel}" if channel else titles[family].title


def _source(kind: str, reports: Sequence[SourceReport], title: str, matters: bool) -> CoverageSource:
    events: dict[date, int] = defaultdict(int)
    damaged: set[date] = set()
    for report in reports:
        for day, count in report.days.items():
            events[day] += count
        if report.state in _LOST or report.rejected:
            damaged |= (
                {
                    day
                    for day in (report.first and report.first.date(), report.last and report.last.date())
                    if day
                }
                if report.state in _LOST
                else set()
            )
    first = min((report.first for report in reports if report.first), default=None)
    last = max((report.last for report in reports if report.last), default=None)
    days: list[CoverageDay] = []
    if first and last:
        span = (last.date() - first.date()).days + 1
        start = last.date() - timedelta(days=min(span, _MAX_CALENDAR_DAYS) - 1)
        for step in range(min(span, _MAX_CALENDAR_DAYS)):
            day = start + timedelta(days=step)
            count = events.get(day, 0)
            edge = (day == first.date() and first.time() > time(6)) or (
                day == last.date() and last.time() < time(18)
            )
            state = (
                DayState.ABSENT
                if not count
                else DayState.PARTIAL
                if day in damaged or edge
                else DayState.READ
            )
            days.append(CoverageDay(date=day, state=state, events=count))
    return CoverageSource(
        kind=kind,
        title=title,
        files=len(reports),
        first=first,
        last=last,
        events=sum(report.events for report in reports),
        rejected=sum(report.rejected for report in reports),
        matters=matters,
        days=tuple(days),
    )


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


def _file_gaps(sources: Sequence[SourceReport], matters: set[str]) -> list[Gap]:
    gaps = []
    for report in sources:
        weighty = report.kind in matters or report.kind == "unknown"
        if report.state in _LOST:
            gaps.append(
                Gap(
                    kind=report.kind,
                    first=report.first,
                    last=report.last,
                    path=report.path,
                    reason=f"{report.state.value}: {report.reason}" if report.reason else report.state.value,
                    effect="What this file held beyond what was read is not part of the verdict.",
                    limits_verdict=weighty,
                )
            )
        if report.rejected:
            reasons = ", ".join(
                f"{count} x {reason}" for reason, count in sorted(report.rejected_reasons.items())
            )
            gaps.append(
                Gap(
                    kind=report.kind,
                    first=report.first,
                    last=report.last,
                    path=report.path,
                    reason=f"{report.rejected} of {report.lines} lines could not be read as events ({reasons}).",
                    effect="These lines were counted, not judged.",
                    limits_verdict=weighty
                    and report.rejected
                    > max(judging().rejected_few, report.lines * judging().rejected_share),
                )
            )
    return gaps


def _day_gaps(rows: Sequence[CoverageSource]) -> list[Gap]:
    """Days without an event inside a log's own span; one gap per kind of log."""
    gaps = []
    for row in rows:
        runs = _runs([day.date for day in row.days if day.state is DayState.ABSENT])
        if not runs:
            continue
        busy = _busy(row)
        listed = ", ".join(_days(first, last) for first, last in runs[:_MOST_RUNS])
        more = f" and {len(runs) - _MOST_RUNS} more times" if len(runs) > _MOST_RUNS else ""
        gaps.append(
            Gap(
                kind=row.kind,
                first=datetime.combine(runs[0][0], time(), UTC),
                last=datetime.combine(runs[-1][1], time(23, 59, 59), UTC),
                reason=f"{row.title}: no records on {listed}{more}, though there are some before and after.",
                effect=(
                    "Files of these days were not given, were removed, or the log was off."
                    if busy
                    else "This log has few records a day, so these may have been quiet days."
                ),
                limits_verdict=row.matters and busy,
            )
        )
    return gaps


def _cut(row: CoverageSource, silent: Sequence[Hole]) -> CoverageSource:
    """Days with a hole are read in part."""
    holed = {day for hole in silent for day in hole.days()}
    days = tuple(
        msgspec.structs.replace(day, state=DayState.PARTIAL)
        if day.date in holed and day.state is DayState.READ
        else day
        for day in row.days
    )
    return msgspec.structs.replace(row, days=days) if holed else row


def _hour_gaps(rows: Sequence[CoverageSource], silent: Mapping[str, Sequence[Hole]]) -> list[Gap]:
    """Hours without an event inside a day, one gap per kind of log."""
    titles = {row.kind: row.title for row in rows}
    gaps = []
    for row in rows:
        found = silent.get(row.kind, ())
        if not found:
            continue
        listed = [f"{hole.first:%Y-%m-%d %H:%M} - {hole.last:%H:%M}" for hole in found[:_MOST_RUNS]]
        more = len(found) - _MOST_RUNS
        gaps.append(
            Gap(
                kind=row.kind,
                first=found[0].first,
                last=found[-1].last,
                reason=render(
                    "gap.hours.reason",
                    kind=row.title,
                    spans=join(listed) + (render("gap.hours.more", n=more) if more > 0 else ""),
                    usual=sum(hole.usual for hole in found),
                    others=join([titles[kind] for kind in found[0].others[:2]]),
                ),
                effect=render("gap.hours.effect"),
                limits_verdict=row.matters,
            )
        )
    return gaps


def _folder_gaps(by_kind: Mapping[str, Sequence[SourceReport]], rows: Sequence[CoverageSource]) -> list[Gap]:
    """Days that one folder lacks while another one of the same kind has them: the second web site, say."""
    gaps = []
    for row in rows:
        folders: dict[str, list[SourceReport]] = defaultdict(list)
        for report in by_kind[row.kind]:
            folders[report.path.rpartition("/")[0]].append(report)
        whole = {day.date for day in row.days if day.state is not DayState.ABSENT}
        for folder in sorted(folders) if len(folders) > 1 else ():
            one = _source(row.kind, folders[folder], row.title, row.matters)
            runs = _runs([day.date for day in one.days if day.state is DayState.ABSENT and day.date in whole])
            if not runs or not _busy(one):
                continue
            listed = ", ".join(_days(first, last) for first, last in runs[:_MOST_RUNS])
            gaps.append(
                Gap(
                    kind=row.kind,
                    first=datetime.combine(runs[0][0], time(), UTC),
                    last=datetime.combine(runs[-1][1], time(23, 59, 59), UTC),
                    path=folder,
                    reason=f"{row.title}: the folder {folder} has no records on {listed}; others of this kind do.",
                    effect="Files of these days were not given, were removed, or this log was off.",
                    limits_verdict=row.matters,
                )
            )
    return gaps


def _runs(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days that follow each other, as (first, last)."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def _busy(row: CoverageSource) -> bool:
    """A log that has many records on every day: a day without any is a hole, not a quiet day."""
    counts = sorted(day.events for day in row.days if day.events)
    return bool(counts) and counts[len(counts) // 2] >= judging().busy_events_per_day


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
                reason=f"{window.campaign.title}: the server {open_} to it on {_days(window.first, window.last)}, "
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
        reason=f"{window.campaign.title}: the server {open_} to it on {_days(window.first, window.last)}. "
        "No text log is known to show it.",
        effect="Only other records could show it, such as Windows event logs.",
    )


def _nobodys_gaps(count: int) -> list[Gap]:
    if not count:
        return []
    return [
        Gap(
            kind="file",
            reason=render("gap.nobodys.reason", n=count),
            effect=render("gap.nobodys.effect", n=count),
            limits_verdict=True,
        )
    ]


def _collector_gaps(
    sources: Sequence[SourceReport], present: set[str], titles: Mapping[str, LogFormat]
) -> list[Gap]:
    """What the collecting program never takes; said only for kinds of log that are in fact missing."""
    gaps = []
    for item in collectors_of(report.path for report in sources):
        absent = [kind for kind in item.leaves_out if kind not in present]
        if absent:
            named = [titles[kind].title for kind in absent if kind in titles]
            what = item.say if len(absent) == len(item.leaves_out) or not named else join(named)
            gaps.append(
                Gap(
                    kind="collector",
                    reason=render("gap.collector.reason", collector=item.name, what=what),
                    effect=render("gap.collector.effect"),
                )
            )
    return gaps


def _days(first: date, last: date) -> str:
    return f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
