"""Laws for every kind of trace: recognised, counted, never an exception, the same whatever the chunks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.parse.traces import reader_of
from exsweep.parse.traces.base import TRACES
from tests.parse.traces.reading import read
from tests.parse.traces.samples import trace_samples

SAMPLES = trace_samples()


def test_each_registered_reader_has_a_sample():
    readers = {type(reader_of(data[: 64 << 10], path)) for path, data in SAMPLES.items()}
    assert readers == {reader for _, reader in TRACES.values()}


@pytest.mark.parametrize("path", sorted(SAMPLES))
def test_a_sample_gives_rows_and_is_read_whole(path: str):
    rows, reader = read(SAMPLES[path], path)
    assert rows or reader.pages
    assert reader.state()[1] == ""
    assert not reader.tally.rejected


@pytest.mark.parametrize("path", sorted(SAMPLES))
@settings(max_examples=25, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), max_size=12),
    cut=st.integers(64, 1 << 14),
    step=st.integers(7, 5_000),
)
def test_damage_is_counted_and_chunks_change_nothing(
    path: str, flips: list[tuple[int, int]], cut: int, step: int
):
    data = bytearray(SAMPLES[path][:cut])
    for place, value in flips:
        data[place % len(data)] = value
    if reader_of(bytes(data[: 64 << 10]), path) is None:
        return
    rows, reader = read(bytes(data), path)
    assert read(bytes(data), path, step)[0] == rows
    assert reader.tally.events == len(rows)
