"""A packed sequence is the tuple it was made from, in a fraction of the memory."""

from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.evidence import Unit
from exsweep.evidence.packed import Packed
from exsweep.evidence.records import Place


def _unit(number: int) -> Unit:
    place = Place(f"inetpub/{number // 1000:04}/{number:07}.aspx")
    return Unit(
        kind="file", container=b"/x/" + place.path.encode(), place=place, size=number, container_stamp="7|9"
    )


@settings(max_examples=60)
@given(st.integers(0, 1_100), st.lists(st.integers(-1_200, 1_200), max_size=6))
def test_it_reads_as_the_list_it_was_made_from(length: int, places: list[int]) -> None:
    units = [_unit(number) for number in range(length)]
    packed = Packed(Unit, units[: length // 3])
    packed.extend(units[length // 3 :])
    assert len(packed) == length
    assert list(packed) == units
    for start, stop in zip(places, reversed(places), strict=True):
        assert packed[start:stop] == units[start:stop]
        if -length <= start < length:
            assert packed[start] == units[start]


def test_units_of_a_million_files_take_less_than_a_hundred_bytes_each() -> None:
    packed = Packed(Unit, (_unit(number) for number in range(51_200)))
    assert sum(map(len, packed._blocks)) < 51_200 * 60
