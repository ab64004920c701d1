"""Each kind of server of the table is called what it is, with the right build and the right flaws."""

import pytest

from exsweep.knowledge import builds, languages
from exsweep.scan import Kind, assessment
from exsweep.scan.identify import silent_words
from exsweep.scan.replies import Failure
from tests.scan.conftest import Scanned
from tests.scan.double.rows import ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_server_is_called_what_it_is(scanned: Scanned, row: Row) -> None:
    found = scanned.results[row.name]
    said = found.identity
    assert (said.kind, said.build) == (row.kind, row.build), said
    if row.failure:
        assert said.failure is row.failure, said
    if row.product:
        assert said.product == row.product
    assert said.hybrid is row.hybrid
    assert len(said.pool) == row.pool or row.pool == 0
    if row.front:
        assert said.front == row.front
    if row.tls:
        assert found.tls == row.tls
    if row.requests is not None:
        assert len(scanned.requests[row.name]) == row.requests
    assert row.says in " ".join(said.why)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.certain or row.possible or row.fixed], ids=lambda row: row.name
)
def test_flaws_are_certain_possible_or_fixed_as_far_as_the_build_shows(scanned: Scanned, row: Row) -> None:
    opinion = scanned.results[row.name].opinion
    assert opinion is not None
    assert opinion.judged
    assert set(row.certain) <= set(opinion.certain)
    assert set(row.possible) <= set(opinion.possible)
    assert set(row.fixed) <= set(opinion.fixed)


def test_every_target_has_exactly_one_result(scanned: Scanned) -> None:
    assert set(scanned.results) == {row.name for row in ROWS}


def test_no_build_without_an_exchange_gets_an_opinion(scanned: Scanned) -> None:
    exchange = {Kind.EXACT, Kind.INTERVAL, Kind.HIDDEN}
    for found in scanned.results.values():
        assert (found.opinion is not None) == (found.kind in exchange)


def test_whatever_a_result_says_to_people_can_be_said_in_every_language(scanned: Scanned) -> None:
    own_notes = {build.note for build in builds.builds() if build.note}
    for name, one in scanned.results.items():
        said = assessment(one).verdict.said
        assert said is not None
        quoted = [each.params["text"] for each in said.text if each.key == "said.text"]
        assert [text for text in quoted if text not in own_notes] == [], name
        for language in languages.codes():
            for phrase in (said.headline, *said.text):
                assert languages.say(phrase, language)
        if one.kind is Kind.UNREACHABLE:
            spanish = languages.say(said.headline, "es")
            assert not any(why in spanish for why in one.identity.why if "HTTP" not in why), spanish


@pytest.mark.parametrize("failure", list(Failure))
def test_every_reason_for_silence_has_words(failure: Failure) -> None:
    assert len(set(silent_words(failure))) == 1
