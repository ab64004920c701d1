"""Records stamped with a day that has not come yet: one wrong clock must not decide how far the evidence reaches."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from exsweep.judge.records import row_of
from exsweep.knowledge.words import render
from exsweep.model import Gap, SourceReport

_ZONES = timedelta(days=1)
"""No clock on earth is further ahead of another than this by its zone alone."""


def in_time(reports: Sequence[SourceReport], now: datetime) -> tuple[list[SourceReport], list[Gap]]:
    """The reports without the days that had not come when the evidence was judged, and a gap for each file that has such.

    Whoever writes one line with a wrong clock, or on purpose, would else move the end of the evidence by years: the last
    acts of an intruder would no longer be recent, and the days before it would seem to be missing. The records themselves
    are judged, so the gap takes nothing from the verdict. Where most records lie ahead, it is rather the clock of this
    computer, or that of the whole server, which is wrong: then all stay as they are.
    """
    limit = now + _ZONES
    ahead = [report for report in reports if report.last is not None and report.last > limit]
    late = sum(count for report in ahead for day, count in report.days.items() if day > limit.date())
    if 2 * late > sum(count for report in reports for count in report.days.values()):
        return list(reports), []
    wrong = set(map(id, ahead))
    return [_cut(report, limit) if id(report) in wrong else report for report in reports], list(
        map(_gap, ahead)
    )


def _gap(report: SourceReport) -> Gap:
    return Gap(
        kind=row_of(report),
        first=None,
        last=None,
        path=report.path,
        reason=render("gap.ahead.reason", last=f"{report.last:%Y-%m-%d}"),
        effect=render("gap.ahead.effect"),
    )


def _cut(report: SourceReport, limit: datetime) -> SourceReport:
    days = {day: count for day, count in report.days.items() if day <= limit.date()}
    first = report.first if report.first and report.first <= limit else None
    last = min(_end_of(max(days), report), limit) if days else None
    return msgspec.structs.replace(report, days=days, first=first if days else None, last=last)


def _end_of(day: date, report: SourceReport) -> datetime:
    """End of the last hour of that day with a record, or of the day where the hours are not known."""
    busy = np.flatnonzero(np.frombuffer(report.hours.get(day, b""), "<u4"))
    hour = int(busy[-1]) if busy.size else 23
    return datetime.combine(day, time(hour, 59, 59), UTC)
