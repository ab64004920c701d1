"""Each kind of server of the table is called what it is, with the right build and the right flaws."""

import pytest

from exsweep.scan import Kind
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
