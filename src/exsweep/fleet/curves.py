"""Per day: broken into (by evidence time), known to us and cleaned (by our clock); never a zero where nobody could see.

A break-in whose moment is only known as a span is spread over the span's days as the exact ones lie in them, and counted
apart from them: the first step of Turnbull's estimate. Source: Turnbull 1976, J. R. Stat. Soc. B 38.
"""

import datetime as dt
from datetime import date, timedelta

import msgspec
import numpy as np
import numpy.typing as npt

from exsweep.errors import UsageError
from exsweep.fleet.clock import DAY, moment
from exsweep.fleet.dialect import Row
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.store import Fleet
from exsweep.knowledge.campaigns import campaigns

_EPOCH = date(1970, 1, 1)
_MOST_DAYS = 4_000
Counts = npt.NDArray[np.float64]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day, UTC."""

    date: dt.date
    broken_into: int
    """First break-ins whose way in was seen on this day."""
    spread: float
    """Share of break-ins that are known only as a span of days."""
    known: int
    """Break-ins that we learned of on this day."""
    cleaned: int
    seeing: int
    """Servers whose records cover the day."""
    blind: int
    """Servers looked into whose records do not."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A day to draw a line at."""

    date: dt.date
    text: str


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Days in order, with the dates of updates and of publication that fall among them."""

    days: tuple[Day, ...]
    marks: tuple[Mark, ...]
    before: int
    """Break-ins before the first day, and after the last: no day leaves anyone out in silence."""
    after: int
    open_ended: int
    """Break-ins whose span has no known beginning: drawn at its end."""


def curve(
    fleet: Fleet, first: date | None = None, last: date | None = None, *, tenants: Tenants = None
) -> Curve:
    """The curve over [first, last]; by default from the first break-in to the last thing we learned.

    Raises:
        UsageError: more days than a chart can hold.
    """
    ours, values = within(tenants)

    def run(columns: str, condition: str) -> list[Row]:
        return fleet.database.run(f"SELECT {columns} FROM server WHERE {condition} AND {ours}", values)

    spans = [
        (int(low) if low is not None else None, int(high))
        for low, high in run("broken_from, broken_to", "broken_to IS NOT NULL")
    ]
    known = [int(at) for (at,) in run("known_at", "known_at IS NOT NULL")]
    cleaned = [int(at) for (at,) in run("cleaned_at", "cleaned_at IS NOT NULL")]
    by_days = f"{ours} GROUP BY cover_from / 86400, cover_to / 86400"
    cover = fleet.database.run(
        "SELECT cover_from / 86400, cover_to / 86400, COUNT(*) FROM server WHERE cover_from IS NOT NULL "
        f"AND cover_to IS NOT NULL AND {by_days}",
        values,
    )
    looked = int(run("COUNT(*)", "inside_id IS NOT NULL")[0][0])
    ends = [high for _, high in spans]
    if first is None:
        first = _day(min(ends, default=0))
    if last is None:
        last = max(first, _day(max(ends, default=0)))
    count = (last - first).days + 1
    if not 0 < count <= _MOST_DAYS:
        raise UsageError(f"A curve has 1 to {_MOST_DAYS} days, not {count}.", tip="Give --from and --to.")
    start = (first - _EPOCH).days
    exact, spread = _broken(spans, start, count)
    seeing = _cover([(int(low), int(high), int(servers)) for low, high, servers in cover], start, count)
    known_days, cleaned_days = _tally(known, start, count), _tally(cleaned, start, count)
    return Curve(
        days=tuple(
            Day(
                date=first + timedelta(days=at),
                broken_into=int(exact[at]),
                spread=round(float(spread[at]), 3),
                known=int(known_days[at]),
                cleaned=int(cleaned_days[at]),
                seeing=int(seeing[at]),
                blind=looked - int(seeing[at]),
            )
            for at in range(count)
        ),
        marks=_marks(first, last),
        before=sum(high // DAY < start for high in ends),
        after=sum(high // DAY >= start + count for high in ends),
        open_ended=sum(low is None for low, _ in spans),
    )


def _broken(spans: list[tuple[int | None, int]], start: int, count: int) -> tuple[Counts, Counts]:
    """Exact ones per day, and the others, each spread over its span as the exact ones lie in it (evenly where none does).

    Counted over all days and cut afterwards: what falls outside of the days asked for stays outside.
    """
    days = [((high if low is None else low) // DAY, high // DAY) for low, high in spans]
    first = min([start, *(low for low, _ in days)])
    size = max([start + count, *(high + 1 for _, high in days)]) - first
    exact, even, alike = np.zeros(size), np.zeros(size + 1), np.zeros(size + 1)
    for low, high in days:
        if low == high:
            exact[high - first] += 1
    total = np.concatenate(([0.0], np.cumsum(exact)))
    for low, high in days:
        if low == high:
            continue
        begin, end = low - first, high - first + 1
        inside = total[end] - total[begin]
        edges, share = (alike, 1 / inside) if inside else (even, 1 / (end - begin))
        edges[begin] += share
        edges[end] -= share
    spread = (np.cumsum(alike)[:size] * exact + np.cumsum(even)[:size]).clip(0)
    here = slice(start - first, start - first + count)
    return exact[here], spread[here]


def _cover(spans: list[tuple[int, int, int]], start: int, count: int) -> Counts:
    """Servers whose records cover each day; `spans`: first day, last day, servers."""
    edges = np.zeros(count + 1)
    for low, high, servers in spans:
        edges[min(max(low - start, 0), count)] += servers
        edges[min(max(high + 1 - start, 0), count)] -= servers
    return np.cumsum(edges)[:count]


def _tally(times: list[int], start: int, count: int) -> Counts:
    places = [at // DAY - start for at in times]
    return np.bincount([at for at in places if 0 <= at < count], minlength=count).astype(np.float64)


def _marks(first: date, last: date) -> tuple[Mark, ...]:
    found = [
        Mark(date=day, text=f"{campaign.title}: {what}")
        for campaign in campaigns()
        for day, what in ((campaign.patched, "update"), (campaign.mass_from, "mass attacks begin"))
        if day is not None and first <= day <= last
    ]
    return tuple(sorted(found, key=lambda each: (each.date, each.text)))


def _day(at: int) -> date:
    time = moment(at)
    return time.date() if time else _EPOCH
