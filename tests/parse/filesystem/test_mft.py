"""A file table: every record counted, every name with its whole path, there or deleted; no bytes bring the reader down."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.model import SourceState
from exsweep.parse.batch import Batch
from exsweep.parse.filesystem import MftReader, is_mft
from tests.parse.filesystem.making import (
    RECORD,
    ROOT,
    Table,
    attribute,
    far_data,
    file_name,
    record,
    standard,
    ticks,
)

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHELL = r"inetpub\wwwroot\aspnet_client\abcd1234.aspx"


def read(data: bytes, path: str = "C/$MFT", step: int = 4 << 20) -> tuple[list[dict[str, str]], MftReader]:
    reader = MftReader(path)
    batches: list[Batch] = []
    for start in range(0, len(data), step):
        batches += reader.feed(data[start : start + step])
    batches += reader.feed(b"", last=True)
    rows = [
        {name: (value or b"").decode("utf-8", "surrogatepass") for name, value in row.items()}
        for batch in batches
        for row in batch.table.to_pylist()
    ]
    return rows, reader


def of(rows: list[dict[str, str]], name: str) -> dict[str, str]:
    (row,) = [row for row in rows if row["Name"] == name]
    return row


def server() -> Table:
    """A setup of 2019, a page dropped in 2021 whose times were set back, one that was deleted."""
    table = Table()
    auth = r"Program Files\Microsoft\Exchange Server\V15\FrontEnd\HttpProxy\owa\auth"
    for name in ("logon.aspx", "logoff.aspx", "errorFE.aspx"):
        table.file(rf"{auth}\{name}", "2019-05-01 10:00:00")
    for number in range(30):
        table.file(rf"{auth}\theme{number}.css", "2019-05-01 10:01:00")
    table.file(SHELL, "2021-03-03 04:10:22", said="2019-05-01 10:00:00")
    table.file(rf"{auth}\gone.aspx", "2021-03-03 05:00:00", in_use=False)
    return table


def test_a_table_is_known_by_its_first_records():
    data = server().bytes()
    assert is_mft(data[:65536])
    assert not is_mft(b"FILE" + b"x" * 4096)
    assert not is_mft(b"PK\3\4" + data)


def test_each_name_has_its_path_its_times_and_where_it_lies():
    rows, reader = read(server().bytes())
    page = of(rows, "abcd1234.aspx")
    assert page["Path"] == "C:\\" + SHELL
    assert page["NameCreated"] == "2021-03-03 04:10:22.000Z"
    assert page["Created"] == "2019-05-01 10:00:00.000Z"
    assert (page["Place"], page["Shipped"], page["Stomped"], page["Neighbours"]) == ("drop", "no", "yes", "0")
    assert of(rows, "gone.aspx")["InUse"] == "no"
    logon = of(rows, "logon.aspx")
    assert (logon["Shipped"], logon["Neighbours"], logon["Stomped"]) == ("yes", "32", "")
    assert reader.state() == (SourceState.READ, "")


def test_every_record_is_accounted_for():
    data = server().bytes()
    rows, reader = read(data)
    facts = reader.tally.facts
    used = int(facts["mft.in_use"]) + int(facts["mft.deleted"])
    assert (
        used + int(facts["mft.empty"]) + reader.tally.rejected
        == int(facts["mft.records"])
        == len(data) // RECORD
    )
    assert len(rows) == reader.tally.events == reader.tally.lines - reader.tally.rejected


def test_times_of_files_are_no_days_that_the_evidence_covers():
    """H47: a time in the year 2107 must not make the evidence reach to 2107."""
    table = server()
    table.file(r"future.txt", "2107-01-01 00:00:00")
    _, reader = read(table.bytes())
    assert reader.tally.days == {}
    assert reader.tally.last_ms is None


def test_long_and_short_names_are_one_file_and_hard_links_are_two():
    table = Table()
    when = ticks("2021-03-03 04:10:22")
    web, other = table.folder(r"inetpub\wwwroot"), table.folder("Temp")
    table.records.append(
        record(
            len(table.records),
            [
                standard(when),
                attribute(0x30, file_name("LONGNA~1.ASP", web, when, space=2)),
                attribute(0x30, file_name("long name here.aspx", web, when, space=1)),
                attribute(0x30, file_name("twin.aspx", other, when, space=1)),
                far_data(5_000_000_000),
                attribute(0x80, b"[ZoneTransfer]", "Zone.Identifier"),
            ],
        )
    )
    rows, _ = read(table.bytes(), "mft.bin")
    pages = [row for row in rows if row["Extension"] == "aspx"]
    assert [row["Path"] for row in pages] == [r"\inetpub\wwwroot\long name here.aspx", r"\Temp\twin.aspx"]
    assert {(row["Size"], row["Streams"]) for row in pages} == {("5000000000", "Zone.Identifier")}
    assert not [row for row in rows if row["Name"] == "LONGNA~1.ASP"]


def test_a_name_in_the_continuation_of_a_record_gets_the_times_of_the_record():
    table = Table()
    when, said = ticks("2021-03-03 04:10:22"), ticks("2018-01-01 00:00:00")
    web = table.folder(r"inetpub\wwwroot")
    base = len(table.records)
    table.records.append(record(base, [standard(said), attribute(0x20, b"\0" * 32)]))
    table.records.append(
        record(base + 1, [attribute(0x30, file_name("x.aspx", web, when))], base=base | 1 << 48)
    )
    row = of(read(table.bytes())[0], "x.aspx")
    assert (row["Entry"], row["Created"]) == (str(base), "2018-01-01 00:00:00.000Z")


def test_h54_folders_in_a_loop_and_records_that_point_to_themselves_end():
    table = Table()
    when, base = table.start, len(table.records)
    for number, parent in ((base, base + 1), (base + 1, base), (base + 2, base + 2)):
        own = [standard(when), attribute(0x30, file_name(f"loop{number}", parent, when))]
        table.records.append(record(number, own, folder=True))
    inside = [standard(when), attribute(0x30, file_name("x.aspx", base, when))]
    table.records.append(record(base + 3, inside))
    row = of(read(table.bytes())[0], "x.aspx")
    assert row["Path"] == rf"C:\(folder {base}-1)\x.aspx"


def test_h58_names_that_are_no_text_survive():
    table = Table()
    when = table.start
    for number, name in enumerate(["\ud800.aspx", "日本.aspx", "a\u202egpj.exe", "x" * 255]):
        own = [standard(when), attribute(0x30, file_name(name, ROOT, when))]
        table.records.append(record(len(table.records), own))
        assert number >= 0
    names = [row["Name"] for row in read(table.bytes())[0]]
    assert names[-4:] == ["\ud800.aspx", "日本.aspx", "a\u202egpj.exe", "x" * 255]


def test_a_folder_number_given_to_another_folder_is_not_taken_for_it():
    table = Table()
    when, web = table.start, table.folder("web")
    old = [standard(when), attribute(0x30, file_name("x.aspx", web, when, sequence=9))]
    table.records.append(record(len(table.records), old, in_use=False))
    assert of(read(table.bytes())[0], "x.aspx")["Path"] == rf"C:\(folder {web}-9)\x.aspx"


def test_a_torn_record_and_a_cut_table_are_counted():
    data = bytearray(server().bytes())
    data[7 * RECORD + 1022] ^= 0xFF
    _, reader = read(bytes(data[:-100]))
    assert reader.tally.reasons == {"torn-record": 1}
    assert reader.state()[0] is SourceState.PARTIAL


@QUICK
@given(step=st.integers(1, 5_000))
def test_chunk_borders_change_nothing(step: int):
    data = server().bytes()
    assert read(data, step=step)[0] == read(data)[0]


@QUICK
@given(
    flips=st.lists(st.tuples(st.integers(0, 8 * RECORD - 1), st.integers(0, 255)), max_size=40),
    cut=st.integers(0, 8 * RECORD),
)
def test_no_damage_is_an_exception_and_every_record_is_counted(flips: list[tuple[int, int]], cut: int):
    data = bytearray(server().bytes()[: 8 * RECORD])
    for place, value in flips:
        data[place] = value
    rows, reader = read(bytes(data[:cut]))
    facts = reader.tally.facts
    used = int(facts["mft.in_use"]) + int(facts["mft.deleted"])
    assert used + int(facts["mft.empty"]) + reader.tally.rejected == int(facts["mft.records"])
    assert len(rows) == reader.tally.events


@pytest.mark.skipif(
    not shutil.which("mkfs.ntfs") or not shutil.which("ntfscp") or not shutil.which("ntfscat"),
    reason="no mkfs.ntfs and ntfscp here",
)
def test_a_table_made_by_mkfs_ntfs_is_read(tmp_path: Path):
    """The reference: a file system that another program made, read out by that program."""
    image = tmp_path / "disk.img"
    with image.open("wb") as out:
        out.truncate(8 << 20)
    subprocess.run(["mkfs.ntfs", "-F", "-Q", "-q", str(image)], check=True, capture_output=True)
    page = tmp_path / "page"
    page.write_bytes(b"EXSWEEP-INERT-FIXTURE" * 100)
    subprocess.run(
        ["ntfscp", "-f", "-q", str(image), str(page), "/shell.aspx"], check=True, capture_output=True
    )
    table = subprocess.run(["ntfscat", str(image), "$MFT"], check=True, capture_output=True).stdout
    rows, reader = read(table)
    row = of(rows, "shell.aspx")
    assert (row["Path"], row["Size"], row["InUse"]) == ("C:\\shell.aspx", "2100", "yes")
    assert not reader.tally.rejected
    assert {"$MFT", "$LogFile", "$Bitmap", "$UpCase"} <= {one["Name"] for one in rows}


@pytest.mark.parametrize("size", [1024, 4096])
@pytest.mark.parametrize("first", ["whole", "damaged", "says no size"])
@pytest.mark.parametrize("step", [1000, 4 << 20])
def test_records_have_the_size_that_the_first_whole_one_says(size: int, first: str, step: int):
    rows, reader = read(_sized(size, first), step=step)
    assert {f"a{number}.aspx" for number in range(6, 40)} <= {row["Name"] for row in rows}
    assert reader.tally.rejected == (first == "damaged")


def test_a_record_size_that_is_not_known_is_named():
    rows, reader = read(_sized(8192, "whole"))
    assert not rows
    state, why = reader.state()
    assert state is SourceState.PARTIAL
    assert "8192" in why


def _sized(size: int, first: str) -> bytes:
    start = ticks("2019-05-01 10:00:00")
    own = {0: "$MFT", ROOT: "."} | {number: f"a{number}.aspx" for number in range(6, 40)}
    records = [
        record(
            number,
            [standard(start), attribute(0x30, file_name(own[number], ROOT, start))],
            folder=number == ROOT,
            size=size,
        )
        if number in own
        else bytes(size)
        for number in range(40)
    ]
    if first == "damaged":
        records[0] = b"BAAD" + records[0][4:]
    if first == "says no size":
        records[0] = records[0][:28] + bytes(4) + records[0][32:]
    return b"".join(records)


def test_the_text_of_a_small_page_is_handed_out_though_the_page_was_deleted():
    table = Table()
    text = b"<%@ Page Language='C#' %> EXSWEEP-INERT-FIXTURE"
    table.file(SHELL, "2021-03-03 04:10:22", in_use=False, content=text)
    table.file(r"inetpub\wwwroot\there.aspx", "2021-03-03 04:10:23", content=text + b"2")
    table.file(r"inetpub\wwwroot\note.txt", "2021-03-03 04:10:23", content=text + b"3")
    table.file(r"inetpub\wwwroot\plain.txt", "2021-03-03 04:10:23", content=b"nothing")
    data = table.bytes()
    _, reader = read(data)
    assert [(page.path, page.held, page.data[-1:]) for page in reader.pages] == [
        ("C:\\" + SHELL, "deleted", b"E"),
        (r"C:\inetpub\wwwroot\there.aspx", "file_table", b"2"),
        (r"C:\inetpub\wwwroot\note.txt", "file_table", b"3"),
    ]
    first = reader.pages[0]
    assert data[first.offset : first.offset + len(text)] == text
    assert first.time_ms == 1_614_744_622_000
    assert read(data, step=777)[1].pages == reader.pages


def test_h42_a_page_that_is_hidden_from_listings_is_told() -> None:
    table = server()
    table.file(r"inetpub\wwwroot\aspnet_client\h.aspx", "2021-03-03 06:00:00", flags=0x27)
    rows, _ = read(table.bytes())
    assert [row["Name"] for row in rows if row["Hidden"]] == ["h.aspx"]
