"""Days that have not come yet, or are long past: one wrong clock must not decide how far the evidence reaches."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from exsweep.judge.records import row_of
from exsweep.knowledge.words import render
from exsweep.model import Gap, SourceReport

_ZONES = timedelta(days=1)
"""No clock on earth is further ahead of another than this by its zone alone."""
_FIRST = date(2000, 1, 1)
"""A clock that lost its time, and a time that was destroyed, say 1601, 1970 or 1980. No server is judged that is so old."""


def in_time(reports: Sequence[SourceReport], now: datetime) -> tuple[list[SourceReport], list[Gap]]:
    """The reports without the days that had not come when the evidence was judged, or that were long past when its logs
    began to be written; and a gap for each file that has such.

    Whoever writes one line with a wrong clock, or on purpose, would else move the end of the evidence by years: the last
    acts of an intruder would no longer be recent, and the days before it would seem to be missing. The records themselves
    are judged, so the gap takes nothing from the verdict. Where most records lie ahead, it is rather the clock of this
    computer, or that of the whole server, which is wrong: then all stay as they are.
    """
    limit = now + _ZONES
    ahead = [report for report in reports if report.last is not None and report.last > limit]
    behind = [report for report in reports if report.first is not None and report.first.date() < _FIRST]
    cut = {id(report) for report in (*ahead, *behind)}
    wrong = sum(
        count
        for report in reports
        for day, count in (report.days.items() if id(report) in cut else ())
        if not _FIRST <= day <= limit.date()
    )
    if 2 * wrong > sum(count for report in reports for count in report.days.values()):
        return list(reports), []
    gaps = [_gap(report, "gap.ahead", report.last) for report in ahead]
    gaps += [_gap(report, "gap.behind", report.first) for report in behind]
    return [_cut(report, limit) if id(report) in cut else report for report in reports], gaps


def _gap(report: SourceReport, words: str, when: datetime | None) -> Gap:
    return Gap(
        kind=row_of(report),
        first=None,
        last=None,
        path=report.path,
        reason=render(f"{words}.reason", when=f"{when:%Y-%m-%d}"),
        effect=render(f"{words}.effect"),
    )


def _cut(report: SourceReport, limit: datetime) -> SourceReport:
    days = {day: count for day, count in report.days.items() if _FIRST <= day <= limit.date()}
    if not days or report.first is None or report.last is None:
        return msgspec.structs.replace(report, days=days, first=None, last=None)
    first = report.first if report.first.date() in days else _hour(report, min(days), 0)
    last = report.last if report.last.date() in days else _hour(report, max(days), -1)
    return msgspec.structs.replace(report, days=days, first=first, last=min(last, limit))


def _hour(report: SourceReport, day: date, which: int) -> datetime:
    """Begin of the first (0) or end of the last (-1) hour of that day with a record; of the day where no hours are known."""
    busy = np.flatnonzero(np.frombuffer(report.hours.get(day, b""), "<u4"))
    hour = int(busy[which]) if busy.size else (23 if which else 0)
    return datetime.combine(day, time(hour, 59, 59) if which else time(hour), UTC)
