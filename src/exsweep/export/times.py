"""Moments in words (people) and in figures (analysts). Everything is UTC and says so."""

from datetime import UTC, date, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a moment without zone already is (all logs of Exchange write UTC)."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def day(value: date) -> str:
    """`28 Feb 2021`."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def when(moment: datetime | None) -> str:
    """`28 Feb 2021, 04:10 UTC`; `time not known` without a moment."""
    if moment is None:
        return "time not known"
    moment = utc(moment)
    return f"{day(moment.date())}, {moment:%H:%M} UTC"


def stamp(moment: datetime | None) -> str:
    """`2021-02-28 04:10:22.117` with as many decimals as are known; empty without a moment."""
    if moment is None:
        return ""
    moment = utc(moment)
    text = moment.isoformat(sep=" ", timespec="microseconds" if moment.microsecond else "seconds")
    return text.removesuffix("+00:00").rstrip("0") if moment.microsecond else text.removesuffix("+00:00")


def iso(moment: datetime) -> str:
    """RFC 3339 with six decimals and offset, as Timesketch and `<time datetime>` read it."""
    return utc(moment).isoformat(timespec="microseconds")


def span(first: datetime | None, last: datetime | None) -> str:
    """`28 Feb 2021 to 3 Mar 2021`, one day once, open ends in words."""
    if first is None and last is None:
        return ""
    if first is None or last is None:
        return f"from {day(utc(first).date())}" if first else f"until {day(utc(last).date())}" if last else ""
    start, end = day(utc(first).date()), day(utc(last).date())
    return start if start == end else f"{start} to {end}"


def apart(first: datetime, last: datetime) -> str:
    """How long from one moment to the other, in the largest fitting unit: `9 hours`, `3 days`."""
    seconds = max(0, int((utc(last) - utc(first)).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * (2 if unit == "day" else 1):
            count = seconds // size
            return f"{count} {unit}" + ("s" if count != 1 else "")
    return "less than a minute"
