"""A log that stops for hours on an ordinary day is not whole; a quiet night, a closed afternoon and a server that was off are no holes."""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec
import numpy as np

from exsweep.judge.holes import holes
from exsweep.model import DayState, SourceReport
from tests.judge.build import judged, log

MONDAY = date(2021, 3, 1)
Rate = Callable[[int, int], int]
"""Day of the fortnight and hour -> events."""


def _log(kind: str, rate: Rate, days: int = 14) -> SourceReport:
    hours = {}
    for number in range(days):
        counts = np.array([rate(number, hour) for hour in range(24)], "<u4")
        if counts.sum():
            hours[MONDAY + timedelta(days=number)] = counts
    report = log(kind, "03-01 00:00:00", f"03-{days:02} 23:59:59")
    return msgspec.structs.replace(
        report,
        hours={day: counts.tobytes() for day, counts in hours.items()},
        days={day: int(counts.sum()) for day, counts in hours.items()},
    )


def _school(number: int, hour: int) -> int:
    """Busy by day from Monday to Friday, nothing at night, little at the weekend."""
    if number % 7 >= 5:
        return 12 if 9 <= hour < 12 else 0
    return 200 if 6 <= hour < 17 else 0


def _cut(rate: Rate, day: int, first: int, last: int) -> Rate:
    return lambda number, hour: 0 if number == day and first <= hour < last else rate(number, hour)


def _found(**logs: SourceReport) -> dict[str, list[tuple[str, str]]]:
    told = holes({kind: [report] for kind, report in logs.items()})
    return {
        kind: [(f"{hole.first:%d %H}", f"{hole.last:%d %H}") for hole in found]
        for kind, found in told.items()
    }


def test_hours_cut_out_of_a_working_day_are_a_hole() -> None:
    web, proxy = _log("iis_w3c", _cut(_school, 8, 9, 13)), _log("httpproxy", _school)
    assert _found(iis_w3c=web, httpproxy=proxy) == {"iis_w3c": [("09 09", "09 13")]}


def test_nights_and_weekends_of_a_small_school_are_none() -> None:
    steady = _log("ews", lambda number, hour: 30)
    assert _found(iis_w3c=_log("iis_w3c", _school), ews=steady) == {}


def test_a_server_that_was_off_has_no_hole_in_one_log() -> None:
    web = _log("iis_w3c", _cut(_school, 8, 9, 13))
    assert _found(iis_w3c=web, httpproxy=_log("httpproxy", _cut(_school, 8, 9, 13))) == {}


def test_a_holiday_is_none() -> None:
    """The whole day is quiet: people stay away, while the server's own records go on."""
    people = _log("owa", lambda number, hour: 6 * (hour == 7) if number == 8 else _school(number, hour))
    assert _found(owa=people, ews=_log("ews", lambda number, hour: 30)) == {}


def test_who_closes_every_wednesday_afternoon_has_none() -> None:
    def closes(number: int, hour: int) -> int:
        return 0 if number % 7 == 2 and 11 <= hour < 16 else _school(number, hour)

    assert _found(owa=_log("owa", closes), ews=_log("ews", lambda number, hour: 30)) == {}


def test_a_log_of_two_days_says_nothing_of_its_hours() -> None:
    web = _log("iis_w3c", _cut(_school, 1, 9, 13), days=2)
    assert _found(iis_w3c=web, httpproxy=_log("httpproxy", _school, days=2)) == {}


def test_a_hole_over_midnight_is_one() -> None:
    def steady(number: int, hour: int) -> int:
        return 60

    def cut(number: int, hour: int) -> int:
        return 0 if (number, hour) in {(8, 22), (8, 23), (9, 0), (9, 1)} else 60

    assert _found(iis_w3c=_log("iis_w3c", cut), httpproxy=_log("httpproxy", steady)) == {
        "iis_w3c": [("09 22", "10 02")]
    }


def test_a_hole_is_told_and_its_day_is_read_in_part() -> None:
    found = judged([], [_log("iis_w3c", _cut(_school, 8, 9, 13)), _log("httpproxy", _school)])
    web = next(row for row in found.coverage.sources if row.kind == "iis_w3c")
    assert {day.date for day in web.days if day.state is DayState.PARTIAL} >= {date(2021, 3, 9)}
    (gap,) = [gap for gap in found.coverage.gaps if "silent for hours" in gap.reason]
    assert "2021-03-09 09:00 - 13:00" in gap.reason
    assert "about 800 records" in gap.reason
    assert gap.limits_verdict
