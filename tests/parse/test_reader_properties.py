"""Laws of reading that hold for any bytes: nothing is lost, nothing depends on how the bytes arrive."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.knowledge.formats import format_of, text_formats
from exsweep.parse import Reader, columns
from exsweep.parse.columns import FEW
from exsweep.parse.lines import Index
from exsweep.parse.text import utf16_kind
from tests.parse.reading import IIS_HEADER, iis_line, read

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ODD_BYTES = st.sampled_from(
    [
        b"\xff\xfe",
        b"\xe9",
        b"\x00",
        b"\r",
        b"\x0b",
        b"\x1c",
        b"\xe2\x80\xa8",
        b"\x85",
        b'"',
        b'""',
        b",",
        b" ",
        b"#Fields:",
        b"%0d%0a",
    ]
)
TOKEN = st.one_of(
    st.sampled_from([b"/owa/", b"-", b"a", b"2021-03-01", b"10:00:00", b"200", b"GET", b"x=1&y=2"]), ODD_BYTES
)
JUNK = st.lists(TOKEN, max_size=20).map(b"".join)
IIS_LINE = st.builds(
    lambda stem, query, second, status: iis_line(f"10:00:{second:02}", f"/{stem}", query, status=status),
    st.sampled_from(["owa/", "ecp/x.js", "a\xe9b", "%41"]),
    st.sampled_from(["-", "a=1", "x=\u2028"]),
    st.integers(0, 61),
    st.sampled_from([200, 302, 404]),
)
HEADERS = st.sampled_from(
    [
        IIS_HEADER.strip(),
        b"#Fields: date time cs-method cs-uri-stem sc-status",
        b"#Fields: time cs-method cs-uri-stem",
        b"#Date: 2021-03-02 10:00:00",
        b"#Version: 15.01.2106.002",
        b"#Fields: nothing known",
        b"#Fields:",
        b"# a remark",
        b"date time cs-method cs-uri-stem sc-status",
    ]
)
LINE = st.one_of(IIS_LINE, IIS_LINE, IIS_LINE, JUNK, HEADERS)
BREAK = st.sampled_from([b"\n", b"\r\n", b"\r\n", b"\r\r\n"])
FILE = st.builds(
    lambda head, lines, tail: head + b"".join(line + end for line, end in lines) + tail,
    st.sampled_from([b"", IIS_HEADER, b"\xef\xbb\xbf" + IIS_HEADER]),
    st.lists(st.tuples(LINE, BREAK), max_size=3 * FEW),
    st.one_of(JUNK, IIS_LINE, st.just(b"\0" * 40)),
).filter(lambda data: utf16_kind(data) is None)
CUTS = st.lists(st.integers(0, 6000), max_size=6)


@pytest.fixture(scope="module", params=[2, FEW], autouse=True)
def few(request: pytest.FixtureRequest) -> Iterator[None]:
    """Once more with the quick path taken for nearly everything."""
    columns.FEW = request.param
    yield
    columns.FEW = FEW


def physical_lines(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n") and bool(data))


@QUICK
@given(FILE, st.sampled_from(["iis_w3c", "httpproxy", "ecp_server", "admin_audit", "httperr"]))
def test_events_and_rejected_lines_are_all_the_data_lines(data: bytes, kind: str):
    result = read(data, kind)
    tally = result.tally
    assert tally.lines == tally.events + tally.rejected
    assert tally.events == len(result.rows) == len(set(result.lines))
    assert tally.rejected == len(result.rejected)
    counted = tally.lines + tally.header_lines + tally.blank_lines + tally.continued_lines
    assert counted == physical_lines(data)


@QUICK
@given(FILE, CUTS, st.sampled_from(["iis_w3c", "httpproxy", "admin_audit"]))
def test_chunks_of_any_size_give_the_same_events(data: bytes, cuts: list[int], kind: str):
    whole, parts = read(data, kind), read(data, kind, cuts=cuts)
    assert parts.events() == whole.events()
    assert parts.rejected == whole.rejected
    assert vars(parts.tally) == vars(whole.tally)


@QUICK
@given(FILE)
def test_every_offset_reads_back_the_line_of_the_event(data: bytes):
    result = read(data)
    lines = data.split(b"\n")
    for batch in result.batches:
        for row in range(len(batch)):
            at = int(batch.offset[row])
            line = data[at:].split(b"\n", 1)[0]
            assert lines[int(batch.line[row]) - 1].endswith(line)
            stem = (
                batch.table["cs-uri-stem"][row].as_py() if "cs-uri-stem" in batch.table.column_names else b""
            )
            assert stem in line
            raw = batch.raw(row)
            assert raw is not None
            assert raw == line.rstrip(b"\r")
    for one in result.rejected:
        assert data[one.offset :].startswith(one.raw)


@QUICK
@given(FILE, st.sampled_from([b"owa", b"ecp", b"404", b"\xff", b"a"]))
def test_a_sweep_finds_the_same_events_as_reading_everything(data: bytes, needle: bytes):
    def holding(raw: bytes, stops: Index) -> tuple[Index, Index]:
        found, at = [], -1
        while (at := raw.find(needle, at + 1)) >= 0:
            found.append(at)
        return np.searchsorted(stops, np.array(found, np.int64), side="right"), stops[:0]

    full, swept = read(data), read(data, sieve=holding)
    lines = data.split(b"\n")
    assert swept.events() == [event for event in full.events() if needle in lines[event[0] - 1]]
    assert swept.tally.lines == full.tally.lines
    assert swept.tally.lines == swept.tally.events + swept.tally.rejected + swept.tally.unread
    assert swept.tally.header_lines == full.tally.header_lines


@QUICK
@given(
    st.lists(
        st.lists(st.binary(max_size=12).map(lambda raw: raw.replace(b"\n", b"")), min_size=4, max_size=4),
        min_size=1,
        max_size=40,
    )
)
def test_any_bytes_of_a_quoted_field_come_back_as_they_were(rows: list[list[bytes]]):
    # A value that ends in CR at the end of a line cannot be told from the line break; NUL at either end is no text.
    rows = [[b"2021-03-01T00:00:00.000Z", *[field.strip(b"\r\0") for field in row[1:]]] for row in rows]
    header = b"#Fields: TimeStamp,ServerName,EventId,EventData\r\n"
    written = [b",".join(b'"' + field.replace(b'"', b'""') + b'"' for field in row) for row in rows]
    result = read(header + b"\r\n".join(written) + b"\r\n", "ecp_server")
    assert [list(row.values()) for row in result.rows] == rows


def test_both_paths_read_plain_lines_alike():
    lines = [iis_line(f"10:{n // 60:02}:{n % 60:02}", f"/p{n % 7}", f"q={n}") for n in range(4 * FEW)]
    together = read(IIS_HEADER + b"\r\n".join(lines))
    apart = [read(IIS_HEADER + line).rows[0] for line in lines]
    assert together.rows == apart


def test_every_format_survives_truncation_of_every_sample(samples):
    for kind, data in samples:
        for cut in range(0, len(data), max(1, len(data) // 23)):
            result = read(data[:cut], kind)
            assert result.tally.lines == result.tally.events + result.tally.rejected


def test_no_format_dies_on_random_bytes():
    blob = bytes((n * 7919 + n // 3) % 256 for n in range(20_000))
    for one in text_formats():
        tally = read(blob, one).tally
        assert tally.lines == tally.events + tally.rejected


def test_a_reader_that_was_told_of_the_end_takes_no_more():
    reader = Reader(format_of("iis_w3c"))
    list(reader.feed(b"", last=True))
    with pytest.raises(ValueError, match="ended"):
        list(reader.feed(b"x"))
