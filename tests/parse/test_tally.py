"""Counts of a file: what coverage and the history of the server are made of."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from exsweep.knowledge.formats import format_of
from exsweep.model import SourceState
from exsweep.parse import Reader, Sieve
from exsweep.parse.lines import Index
from exsweep.parse.tally import moment, shown
from tests.parse.reading import IIS_HEADER, iis_line, read

CRLF = b"\r\n"
SAMPLES = Path(__file__).with_name("samples")
THREE_DAYS = IIS_HEADER + CRLF.join(
    [iis_line(date="2021-03-01")] * 3
    + [iis_line(date="2021-03-02", stem="/wanted")] * 2
    + [iis_line(date="2021-03-04")]
)


def test_days_first_and_last_are_those_of_the_events():
    tally = read(THREE_DAYS).tally
    assert tally.days == {date(2021, 3, 1): 3, date(2021, 3, 2): 2, date(2021, 3, 4): 1}
    report = tally.report(path="a.log", kind="iis_w3c", size=9, sha256="00")
    assert report.first == datetime(2021, 3, 1, 10, tzinfo=UTC)
    assert report.last == datetime(2021, 3, 4, 10, tzinfo=UTC)


def test_a_sweep_knows_the_days_of_lines_that_it_did_not_parse():
    def wanted(block: bytes, stops: Index) -> tuple[Index, Index]:
        place = block.find(b"/wanted")
        return np.searchsorted(stops, np.array([place][: place + 1]), side="right"), stops[:0]

    full, swept = read(THREE_DAYS).tally, read(THREE_DAYS, sieve=wanted).tally
    assert swept.days == full.days
    assert swept.hours == full.hours != {}
    assert (swept.events, swept.unread, swept.lines) == (1, 5, 6)
    report = swept.report(path="a.log", kind="iis_w3c", size=9, sha256="00")
    assert report.events + report.rejected == report.lines == 6
    assert report.first is not None
    assert report.first.date() == date(2021, 3, 1)


def test_rejected_lines_make_a_report_partial_and_say_why():
    report = read(IIS_HEADER + iis_line() + CRLF + b"x y" + CRLF).tally.report(
        path="a.log", kind="iis_w3c", size=9, sha256="00"
    )
    assert report.state is SourceState.PARTIAL
    assert report.reason == "1 of 2 lines could not be read (1 field-count)."
    (sample,) = report.rejected_samples
    assert (sample.origin.line, sample.reason, sample.excerpt) == (6, "field-count", "x y")


def test_at_most_five_samples_are_kept_the_first_ones():
    tally = read(IIS_HEADER + CRLF.join(b"x %d" % n for n in range(9)) + CRLF).tally
    assert [one.line for one in tally.samples] == [5, 6, 7, 8, 9]
    assert tally.rejected == 9


def test_names_of_the_server_are_collected_once():
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction,ServerHostName\r\n"
    rows = b"2021-03-01T00:00:00.000Z,/,x,y,EX02\r\n2021-03-01T00:00:00.000Z,/,x,y,EX01\r\n2021-03-01T00:00:00.000Z,/,x,y,\r\n"
    assert read(header + rows * 20, "httpproxy").tally.servers == ("EX01", "EX02")


def test_text_for_people_shows_what_cannot_be_read():
    assert shown(b"a\xffb\x00\x1b[2J\xe2\x80\xae") == "a\\xffb\\x00\\x1b[2J\\u202e"
    assert shown("日本".encode()) == "日本"
    assert len(shown(b"\xff" * 2000)) == 400


def test_a_moment_beyond_the_calendar_is_none():
    assert moment(2**62) is None
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_sweep_knows_the_build_and_the_name_of_a_server_whose_lines_it_did_not_parse():
    build = b"MajorVersion,MinorVersion,BuildVersion,RevisionVersion"
    header = b"#Fields: DateTime," + build + b",ServerHostName,UrlStem,AnchorMailbox,ProxyAction\r\n"
    rows = b"".join(
        b"2021-03-01T10:0%d:00.000Z,15,1,2106,2,MAIL01,/owa/,,\r\n" % minute for minute in range(3)
    )
    full = read(header + rows, "httpproxy").tally
    swept = read(header + rows, "httpproxy", sieve=lambda data, stops: (stops[:0], stops[:0])).tally
    assert swept.events == 0
    assert swept.builds() == full.builds() != ()
    assert swept.servers == full.servers == ("MAIL01",)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.log")), ids=lambda path: path.stem)
def test_a_sweep_that_parses_few_lines_names_the_builds_and_servers_of_the_log(path: Path):
    data = path.read_bytes()
    full = read(data, path.stem).tally
    for chosen in (
        lambda data, stops: (stops[:0], stops[:0]),
        lambda data, stops: (np.arange(len(stops))[::3], stops[:0]),
    ):
        swept = read(data, path.stem, sieve=chosen).tally
        assert {one.build for one in swept.builds()} == {one.build for one in full.builds()}
        assert set(swept.servers) <= set(full.servers)
        assert bool(swept.servers) == bool(full.servers)


def test_a_spared_line_is_parsed_where_it_has_not_exactly_the_fields_of_its_header():
    lines = [iis_line(), iis_line() + b" more", iis_line(), b"x y"]
    reader = Reader(format_of("iis_w3c"))
    spared = Sieve(lambda data, stops: (np.arange(len(stops)), np.arange(len(stops))), "iis_w3c")
    batches = list(reader.feed(IIS_HEADER + CRLF.join(lines) + CRLF, last=True, sieve=spared))
    full = read(IIS_HEADER + CRLF.join(lines) + CRLF).tally
    assert reader.tally.rejected == full.rejected == sum(len(batch.rejected) for batch in batches) == 2
    assert (reader.tally.lines, reader.tally.unread, reader.tally.events) == (4, 2, 0)


def test_rows_of_another_format_in_a_joined_log_are_read_whatever_the_sieve_of_the_first_says():
    other = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n2021-03-01T10:00:00.000Z,/owa/,,\r\n"
    data = IIS_HEADER + iis_line() + b"\r\n" + other + b"2021-03-01T10:01:00.000Z,/ecp/,,\r\n"
    reader = Reader(format_of("iis_w3c"))
    nothing = Sieve(lambda data, stops: (stops[:0], stops[:0]), "iis_w3c")
    batches = list(reader.feed(data, last=True, sieve=nothing))
    assert [(batch.format.id, batch.line.tolist()) for batch in batches] == [("httpproxy", [7, 8])]
    assert reader.tally.lines == reader.tally.events + reader.tally.unread == 3
