"""What could be looked at, per kind of log and day, held against the days on which the campaigns could have come."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    installed_gap,
    nobodys_gaps,
)
from exsweep.judge.holes import holes
from exsweep.judge.parts import days_for, inner_only, part_gaps
from exsweep.judge.patches import BuildHistory, open_on, touches
from exsweep.judge.records import EVENTS, SEVERAL, channels_of, computer_gaps, record_gaps, row_of
from exsweep.judge.stamps import in_time
from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import render
from exsweep.model import Coverage, Gap, SourceReport, SourceState

_PAGE = "served_file"


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
    days: int = 0
    """Days with a record of any kind."""
    pages: int = 0
    """Pages that were looked at."""
    kinds: frozenset[str] = frozenset()
    """Kinds of which a record was read, Windows events by channel: `windows_event/Security`."""
    inner: frozenset[str] = frozenset()
    """Those of which only the site behind was read, which outsiders do not reach."""
    unheard: tuple[str, ...] = ()
    """Witnesses (`judging.witnesses`) of which the evidence holds no record: what shows only there was not looked at."""
    old: bool = False
    """The records end long before today: what they show at their end may be over."""

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
    server: str | None = None,
) -> Seen:
    """Put the days of all files of one kind side by side; name every hole and what it does to the verdict.

    `nobodys`: files of which nobody can say whether they are this server's. `server`: its name, as it calls itself.
    """
    sources, ahead = in_time(sources, now)
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
    days = {kind: _days(by_kind[kind]) for kind in known}
    heard = _heard(by_kind)
    installed = _installed(by_kind, builds)
    windows = _windows(by_kind, titles, builds, end, now, installed)
    gaps = (
        file_gaps(sources, matters)
        + day_gaps(rows)
        + hour_gaps(rows, silent)
        + folder_gaps(by_kind, rows)
        + part_gaps({kind: by_kind[kind] for kind in known}, titles)
        + _kind_gaps(windows, titles)
        + record_gaps(sources)
        + computer_gaps(sources, server)
        + ahead
        + disk_gaps(sources)
        + collector_gaps(sources, {kind.split("/")[0] for kind in known}, titles)
        + nobodys_gaps(nobodys)
        + (installed_gap(installed) if installed else [])
    )
    return Seen(
        Coverage(sources=rows, gaps=tuple(gaps)),
        windows,
        end,
        start,
        len(frozenset().union(*days.values())),
        len(by_kind.get(_PAGE, ())),
        heard,
        inner_only(by_kind),
        _unheard(heard),
        end is not None and now - end > timedelta(days=judging().old_after_days),
    )


def _heard(by_kind: Mapping[str, Sequence[SourceReport]]) -> frozenset[str]:
    """Kinds with a record; a page that was looked at is one, though it has no rows."""
    rows = {kind for kind, reports in by_kind.items() if kind == _PAGE or any(one.events for one in reports)}
    channels = {channel for reports in by_kind.values() for one in reports for channel in channels_of(one)}
    return frozenset(rows - {SEVERAL} | {f"{EVENTS}/{channel}" for channel in channels})


def _unheard(heard: Iterable[str]) -> tuple[str, ...]:
    """Witnesses without a record."""
    families = {kind.partition("/")[0] for kind in heard}
    return tuple(name for name, kinds in judging().witnesses.items() if families.isdisjoint(kinds))


def _title(kind: str, titles: Mapping[str, LogFormat]) -> str:
    family, _, channel = kind.partition("/")
    return f"{render('coverage.windows_events')}: {channel}" if channel else titles[family].title


def _days(reports: Sequence[SourceReport]) -> frozenset[date]:
    """Every day with an event, also those before the calendar begins."""
    return frozenset(day for report in reports for day, count in report.days.items() if count)


def _windows(
    by_kind: Mapping[str, Sequence[SourceReport]],
    titles: Mapping[str, LogFormat],
    builds: BuildHistory,
    end: datetime | None,
    now: datetime,
    installed: date | None,
) -> tuple[Window, ...]:
    """One window per campaign that could have met this server before its evidence ends."""
    horizon = (end or now).date()
    windows = []
    for entry in campaigns():
        first = max(entry.danger_from, installed or date.min)
        last = min(_closed(entry, builds) or horizon, horizon)
        if first > last:
            continue
        open_ = _open_from(entry, first, builds)
        if open_ is False:
            continue
        days = {
            kind: days_for(entry, kind, by_kind.get(kind, ()), titles.get(kind)) for kind in entry.decisive
        }
        covered = tuple(kind for kind in entry.decisive if _covers(days[kind], first, last))
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


def _installed(by_kind: Mapping[str, Sequence[SourceReport]], builds: BuildHistory) -> date | None:
    """Day on which setup brought Exchange onto this computer. No record of requests may be older: then it is another's log."""
    told = [
        date.fromisoformat(day)
        for reports in by_kind.values()
        for one in reports
        if (day := one.facts.get("exchange.installed"))
    ]
    if not told:
        return None
    decisive = {kind for entry in campaigns() for kind in entry.decisive}
    oldest = [day for kind in decisive for day in _days(by_kind.get(kind, ()))]
    oldest += [one.first.date() for one in builds.seen]
    return min(told) if min(oldest, default=date.max) >= min(told) else None


