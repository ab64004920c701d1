"""The coverage calendar: one table per month, one row per kind of log, one cell per day."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from exsweep.export.report.room import Left, Room
from exsweep.export.times import utc
from exsweep.export.words import DAY_STATES
from exsweep.model import Assessment, CoverageSource, DayState

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of one kind of log; `state` is empty outside the days looked at."""

    state: str
    glyph: str
    words: str


@dataclass(frozen=True, slots=True)
class Month:
    title: str
    days: tuple[int, ...]
    rows: tuple[tuple[str, bool, tuple[Cell, ...]], ...]
    """Kind in words, whether it matters, cells."""


@dataclass(frozen=True, slots=True)
class Calendar:
    months: tuple[Month, ...]
    left: Left
    """Months."""


_OUTSIDE = Cell("", "", "")


def _cell(known: dict[date, tuple[DayState, int]], value: date, span: tuple[date, date]) -> Cell:
    if not span[0] <= value <= span[1]:
        return _OUTSIDE
    state, events = known.get(value, (DayState.ABSENT, 0))
    glyph, words = DAY_STATES[state]
    return Cell(state.value, glyph, f"{words}, {events:,} events" if events else words)


def _chosen(months: list[tuple[int, int]], assessment: Assessment, room: Room) -> list[tuple[int, int]]:
    """The months nearest to the first hostile act, or the last ones where nothing was seen."""
    if len(months) <= room.months:
        return months
    since = assessment.verdict.since
    centre = (utc(since).year, utc(since).month) if since else months[-1]
    near = sorted(months, key=lambda m: (abs((m[0] - centre[0]) * 12 + m[1] - centre[1]), m))
    return sorted(near[: room.months])


def calendar(assessment: Assessment, room: Room) -> Calendar:
    """Months in order; kinds that matter to the verdict first."""
    sources: list[CoverageSource] = sorted(
        (source for source in assessment.coverage.sources if source.days),
        key=lambda source: (not source.matters, source.title or source.kind, source.kind),
    )
    every = [d.date for source in sources for d in source.days]
    if not every:
        return Calendar((), Left(0, 0))
    span = (min(every), max(every))
    months = [
        (number // 12, number % 12 + 1)
        for number in range(span[0].year * 12 + span[0].month - 1, span[1].year * 12 + span[1].month)
    ]
    chosen = _chosen(months, assessment, room)
    known = [{d.date: (d.state, d.events) for d in source.days} for source in sources]
    built = tuple(
        Month(
            title=f"{_MONTHS[month - 1]} {year}",
            days=tuple(range(1, monthrange(year, month)[1] + 1)),
            rows=tuple(
                (
                    source.title or source.kind,
                    source.matters,
                    tuple(
                        _cell(states, date(year, month, n), span)
                        for n in range(1, monthrange(year, month)[1] + 1)
                    ),
                )
                for source, states in zip(sources, known, strict=True)
            ),
        )
        for year, month in chosen
    )
    return Calendar(built, Left(len(chosen), len(months)))
