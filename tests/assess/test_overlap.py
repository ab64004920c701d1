"""F15: a log that was copied at two moments counts once; each copy is listed; a copy that differs stays evidence."""

import os
from pathlib import Path

import pytest

from exsweep.assess import Settings, overlap, rejudge, triage
from exsweep.model import Assessment
from tests.assess.example import NOW, same_but_run
from tests.cases.events import saved
from tests.evidence.build import zip_of

HEAD = b"#Software: Microsoft Internet Information Services 10.0\n#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status\n"
ROWS = b"".join(
    b"2021-03-03 04:%02d:00 POST /aspnet_client/x.aspx a=b 192.0.2.6 200\n" % minute for minute in range(30)
)
NAME = "C/inetpub/logs/LogFiles/W3SVC1/u_ex210303.log"


def judged(path: Path, *copies: bytes, quick: bool = True) -> Assessment:
    path.write_bytes(zip_of([(f"day{number}/{NAME}", data) for number, data in enumerate(copies)]))
    return triage(Settings(evidence=(path,), now=NOW, quick=quick))


def counts(one: Assessment) -> list[tuple[str, int]]:
    return sorted((each.rule.id, each.count) for each in one.findings)


@pytest.mark.parametrize("cut", [len(HEAD) + 200, len(HEAD) + 205])
def test_f15_the_beginning_of_a_log_beside_the_whole_counts_once(tmp_path: Path, cut: int) -> None:
    whole = HEAD + ROWS
    alone = judged(tmp_path / "one.zip", whole)
    both = judged(tmp_path / "two.zip", whole[:cut], whole)
    assert counts(both) == counts(alone) != []
    states = {item.path: (item.state, item.duplicate_of) for item in both.custody}
    assert states[f"day0/{NAME}"] == ("duplicate", f"day1/{NAME}")
    (web,) = both.coverage.sources
    assert web.events == 30


def test_f15_of_three_copies_the_longest_counts(tmp_path: Path) -> None:
    whole = HEAD + ROWS
    three = judged(tmp_path / "three.zip", whole[:-900], whole, whole[:-300])
    assert counts(three) == counts(judged(tmp_path / "one.zip", whole))
    assert [item.duplicate_of for item in three.custody] == [f"day1/{NAME}", None, f"day1/{NAME}"]


def test_f15_a_copy_in_which_one_line_was_changed_stays_evidence(tmp_path: Path) -> None:
    whole = HEAD + ROWS
    changed = whole[:-300].replace(
        b"04:05:00 POST /aspnet_client/x.aspx", b"04:05:00 POST /aspnet_client/y.aspx"
    )
    both = judged(tmp_path / "two.zip", changed, whole)
    assert [item.duplicate_of for item in both.custody] == [None, None]
    (web,) = both.coverage.sources
    assert web.events == 31, "the 30 of the whole and the changed one"
    uses = {each.excerpt: each.count for each in both.findings if each.rule.id == "WS-IIS-ASPNETCLIENT-USE"}
    assert sum(uses.values()) == 31
    (gap,) = [one for one in both.coverage.gaps if "disagrees" in one.reason]
    assert gap.path == f"day0/{NAME}" and f"disagrees with day1/{NAME}" in gap.reason
    assert "1 only here (the first is line 8), 1 only there (line 8)" in gap.reason


def rotated() -> tuple[bytes, bytes]:
    """The log before and after its beginning was cut away."""
    lines = ROWS.splitlines(keepends=True)
    return HEAD + b"".join(lines[:20]), HEAD + b"".join(lines[10:])


@pytest.mark.parametrize("quick", [True, False])
def test_f15_copies_of_which_none_begins_the_other_count_each_line_once(tmp_path: Path, quick: bool) -> None:
    alone = judged(tmp_path / "one.zip", HEAD + ROWS, quick=quick)
    both = judged(tmp_path / "two.zip", *rotated(), quick=quick)
    assert counts(both) == counts(alone) != []
    (web,) = both.coverage.sources
    assert web.events == 30
    assert not [gap for gap in both.coverage.gaps if "disagrees" in gap.reason]
    assert any("10 of its lines stand in" in note for item in both.custody for note in item.notes or ())


