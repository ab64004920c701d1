"""Rates and pauses hold whatever is in line, and nobody in line is forgotten."""

from collections import defaultdict
from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from exsweep.knowledge.scanning import checks
from exsweep.scan.politeness import Place, Politeness

RATES = msgspec.structs.replace(checks().rates, per_second=10, per_network=4, per_neighbourhood=1)
ITEMS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=40)


def _drain(
    polite: Politeness[tuple[int, int, int]], now: float = 100.0
) -> list[tuple[float, tuple[int, int, int]]]:
    found = []
    while (ready := polite.ready_at()) is not None:
        now = max(now, ready)
        item = polite.take(now)
        if item is not None:
            found.append((now, item))
    return found


@given(ITEMS)
def test_every_rate_holds_and_everything_in_line_gets_its_turn(items: list[tuple[int, int, bool]]) -> None:
    polite: Politeness[tuple[int, int, int]] = Politeness(RATES)
    for number, (network, near, later) in enumerate(items):
        polite.offer((network, near, number), Place(network, (network, near)), later=later)
    given_out = _drain(polite)
    assert sorted(item for _, item in given_out) == sorted((n, h, i) for i, (n, h, _) in enumerate(items))
    assert polite.waiting_first == 0
    times: defaultdict[object, list[float]] = defaultdict(list)
    for when, (network, near, _) in given_out:
        times["all"].append(when)
        times[network].append(when)
        times[network, near].append(when)
    for key, listed in times.items():
        gap = 0.25 if isinstance(key, int) else 1.0 if isinstance(key, tuple) else 0.1
        assert all(second - first >= gap - 1e-9 for first, second in pairwise(listed))


def test_a_fast_run_gives_out_many_at_one_look_at_the_clock_but_keeps_its_rate() -> None:
    rates = msgspec.structs.replace(RATES, per_second=1000, per_network=1000, per_neighbourhood=1000)
    polite: Politeness[int] = Politeness(rates)
    for number in range(5_000):
        polite.offer(number, Place("as1", number % 50))
    taken, now = 0, 100.0
    while now < 102.0:
        while polite.take(now) is not None:
            taken += 1
        now += 0.02
    assert 1_900 <= taken <= 2_200


def test_h66_a_neighbourhood_that_pushes_back_rests_and_is_then_left_alone() -> None:
    polite: Politeness[int] = Politeness(RATES)
    place, other = Place("as1", "here"), Place("as2", "there")
    for number in range(5):
        polite.offer(number, place)
    assert polite.take(100.0) == 0
    polite.pushed_back(place, 100.0, None)
    assert polite.take(159.0) is None
    polite.offer(99, other)
    assert polite.take(159.5) == 99
    assert polite.take(160.1) == 1
    polite.pushed_back(place, 160.1, 500.0)
    assert polite.take(600.0) is None, "Retry-After is longer than our own pause"
    assert polite.take(661.0) == 2
    polite.pushed_back(place, 661.0, 10.0**7)
    assert polite.is_stopped(place)
    assert [polite.take(661.2), polite.take(661.3)] == [3, 4], (
        "given out at once, so that they can be told as not asked"
    )


def test_h66_resets_in_a_row_count_as_a_wish_to_be_left_alone_but_an_answer_between_them_does_not() -> None:
    polite: Politeness[int] = Politeness(RATES)
    place = Place("as1", "here")
    for _ in range(RATES.resets - 1):
        polite.broke_off(place, 100.0)
    polite.answered(place)
    polite.broke_off(place, 100.0)
    polite.offer(1, place)
    assert polite.take(100.2) == 1
    for _ in range(RATES.resets):
        polite.broke_off(place, 101.0)
    polite.offer(2, place)
    assert polite.take(102.5) is None


def test_further_requests_go_before_first_contacts() -> None:
    polite: Politeness[str] = Politeness(RATES)
    place = Place("as1", "here")
    polite.offer("first", place)
    polite.offer("later", place, later=True)
    assert polite.take(100.0) == "later"
    assert polite.take(100.1, first=False) is None
    assert polite.take(101.2, first=False) is None
    assert polite.take(101.2) == "first"
