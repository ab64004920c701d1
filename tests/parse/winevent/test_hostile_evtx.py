"""Rows H47 to H53 of the table of hostile inputs: damaged, cleared, cut, empty and foreign event logs."""

import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.model import SourceState
from exsweep.parse.winevent import EventReader, event_reader, is_evtx, named_evtx
from exsweep.parse.winevent.evtx_file import _credible
from tests.parse.winevent.making import Made, chunk, log, many, sealed
from tests.parse.winevent.reading import read

pytestmark = pytest.mark.hostile
CHUNK = 65_536


def test_h47_a_record_of_another_time_than_its_neighbours_is_told() -> None:
    records = [*many(1, 5), Made(6, seconds=315_532_800), *many(7, 5)]
    seen = read(log(chunk(records)))
    assert len(seen.rows()) == 11
    assert any("older than the one written before it" in note for note in seen.tally.notes)


def test_h48_a_cleared_security_log_says_when_it_was_cleared() -> None:
    clearing = Made(
        1, event_id=1102, provider="Microsoft-Windows-Eventlog", user_data=(("SubjectUserName", "eve"),)
    )
    seen = read(log(chunk([clearing, *many(2, 3)])))
    assert seen.tally.facts["cleared.Security"] == "2021-03-01T12:00:00.000000Z"
    assert seen.rows()[0]["SubjectUserName"] == "eve"
    assert any("Security was cleared" in note for note in seen.tally.notes)


def test_h48_event_104_names_the_log_that_was_cleared() -> None:
    clearing = Made(
        9,
        channel="System",
        event_id=104,
        user_data=(("SubjectUserName", "eve"), ("Channel", "MSExchange Management")),
    )
    seen = read(log(chunk([clearing])))
    assert "cleared.MSExchange Management" in seen.tally.facts
    assert seen.rows()[0]["Data_Channel"] == "MSExchange Management"


def test_h48_a_record_hidden_in_the_bytes_of_another_is_read_and_told() -> None:
    made = bytearray(chunk(many(1, 6)))
    first = struct.unpack_from("<I", made, 512 + 4)[0]
    second = struct.unpack_from("<I", made, 512 + first + 4)[0]
    struct.pack_into("<I", made, 512 + 4, first + second)
    struct.pack_into("<I", made, 512 + first + second - 4, first + second)
    seen = read(log(sealed(made)))
    assert seen.column("TargetUserName") == [f"user{number}" for number in range(1, 7)]
    assert seen.tally.facts["evtx.hidden"] == "1"


def test_h49_a_dirty_log_is_read_to_its_last_record_and_says_that_it_is_dirty() -> None:
    made = bytearray(chunk(many(1, 8)))
    sizes = [struct.unpack_from("<I", made, 512 + 4)[0]]
    struct.pack_into("<I", made, 48, 512 + sizes[0])  # the header knows the first record only
    struct.pack_into("<Q", made, 32, 1)
    seen = read(log(sealed(made), flags=1))
    assert len(seen.rows()) == 8
    assert seen.tally.facts["evtx.flags"] == "dirty"


def test_h49_a_file_that_ends_inside_a_chunk_keeps_what_is_there() -> None:
    data = log(chunk(many(1, 40)), chunk(many(41, 40)))
    seen = read(data[: 4096 + CHUNK + 10_000])
    assert 40 < len(seen.rows()) < 80
    state, reason = seen.reader.state()
    assert state is SourceState.PARTIAL and "cut" in reason


def test_h49_a_chunk_whose_checksum_is_wrong_is_read_and_counted() -> None:
    made = bytearray(chunk(many(1, 8)))
    made[52] ^= 0xFF
    seen = read(log(bytes(made)))
    assert len(seen.rows()) == 8
    assert seen.reader.state()[0] is SourceState.PARTIAL


def test_h49_old_records_behind_the_end_of_a_chunk_are_no_events() -> None:
    made = bytearray(chunk(many(1, 3)))
    old = chunk(many(9000, 3))
    free = struct.unpack_from("<I", made, 48)[0]
    made[free + 64 : free + 64 + 1024] = old[512:1536]
    seen = read(log(sealed(made)))
    assert len(seen.rows()) == 3
    assert int(seen.tally.facts["evtx.stale"]) >= 1


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.integers(1, 400))
def test_h50_damage_in_one_chunk_never_costs_a_record_of_another(rnd: random.Random, count: int) -> None:
    good, bad = chunk(many(1, 20)), bytearray(chunk(many(21, 20)))
    for _ in range(count):
        bad[rnd.randrange(16_384)] = rnd.randrange(256)
    seen = read(log(good, bytes(bad), chunk(many(41, 20))))
    found = {row["TargetUserName"] for row in seen.rows() if "TargetUserName" in row}
    assert {f"user{number}" for number in (*range(1, 21), *range(41, 61))} <= found
    offsets = [row["_offset"] for row in seen.rows()]
    assert len(set(offsets)) == len(offsets)


