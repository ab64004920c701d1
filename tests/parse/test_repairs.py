"""Damaged lines are mended where only one reading is possible, and rejected with a reason where not."""

import pytest

from exsweep.parse.fields import open_quote, split_csv
from tests.parse.reading import IIS_HEADER, iis_line, read

CRLF = b"\r\n"


def iis(line: bytes):
    return read(IIS_HEADER + line + CRLF)


def test_an_empty_field_before_a_name_is_a_doubled_blank():
    result = iis(iis_line().replace(b" 443 - ", b" 443  DOMAIN\\user "))
    assert result.column("cs-username") == [b"DOMAIN\\user"]
    assert result.column("s-port") == [b"443"]


def test_blanks_at_the_end_of_a_line_are_no_fields():
    assert iis(iis_line() + b"   ").column("time-taken") == [b"15"]


@pytest.mark.parametrize(
    ("damaged", "column", "value"),
    [
        (iis_line(agent="curl/7 (a b c)"), "cs(User-Agent)", b"curl/7 (a b c)"),
        (iis_line().replace(b" - 200", b" http://x/a b 200"), "cs(Referer)", b"http://x/a b"),
    ],
)
def test_blanks_inside_one_value_are_put_back_when_its_neighbours_prove_it(
    damaged: bytes, column: str, value: bytes
):
    assert iis(damaged).column(column) == [value]


def test_a_line_with_two_readings_is_rejected_as_such():
    # The blank may belong to the path or to the query: both readings have the right shapes.
    result = iis(iis_line(stem="/a b/c.aspx"))
    assert [one.reason for one in result.rejected] == ["ambiguous-fields"]


def test_an_empty_surplus_is_nothing():
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
    result = read(
        header + b"2021-03-01T00:00:00.000Z,/owa/,x,y,,\r\n2021-03-01T00:00:00.000Z,/owa/,x,y,,z\r\n",
        "httpproxy",
    )
    assert result.column("ProxyAction") == [b"y"]
    assert [(one.line, one.reason) for one in result.rejected] == [(3, "field-count")]


def test_the_end_of_a_cut_file_is_called_cut():
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
    result = read(header + b"2021-03-01T00:00:00.000Z,/owa/", "httpproxy")
    assert [one.reason for one in result.rejected] == ["cut-line"]


def test_a_quote_that_is_never_closed_is_text_when_the_fields_fit():
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
    result = read(header + b'2021-03-01T00:00:00.000Z,"/owa/,x,y\r\n', "httpproxy")
    assert result.column("UrlStem") == [b'"/owa/']


def test_a_record_of_an_export_may_go_on_over_lines():
    data = b'"CmdletName","CmdletParameters","Caller","RunDate"\r\n"a","x\r\ny","c","2021-03-01T00:00:00Z"\r\n"b","z","c","d"\r\n'
    for cuts in ((), (60, 64, 70, 71)):
        result = read(data, "admin_audit", cuts=cuts)
        assert result.column("CmdletParameters") == [b"x\ny", b"z"]
        assert result.lines == [2, 4]
        assert result.tally.continued_lines == 1


def test_a_quote_left_open_does_not_swallow_the_rest_of_the_file():
    good = b'"a","x","c","2021-03-01T00:00:00Z"\n'
    data = b'"CmdletName","CmdletParameters","Caller","RunDate"\n"a","open,"c","d"\n' + good * 1500
    result = read(data, "admin_audit")
    assert result.tally.events > 400
    tally = result.tally
    assert tally.lines == tally.events + tally.rejected
    assert tally.lines + tally.header_lines + tally.continued_lines == data.count(b"\n")


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b"", [b""]),
        (b"a,b", [b"a", b"b"]),
        (b'"a,b",c', [b"a,b", b"c"]),
        (b'"a""b",""', [b'a"b', b""]),
        (b'a"b,c', [b'a"b', b"c"]),
        (b'"a"b,c', [b"ab", b"c"]),
        (b'"a,b', [b'"a', b"b"]),
        (b",", [b"", b""]),
    ],
)
def test_quoting_is_undone_as_the_format_says(line: bytes, fields: list[bytes]):
    assert split_csv(line) == fields


@pytest.mark.parametrize(
    ("line", "is_open"),
    [(b'a,"b', True), (b'"a""', True), (b'"a"', False), (b'a"b', False), (b'"a"x"y', False)],
)
def test_an_open_quote_is_seen(line: bytes, is_open: bool):
    assert open_quote(line) is is_open
