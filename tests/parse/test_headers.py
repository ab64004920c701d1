"""Headers: where they may stand, what they may look like, and what they say of the server."""

from datetime import datetime

import pytest

from exsweep.knowledge.formats import format_of, text_formats
from exsweep.parse.header import build_of, directive, fields_header, read_names
from tests.parse.reading import IIS_HEADER, iis_line, read

CRLF = b"\r\n"
ROW = b"2021-03-01T00:00:00.000Z,/owa/,Sid~1,Proxy\r\n"
NAMES = b"DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
HASH = b"#Software: Microsoft Exchange Server\r\n#Version: 15.01.2106.002\r\n#Log-type: HttpProxy Logs\r\n#Date: 2021-02-28T10:00:00.000Z\r\n"


@pytest.mark.parametrize(
    "header",
    [
        NAMES,
        HASH + b"#Fields: " + NAMES,
        NAMES + HASH + b"#Fields: " + NAMES,
        HASH + NAMES,
        HASH + b"#Fields: " + NAMES + NAMES,
    ],
)
def test_the_plain_column_row_may_stand_before_after_or_alone(header: bytes):
    result = read(header + ROW, "httpproxy")
    assert result.column("AnchorMailbox") == [b"Sid~1"]
    assert result.tally.header_lines == header.count(b"\n")


def test_letter_case_of_columns_does_not_matter():
    header = b"#Fields: datetime,urlstem,ANCHORMAILBOX,proxyaction,BackendStatus\r\n"
    result = read(header + ROW.strip() + b",500\r\n", "httpproxy")
    assert result.column("BackEndStatus") == [b"500"]
    assert result.column("DateTime") == [b"2021-03-01T00:00:00.000Z"]


def test_empty_and_repeated_column_names_stay_apart():
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction,,UrlStem\r\n"
    for rows in (1, 40):
        result = read(header + (ROW.strip() + b",5,6\r\n") * rows, "httpproxy")
        assert result.rows[-1] | {"UrlStem": b"/owa/", "_5": b"5", "UrlStem__2": b"6"} == result.rows[-1]


def test_a_header_whose_tail_was_written_twice_is_understood():
    names = ["date-time", "source", "event-id", "message-id", "sender-address", "log-id"]
    glued = ",".join(names) + "event-id,message-id,sender-address,log-id"
    assert read_names(glued.encode()) == names
    apart = ",".join(names) + ",message-id,sender-address,log-id"
    assert read_names(apart.encode()) == names
    assert read_names(b"a,b,c,b") == ["a", "b", "c", "b"]


def test_dropped_columns_are_not_kept():
    result = read(b"#Fields: " + NAMES.strip() + b",ADLatency\r\n" + ROW.strip() + b",7\r\n", "httpproxy")
    assert "ADLatency" not in result.rows[0]


def test_a_file_of_two_logs_put_together_is_read_as_both():
    result = read(
        IIS_HEADER + iis_line() + CRLF + HASH + b"#Fields: " + NAMES + ROW + IIS_HEADER + iis_line() + CRLF
    )
    assert [(batch.format.id, len(batch)) for batch in result.batches] == [("iis_w3c", 2), ("httpproxy", 1)]
    assert dict(result.tally.kinds) == {"iis_w3c": 2, "httpproxy": 1}


def test_equal_headers_do_not_cut_the_batch():
    result = read((IIS_HEADER + iis_line() + CRLF) * 50)
    assert len(result.batches) == 1
    assert result.tally.header_lines == 200
    assert result.lines == list(range(5, 251, 5))


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("15.01.2375.007", "15.1.2375.7"),
        ("15.2.1118.7", "15.2.1118.7"),
        ("14.03.0123.004", "14.3.123.4"),
        ("15.0.0.0", None),
        ("1.0", None),
        ("99.1.2.3", None),
        ("15.1.2106.2 ", "15.1.2106.2"),
        ("15.1.2106.99999999999", None),
    ],
)
def test_a_version_is_a_build_only_when_it_can_be_one(text: str, build: str | None):
    assert build_of(text) == build


def test_the_header_gives_the_build_from_its_date_to_its_last_row():
    (build,) = read(HASH + b"#Fields: " + NAMES + ROW, "httpproxy").tally.builds()
    assert (build.build, build.source) == ("15.1.2106.2", "httpproxy")
    assert build.first == datetime.fromisoformat("2021-02-28T10:00:00Z")
    assert build.last == datetime.fromisoformat("2021-03-01T00:00:00Z")


def test_rows_win_over_a_header_with_a_lower_revision():
    columns = b"#Fields: DateTime,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,UrlStem,AnchorMailbox,ProxyAction\r\n"
    row = b"2021-03-01T00:00:00.000Z,15,1,2106,13,/owa/,x,y\r\n"
    builds = read(HASH + columns + row, "httpproxy").tally.builds()
    assert [one.build for one in builds] == ["15.1.2106.13"]


def test_an_update_inside_a_file_shows_as_two_builds():
    columns = b"#Fields: DateTime,MajorVersion,MinorVersion,BuildVersion,RevisionVersion,UrlStem,AnchorMailbox,ProxyAction\r\n"
    before = b"2021-03-01T00:00:00.000Z,15,1,2106,2,/owa/,x,y\r\n" * 30
    after = b"2021-03-03T00:00:00.000Z,15,1,2106,13,/owa/,x,y\r\n" * 30
    builds = read(columns + before + after, "httpproxy").tally.builds()
    assert [(one.build, one.first.day, one.last.day) for one in builds] == [
        ("15.1.2106.2", 1, 1),
        ("15.1.2106.13", 3, 3),
    ]


def test_directives_are_told_from_data():
    assert directive(b"#Log-type: HttpProxy Logs") == ("log-type", b"HttpProxy Logs")
    assert directive(b"#Fields:") == ("fields", b"")
    assert directive(b"#2021-03-01 10:00:00") is None


def test_a_header_cut_in_the_middle_of_a_name_is_no_header():
    assert fields_header(b"date time s-ip cs-met", text_formats(), format_of("iis_w3c"), "") is None
    assert fields_header(b"date time s-ip", text_formats(), format_of("iis_w3c"), "") is not None


def test_headers_that_take_turns_give_one_batch_each():
    one = b"#Fields: date time cs-method cs-uri-stem\n2021-03-01 10:00:00 GET /a\n"
    other = b"#Fields: date time cs-uri-stem cs-method\n2021-03-01 10:00:00 /b GET\n"
    result = read((one + other) * 50)
    assert [len(batch) for batch in result.batches] == [50, 50]
    assert result.column("cs-uri-stem") == [b"/a", b"/b"] * 50
    assert all((batch.line[1:] > batch.line[:-1]).all() for batch in result.batches)


def test_ever_new_headers_are_not_believed_for_ever():
    data = b"".join(
        b"#Fields: date time cs-method cs-uri-stem x%d\n2021-03-01 10:00:00 GET / 1\n" % n for n in range(600)
    )
    tally = read(data).tally
    assert tally.events == 500
    assert dict(tally.reasons) == {"no-header": 100}
    assert any("different headers" in note for note in tally.notes)
