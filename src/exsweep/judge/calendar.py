"""Days of one kind of log over all its files: read, read in part, absent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time, timedelta

import msgspec

from exsweep.judge.holes import Hole
from exsweep.model import CoverageDay, CoverageSource, DayState, SourceReport, SourceState

LOST = frozenset(
    {
        SourceState.PARTIAL,
        SourceState.UNREADABLE,
        SourceState.ENCRYPTED,
        SourceState.LIMIT,
        SourceState.TIMEOUT,
        SourceState.CHANGED,
    }
)
_MAX_CALENDAR_DAYS = 800
"""A calendar longer than this (a wrong clock, years of web logs) keeps its newest days; counts stay exact."""


def calendar_of(kind: str, reports: Sequence[SourceReport], title: str, matters: bool) -> CoverageSource:
    """One kind of log: its events by day (UTC), and the state of each day from the first to the last."""
    events: dict[date, int] = defaultdict(int)
    damaged: set[date] = set()
    for report in reports:
        for day, count in report.days.items():
            events[day] += count
        if report.state in LOST or report.rejected:
            damaged |= (
                {
                    day
                    for day in (report.first and report.first.date(), report.last and report.last.date())
                    if day
                }
                if report.state in LOST
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


def with_holes(row: CoverageSource, silent: Sequence[Hole]) -> CoverageSource:
    """Days with a hole are read in part."""
    holed = {day for hole in silent for day in hole.days()}
    days = tuple(
        msgspec.structs.replace(day, state=DayState.PARTIAL)
        if day.date in holed and day.state is DayState.READ
        else day
        for day in row.days
    )
    return msgspec.structs.replace(row, days=days) if holed else row
