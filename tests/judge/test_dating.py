"""When it began, with the doubt that missing days leave; how long it lasted; the update on the same axis."""

from exsweep.model import Dating
from tests.judge.build import at, hit, judged, log

OPEN = ("15.1.2106.2", "01-01 00:00:00", "03-02 23:00:00")
FIXED = ("15.1.2106.13", "03-03 00:00:00", "03-09 00:00:00")
SHORT = [
    log("iis_w3c", "02-20 00:00:00", "03-09 10:00:00", builds=[OPEN, FIXED]),
    log("httpproxy", "02-20 00:00:00", "03-09 10:00:00"),
]


def dated(*hits: object, sources: list[object] = SHORT) -> Dating:  # type: ignore[assignment]
    found = judged(hits, sources).verdict.dating  # type: ignore[arg-type]
    assert found is not None
    return found


def test_nothing_hostile_has_no_dates():
    assert judged([]).verdict.dating is None


def test_logs_that_begin_later_leave_the_beginning_open_back_to_the_first_day_of_danger():
    told = dated(hit("WRITE", "02-28 04:11:00"))
    assert told.first == at("02-28 04:11:00")
    assert told.earliest is not None
    assert told.earliest.date().isoformat() == "2021-01-03"
    assert "as early as" in told.text[0]


def test_the_way_in_that_was_seen_closes_the_beginning():
    told = dated(hit("SESSION", "02-28 04:10:00"), hit("WRITE", "02-28 04:11:00"))
    assert told.earliest is None


def test_days_that_were_read_close_the_beginning():
    whole = [
        log("iis_w3c", "01-01 00:00:00", "03-09 10:00:00", builds=[OPEN, FIXED]),
        log("httpproxy", "01-01 00:00:00", "03-09 10:00:00"),
        log("ecp_server", "01-01 00:00:00", "03-09 10:00:00"),
    ]
    assert dated(hit("WRITE", "02-28 04:11:00"), sources=whole).earliest is None


def test_how_long_the_intruder_was_there_is_told_in_days():
    told = dated(hit("WRITE", "02-28 04:11:00"), hit("USE", "03-02 16:11:00", path="/aspnet_client/x.aspx"))
    assert (told.last, told.dwell_days) == (at("03-02 16:11:00"), 2.5)
    assert "2.5 days passed" in " ".join(told.text)


def test_the_update_stands_on_the_same_axis():
    before = dated(hit("WRITE", "02-28 04:11:00"))
    assert before.patched == at("03-03 00:00:00")
    assert "did not undo" in before.text[-1]
    after = dated(hit("WRITE", "03-05 04:11:00"))
    assert "before the first act" in after.text[-1]


def test_signs_that_nobody_settled_are_not_said_to_be_years_old():
    assert dated(hit("ODD", "02-28 04:11:00")).earliest is None