def test_f15_three_rotated_copies_count_each_line_once(tmp_path: Path) -> None:
    lines = ROWS.splitlines(keepends=True)
    three = [HEAD + b"".join(lines[begin : begin + 16]) for begin in (0, 7, 14)]
    assert counts(judged(tmp_path / "three.zip", *three)) == counts(judged(tmp_path / "one.zip", HEAD + ROWS))


def test_f15_judged_again_from_saved_events_the_lines_count_once_too(tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    path.write_bytes(zip_of([(f"day{number}/{NAME}", data) for number, data in enumerate(rotated())]))
    first = triage(Settings(evidence=(path,), now=NOW, out=tmp_path / "out"))
    again = rejudge(Settings(evidence=(tmp_path / "out",), now=NOW))
    assert same_but_run(first) == same_but_run(again)
    assert first.coverage.sources[0].events == 30


def test_f15_equal_lines_of_one_copy_count_as_often_as_they_stand_there(tmp_path: Path) -> None:
    lines = ROWS.splitlines(keepends=True)
    twice = HEAD + lines[0] * 3 + b"".join(lines[1:20])
    once = HEAD + lines[0] + b"".join(lines[1:15]) + lines[25]
    both = judged(tmp_path / "two.zip", twice, once)
    assert both.coverage.sources[0].events == 23


def test_f15_logs_of_one_name_without_a_common_line_are_two_logs(tmp_path: Path) -> None:
    other = HEAD + ROWS.replace(b"192.0.2.6", b"192.0.2.7")
    both = judged(tmp_path / "two.zip", HEAD + ROWS, other)
    assert both.coverage.sources[0].events == 60
    assert not any("count once" in note for item in both.custody for note in item.notes or ())


def test_f15_where_the_copies_could_not_be_compared_it_is_said_that_lines_may_count_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlap, "start", lambda: lambda task: os._exit(9))
    monkeypatch.setattr(overlap.shared_lines, "start", lambda: lambda task: os._exit(9))
    whole = HEAD + ROWS
    both = judged(tmp_path / "two.zip", whole[:-300], whole)
    short = next(item for item in both.custody if item.path == f"day0/{NAME}")
    assert (short.state, short.duplicate_of) == ("partial", None)
    (gap,) = [one for one in both.coverage.gaps if "count twice" in one.reason]
    assert f"beginning of day1/{NAME}" in gap.reason and "exit code 9" in gap.reason
    assert judged(tmp_path / "two.zip", whole[:-300], whole).coverage == both.coverage


def events(*numbers: int) -> bytes:
    """Passwords read out of memory, one a minute, as the records of a log with these numbers."""
    every = saved(
        [
            (
                "security",
                4656,
                {
                    "ObjectName": r"\Device\HarddiskVolume1\Windows\System32\lsass.exe",
                    "ProcessName": r"C:\Temp\x.exe",
                    "AccessList": "%%4484",
                },
            )
        ]
        * 50
    ).splitlines(keepends=True)
    return "".join(every[number - 1] for number in numbers).encode()


def judged_events(path: Path, *copies: bytes) -> Assessment:
    path.write_bytes(zip_of([(f"day{n}/Logs/Security.ndjson", data) for n, data in enumerate(copies)]))
    return triage(Settings(evidence=(path,), now=NOW, quick=True))


def test_f15_records_of_an_event_log_that_was_saved_twice_count_once(tmp_path: Path) -> None:
    alone = judged_events(tmp_path / "one.zip", events(*range(10, 40)))
    # A ring: what is newest stands in front.
    both = judged_events(tmp_path / "two.zip", events(*range(10, 30)), events(*range(35, 40), *range(20, 35)))
    assert counts(both) == counts(alone) != []
    assert sum(each.events for each in both.coverage.sources) == 30
    assert not [gap for gap in both.coverage.gaps if "disagrees" in gap.reason]


def test_f15_a_record_that_is_missing_in_one_of_two_copies_is_named(tmp_path: Path) -> None:
    both = judged_events(tmp_path / "two.zip", events(*range(10, 40)), events(*range(12, 20), *range(21, 35)))
    (gap,) = [one for one in both.coverage.gaps if "disagrees" in one.reason]
    assert "none only here, 1 only there (record 20)" in gap.reason
