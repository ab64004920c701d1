"""Which build is it?"""

import pytest

from exsweep.knowledge import builds


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("15.1.2106.2", (15, 1, 2106, 2)),
        ("15.01.2106.002", (15, 1, 2106, 2)),
        ("Version 15.1 (Build 2106.2)", (15, 1, 2106, 2)),
        ("15.2.2562", (15, 2, 2562)),
        ("15.20.7000.10", (15, 20, 7000, 10)),
        ("no build", None),
        ("1.15.1.2106.2.9", None),
    ],
)
def test_a_build_is_read_in_every_spelling(text: str, parts: tuple[int, ...] | None) -> None:
    assert builds.number(text) == parts


def test_every_build_is_known_once_and_has_a_source() -> None:
    numbers = [each.number for each in builds.builds()]
    assert len(numbers) == 400
    assert numbers == sorted(set(numbers))
    assert all(each.source for each in builds.builds())


@pytest.mark.parametrize(
    ("build", "name"),
    [
        ("15.1.2106.2", "Exchange Server 2016 CU18"),
        ("15.1.2106.13", "Exchange Server 2016 CU18 + Mar21SU"),
        ("15.2.2562.53", "Exchange Server SE RTM + Sep26SUv2"),
        ("15.1.2106", "Exchange Server 2016 CU18, update level not known"),
        ("15.1.2106.7", "Exchange Server 2016 CU18, later than Dec20SU"),
        ("15.1.2200.1", "Exchange Server 2016, a build that we do not know"),
        ("15.20.7000.10", "a build that we do not know"),
        ("15.2.221.14", "Exchange Server 2019 RTM + Jan19SU"),
    ],
)
def test_a_build_is_named_as_exactly_as_is_honest(build: str, name: str) -> None:
    assert builds.name_of(build) == name


def test_an_unknown_build_lies_between_its_known_neighbours() -> None:
    place = builds.locate("15.1.2106.7")
    assert place is not None
    assert not place.exact
    assert place.low is not None
    assert place.high is not None
    assert (place.low.build, place.high.build) == ("15.1.2106.6", "15.1.2106.8")


def test_a_build_in_three_parts_can_be_any_update_of_its_cu() -> None:
    place = builds.locate("15.1.2106")
    assert place is not None
    assert next(each.update for each in place.candidates) == ""
    assert "Mar21SU" in [each.update for each in place.candidates]


def test_a_build_newer_than_the_table_has_no_upper_neighbour() -> None:
    place = builds.locate("15.2.2562.99")
    assert place is not None
    assert place.high is None
    assert builds.product_of("15.2.2562.99") == "Exchange Server SE"


def test_comparing_with_a_missing_fourth_part_is_open_only_inside_one_cu() -> None:
    assert builds.at_or_after("15.1.2106.13", "15.1.2106.2") is True
    assert builds.at_or_after("15.1.2106", "15.1.2106.2") is None
    assert builds.at_or_after("15.1.2242", "15.1.2106.13") is True
    assert builds.at_or_after("nonsense", "15.1.2106.13") is None


def test_the_end_of_support_is_that_of_the_product() -> None:
    assert str(builds.support_end("15.1.2507.75")) == "2025-10-14"
    assert str(builds.support_end("15.2.2562.17")) == "2035-12-31"
    assert str(builds.support_end("14.3.513.0")) == "2020-10-13"


def test_the_update_for_an_old_cu_is_not_cumulative() -> None:
    old = builds.find("15.1.2044.13")
    current = builds.find("15.1.2106.13")
    assert old is not None
    assert current is not None
    assert not old.cumulative
    assert current.cumulative
