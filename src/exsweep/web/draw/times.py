"""Moments with their zone: always UTC, and beside it the reader's own where he chose one."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from exsweep.export.times import day, utc, when

COMMON = (
    "UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Anchorage",
    "Pacific/Honolulu", "America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Kyiv", "Africa/Johannesburg",
    "Asia/Dubai", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@lru_cache(256)
def zone(name: str) -> ZoneInfo | None:
    """The zone of that name; None for UTC and for names that are none."""
    if name == "UTC" or len(name) > 60:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def both(moment: datetime | None, name: str = "UTC") -> str:
    """`3 Mar 2021, 04:12 UTC` or, with a zone, `3 Mar 2021, 04:12 UTC (2 Mar, 22:12 Chicago)`."""
    words = when(moment)
    chosen = zone(name)
    if moment is None or chosen is None:
        return words
    try:
        there = utc(moment).astimezone(chosen)
    except (OverflowError, ValueError):  # the first and the last day that there are
        return words
    place = name.rsplit("/", 1)[-1].replace("_", " ")
    date = "" if there.date() == utc(moment).date() else day(there.date()).rsplit(" ", 1)[0] + ", "
    return f"{words} ({date}{there:%H:%M} {place})"


def ago(moment: datetime | None, now: int) -> str:
    """`3 h ago`, `12 days ago`; empty without a moment."""
    if moment is None:
        return ""
    seconds = max(0, now - int(moment.timestamp()))
    for size, unit in (
        (timedelta(days=2), "day"),
        (timedelta(hours=1), "hour"),
        (timedelta(minutes=1), "minute"),
    ):
        length = timedelta(days=1) if unit == "day" else size
        if seconds >= size.total_seconds():
            count = int(seconds // length.total_seconds())
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return "just now"