def test_h50_one_broken_record_is_rejected_and_its_neighbours_are_read() -> None:
    made = bytearray(chunk(many(1, 9)))
    size = struct.unpack_from("<I", made, 512 + 4)[0]
    made[512 + size : 512 + size + 40] = b"\xff" * 40
    seen = read(log(bytes(made)))
    assert seen.column("TargetUserName") == [f"user{number}" for number in (1, *range(3, 10))]
    assert dict(seen.tally.reasons) == {"broken-record": 1}
    assert (seen.tally.samples[0].line, seen.tally.samples[0].offset) == (2, 4096 + 512 + size)


def test_h50_a_record_whose_size_is_wrong_is_still_read() -> None:
    made = bytearray(chunk(many(1, 5)))
    struct.pack_into("<I", made, 512 + 4, 0)
    assert len(read(log(bytes(made))).rows()) == 5


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF, 24])
def test_h50_sizes_that_cannot_be_bring_neither_a_hang_nor_gigabytes(size: int) -> None:
    made = bytearray(chunk(many(1, 5)))
    for at in (40, 44, 48, 512 + 4):
        struct.pack_into("<I", made, at, size)
    assert len(read(log(sealed(made))).rows()) == 5


def test_h51_without_its_header_the_chunks_of_a_file_are_read() -> None:
    data = bytes(4096) + log(chunk(many(1, 5)), chunk(many(6, 5)))[4096:]
    assert is_evtx(data[: 64 << 10])
    seen = read(data)
    assert len(seen.rows()) == 10
    assert seen.reader.state()[0] is SourceState.PARTIAL
    assert "header of the file" in seen.reader.state()[1]


def test_h51_a_bare_chunk_is_a_log() -> None:
    assert len(read(chunk(many(1, 5))).rows()) == 5


def test_h51_a_chunk_that_lost_its_own_header_gives_its_records() -> None:
    lost = bytes(512) + chunk(many(6, 5))[512:]
    seen = read(log(chunk(many(1, 5)), lost))
    assert len(seen.rows()) == 10
    assert seen.tally.facts["evtx.header"] == "1"


@pytest.mark.parametrize(
    ("data", "state", "kind"),
    [
        (b"", SourceState.NOT_A_LOG, "empty"),
        (log(), SourceState.READ, "no_records"),
        (log() + bytes(1 << 20), SourceState.READ, "no_records"),
        (log(chunk([])), SourceState.READ, "no_records"),
        (b"This is a text.", SourceState.NOT_A_LOG, "no_event_log"),
        (bytes(200_000), SourceState.NOT_A_LOG, "no_event_log"),
        (b"LfLe" * 5000, SourceState.NOT_A_LOG, "no_event_log"),
    ],
)
def test_h52_no_records_is_told_apart_from_not_read(data: bytes, state: SourceState, kind: str) -> None:
    seen = read(data, reader=EventReader())
    assert seen.rows() == []
    assert seen.tally.facts["evtx.state"] == kind
    assert seen.reader.state()[0] is state
    assert list(seen.tally.notes)


def test_h52_an_empty_log_that_once_held_records_says_so() -> None:
    seen = read(log(next_record=4711))
    assert any("4711" in note for note in seen.tally.notes)


@pytest.mark.parametrize("name", ["1.evtx", "Microsoft-Windows-Sysmon%4Operational.evtx", "x.bin", ""])
def test_h53_a_log_is_known_by_what_is_in_it(name: str) -> None:
    made = log(chunk([Made(1, channel="Microsoft-Windows-Sysmon/Operational", event_id=1)]))
    seen = read(made, name)
    assert event_reader(made[: 64 << 10], name) is not None
    assert seen.rows()[0]["_format"] == "event_process"


def test_h53_only_the_name_says_event_log() -> None:
    assert named_evtx("C/Windows/System32/winevt/Logs/Security.EVTX")
    assert event_reader(b"hello", "Security.evtx") is None


def test_h49_a_file_that_is_shorter_than_its_header_says_is_read_in_part() -> None:
    data = bytearray(log(chunk(many(1, 40)), chunk(many(41, 40))))
    struct.pack_into("<H", data, 42, 2)
    struct.pack_into("<I", data, 124, zlib.crc32(data[:120]))
    whole, short = read(bytes(data)), read(bytes(data[: 4096 + CHUNK]))
    state, reason = short.reader.state()
    assert whole.reader.state()[0] is SourceState.READ
    assert state is SourceState.PARTIAL and "at its end and has not: 1" in reason
    assert len(short.rows()) == 40


@pytest.mark.parametrize("cut", [1, 2000, 4095])
def test_h51_a_file_without_its_first_bytes_gives_all_its_records(cut: int) -> None:
    data = log(chunk(many(1, 40)), chunk(many(41, 40)))[cut:]
    assert is_evtx(data[:65_536])
    assert len(read(data).rows()) == 80


def test_h50_a_number_that_damage_made_is_no_stretch_of_missing_records() -> None:
    assert _credible([7, 8, None, 3_314_649_325_744_685_008, 10]) == [7, 8, 10]
