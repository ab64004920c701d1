"""How far the evidence reaches: years of logs count whole, one wrong clock moves nothing, and silence of a witness is said."""

import msgspec
import pytest

from exsweep.knowledge.judging import judging
from exsweep.model import Confidence, Level
from tests.judge.build import at, hit, judged, log
from tests.judge.test_laws import FIXED, OPEN

YEARS = [
    log("iis_w3c", "2018-01-01 00:00:00", "03-09 10:00:00", builds=[OPEN, FIXED]),
    log("httpproxy", "2018-01-01 00:00:00", "03-09 10:00:00"),
]
WITNESSES = [log(kinds[0], "2018-01-01 00:00:00", "03-09 10:00:00") for kinds in judging().witnesses.values()]


def test_days_before_the_calendar_begins_are_covered_all_the_same():
    assessment = judged([], YEARS)
    assert assessment.verdict.level is Level.NO_SIGNS
    assert not [gap for gap in assessment.coverage.gaps if gap.limits_verdict]
    days = (at("03-09 00:00:00") - at("2018-01-01 00:00:00")).days + 1
    assert f"{days} days" in assessment.verdict.text[0]


def test_no_signs_names_each_kind_of_witness_that_was_not_sent():
    assessment = judged([], YEARS)
    assert assessment.verdict.confidence is Confidence.POSSIBLE
    for words in ("files in the web folders", "Windows event logs", "commands given to Exchange"):
        assert words in assessment.verdict.text[1]


@pytest.mark.parametrize("silent", range(len(WITNESSES)))
def test_one_silent_witness_is_enough_to_be_less_sure(silent):
    heard = [item for number, item in enumerate(WITNESSES) if number != silent]
    assert judged([], [*YEARS, *heard]).verdict.confidence is Confidence.POSSIBLE


def test_with_all_witnesses_no_signs_is_very_likely_and_still_no_promise():
    verdict = judged([], [*YEARS, *WITNESSES]).verdict
    assert verdict.confidence is Confidence.VERY_LIKELY
    assert "no check can promise" in verdict.text[1]


def test_a_line_stamped_with_a_day_to_come_does_not_move_the_end_of_the_evidence():
    wrong = msgspec.structs.replace(
        YEARS[0], last=at("2035-02-20 05:00:00"), days=YEARS[0].days | {at("2035-02-20 05:00:00").date(): 1}
    )
    used = [hit("USE", "03-08 22:00:00", path="/aspnet_client/x.aspx")]
    assessment = judged(used, [wrong, YEARS[1]])
    assert assessment.verdict.level is Level.IN_USE
    assert assessment.verdict.evidence_end is not None
    assert assessment.verdict.evidence_end.year == 2021
    assert any(
        "2035-02-20" in gap.reason and gap.path == "iis_w3c.log" and not gap.limits_verdict
        for gap in assessment.coverage.gaps
    )


def test_a_log_stamped_ahead_as_a_whole_covers_no_day_beside_others():
    ahead = log("ecp_server", "2035-01-01 00:00:00", "2035-01-09 10:00:00")
    rows = {source.kind: source for source in judged([], [*YEARS, ahead]).coverage.sources}
    assert rows["ecp_server"].first is None
    assert not rows["ecp_server"].days


def test_where_all_records_lie_ahead_the_clock_of_the_computer_is_doubted_and_not_theirs():
    used = [hit("USE", "03-08 22:00:00", path="/aspnet_client/x.aspx")]
    early = judged(used, YEARS, now=at("2010-01-01 00:00:00"))
    assert early.verdict.level is Level.IN_USE
    assert early.verdict.evidence_end == at("03-09 10:00:00")


def test_ways_in_that_no_log_shows_are_told_in_one_gap():
    told = [gap for gap in judged([], YEARS).coverage.gaps if gap.kind == "untraced"]
    assert len(told) == 1
    assert "PrivExchange" in told[0].reason
    assert not told[0].limits_verdict


def test_whoever_sent_only_pages_is_told_that_they_were_read_and_that_logs_are_missing():
    pages = log("served_file", "03-01 00:00:00", "03-01 00:00:00")
    verdict = judged(
        [], [msgspec.structs.replace(pages, events=0, lines=0, days={}, first=None, last=None)]
    ).verdict
    assert verdict.level is Level.CANNOT_TELL
    assert "We read 1 file of the web folders" in verdict.text[0]
    assert "no logs" in verdict.text[0]
