"""An intruder's traces in big files: one search tells which of them need not be read line by line."""

from hypothesis import given
from hypothesis import strategies as st

from exsweep.assess.pivot import Finder
from exsweep.judge import Traces

KEY = "0d0a1b2c-key"


@given(st.integers(1, 40), st.integers(0, 120))
def test_a_trace_is_found_wherever_a_piece_ends(size: int, before: int) -> None:
    data = b"x" * before + KEY.encode() + b"y" * 30
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    finder = Finder(Traces(addresses=frozenset(), pages=frozenset(), keys=frozenset({KEY})))
    assert finder.somewhere_in(pieces)
    assert not finder.somewhere_in([piece.replace(b"-", b"_") for piece in pieces])


def test_what_is_no_plain_text_is_always_read() -> None:
    finder = Finder(Traces(addresses=frozenset(), pages=frozenset(), keys=frozenset({KEY})))
    assert finder.somewhere_in(["nothing here, in UTF-16".encode("utf-16")])
    assert finder.somewhere_in([b"ElfFile\0" + bytes(200)])
