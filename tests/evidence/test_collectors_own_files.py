"""Lists that our collector adds: they are no evidence, hide nothing, and what they could not read stays in sight."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.evidence.own import written_by_us
from exsweep.evidence.unread import _missing
from exsweep.knowledge.collection import UNREAD
from exsweep.model import SourceState
from tests.evidence.build import only, read_bytes, zip_of

HEAD = f"{UNREAD}\r\n".encode()


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("manifest.csv", b'"path","entry","size_bytes","created"'),
        ("collection.json", b'{\r\n    "files":  3,\r\n    "schema":  "exsweep.collection/1"\r\n}'),
        ("collector.log", b"2026-11-20T10:00:00Z Looking for what to take"),
    ],
)
def test_the_collectors_own_lists_are_no_evidence(name, head):
    assert written_by_us(f"part2.zip/exsweep-collector/{name}", head)
    assert not written_by_us(f"wwwroot/{name}", head)
    assert not written_by_us(f"exsweep-collector/{name}", b"<%@ Page Language='Jscript' %>")
    assert not written_by_us(f"exsweep-collector/{name}.aspx", head)


@pytest.mark.parametrize(
    "path",
    [
        "2021-03-09T120000_0000000_CopyLog.csv",
        "EXCH01/Target/x_SkipLog.csv",
        "uploads.json",
        "CyLR_Collection_Log_1.log",
    ],
)
def test_what_other_collectors_say_of_their_work_is_no_evidence(path):
    assert "not counted as evidence" in written_by_us(path, b"CopiedTimestamp,SourceFile\n")
    assert not written_by_us(path, b"<% EXSWEEP-INERT-FIXTURE %>")


@pytest.mark.parametrize(
    "path",
    [
        "C/inetpub/wwwroot/uploads.json",
        "uploads/auto/C/Windows/log.json",
        "results/Events.json",
        "x/u_ex1.log",
    ],
)
def test_a_file_of_the_server_is_never_taken_for_a_collectors(path):
    assert not written_by_us(path, b"{}")


def test_a_page_that_begins_like_the_list_is_still_read_as_it_is(tmp_path: Path) -> None:
    page = HEAD + b"<% EXSWEEP-INERT-FIXTURE %>"
    found = read_bytes(tmp_path, "x.zip", zip_of([("wwwroot/a.aspx", page)]))
    assert only(found, "wwwroot/a.aspx").data == page
    assert len(found) == 1


def test_each_file_of_the_list_is_a_source_that_could_not_be_read(tmp_path: Path) -> None:
    rows = b'"C:\\inetpub\\wwwroot\\a ""b"".aspx","denied, so","pages_of_sites"\r\n"D:\\x.log","locked","iis_w3c"\r\n'
    found = read_bytes(
        tmp_path, "x.zip", zip_of([("exsweep-collector/unread.csv", HEAD + rows), ("D/y.log", b"y")])
    )
    assert {path for path in found if "unread" not in path} == {
        'C/inetpub/wwwroot/a "b".aspx',
        "D/x.log",
        "D/y.log",
    }
    assert only(found, "D/x.log").state is SourceState.UNREADABLE
    assert "locked" in only(found, "D/x.log").reason


def test_an_endless_list_ends_with_a_word_about_the_rest():
    data = HEAD + b'"C:\\x.log","locked","iis_w3c"\r\n' * 10_005
    found = list(_missing(data, ""))
    assert len(found) == 10_001
    assert "more than" in found[-1].reason


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_no_bytes_in_the_list_stop_the_run(data):
    for source in _missing(HEAD + data, ""):
        assert source.state is SourceState.UNREADABLE
        assert source.path


def test_a_field_without_end_is_told():
    (found,) = _missing(HEAD + b'"' + b"x" * 200_000, "")
    assert "damaged" in found.reason
