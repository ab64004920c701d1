"""What Defender found and locked away: each thing a row with its path and time; a locked page is looked at."""

import pytest

from exsweep.model import SourceState
from exsweep.parse.traces.quarantine import rc4
from tests.parse.traces.making import detection, locked_file, quarantine_entry
from tests.parse.traces.reading import read

PAGE = r"C:\inetpub\wwwroot\aspnet_client\supp0rt.aspx"
CHOPPER = "Backdoor:ASP/Chopper.F!dha"
LIST = "C/ProgramData/Microsoft/Windows Defender/Quarantine/Entries/{80000000-0000-0000-0000-000000000001}"
LOCKED = "C/ProgramData/Microsoft/Windows Defender/Quarantine/ResourceData/AB/AB12"
FOUND = "C/ProgramData/Microsoft/Windows Defender/Scans/History/Service/DetectionHistory/01/0000"
WHEN = "2021-03-04 01:02:03"
TEXT = b"<%@ Page Language='C#' %><!-- EXSWEEP-INERT-FIXTURE -->"


def entry() -> bytes:
    return quarantine_entry(CHOPPER, [("\\\\?\\" + PAGE, "file"), (r"HKLM\SOFTWARE\x", "regkey")], WHEN)


def history() -> bytes:
    return detection(
        CHOPPER, [("file", PAGE), ("containerfile", r"C:\Temp\a.zip->x.aspx")], WHEN, r"C:\w3wp.exe"
    )


def test_the_cipher_is_the_published_one():
    """Test vector of RFC 6229's cipher: key `Key`, text `Plaintext`."""
    assert rc4(b"Plaintext", b"Key").hex() == "bbf316e8d940af0ad3"


def test_a_locked_file_begins_as_all_files_that_defender_locked():
    assert locked_file(b"x")[:3].hex() == "0bad00"


def test_each_thing_of_a_quarantine_list_is_a_row():
    rows, reader = read(entry(), LIST)
    assert [(row["Path"], row["Scheme"], row.get("Place", "")) for row in rows] == [
        (PAGE, "file", "drop"),
        (r"HKLM\SOFTWARE\x", "regkey", ""),
    ]
    assert {(row["Threat"], row["TimeStamp"], row["Event"]) for row in rows} == {
        (CHOPPER, "2021-03-04 01:02:03.000Z", "quarantined")
    }
    assert reader.state()[0] is SourceState.READ
    assert reader.tally.days == {}


def test_each_thing_of_a_detection_is_a_row_with_the_time_of_the_first_sight():
    rows, _ = read(history(), FOUND)
    assert [(row["Scheme"], row["Path"]) for row in rows] == [
        ("file", PAGE),
        ("containerfile", r"C:\Temp\a.zip"),
    ]
    assert {row["TimeStamp"] for row in rows} == {"2021-03-04 01:02:03.000Z"}
    assert {row["Threat"] for row in rows} == {CHOPPER}


def test_a_locked_page_is_handed_out_as_a_page():
    rows, reader = read(locked_file(TEXT), LOCKED)
    assert rows == []
    (page,) = reader.pages
    assert (page.data, page.held) == (TEXT, "quarantine")


def test_a_locked_program_is_only_counted():
    _, reader = read(locked_file(b"MZ" + bytes(5_000)), LOCKED)
    assert not reader.pages
    assert reader.tally.facts["quarantine.other"] == "5002"


@pytest.mark.parametrize(("data", "path"), [(entry()[:-30], LIST), (history()[:-9], FOUND)])
def test_what_is_cut_short_is_partial(data: bytes, path: str):
    assert read(data, path)[1].state()[0] is SourceState.PARTIAL


def test_a_locked_page_cut_short_says_so_and_its_beginning_is_looked_at():
    _, reader = read(locked_file(TEXT * 20)[:-100], LOCKED)
    assert reader.state()[0] is SourceState.PARTIAL
    assert reader.pages[0].data == (TEXT * 20)[:-100]
