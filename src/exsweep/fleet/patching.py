"""How fast servers were updated: the share still open after each day (Kaplan-Meier), and the days in which it halves."""

import datetime as dt
import math
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from exsweep.errors import UsageError
from exsweep.fleet.clock import DAY
from exsweep.fleet.store import Fleet
from exsweep.knowledge.campaigns import campaign


class StillOpen(msgspec.Struct, frozen=True, kw_only=True):
    """State at the end of one day."""

    date: dt.date
    watched: int
    """Servers known to be open at the start of the day and seen again later."""
    updated: int
    share: float
    """Of the servers open at the start, still open."""


class Patching(msgspec.Struct, frozen=True, kw_only=True):
    """For one campaign. Half-lives in days; None where nobody updated."""

    campaign: str
    servers: int
    """Seen open on at least one of the days."""
    updated: int
    lost: int
    """Seen open and then no more: they leave the count without being counted as updated."""
    half_life: float | None
    """Over the whole span: ln 2 / rate of updates per server and day."""
    uncertain: float | None
    """One standard error of the half-life."""
    days: tuple[StillOpen, ...]


def patching(fleet: Fleet, name: str, first: date | None = None, last: date | None = None) -> Patching:
    """Updates of the servers that were open to the campaign on `first` (its update's day by default), up to `last`.

    An update is known between the last moment seen open and the first seen fixed; it counts at the middle. A server that
    is never seen fixed is watched up to the moment last seen open; one whose logs begin later is watched from there on (late
    entry), or those that were updated before anyone looked would count as slow.
    Source: Kaplan and Meier 1958, J. Am. Stat. Assoc. 53.

    Raises:
        KnowledgeError: no such campaign.
        UsageError: the last day lies before the first.
    """
    begin = first or campaign(name).patched
    stop = last or begin + timedelta(days=30)
    count = (stop - begin).days + 1
    if not 0 < count <= 4_000:
        raise UsageError(
            "The last day lies before the first, or too far behind it.", tip="Give --from and --to."
        )
    start = int(datetime.combine(begin, time(), UTC).timestamp())
    rows = fleet.database.run(
        "SELECT first_open, last_open, first_fixed FROM exposure WHERE campaign = ? AND last_open IS NOT NULL "
        "AND (first_fixed IS NULL OR first_fixed >= ?)",
        (name, start),
    )
    entries, updates, losses = (np.zeros(count, np.int64) for _ in range(3))
    exposed = 0.0
    for first_open, last_open, fixed in rows:
        enters = max(int(first_open), start)
        leaves = (
            max(int(last_open), start) if fixed is None else (max(int(last_open), start) + int(fixed)) / 2
        )
        low, high = (enters - start) / DAY, (leaves - start) / DAY
        if high <= low or low >= count:
            continue  # never watched: a log of one moment says nothing of speed
        entries[int(low)] += 1
        exposed += min(high, count) - low
        if high < count:
            (losses if fixed is None else updates)[int(high)] += 1
    done = int(updates.sum())
    half = math.log(2) * exposed / done if done else None
    days, share, watched = [], 1.0, 0
    for at in range(count):
        watched += int(entries[at])
        if watched:
            share *= 1 - int(updates[at]) / watched
        days.append(
            StillOpen(
                date=begin + timedelta(days=at),
                watched=watched,
                updated=int(updates[at]),
                share=round(share, 5),
            )
        )
        watched -= int(updates[at] + losses[at])
    return Patching(
        campaign=name,
        servers=int(entries.sum()),
        updated=done,
        lost=int(losses.sum()),
        half_life=round(half, 2) if half is not None else None,
        uncertain=round(half / math.sqrt(done), 2) if half is not None else None,
        days=tuple(days),
    )
