"""Event logs as Windows writes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.model import SourceState
from exsweep.parse.winevent import SYSTEM, is_evtx
from tests.parse.winevent.making import Made, chunk, log, many
from tests.parse.winevent.reading import read


def test_every_record_is_a_row_with_its_place_its_time_and_its_json() -> None:
    seen = read(log(chunk(many(1, 60)), chunk(many(61, 40))))
    rows = seen.rows()
    assert [row["TargetUserName"] for row in rows] == [f"user{number}" for number in range(1, 101)]
    assert [row["_line"] for row in rows] == [str(number) for number in range(1, 101)]
    assert rows[60]["_offset"] == 4096 + 65_536 + 512
    assert rows[0]["_time_ms"] == 1_614_600_001_000
    assert seen.batches[0].raw(0).startswith(b'{"Event":{"System":')
    assert seen.reader.state() == (SourceState.READ, "")


def test_system_values_stand_in_every_format_under_the_same_names() -> None:
    (row,) = read(log(chunk([Made(7, event_id=4625)]))).rows()
    known = {name: row[name] for name in SYSTEM if name in row}
    assert known == {
        "TimeCreated": "2021-03-01T12:00:00.000000Z",
        "EventRecordID": "7",
        "Channel": "Security",
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "EventID": "4625",
        "Computer": "MAIL01.example.org",
    }


def test_a_value_named_like_a_system_value_gets_a_prefix() -> None:
    data = (("ProcessId", "0x1a4"), ("Level", "high"), ("Image", "C:\\a.exe"))
    (row,) = read(log(chunk([Made(1, data=data)]))).rows()
    assert (row["Data_ProcessId"], row["Data_Level"], row["Image"]) == ("0x1a4", "high", "C:\\a.exe")


def test_values_without_a_name_are_lines_of_data() -> None:
    data = ((None, "Set-OabVirtualDirectory"), (None, "-Identity x"))
    (row,) = read(log(chunk([Made(1, channel="MSExchange Management", event_id=1, data=data)]))).rows()
    assert row["Data"] == "Set-OabVirtualDirectory\n-Identity x"
    assert row["_format"] == "event_exchange"


def test_names_that_differ_in_letter_case_share_a_column() -> None:
    seen = read(log(chunk([Made(1, data=(("SomeValue", "a"),)), Made(2, data=(("SOMEVALUE", "b"),))])))
    assert seen.column("SomeValue") == ["a", "b"]


def test_the_channel_in_the_record_decides_not_the_name_of_the_file() -> None:
    made = log(chunk([Made(1, channel="MSExchange Management", event_id=1)]))
    assert read(made, "Security.evtx").rows()[0]["_format"] == "event_exchange"


def test_a_filler_of_records_never_brings_more_columns_than_the_cap() -> None:
    made = [
        Made(
            number, channel="Odd", event_id=1, data=tuple((f"n{number}x{place}", "v") for place in range(40))
        )
        for number in range(1, 31)
    ]
    seen = read(log(chunk(made)))
    assert len(seen.batches[0].table.column_names) < 450
    assert any("more different names" in note or "more names" in note for note in seen.tally.notes)
    assert seen.rows()[-1]["Data"].count("v") == 40


@settings(max_examples=40)
@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=6))
def test_pieces_of_any_size_give_the_same_rows(sizes: list[int]) -> None:
    data = log(chunk(many(1, 12)), bytes(65_536), chunk(many(13, 3)), flags=1)
    whole, cut = read(data), read(data, sizes=(*sizes, 65_536))
    assert cut.rows() == whole.rows()
    assert (cut.tally.facts, list(cut.tally.notes)) == (whole.tally.facts, list(whole.tally.notes))


def test_record_numbers_that_are_missing_are_told() -> None:
    seen = read(log(chunk(many(100, 5)), chunk(many(110, 5))))
    assert seen.tally.facts["records.missing"] == "5"
    assert any("105-109" in note for note in seen.tally.notes)


def test_a_log_that_went_round_has_no_gap() -> None:
    seen = read(log(chunk(many(51, 20)), chunk(many(31, 20))))
    assert seen.tally.facts["records.missing"] == "0"
    assert not any("older than the one" in note for note in seen.tally.notes)


def test_an_older_copy_of_a_chunk_does_not_double_its_records() -> None:
    seen = read(log(chunk(many(1, 10)), chunk(many(1, 15))))
    assert seen.column("EventRecordID") == [str(number) for number in range(1, 16)]
    assert seen.tally.facts["evtx.copies"] == "10"


def test_records_that_were_chosen_and_saved_are_told_by_their_numbers() -> None:
    seen = read(log(chunk([Made(1, record_id=500), Made(2, record_id=900)])))
    assert any("chosen and saved" in note for note in seen.tally.notes)
    assert seen.tally.facts["channel.Security.last_record"] == "900"


def test_a_text_is_no_event_log() -> None:
    assert not is_evtx(b"#Software: Microsoft Internet Information Services 10.0\n")
    assert not is_evtx(b"")


@pytest.mark.parametrize("junk", [0, 512, 3 * 512, 4096 + 512])
def test_chunks_are_found_wherever_a_sector_begins(junk: int) -> None:
    data = b"\x11" * junk + chunk(many(1, 4)) + b"\x22" * 1024 + chunk(many(5, 4))
    assert is_evtx(data[: 64 << 10]) or junk > 60_000
    assert len(read(data).rows()) == 8


def test_a_missing_value_holds_a_number_that_arrow_can_look_up() -> None:
    """Joining tables looks up the numbers of nulls too: with -1 a worker died of it now and then."""
    others = [Made(number, data=(("Other", f"value{number}"),)) for number in range(301, 361)]
    chunks = [chunk(many(first, 60)) for first in range(1, 300, 60)]
    (batch,) = read(log(*chunks, chunk(others))).batches
    for name, missing in (("TargetUserName", 60), ("Other", 300)):
        (values,) = batch.table[name].chunks
        assert values.null_count == missing
        numbers = np.frombuffer(values.indices.buffers()[1], np.int32)[: len(values)]
        assert numbers.min() >= 0 and numbers.max() < len(values.dictionary)
