"""What of the logs could not be looked at: files, lines, days, hours; and what a collecting program leaves out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from exsweep.judge.calendar import LOST, calendar_of
from exsweep.judge.holes import Hole
from exsweep.judge.records import EVENTS
from exsweep.knowledge.collectors import collectors_of
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.judging import judging
from exsweep.knowledge.words import join, render
from exsweep.model import CoverageSource, DayState, Gap, SourceReport

MOST_RUNS = 6


def file_gaps(sources: Sequence[SourceReport], matters: set[str]) -> list[Gap]:
    """Files that could not be read, or not wholly; of a kind that `matters` (or of none known) they limit the verdict."""
    gaps = []
    for report in sources:
        weighty = report.kind in matters or report.kind == "unknown"
        if report.state in LOST:
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
            what = "records" if report.kind == EVENTS else "lines"
            reasons = ", ".join(
                f"{count} x {reason}" for reason, count in sorted(report.rejected_reasons.items())
            )
            gaps.append(
                Gap(
                    kind=report.kind,
                    first=report.first,
                    last=report.last,
                    path=report.path,
                    reason=f"{report.rejected} of {report.lines} {what} could not be read as events ({reasons}).",
                    effect=f"These {what} were counted, not judged.",
                    limits_verdict=weighty
                    and report.rejected
                    > max(judging().rejected_few, report.lines * judging().rejected_share),
                )
            )
    return gaps


def day_gaps(rows: Sequence[CoverageSource]) -> list[Gap]:
    """Days without an event inside a log's own span; one gap per kind of log."""
    gaps = []
    for row in rows:
        runs = runs_of([day.date for day in row.days if day.state is DayState.ABSENT])
        if not runs:
            continue
        steady = busy(row)
        listed = ", ".join(days_of(first, last) for first, last in runs[:MOST_RUNS])
        more = f" and {len(runs) - MOST_RUNS} more times" if len(runs) > MOST_RUNS else ""
        gaps.append(
            Gap(
                kind=row.kind,
                first=datetime.combine(runs[0][0], time(), UTC),
                last=datetime.combine(runs[-1][1], time(23, 59, 59), UTC),
                reason=f"{row.title}: no records on {listed}{more}, though there are some before and after.",
                effect=(
                    "Files of these days were not given, were removed, or the log was off."
                    if steady
                    else "This log has few records a day, so these may have been quiet days."
                ),
                limits_verdict=row.matters and steady,
            )
        )
    return gaps


def hour_gaps(rows: Sequence[CoverageSource], silent: Mapping[str, Sequence[Hole]]) -> list[Gap]:
    """Hours without an event inside a day, one gap per kind of log."""
    titles = {row.kind: row.title for row in rows}
    gaps = []
    for row in rows:
        found = silent.get(row.kind, ())
        if not found:
            continue
        listed = [f"{hole.first:%Y-%m-%d %H:%M} - {hole.last:%H:%M}" for hole in found[:MOST_RUNS]]
        more = len(found) - MOST_RUNS
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


def folder_gaps(by_kind: Mapping[str, Sequence[SourceReport]], rows: Sequence[CoverageSource]) -> list[Gap]:
    """Days that one folder lacks while another one of the same kind has them: the second web site, say."""
    gaps = []
    for row in rows:
        folders: dict[str, list[SourceReport]] = defaultdict(list)
        for report in by_kind[row.kind]:
            folders[report.path.rpartition("/")[0]].append(report)
        whole = {day.date for day in row.days if day.state is not DayState.ABSENT}
        for folder in sorted(folders) if len(folders) > 1 else ():
            one = calendar_of(row.kind, folders[folder], row.title, row.matters)
            runs = runs_of(
                [day.date for day in one.days if day.state is DayState.ABSENT and day.date in whole]
            )
            if not runs or not busy(one):
                continue
            listed = ", ".join(days_of(first, last) for first, last in runs[:MOST_RUNS])
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


def runs_of(days: Sequence[date]) -> list[tuple[date, date]]:
    """Days that follow each other, as (first, last)."""
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def busy(row: CoverageSource) -> bool:
    """A log that has many records on every day: a day without any is a hole, not a quiet day."""
    counts = sorted(day.events for day in row.days if day.events)
    return bool(counts) and counts[len(counts) // 2] >= judging().busy_events_per_day


def nobodys_gaps(count: int) -> list[Gap]:
    """Files beside the collections of several servers, of which nobody can say whose they are."""
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


def installed_gap(day: date) -> list[Gap]:
    """Days before Exchange came onto this computer are no gap of its records, but perhaps of an older server's."""
    return [
        Gap(
            kind="exchange_setup",
            last=datetime.combine(day, time(), UTC),
            reason=render("gap.installed.reason", day=f"{day:%Y-%m-%d}"),
            effect=render("gap.installed.effect"),
        )
    ]


def collector_gaps(
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


def days_of(first: date, last: date) -> str:
    """`2021-03-01`, or `2021-03-01 to 2021-03-04`."""
    return f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
