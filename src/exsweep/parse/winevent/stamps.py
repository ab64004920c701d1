"""Times as exports write them, to ISO 8601 in UTC with a `Z`; what cannot be read is left as it is."""

import re
from datetime import UTC, datetime, timedelta

_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\d*\s*(?:(Z|UTC)|([+-])(\d\d):?(\d\d))?", re.ASCII
)
_JSON_DATE = re.compile(r"/Date\((-?\d{1,16})(?:[+-]\d{4})?\)/", re.ASCII)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?", re.ASCII)
_LOCAL = re.compile(
    r"(?:(?P<first>\d{1,2})(?P<mark>[./-])\s?(?P<second>\d{1,2})(?P=mark)\s?(?P<year>\d{4})"
    r"|(?P<year_first>\d{4})([./-])\s?(?P<month>\d{1,2})\6\s?(?P<day>\d{1,2})\.?),?\s+"
    r"(?:(?P<before>[\u4e0a\u4e0b\u5348\u524d\u5f8c\uc624\uc804\ud6c4]{2})\s*)?"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second_of>\d\d))?(?P<fraction>\.\d{1,9})?"
    r"\s*(?:(?P<half>[AaPp])\.?\s?[Mm]?\.?)?",
)
_NAMED = re.compile(
    r"(?:([A-Z][a-z]{2})[a-z]{0,6}\.? (\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})[ /-]([A-Z][a-z]{2})[a-z]{0,6})[,/ -] ?(\d{4})"
    r"(?:,| @|:)? ?(\d{1,2}):(\d\d):(\d\d)(\.\d{1,9})?(?: ([AaPp])[Mm])?(?: ?(Z|UTC|GMT)| ?([+-]\d\d:?\d\d))?",
    re.ASCII,
)
"""`Mar 3, 2021 @ 04:12:00.000` (Kibana), `Mar 03 2021 04:12:00` (CEF), `03/Mar/2021:04:12:00 +0000` (Apache)."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Day first or month first or year first, with blanks behind the points, with halves of the day before or behind the clock."""
_AFTERNOON = frozenset({"\u4e0b\u5348", "\u5348\u5f8c", "\uc624\ud6c4"})
"""The second half of the day in Chinese, Japanese and Korean."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILETIME_SECONDS = 11_644_473_600
"""From 1601, where Windows' own clock begins, to 1970."""
_UNITS = ((1e10, 1.0), (1e13, 1e3), (1e16, 1e6))
"""A number below the first is seconds since 1970, below the second milliseconds, below the third microseconds."""


def normal(value: str) -> tuple[str, bool]:
    """The stamp in UTC, and whether it said its zone.

    >>> normal("2021-03-14 01:40:12.5+02:00"), normal("3/14/2021, 1:40:12.987 PM"), normal("/Date(1500)/")
    (('2021-03-13T23:40:12.5Z', True), ('2021-03-14T13:40:12.987Z', False), ('1970-01-01T00:00:01.500000Z', True))
    >>> normal("Mar 3, 2021 @ 04:12:00.000"), normal("03/Mar/2021:04:12:00 +0100")
    (('2021-03-03T04:12:00.000Z', False), ('2021-03-03T03:12:00Z', True))
    """
    value = value.strip()
    if match := _ISO.fullmatch(value):
        day, clock, fraction, utc, sign, hours, minutes = match.groups()
        stamp = f"{day}T{clock}{fraction or ''}Z"
        if sign is None or (hours, minutes) == ("00", "00"):
            return stamp, utc is not None or sign is not None
        shift = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "+" else 1)
        return _moved(stamp, f"{day}T{clock}", fraction or "", shift), True
    if match := _JSON_DATE.fullmatch(value):
        return _since_1970(int(match[1]) / 1000, value), True
    if _NUMBER.fullmatch(value):
        return _of_number(float(value), value), True
    if match := _LOCAL.fullmatch(value):
        return _of_local(match, value), False
    if match := _NAMED.fullmatch(value):
        return _of_named(match, value)
    return value, False


def _of_named(match: "re.Match[str]", value: str) -> tuple[str, bool]:
    before, day, day_first, after, year, hour, minute, seconds, fraction, half, utc, away = match.groups()
    month, clock = before or after, int(hour)
    if half:
        clock = clock % 12 + (12 if half in "Pp" else 0)
    if month not in _MONTHS:
        return value, False
    shown = f"{year}-{_MONTHS.index(month) + 1:02}-{int(day or day_first):02}T{clock:02}:{minute}:{seconds}{fraction or ''}"
    if not away:
        return f"{shown}Z", bool(utc)
    return normal(shown + away)


def _moved(stamp: str, seconds: str, fraction: str, shift: timedelta) -> str:
    try:
        moved = datetime.fromisoformat(seconds).replace(tzinfo=UTC) + shift
    except (ValueError, OverflowError):
        return stamp
    return f"{moved:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _of_number(number: float, value: str) -> str:
    for below, parts in _UNITS:
        if number < below:
            return _since_1970(number / parts, value)
    if number < 1e18:
        return _since_1970(number / 1e7 - _FILETIME_SECONDS, value)
    return _since_1970(number / 1e9, value)


def _since_1970(seconds: float, value: str) -> str:
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return value
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _of_local(match: "re.Match[str]", value: str) -> str:
    """Month first where the clock has halves (as in the United States) or the day would be none, else day first."""
    half = match["half"] or ("p" if match["before"] in _AFTERNOON else "a" if match["before"] else None)
    clock = int(match["hour"])
    if half:
        clock = clock % 12 + (12 if half in "Pp" else 0)
    if match["year_first"]:
        days = [(match["year_first"], match["month"], match["day"])]
    else:
        us = half and match["mark"] == "/"
        order = (match["first"], match["second"]) if us else (match["second"], match["first"])
        days = [(match["year"], *order), (match["year"], *order[::-1])]
    for year, month, day in days:
        try:
            moment = datetime(
                int(year),
                int(month),
                int(day),
                clock,
                int(match["minute"]),
                int(match["second_of"] or 0),
                tzinfo=UTC,
            )
        except ValueError:
            continue
        return f"{moment:%Y-%m-%dT%H:%M:%S}{match['fraction'] or ''}Z"
    return value
