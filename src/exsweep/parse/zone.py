"""The zone that the user says the server's clock shows, for records that write local time and do not say which (F14).

Nothing is guessed: without a word of the user's such times are taken for UTC, and a note says so. Source of the rules of
zones: the IANA time zone database, through `zoneinfo`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII | re.I)
_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}", re.ASCII)
_assumed: ContextVar[tuple[str, tzinfo] | None] = ContextVar("assumed zone", default=None)


def zone_of(name: str) -> tzinfo:
    """`Europe/Berlin`, or a fixed distance such as `+02:00`, `UTC-5`.

    Raises:
        ValueError: there is no such zone.
    """
    if match := _OFFSET.fullmatch(name):
        sign, hours, minutes = match.groups()
        away = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-away if sign == "-" else away)
    if not _NAME.fullmatch(name):
        raise ValueError(f"no zone has the name {name!r}")
    try:
        return ZoneInfo(name)
    except (OSError, LookupError) as error:
        raise ValueError(f"no zone has the name {name!r}") from error


@contextmanager
def assuming(name: str) -> Iterator[None]:
    """While it lasts, local times are of this zone; the empty name assumes none."""
    token = _assumed.set((name, zone_of(name)) if name else None)
    try:
        yield
    finally:
        _assumed.reset(token)


def assumed() -> str:
    """Name of the zone, or empty."""
    now = _assumed.get()
    return now[0] if now else ""


def to_utc(local: datetime) -> tuple[datetime, bool]:
    """A moment without a zone in UTC, and whether the clock showed it twice (the first is taken) or never.

    >>> with assuming("America/New_York"):
    ...     to_utc(datetime(2021, 11, 7, 1, 30)), to_utc(datetime(2021, 3, 3, 12))[0].hour
    ((datetime.datetime(2021, 11, 7, 5, 30, tzinfo=datetime.timezone.utc), True), 17)
    """
    now = _assumed.get()
    if now is None:
        return local.replace(tzinfo=UTC), False
    try:
        early = local.replace(tzinfo=now[1], fold=0)
        return early.astimezone(UTC), early.utcoffset() != early.replace(fold=1).utcoffset()
    except OverflowError:
        return local.replace(tzinfo=UTC), False


def stamp_to_utc(stamp: str) -> tuple[str, bool]:
    """The same for an ISO stamp as parsers write them; whatever stands behind the seconds stays."""
    try:
        moment, doubtful = to_utc(datetime.fromisoformat(stamp[:19]))
    except ValueError:
        return stamp, False
    return f"{moment:%Y-%m-%dT%H:%M:%S}{stamp[19:]}", doubtful
