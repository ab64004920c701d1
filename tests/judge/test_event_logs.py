"""Windows event logs in the coverage: by channel, and what is missing in them is named."""

from datetime import UTC, date, datetime

import msgspec

from exsweep.cli.summary import summary
from exsweep.model import Level
from tests.judge.build import judged, log


def channel(name: str, path: str, **facts: str):
    report = log("windows_event", "03-01 00:00:00", "03-03 10:00:00")
    named = {f"channel.{name}.records": "300"} | {
        key.replace("_", "."): value for key, value in facts.items()
    }
    return msgspec.structs.replace(report, path=path, facts=named)


def test_each_channel_has_a_row_of_its_own():
    told = judged(
        [], [channel("Security", "a.evtx"), channel("System", "b.evtx"), channel("Security", "c.evtx")]
    )
    rows = [(row.kind, row.title, row.files) for row in told.coverage.sources]
    assert rows == [
        ("windows_event/Security", "Windows events: Security", 2),
        ("windows_event/System", "Windows events: System", 1),
    ]


def test_numbers_that_are_missing_in_the_middle_are_a_gap():
    told = judged([], [channel("Security", "a.evtx", records_missing="12")])
    (gap,) = [gap for gap in told.coverage.gaps if gap.path == "a.evtx"]
    assert gap.reason.startswith("12 records are missing")


def test_event_logs_alone_do_not_show_that_nothing_happened():
    told = judged([], [channel("Security", "a.evtx")])
    assert told.verdict.level is Level.CANNOT_TELL


def test_an_event_log_without_records_is_a_gap_and_says_whether_it_held_some_once():
    told = judged(
        [],
        [
            log_without("a.evtx", "no_records"),
            log_without("b.evtx", "no_records", emptied="yes"),
            log_without("c.evtx", "empty"),
            log_without("d.evtx", "no_event_log"),
        ],
    )
    said = {gap.path: gap.reason for gap in told.coverage.gaps if gap.path}
    assert said == {
        "a.evtx": "This event log holds no record.",
        "b.evtx": "This event log holds no record, though it held some once.",
        "c.evtx": "This event log has no bytes: it was not copied.",
        "d.evtx": "This file is named like an event log but holds nothing of one.",
    }


def test_where_nothing_could_be_read_the_terminal_begins_with_the_file():
    said = summary(judged([], [log_without("Security.evtx", "empty")]), None).splitlines()
    at = next(number for number, line in enumerate(said) if line.startswith("What we could not see"))
    assert said[at + 1] == "  - Security.evtx: This event log has no bytes: it was not copied."


def test_an_event_log_of_another_computer_is_named_and_takes_nothing_from_the_verdict():
    def of(path: str, *servers: str):
        return msgspec.structs.replace(channel("Security", path), servers=servers)

    told = judged(
        [],
        [
            of("a.evtx", "MAIL01.example.test"),
            of("b.evtx", "mail01"),
            of("c.evtx", "PC77.example.test"),
            of("forwarded.evtx", "MAIL01.example.test", "PC78.example.test"),
        ],
    )
    (gap,) = [gap for gap in told.coverage.gaps if "written by" in gap.reason]
    assert gap.path == "c.evtx" and not gap.limits_verdict
    assert gap.reason == "1 event log was written by PC77.example.test, not by MAIL01."


def test_a_day_long_past_does_not_stretch_what_the_records_cover():
    odd = channel("Security", "a.evtx")
    odd = msgspec.structs.replace(
        odd, first=datetime(1980, 1, 1, tzinfo=UTC), days={date(1980, 1, 1): 1, **odd.days}
    )
    told = judged([], [odd])
    (row,) = told.coverage.sources
    assert row.first is not None and row.first.date() == min(odd.days.keys() - {date(1980, 1, 1)})
    (gap,) = [gap for gap in told.coverage.gaps if "long past" in gap.reason]
    assert "1980-01-01" in gap.reason and not gap.limits_verdict


def test_a_web_log_whose_name_tells_another_day_than_its_rows_is_a_gap():
    def named(path: str):
        return msgspec.structs.replace(log("iis_w3c", "03-09 00:00:00", "03-09 23:00:00"), path=path)

    told = judged(
        [], [named("W3SVC1/u_ex210301.log"), named("W3SVC1/u_ex210308.log"), named("W3SVC1/u_ex2103.log")]
    )
    assert [gap.path for gap in told.coverage.gaps if gap.reason.startswith("By its name")] == [
        "W3SVC1/u_ex210301.log"
    ]


def log_without(path: str, state: str, **more: str):
    facts = {"evtx.state": state} | {f"evtx.{name}": value for name, value in more.items()}
    return msgspec.structs.replace(
        log("windows_event", "03-01 00:00:00", "03-03 10:00:00"), path=path, facts=facts, events=0, lines=0
    )


def test_a_cleared_log_is_a_gap():
    told = judged([], [channel("System", "a.evtx", cleared_Security="2021-03-02T10:00:00Z")])
    (gap,) = [gap for gap in told.coverage.gaps if gap.path == "a.evtx"]
    assert gap.kind == "windows_event/Security"
    assert "was cleared (2021-03-02T10:00:00Z)" in gap.reason
