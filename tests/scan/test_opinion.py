"""What a build means: an unknown one is never good news, and none that a server invents is rated as a real one."""

from datetime import date
from itertools import pairwise

import pytest

from exsweep.knowledge.builds import builds, spell
from exsweep.scan import Identity, Kind
from exsweep.scan.opinion import Opinion, opinion

TODAY = date(2026, 11, 20)


def _of(build: str | None, kind: Kind = Kind.EXACT) -> Opinion:
    found = opinion(Identity(kind=kind, why=(), build=build), TODAY)
    assert found is not None
    return found


def test_a_number_between_two_builds_of_an_update_is_as_open_as_the_lower_one() -> None:
    low, high = next(
        (low, high)
        for low, high in pairwise(builds())
        if low.branch == high.branch and high.number[3] - low.number[3] > 1
    )
    between = spell((*low.number[:3], low.number[3] + 1))
    assert _of(between).certain == _of(low.build).certain
    assert any("not in our table" in note for note in _of(between).notes)
    assert _of(between).high == high.build


def test_a_build_newer_than_the_table_is_rated_as_the_newest_and_says_so() -> None:
    assert _of("15.2.9999.1").judged
    assert any("newer than our table" in note for note in _of("15.2.9999.1").notes)


@pytest.mark.parametrize("build", ["15.1.1240.20", "15.0.1.1", "15.20.1.1", "99.1.1.1", "8.3.485.1"])
def test_a_build_without_an_entry_is_not_rated_and_that_is_not_good_news(build: str) -> None:
    found = _of(build)
    assert not found.judged
    assert found.certain == found.possible == found.fixed == ()
    assert found.notes


def test_a_cumulative_update_alone_leaves_open_what_its_updates_fixed() -> None:
    found = _of("15.1.2106", Kind.INTERVAL)
    assert "CVE-2021-26855" in found.possible
    assert "CVE-2021-34473" in found.certain
    assert (found.low, found.high) == ("15.1.2106.2", "15.1.2106.13")


@pytest.mark.parametrize(
    ("path", "certain", "possible"),
    [("15.1.2507", 0, 82), ("15.2.2562", 0, 39), ("15.2.1748", 0, 40)],
)
def test_the_last_updates_prove_nothing_by_their_path_alone(path: str, certain: int, possible: int) -> None:
    """The research counted these on older tables: ours may only have grown."""
    found = _of(path, Kind.INTERVAL)
    assert len(found.certain) >= certain
    assert len(found.possible) >= possible - 5


def test_only_an_exchange_gets_an_opinion() -> None:
    assert opinion(Identity(kind=Kind.IMPOSTOR, why=(), claimed="15.1.2106.2"), TODAY) is None