def _covers(days: frozenset[date], first: date, last: date) -> bool:
    return len(days) > (last - first).days and all(
        first + timedelta(days=step) in days for step in range((last - first).days + 1)
    )


def _open_from(entry: Campaign, first: date, builds: BuildHistory) -> bool | None:
    """Whether the server was open when the campaign began. A fixed build seen only later says nothing of earlier days."""
    if not builds.seen or not touches(entry.cves, builds.seen[0].build):
        return None if not builds.seen else False
    moment = datetime.combine(first, time(), UTC)
    open_ = open_on(entry.cves, builds.at(moment))
    if open_ and builds.by_setup(moment):
        return None  # a security update may have closed it
    return None if open_ is False and builds.seen[0].first.date() > first else open_


def _closed(entry: Campaign, builds: BuildHistory) -> date | None:
    """Day on which a build with the fix was first seen."""
    return next((item.first.date() for item in builds.seen if open_on(entry.cves, item.build) is False), None)


def _kind_gaps(windows: Sequence[Window], titles: dict[str, LogFormat]) -> list[Gap]:
    gaps = [
        Gap(
            kind=window.uncovered[0],
            first=datetime.combine(window.first, time(), UTC),
            last=datetime.combine(window.last, time(23, 59, 59), UTC),
            reason=f"{window.campaign.title}: the server {_how_open(window)} to it on "
            f"{days_of(window.first, window.last)}, and no log covers all of these days "
            f"({', '.join(titles[kind].title if kind in titles else kind for kind in window.uncovered)}).",
            effect="A break-in of these days may not be seen." + _rotation(window.uncovered, titles),
            limits_verdict=True,
        )
        for window in windows
        if window.campaign.decisive and not window.covered
    ]
    untraced = [window for window in windows if not window.campaign.decisive]
    return [*gaps, _untraced(untraced)] if untraced else gaps


def _how_open(window: Window) -> str:
    return "was open" if window.open else "may have been open"


def _rotation(kinds: Sequence[str], titles: dict[str, LogFormat]) -> str:
    """Why the days may be missing: servers delete some of their records."""
    kept = [titles[kind] for kind in kinds if kind in titles and titles[kind].retention_days]
    said = [render("gap.rotation.reason", kind=item.title, days=item.retention_days) for item in kept]
    return " ".join(["", *said, render("gap.rotation.effect")]) if said else ""


def _untraced(windows: Sequence[Window]) -> Gap:
    """Ways in that leave no trace in any log that exsweep reads: named together, but no log could cover them."""
    ways = "; ".join(
        f"{window.campaign.title}, {_how_open(window)} on {days_of(window.first, window.last)}"
        for window in windows
    )
    return Gap(
        kind="untraced",
        first=datetime.combine(min(window.first for window in windows), time(), UTC),
        last=datetime.combine(max(window.last for window in windows), time(23, 59, 59), UTC),
        reason=render("gap.untraced.reason", n=len(windows), ways=ways),
        effect=render("gap.untraced.effect", n=len(windows)),
    )
