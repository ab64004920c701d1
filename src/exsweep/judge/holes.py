"""Hours inside a day in which a log is silent, though it speaks at that time on other days and the server's other logs go on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from exsweep.knowledge.judging import judging
from exsweep.model import SourceReport

Hours = npt.NDArray[np.float64]
_DAY = 24
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Hole:
    """Hours in which a log is silent that usually speaks then, while others of the server go on."""

    first: datetime
    """Start of the first silent hour."""
    last: datetime
    """End of the last one."""
    usual: int
    """Events that these hours usually have."""
    others: tuple[str, ...]
    """Logs that went on meanwhile."""

    @property
    def hours(self) -> int:
        return round((self.last - self.first).total_seconds() / 3600)

    def days(self) -> Iterator[date]:
        for step in range((self.last - timedelta(seconds=1) - self.first).days + 2):
            day = self.first.date() + timedelta(days=step)
            if day <= (self.last - timedelta(seconds=1)).date():
                yield day


def holes(by_kind: Mapping[str, Sequence[SourceReport]]) -> dict[str, tuple[Hole, ...]]:
    """Kind of log -> its holes, in order of time. A quiet night, a weekend, a server that was off make none."""
    logs = {kind: _Log(kind, reports) for kind, reports in sorted(by_kind.items())}
    return {kind: found for kind, log in logs.items() if (found := tuple(_holes(log, logs)))}


class _Log:
    """Events per hour of one kind of log, over all its files; days that cannot be told by the hour are left out."""

    def __init__(self, kind: str, reports: Sequence[SourceReport]) -> None:
        self.kind = kind
        total: dict[date, int] = defaultdict(int)
        self.hours: dict[date, Hours] = {}
        for report in reports:
            for day, count in report.days.items():
                total[day] += count
            for day, packed in report.hours.items():
                if len(packed) == 4 * _DAY:
                    self.hours[day] = self.hours.get(day, np.zeros(_DAY)) + np.frombuffer(packed, "<u4")
        self.hours = {day: told for day, told in sorted(self.hours.items()) if told.sum() == total[day]}

    def usual(self, day: date) -> Hours | None:
        """Of an ordinary day of this sort (working day or weekend), by the hour; None where too few are known.

        The same day of other weeks is asked too: who closes on Wednesday afternoons has no hole there.
        """
        sort = day.weekday() >= _SATURDAY
        alike = [
            told
            for other, told in self.hours.items()
            if other != day and (other.weekday() >= _SATURDAY) == sort
        ]
        if len(alike) < judging().hole_days:
            return None
        middle: Hours = np.median(alike, axis=0)
        same = [
            told for other, told in self.hours.items() if other != day and other.weekday() == day.weekday()
        ]
        return np.minimum(middle, np.min(same, axis=0)) if same else middle

    def goes_on(self, hours: Sequence[tuple[date, int]]) -> bool:
        """Events in each of these hours, and not much fewer than usual."""
        if any(day not in self.hours or not self.hours[day][hour] for day, hour in hours):
            return False
        seen = usual = 0.0
        for day, hour in hours:
            common = self.usual(day)
            seen += self.hours[day][hour]
            usual += common[hour] if common is not None else 0
        return seen >= judging().hole_others_share * usual


def _holes(log: _Log, logs: Mapping[str, _Log]) -> Iterator[Hole]:
    for run in _silent(log):
        usual = _missed(log, run)
        if usual is None:
            continue
        others = tuple(kind for kind, other in logs.items() if kind != log.kind and other.goes_on(run))
        if others:
            (day, hour), (end, last) = run[0], run[-1]
            first = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
            stop = datetime(end.year, end.month, end.day, last, tzinfo=UTC) + timedelta(hours=1)
            yield Hole(first, stop, round(usual), others)


def _silent(log: _Log) -> Iterator[list[tuple[date, int]]]:
    """Whole hours without an event, some in a row, with events before and after."""
    series = [(day, hour, told[hour]) for day, told in log.hours.items() for hour in range(_DAY)]
    spoken = [at for at, (_, _, count) in enumerate(series) if count]
    for before, after in pairwise(spoken):
        run = [(day, hour) for day, hour, _ in series[before + 1 : after]]
        unbroken = all(later - earlier <= timedelta(days=1) for (earlier, _), (later, _) in pairwise(run))
        if len(run) >= judging().hole_hours and unbroken:
            yield run


def _missed(log: _Log, run: Sequence[tuple[date, int]]) -> float | None:
    """Events that these hours usually have; None where that is little, not known, or the whole day was a quiet one."""
    usual = 0.0
    for day in dict.fromkeys(day for day, _ in run):
        common = log.usual(day)
        if common is None:
            return None
        mine = [hour for one, hour in run if one == day]
        if any(common[hour] < judging().hole_events_an_hour for hour in mine):
            return None
        rest = [hour for hour in range(_DAY) if hour not in mine]
        if log.hours[day][rest].sum() < judging().hole_day_share * common[rest].sum():
            return None
        usual += common[mine].sum()
    return usual
