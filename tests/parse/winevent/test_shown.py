"""Events as people see and paste them: the same columns as from an `.evtx` file."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.parse.winevent.shown import looks_shown
from tests.parse.winevent.reading import read

TEXT = (
    "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tMXS01$\r\n\r\nProcess Information:\r\n"
    "\tNew Process Name:\tC:\\Windows\\System32\\cmd.exe\r\n\tCreator Process Name:\tC:\\Windows\\System32\\inetsrv\\w3wp.exe\r\n"
    "\tProcess Command Line:\tcmd /c whoami\r\n"
)
VIEWER = (
    "Log Name:      Security\r\nSource:        Microsoft-Windows-Security-Auditing\r\nDate:          3/14/2021 6:40:15 AM\r\n"
    "Event ID:      4688\r\nTask Category: Process Creation\r\nLevel:         Information\r\nUser:          N/A\r\n"
    "Computer:      MXS01\r\nDescription:\r\n" + TEXT
)
GERMAN = (
    VIEWER.replace("Log Name", "Protokollname")
    .replace("Source", "Quelle")
    .replace("Event ID", "Ereignis-ID")
    .replace("Description", "Beschreibung")
    .replace("Date:          3/14/2021 6:40:15 AM", "Datum:         14.03.2021 06:40:15")
)
FRENCH = (
    VIEWER.replace("Log Name:", "Nom du journal :")
    .replace("Source:", "Source :")
    .replace("Date:          3/14/2021 6:40:15 AM", "Date :         14/03/2021 06:40:15")
    .replace("Event ID:", "ID de l’événement :")
    .replace("Computer:", "Ordinateur :")
    .replace("Description:", "Description :")
)
WEVTUTIL = (
    "Event[0]:\r\n  Log Name: Security\r\n  Source: Microsoft-Windows-Security-Auditing\r\n  Date: 2021-03-14T06:40:15.000\r\n"
    "  Event ID: 4688\r\n  Task: Process Creation\r\n  Computer: MXS01\r\n  Description: \r\n" + TEXT + "\r\n"
)
LISTED = (
    "\r\n\r\nTimeCreated  : 3/14/2021 6:40:15 AM\r\nProviderName : Microsoft-Windows-Security-Auditing\r\nId           : 4688\r\n"
    "Message      : " + TEXT.replace("\r\n", "\r\n               ") + "\r\n"
)


@pytest.mark.parametrize("text", [VIEWER, GERMAN, FRENCH, WEVTUTIL, LISTED, "Hi,\nis this bad?\n\n" + VIEWER])
def test_each_way_of_showing_gives_the_same_event(text: str):
    (row,) = read(text.encode()).rows()
    assert (row["Channel"], row["EventID"], row["CommandLine"]) == ("Security", "4688", "cmd /c whoami")
    assert row["ParentProcessName"].endswith("w3wp.exe")
    assert row["TimeCreated"].startswith("2021-03-14T06:40:15")


def test_events_that_follow_each_other_are_told_apart():
    assert [row["EventID"] for row in read((WEVTUTIL + WEVTUTIL.replace("[0]", "[1]")).encode()).rows()] == [
        "4688"
    ] * 2
    assert [row["EventID"] for row in read((LISTED + LISTED).encode()).rows()] == ["4688"] * 2
    assert [row["EventID"] for row in read((VIEWER + VIEWER).encode()).rows()] == ["4688"] * 2


def test_a_description_with_a_date_in_it_is_one_event():
    text = VIEWER + "Date: 1/1/2020\r\nMessage: x\r\n"
    assert len(read(text.encode()).rows()) == 1


def test_logs_and_letters_are_no_such_text():
    for text in (
        b"#Software: x\n#Date: 2021-03-01\n#Fields: date time\n",
        b"Date: today\nDescription: our server\n",
        b"2021-03-01 a\n" + VIEWER.encode(),
        b"",
    ):
        assert not looks_shown(text)


@settings(max_examples=80, deadline=None)
@given(cut=st.integers(0, 900), junk=st.binary(max_size=60), step=st.integers(1, 500))
def test_no_bytes_bring_it_down_and_chunks_change_nothing(cut: int, junk: bytes, step: int):
    data = WEVTUTIL.encode() + VIEWER.encode()[:cut] + junk + WEVTUTIL.encode()
    whole = read(data)
    assert read(data, sizes=(step,)).rows() == whole.rows()
    assert len(whole.rows()) >= 2
