"""Events per hour or day and stage: the figures below the chart."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exsweep.export.rows import rows
from exsweep.export.times import utc
from exsweep.model import Assessment, Stage

_WIDTHS = (3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000, 31_536_000)
_MOST_BINS = 170
_PAD = timedelta(hours=12)
_QUIET_DAYS = 60
"""Without any event the chart shows this many last days of the records."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal steps of time from `start`; counts by stage and step."""

    start: datetime
    width_s: int
    number: int
    counts: dict[Stage, Counter[int]]

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.width_s * self.number)

    def at(self, step: int) -> datetime:
        """Start of one step."""
        return self.start + timedelta(seconds=self.width_s * step)

    @property
    def unit(self) -> str:
        """`hour`, `3 hours`, `day`, `7 days`."""
        hours = self.width_s // 3_600
        if hours < 24:
            return "hour" if hours == 1 else f"{hours} hours"
        return "day" if hours == 24 else f"{hours // 24} days"

    @property
    def rows(self) -> list[tuple[datetime, list[tuple[Stage, int]]]]:
        """The steps in which something was seen, for the table beside the chart."""
        steps = sorted({step for counter in self.counts.values() for step in counter})
        found = [(stage, self.counts[stage]) for stage in Stage if stage in self.counts]
        return [
            (self.at(step), [(stage, counts[step]) for stage, counts in found if counts[step]])
            for step in steps
        ]


def _events(assessment: Assessment) -> list[tuple[datetime, Stage]]:
    return [(row.time, row.stage) for row in rows(assessment) if row.time and row.stage]


def _range(assessment: Assessment, events: list[tuple[datetime, Stage]]) -> tuple[datetime, datetime] | None:
    verdict, patch = assessment.verdict, assessment.patch
    known = [m for m in (verdict.since, verdict.last_activity, verdict.evidence_end) if m is not None]
    if events:
        moments = [time for time, _ in events] + [utc(moment) for moment in known]
        moments += [utc(m) for m in (patch.open_from, patch.open_to) if m is not None]
        first, last = min(moments), max(moments)
        # Years of an open build must not squeeze the days of the break-in into one pixel.
        busy_first, busy_last = min(t for t, _ in events), max(t for t, _ in events)
        slack = max(timedelta(days=10), (busy_last - busy_first))
        return max(first, busy_first - slack), min(last, busy_last + slack)
    days = [d.date for source in assessment.coverage.sources for d in source.days]
    if not days:
        return None
    last = datetime(max(days).year, max(days).month, max(days).day, tzinfo=UTC)
    first = datetime(min(days).year, min(days).month, min(days).day, tzinfo=UTC)
    return max(first, last - timedelta(days=_QUIET_DAYS)), last


def bins(assessment: Assessment) -> Bins | None:
    """Steps over the time that matters; None where neither an event nor a day of records is known."""
    events = _events(assessment)
    edges = _range(assessment, events)
    if edges is None:
        return None
    low = datetime(1970, 1, 2, tzinfo=UTC)
    first = max(low, max(edges[0], low + _PAD) - _PAD)
    last = min(edges[1], datetime(9998, 12, 31, tzinfo=UTC)) + _PAD
    seconds = max(3_600, int((last - first).total_seconds()))
    width = next((w for w in _WIDTHS if seconds / w <= _MOST_BINS), _WIDTHS[-1])
    day = datetime(first.year, first.month, first.day, tzinfo=UTC)
    start = day + timedelta(hours=first.hour) if width < 86_400 else day
    number = int((last - start).total_seconds()) // width + 1
    counts: dict[Stage, Counter[int]] = {}
    for time, stage in events:
        step = int((time - start).total_seconds()) // width
        if 0 <= step < number:
            counts.setdefault(stage, Counter())[step] += 1
    return Bins(start, width, number, counts)
