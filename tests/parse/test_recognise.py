"""What kind of log a file is: its content says so, wherever it lies and whatever it is called."""

import pytest

from exsweep.parse import recognise
from tests.parse.reading import IIS_HEADER, iis_line

CRLF = b"\r\n"
PROXY_COLUMNS = b"DateTime,RequestId,MajorVersion,UrlStem,AnchorMailbox,HttpStatus,ProxyAction"


def kind(head: bytes, path: str = "") -> str | None:
    found = recognise(head, path)
    return found.id if found else None


def test_content_wins_over_path():
    assert kind(IIS_HEADER + iis_line(), "Logging/HttpProxy/Ecp/HttpProxy_2021030100-1.LOG") == "iis_w3c"


def test_logs_with_the_same_columns_are_told_apart_by_log_type_then_path():
    header = b"#Fields: TimeStamp,ServerName,EventId,EventData\r\n"
    assert kind(b"#Log-type: ECP Activity Context Log\r\n" + header) == "ecp_activity"
    assert kind(b"#Log-type: ECP Server Log\r\n" + header) == "ecp_server"
    assert kind(header, "D/Logging/ECP/Activity/x.log") == "ecp_activity"
    assert kind(header, "D\\Logging\\ECP\\Server\\x.log") == "ecp_server"
    assert kind(header) == "ecp_server"


def test_a_plain_column_row_is_enough():
    assert kind(PROXY_COLUMNS + CRLF) == "httpproxy"


def test_the_header_may_stand_below_other_text():
    assert kind(b"hello\r\nthis is our log\r\n\r\n" + IIS_HEADER + iis_line()) == "iis_w3c"


def test_a_truncated_beginning_is_recognised_by_the_shape_of_its_lines():
    assert kind(b"80 - 10.0.0.1 x - 200 0 0 1\r\n" + CRLF.join([iis_line()] * 300)) == "iis_w3c"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_do_not_hide_a_log(encoding: str):
    assert kind((IIS_HEADER + iis_line()).decode().encode(encoding)) == "iis_w3c"


def test_zeros_in_front_do_not_hide_a_log():
    assert kind(b"\0" * 100 + IIS_HEADER + iis_line()) == "iis_w3c"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0" * 1000,
        b"hello world\n",
        b"<html><body>x</body></html>",
        b"Name,Path\na,b\n",
        b"2021-03-01,a,b\n",
        b"2021-03-01T00:00:00Z,a,b,c\n",
        b"MZ\x90\x00" + b"\xff" * 500,
        b'{"date": "2021-03-01"}\n',
        bytes(range(256)) * 20,
    ],
)
def test_what_is_no_log_is_not_taken_for_one(head: bytes):
    assert kind(head) is None


def test_a_pasted_report_is_left_to_the_reader_of_pasted_text():
    said = b"ProxyLogon Status: Exchange Server EX01\r\n"
    assert kind(said + IIS_HEADER + iis_line()) is None
    assert kind(b"I found this:\r\n" + iis_line() + CRLF + b"Is it bad?\r\nThanks\r\n") is None


def test_a_console_table_is_no_csv():
    assert (
        kind(b"DateTime                 AnchorMailbox\r\n--------                 -------------\r\n") is None
    )


def test_a_long_line_of_junk_is_quickly_nothing():
    assert kind(b'"' * 65_000) is None
    assert kind(b"," * 65_000) is None
    assert kind(b"a " * 30_000) is None
