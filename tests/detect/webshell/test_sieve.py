"""The sieve leaves pages unparsed in which nothing could be done: it hides nothing. EXSWEEP-INERT-FIXTURE"""

import importlib
from functools import cache
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.detect.webshell import examine
from exsweep.detect.webshell.pieces import pieces
from exsweep.detect.webshell.reading import read_page
from exsweep.detect.webshell.sieve import may_do_anything

from .idiom_lists import Idiom, harmless, singles

# The package hands out the function under the name of the module.
MODULE = importlib.import_module("exsweep.detect.webshell.examine")


@cache
def _idioms() -> tuple[Idiom, ...]:
    """Every third of what any list holds, looked at without and with its look-alikes."""
    return tuple(
        each
        for number in range(1, 16)
        for place, each in enumerate((*singles(number), *harmless(number)))
        if place % 3 == number % 3
    )


def _left_out(page: bytes, file: str) -> bool:
    return not any(may_do_anything(pieces(reading)) for reading in read_page(page, file))


def _the_same_without_it(page: bytes, file: str) -> None:
    with patch.object(MODULE, "may_do_anything", lambda parts: True):
        parsed = examine(page, file)
    seen = examine(page, file)
    # Code that no grammar reads is for a person to look at only where it names something that matters.
    said = [each for each in parsed.reasons if each.code != "unfinished"]
    assert list(seen.reasons) == said, said


def test_what_it_leaves_out_could_do_nothing() -> None:
    quiet = [each for each in _idioms() if _left_out(each.page, each.file)]
    assert len(quiet) > 10
    for each in quiet:
        _the_same_without_it(each.page, each.file)


@settings(max_examples=300)
@given(st.data())
def test_what_it_leaves_out_of_damaged_pages_could_do_nothing(data: st.DataObject) -> None:
    idiom = data.draw(st.sampled_from(_idioms()))
    first = data.draw(st.integers(0, len(idiom.page)))
    last = data.draw(st.integers(first, min(len(idiom.page), first + 60)))
    put = data.draw(st.sampled_from([b"", b" ", b"x", b"_", b'"', b".", b"(", b"\n"]))
    page = idiom.page[:first] + put + idiom.page[last:]
    if _left_out(page, idiom.file):
        _the_same_without_it(page, idiom.file)
