"""The transaction log of the disk: names put into folders and taken out of them, whatever else stands in it."""

import random

import pytest

from exsweep.model import SourceState
from exsweep.parse.traces import reader_of
from tests.parse.filesystem.making import entry_of, log_file

NAMES = [
    entry_of("added", "a.aspx", 40, "2021-03-03 04:10:22"),
    entry_of("added", "long name of a file.txt", 41, "2021-03-03 04:10:23"),
    entry_of("removed", "a.aspx", 40, "2021-03-05 06:00:00"),
]


def told(data: bytes) -> tuple[list[dict[str, str]], tuple[SourceState, str]]:
    reader = reader_of(data[: 64 << 10], "C/$LogFile")
    assert reader is not None
    rows = [
        {name: value.decode("utf-8", "surrogatepass") for name, value in row.items() if value}
        for batch in [*reader.feed(data), *reader.feed(b"", last=True)]
        for row in batch.table.to_pylist()
    ]
    assert reader.tally.lines == reader.tally.events + reader.tally.rejected
    return rows, reader.state()


def test_names_are_told_in_the_order_of_the_log_with_the_times_of_the_file() -> None:
    rows, (state, _) = told(log_file(NAMES))
    assert [(row["Action"], row["Name"]) for row in rows] == [
        ("added", "a.aspx"),
        ("added", "long name of a file.txt"),
        ("removed", "a.aspx"),
    ]
    assert rows[2]["Changed"] == "2021-03-05 06:00:00.000Z"
    assert rows[0]["Path"] == r"\(folder 40-1)\a.aspx"
    assert state is SourceState.READ


@pytest.mark.parametrize("gap", [*range(304, 520, 24), 3_904, 4_000])
def test_a_record_that_lies_over_the_end_of_a_sector_or_a_page_is_whole(gap: int) -> None:
    rows, _ = told(log_file(NAMES, gap=gap))
    assert [row["Name"] for row in rows] == ["a.aspx", "long name of a file.txt", "a.aspx"]


def test_a_page_that_was_written_in_part_is_said() -> None:
    _, (state, reason) = told(log_file(NAMES, torn=4))
    assert state is SourceState.PARTIAL
    assert "1 pages" in reason


def test_what_the_restart_page_does_not_tell_is_taken_from_the_size() -> None:
    data = bytearray(log_file(NAMES))
    data[48:80] = bytes(32)
    assert len(told(bytes(data))[0]) == 3


@pytest.mark.hostile
def test_noise_and_cuts_end_nothing() -> None:
    chance, data = random.Random(7), log_file(NAMES * 40)
    for _ in range(20):
        noisy = bytearray(data)
        for _ in range(400):
            noisy[chance.randrange(4096, len(noisy))] = chance.randrange(256)
        told(bytes(noisy))
        told(data[: chance.randrange(4096, len(data))])
