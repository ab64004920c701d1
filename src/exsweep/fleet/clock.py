"""Times in the store are whole seconds since 1970 UTC; here they come and go."""

from datetime import UTC, datetime

DAY = 86_400
HOUR = 3_600


def seconds(time: datetime | None) -> int | None:
    """Whole seconds since 1970; None stays None."""
    return None if time is None else int(time.timestamp())


def moment(at: int | None) -> datetime | None:
    """The inverse of `seconds`; None stays None."""
    return None if at is None else datetime.fromtimestamp(at, UTC)


def said(at: int | None) -> str:
    """`9 March 2021, 04:12 UTC`, for sentences; `a day not known` where there is none."""
    time = moment(at)
    if time is None:
        return "a day not known"
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M} UTC"


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]  # not strftime: the same words whatever the language of the computer
