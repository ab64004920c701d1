"""Windows event logs in the coverage: by channel, and what is missing in them is named."""

import msgspec

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


def test_a_cleared_log_is_a_gap():
    told = judged([], [channel("System", "a.evtx", cleared_Security="2021-03-02T10:00:00Z")])
    (gap,) = [gap for gap in told.coverage.gaps if gap.path == "a.evtx"]
    assert gap.kind == "windows_event/Security"
    assert "was cleared (2021-03-02T10:00:00Z)" in gap.reason
