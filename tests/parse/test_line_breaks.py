"""Line breaks are found by looking at 64 bytes together: the same places as byte by byte."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exsweep.parse import lines
from exsweep.parse.lines import places_of

texts = st.binary(max_size=400) | st.lists(st.sampled_from([b"\n", b"\r", b"a" * 61, b"ab", b"\xff"])).map(
    b"".join
)


@given(texts)
@example(b"\n" * 129)
@example(b"\n" + b"a" * 63 + b"\n")
def test_every_line_break_is_found_once_and_in_order(data: bytes) -> None:
    octets = np.frombuffer(data, np.uint8)
    expected = [at for at, byte in enumerate(data) if byte == 10]
    assert places_of(octets, 10).tolist() == expected


@given(texts)
def test_pieces_of_any_size_give_the_same_places(data: bytes) -> None:
    octets = np.frombuffer(data, np.uint8)
    whole = places_of(octets, 10).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_CACHED", 24)
        assert places_of(octets, 10).tolist() == whole
