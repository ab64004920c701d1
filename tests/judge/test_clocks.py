"""Clocks of the logs held against each other: found by vote, told, used, never to anybody's favour."""

from datetime import datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.judge.votes import vote
from exsweep.knowledge.clock_keys import NORMS, key_of, key_of_guid, pack, sampled, unpack
from exsweep.model import Assessment, Level, SourceReport
from tests.judge.build import at, hit, judged, log

_REACH = 27 * 3_600_000


def _seen(kind: str, moments: dict[str, list[datetime]], what: str = "request") -> SourceReport:
    """A log of three days that shows these events."""
    keys = {
        key_of([name]): [round(one.timestamp() * 1000) for one in times] for name, times in moments.items()
    }
    report = log(kind, "03-01 00:00:00", "03-03 23:59:59")
    path = "Security.evtx" if kind == "windows_event" else f"{kind}.log"
    return msgspec.structs.replace(report, anchors=pack({what: keys}), path=path, facts=_facts(kind))


def _facts(kind: str) -> dict[str, str]:
    return {"channel.Security.records": "300"} if kind == "windows_event" else {}


def _requests(
    shift: timedelta = timedelta(), *, number: int = 40, jumps: timedelta = timedelta()
) -> dict[str, list[datetime]]:
    start = at("03-03 04:00:00")
    found = {}
    for n in range(number):
        moment = start + timedelta(seconds=211 * n + n * n % 17) + shift
        found[f"request {n}"] = [moment + jumps if n >= number // 2 else moment]
    return found


def _story(shift: timedelta) -> list:  # type: ignore[type-arg]
    """A request to a back door, and on another clock the program that it started."""
    child = at("03-03 05:00:00") + shift
    return [
        hit("USE", "03-03 05:00:00", path="/aspnet_client/x.aspx"),
        hit("REACHED", child.strftime("%Y-%m-%d %H:%M:%S"), ip=None, kind="windows_event"),
    ]


def _with_clock_off(shift: timedelta, **more: timedelta) -> Assessment:
    logs = [_seen("iis_w3c", _requests()), _seen("windows_event", _requests(shift, **more))]
    hits = [
        msgspec.structs.replace(one, origin=msgspec.structs.replace(one.origin, path="Security.evtx"))
        if one.kind == "windows_event"
        else one
        for one in _story(shift)
    ]
    return judged(hits, logs)


def test_events_five_hours_behind_are_told_and_moved() -> None:
    found = _with_clock_off(timedelta(hours=-5))
    (clock,) = found.coverage.clocks
    assert clock.shifts[0].offset_s == -5 * 3600
    assert clock.moved
    assert "5 h behind" in clock.text
    assert "40 of 40 common events" in clock.text


def test_moved_times_join_what_one_intruder_did() -> None:
    found = _with_clock_off(timedelta(hours=-5))
    reached = next(item for item in found.findings if item.rule.id == "REACHED")
    used = next(item for item in found.findings if item.rule.id == "USE")
    assert reached.chain == used.chain
    assert reached.first_seen == at("03-03 05:00:00")
    assert any("5 h behind" in remark for remark in reached.remarks), "a moved time is never silent"
    assert not used.remarks


def test_a_web_log_in_local_time_is_moved_to_the_log_that_names_its_zone() -> None:
    logs = [_seen("iis_w3c", _requests(timedelta(hours=-5))), _seen("httpproxy", _requests())]
    used = hit("USE", "03-02 23:00:00", path="/aspnet_client/x.aspx")
    used = msgspec.structs.replace(used, origin=msgspec.structs.replace(used.origin, path="iis_w3c.log"))
    found = judged([used], logs)
    (clock,) = found.coverage.clocks
    assert (clock.kind, clock.shifts[0].offset_s) == ("iis_w3c", -5 * 3600)
    assert found.verdict.since == at("03-03 04:00:00")


def test_clocks_that_agree_are_told_and_nothing_is_moved() -> None:
    found = _with_clock_off(timedelta(seconds=2))
    (clock,) = found.coverage.clocks
    assert clock.shifts[0].offset_s == 0
    assert not clock.moved
    assert not any(item.remarks for item in found.findings)


def test_a_clock_that_jumped_is_told_in_two_parts() -> None:
    found = _with_clock_off(timedelta(), jumps=timedelta(hours=1))
    (clock,) = found.coverage.clocks
    assert [shift.offset_s for shift in clock.shifts] == [0, 3600]
    assert "jumped" in clock.text


def test_too_few_common_events_are_not_known() -> None:
    logs = [
        _seen("iis_w3c", _requests(number=2)),
        _seen("windows_event", _requests(timedelta(hours=-5), number=2)),
    ]
    hits = [
        msgspec.structs.replace(one, origin=msgspec.structs.replace(one.origin, path="Security.evtx"))
        if one.kind == "windows_event"
        else one
        for one in _story(timedelta(hours=-5))
    ]
    found = judged(hits, logs)
    (clock,) = found.coverage.clocks
    assert clock.shifts == ()
    assert "3 are needed" in clock.text
    assert not clock.moved


def test_logs_without_any_common_event_say_so() -> None:
    logs = [log("iis_w3c", "03-01 00:00:00", "03-03 23:59:59"), _seen("windows_event", {})]
    hits = [
        msgspec.structs.replace(one, origin=msgspec.structs.replace(one.origin, path="Security.evtx"))
        if one.kind == "windows_event"
        else one
        for one in _story(timedelta())
    ]
    assert {clock.text for clock in judged(hits, logs).coverage.clocks if "no event in common" in clock.text}


def test_moving_times_never_makes_the_verdict_better() -> None:
    """The use is days before the end once moved: as recorded it is of the last hours, and that counts."""
    shift = timedelta(hours=26)
    logs = [_seen("iis_w3c", _requests()), _seen("windows_event", _requests(shift))]
    moved = judged([], logs)
    assert (
        moved.verdict.level is judged([], [log("iis_w3c", "03-01 00:00:00", "03-03 23:59:59")]).verdict.level
    )
    for hours in (-11, -5, 0, 3, 9):
        clocked = _with_clock_off(timedelta(hours=hours))
        plain = judged(_story(timedelta(hours=hours)), [log("iis_w3c", "03-01 00:00:00", "03-03 23:59:59")])
        assert clocked.verdict.level.rank >= plain.verdict.level.rank >= Level.BROKEN_INTO.rank


def _column(values: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    values = sorted(values)
    return np.array([key for key, _ in values], np.uint64), np.array([ms for _, ms in values], np.int64)


def _asked(one: list[tuple[int, int]], other: list[tuple[int, int]]):  # type: ignore[no-untyped-def]
    return vote(
        _column(one), _column(other), tolerance_ms=5_000, reach_ms=_REACH, fewest=3, share=0.6, rival=0.5
    )


@given(
    st.lists(st.integers(0, 10**8), min_size=6, max_size=60, unique=True),
    st.integers(-12 * 4, 14 * 4),
    st.randoms(use_true_random=False),
)
def test_a_zone_is_found_through_jitter_and_strays(moments: list[int], quarters: int, chance) -> None:  # type: ignore[no-untyped-def]
    shift = quarters * 900_000
    one = list(enumerate(moments))
    other = [(key, ms + shift + chance.randint(-2_000, 2_000)) for key, ms in one]
    strays = len(other) // 6
    other[:strays] = [(key, ms + 3_600_000 * (7 + 3 * at)) for at, (key, ms) in enumerate(other[:strays])]
    found = _asked(one, other)
    assert len(found.parts) == 1
    assert abs(found.parts[0].offset_ms - shift) <= 5_000
    assert found.common >= len(one) - strays


def test_a_probe_every_minute_says_nothing() -> None:
    one = [(7, minute * 60_000) for minute in range(100)]
    found = _asked(one, [(key, ms + 180_000) for key, ms in one])
    assert not found.parts
    assert found.rival_ms is not None


def test_unlike_events_say_nothing() -> None:
    one = [(key, key * 977_131 % 50_000_000) for key in range(50)]
    other = [(key, key * 433_117 % 50_000_000) for key in range(50)]
    assert not _asked(one, other).parts


@pytest.mark.parametrize(
    ("way", "one", "other"),
    [
        ("path", r"\\127.0.0.1\c$\inetpub\wwwroot\a.aspx", "C:/inetpub/wwwroot/A.aspx"),
        ("path", r"\\?\C:\a.exe", r"c:\a.exe"),
        ("user", "EXAMPLE\\Ann", "ann@example.test"),
        ("number", "0x1f4", "500"),
        ("name", r"C:\Windows\System32\CMD.EXE", r"\Device\HarddiskVolume2\Windows\System32\cmd.exe"),
        ("agent", "Mozilla/5.0+(Windows)", "Mozilla/5.0 (Windows)"),
        (
            "tail",
            "C:\\inetpub\\logs\\LogFiles\\W3SVC1\\u_ex210303.log",
            "logs/LogFiles/W3SVC1/u_ex210303.log",
        ),
    ],
)
def test_one_value_is_one_value_in_every_log(way: str, one: str, other: str) -> None:
    assert NORMS[way](one) == NORMS[way](other)


def test_accounts_of_the_server_are_no_users() -> None:
    assert NORMS["user"]("MAIL01$") == NORMS["user"]("HealthMailbox0a1b") == ""


def test_sampled_values_have_the_smallest_keys() -> None:
    """So a log of which one value in 16 was looked at keeps the same events as one of which all were."""
    names = [f"user{n}" for n in range(600)]
    ordered = sorted(names, key=lambda name: key_of([name, "x"]))
    chosen = {name for name in names if sampled(name, 1)}
    assert set(ordered[: len(chosen)]) == chosen
    least = {name for name in names if sampled(name, 2)}
    assert set(ordered[: len(least)]) == least


def test_packing_loses_nothing() -> None:
    data = pack({"request": {9: [3, 1]}, "logon": {5: [-2]}})
    assert sorted(unpack(data)["ms"].tolist()) == [-2, 1, 3]
    assert pack({}) == b""
    assert key_of_guid("not one") is None
