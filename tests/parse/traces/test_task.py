"""Planned tasks: what each starts, as whom and when, from the file that Windows keeps of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.model import SourceState
from tests.parse.traces.reading import read

PLACE = "C/Windows/System32/Tasks/Microsoft/Windows/Winnet"
TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Date>2021-03-03T05:12:44.1234567</Date><Author>MAIL01\\SYSTEM</Author><URI>\\Winnet</URI></RegistrationInfo>
  <Triggers><TimeTrigger><StartBoundary>2021-03-03T05:15:00</StartBoundary></TimeTrigger><BootTrigger/></Triggers>
  <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
  <Settings><Hidden>true</Hidden></Settings>
  <Actions Context="Author">
    <Exec><Command>powershell</Command><Arguments>-ep bypass -e SQBFAFgA &amp; rem</Arguments></Exec>
    <Exec><Command>C:\\Program Files\\Vendor\\a.exe</Command></Exec>
    <ComHandler><ClassId>{00000000-0000-0000-0000-000000000001}</ClassId></ComHandler>
  </Actions>
</Task>
"""


def test_each_thing_that_a_task_starts_is_a_row():
    rows, reader = read(("\ufeff" + TASK).encode("utf-16-le"), PLACE)
    assert [row.get("CommandLine", row.get("ComClassId")) for row in rows] == [
        "powershell -ep bypass -e SQBFAFgA & rem",
        r"C:\Program Files\Vendor\a.exe",
        "{00000000-0000-0000-0000-000000000001}",
    ]
    first = rows[0]
    assert first["TaskName"] == r"\Microsoft\Windows\Winnet"
    assert (first["UserId"], first["RunLevel"], first["Hidden"]) == ("S-1-5-18", "HighestAvailable", "true")
    assert (first["Registered"], first["Triggers"]) == ("2021-03-03T05:12:44", "TimeTrigger|BootTrigger")
    assert reader.state()[0] is SourceState.READ
    assert reader.tally.days == {}


def test_the_same_task_in_utf_8_says_the_same():
    assert read(TASK.encode(), PLACE)[0] == read(("\ufeff" + TASK).encode("utf-16-le"), PLACE)[0]


def test_a_task_cut_short_is_partial_and_counted():
    _, reader = read(TASK[:-80].encode("utf-16-le"), PLACE)
    assert reader.state()[0] is SourceState.PARTIAL
    assert reader.tally.reasons == {"no-xml": 1}


def test_no_entity_is_ever_followed():
    bomb = TASK.replace('"UTF-16"?>', '"UTF-16"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>')
    rows, reader = read(bomb.replace("rem", "&a;").encode(), PLACE)
    assert rows == []
    assert reader.tally.reasons == {"no-xml": 1}


@pytest.mark.parametrize("path", ["Tasks/Winnet", "x/winnet.xml"])
def test_where_no_folder_tells_the_name_of_the_file_does(path: str):
    assert read(TASK.encode(), path)[0][0]["TaskName"].lower().startswith("\\winnet")


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(300, 3000), junk=st.binary(max_size=40), step=st.integers(1, 500))
def test_no_bytes_bring_it_down_and_chunks_change_nothing(cut: int, junk: bytes, step: int):
    data = TASK.encode()[:cut] + junk + TASK.encode()[cut:]
    assert read(data, PLACE, step)[0] == read(data, PLACE)[0]
