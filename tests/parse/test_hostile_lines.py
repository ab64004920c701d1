"""Lines that somebody wrote to mislead, or that a crash left behind (hostile inputs H30, H31, H34 to H36, H39, F10, F13)."""

import pytest

from exsweep.parse.lines import LINE_CAP
from tests.parse.reading import IIS_HEADER, iis_line, read

CRLF = b"\r\n"
DAY = 86_400_000


@pytest.mark.hostile
@pytest.mark.parametrize("forged", [b"\r", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xe2\x80\xa8", b"%0d%0a"])
def test_h30_a_request_with_other_line_breaks_is_one_event(forged: bytes):
    stem = b"/a" + forged + b"2021-03-01"
    line = iis_line(stem="/STEM").replace(b"/STEM", stem)
    result = read(IIS_HEADER + line + CRLF + iis_line(stem="/next") * 1 + CRLF)
    assert result.column("cs-uri-stem") == [stem, b"/next"]
    assert result.tally.lines == 2


@pytest.mark.hostile
def test_h30_a_lone_carriage_return_forges_no_second_row_among_many_lines():
    forged = iis_line(stem="/a").replace(b"/a", b"/a\r" + iis_line(stem="/forged"))
    lines = [iis_line(stem=f"/{n}") for n in range(40)]
    result = read(IIS_HEADER + CRLF.join([*lines, forged, *lines]) + CRLF)
    assert result.tally.lines == 81
    assert b"/forged" not in result.column("cs-uri-stem")


@pytest.mark.hostile
def test_h31_an_address_that_begins_with_fields_is_no_header():
    line = iis_line(stem="/#Fields: date time c-ip")
    result = read(IIS_HEADER + line.replace(b" ", b"\t", 0) + CRLF + iis_line() + CRLF)
    assert result.tally.header_lines == 4
    assert result.column("c-ip")[-1] == b"203.0.113.9"


@pytest.mark.hostile
def test_h31_columns_are_read_by_the_header_above_them():
    other = b"#Fields: c-ip date time cs-uri-stem cs-method sc-status" + CRLF
    row = b"198.51.100.7 2021-03-01 11:00:00 /ecp/ POST 200" + CRLF
    result = read(IIS_HEADER + iis_line() + CRLF + other + row + IIS_HEADER + iis_line(stem="/back") + CRLF)
    assert result.column("c-ip") == [b"203.0.113.9", b"198.51.100.7", b"203.0.113.9"]
    assert result.column("cs-uri-stem") == [b"/owa/", b"/ecp/", b"/back"]


@pytest.mark.hostile
def test_h31_a_wrong_number_of_fields_is_counted_with_a_sample():
    result = read(IIS_HEADER + b"2021-03-01 10:00:00 10.0.0.5 GET" + CRLF + iis_line() + CRLF)
    assert [(one.line, one.reason) for one in result.rejected] == [(5, "field-count")]
    assert result.tally.samples[0].raw.startswith(b"2021-03-01")
    assert result.tally.events == 1


@pytest.mark.hostile
def test_h31_a_list_of_columns_that_fits_no_log_leaves_the_lines_to_their_shape():
    result = read(b"#Fields: one two three" + CRLF + iis_line() + CRLF + b"1 2 3" + CRLF)
    assert result.column("c-ip") == [b"203.0.113.9"]
    assert [one.reason for one in result.rejected] == ["no-header"]


@pytest.mark.hostile
def test_a_line_that_was_commented_out_is_still_an_event():
    hidden = b"#" + iis_line(stem="/hidden")
    result = read(IIS_HEADER + hidden + CRLF)
    assert result.column("cs-uri-stem") == [b"/hidden"]
    assert result.times == [None]


@pytest.mark.hostile
@pytest.mark.parametrize("cuts", [(), (100_000, 1_200_000, 2_500_000)])
def test_h34_a_giant_line_costs_itself_and_nothing_else(cuts: tuple[int, ...]):
    giant = b"2021-03-01 10:00:00 " + b"A" * (2 * LINE_CAP)
    data = IIS_HEADER + iis_line() + CRLF + giant + CRLF + iis_line(stem="/after") + CRLF
    result = read(data, cuts=cuts)
    assert [(one.line, one.reason, len(one.raw)) for one in result.rejected] == [(6, "too-long", LINE_CAP)]
    assert result.column("cs-uri-stem") == [b"/owa/", b"/after"]
    assert result.lines == [5, 7]
    assert data[result.offsets[1] :].startswith(iis_line(stem="/after"))


@pytest.mark.hostile
def test_h34_a_giant_line_without_end_is_one_rejected_line():
    result = read(IIS_HEADER + b"B" * (3 * LINE_CAP), cuts=range(0, 3 * LINE_CAP, 700_000))
    assert [(one.reason, len(one.raw)) for one in result.rejected] == [("too-long", LINE_CAP)]


@pytest.mark.hostile
def test_h34_a_line_of_just_the_cap_is_read():
    line = iis_line(stem="/" + "x" * 40)
    line = line.replace(b"/x", b"/" + b"x" * (LINE_CAP - len(line)) + b"x")
    assert len(line) == LINE_CAP
    for cuts in ((), (500_000, LINE_CAP + 200)):
        result = read(IIS_HEADER + line + CRLF + iis_line() + CRLF, cuts=cuts)
        assert result.tally.events == 2


@pytest.mark.hostile
@pytest.mark.parametrize("zeros", [1, 65_536, 3 * LINE_CAP])
@pytest.mark.parametrize("chunk", [10_000_000, 50_000])
def test_h35_a_tail_of_zeros_is_noted_and_no_line(zeros: int, chunk: int):
    data = IIS_HEADER + iis_line() + CRLF + b"\0" * zeros
    result = read(data, cuts=range(chunk, len(data), chunk))
    assert (result.tally.lines, result.tally.rejected) == (1, 0)
    assert [note for note in result.tally.notes if f"{zeros} zero bytes" in note]


@pytest.mark.hostile
@pytest.mark.parametrize("zeros", [5, 2 * LINE_CAP])
@pytest.mark.parametrize("chunk", [10_000_000, 60_000])
def test_h35_zeros_before_a_line_do_not_hide_it(zeros: int, chunk: int):
    data = IIS_HEADER + iis_line() + CRLF + b"\0" * zeros + iis_line(stem="/after") + CRLF
    result = read(data, cuts=range(chunk, len(data), chunk))
    assert result.column("cs-uri-stem") == [b"/owa/", b"/after"]
    assert data[result.offsets[1] :].startswith(iis_line(stem="/after"))
    assert result.lines == [5, 6]


@pytest.mark.hostile
@pytest.mark.parametrize(
    "odd", [b"caf\xe9", b"\xff\xfe\xfd", b"\xed\xa0\x80", "日本".encode("shift-jis"), b"a\x00b"]
)
def test_h36_bytes_that_are_no_utf8_come_back_as_they_were(odd: bytes):
    lines = [iis_line(stem=f"/{n}") for n in range(30)]
    strange = iis_line(stem="/ODD").replace(b"ODD", odd)
    result = read(IIS_HEADER + CRLF.join([*lines, strange, *lines]) + CRLF)
    assert result.column("cs-uri-stem")[30] == b"/" + odd
    assert result.tally.rejected == 0


@pytest.mark.hostile
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("step", [10_000, 7, 1])
def test_h36_f10_utf16_is_read_with_and_without_mark(encoding: str, step: int):
    text = (IIS_HEADER + iis_line(stem="/caf") + CRLF).decode().replace("/caf", "/café😀")
    data = text.encode(encoding)
    result = read(data, cuts=range(step, len(data), step))
    assert result.column("cs-uri-stem") == ["/café😀".encode()]
    assert text.encode()[result.offsets[0] :].startswith(b"2021-03-01")
    assert any("UTF-16" in note for note in result.tally.notes)


def test_f10_a_mark_before_header_or_line_is_not_part_of_it():
    result = read(b"\xef\xbb\xbf" + IIS_HEADER + b"\xef\xbb\xbf" + iis_line() + CRLF)
    assert result.column("date") == [b"2021-03-01"]


def test_f10_line_ends_may_be_mixed():
    result = read(IIS_HEADER + iis_line() + b"\n" + iis_line() + CRLF + b"\n" + CRLF + iis_line())
    assert result.tally.events == 3
    assert result.tally.blank_lines == 2
    assert set(result.column("time-taken")) == {b"15"}


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("0000-00-00", "10:00:00"),
        ("2021-02-29", "10:00:00"),
        ("2021-03-01", "23:59:60"),
        ("2021-03-01", "24:00:00"),
        ("٢٠٢١-٠٣-٠١", "10:00:00"),
        ("30828-09-14", "02:48:05"),
        ("2021-03-01", "-"),
    ],
)
@pytest.mark.parametrize("among", [0, 60])
def test_h39_an_impossible_stamp_keeps_the_event_without_time(date: str, time: str, among: int):
    lines = [iis_line() for _ in range(among)] + [iis_line(time, date=date, stem="/odd")]
    result = read(IIS_HEADER + CRLF.join(lines) + CRLF)
    assert result.tally.events == among + 1
    assert result.times[-1] is None
    assert result.tally.no_time == 1


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2021-03-01T00:00:00.000Z", 1614556800000),
        ("2020-02-29T23:59:59.999Z", 1583020799999),
        ("1969-12-31T23:59:59.000Z", -1000),
        ("2100-03-01T00:00:00.000Z", 4107542400000),
        ("2021-03-01T00:00:00Z", 1614556800000),
        ("2021-03-01 00:00:00", 1614556800000),
        ("2021-03-01T01:00:00.000+01:00", 1614556800000),
        ("2021-03-01T00:00:00.1234567Z", 1614556800123),
        ("2100-02-29T00:00:00.000Z", None),
        ("2021-13-01T00:00:00.000Z", None),
        ("2021-03-01T00:00:00.00xZ", None),
        ("", None),
        ("3/1/2021 10:00:00 AM", None),
    ],
)
@pytest.mark.parametrize("among", [0, 60])
def test_h39_times_of_exchange_logs(stamp: str, time: int | None, among: int):
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
    rows = [b"2021-03-01T00:00:00.000Z,/,x,y"] * among + [stamp.encode() + b",/,x,y"]
    result = read(header + CRLF.join(rows) + CRLF, "httpproxy")
    assert result.times[-1] == time


def test_times_of_many_rows_equal_those_of_one_row():
    days = [
        f"{year}-{month:02}-{day:02}"
        for year in (1999, 2000, 2020, 2021)
        for month in range(1, 13)
        for day in (1, 28, 29, 30, 31)
    ]
    header = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
    rows = [f"{day}T0{n % 10}:5{n % 10}:0{n % 7}.{n % 1000:03}Z,/,x,y".encode() for n, day in enumerate(days)]
    together = read(header + CRLF.join(rows) + CRLF, "httpproxy")
    apart = [read(header + row + CRLF, "httpproxy").times[0] for row in rows]
    assert together.times == apart


def test_f13_a_log_that_crosses_the_year_counts_both_days():
    old, new = iis_line("23:59:59", date="2020-12-31"), iis_line("00:00:00", date="2021-01-01")
    tally = read(IIS_HEADER + old + CRLF + new + CRLF).tally
    assert [(str(day), count) for day, count in tally.days.items()] == [("2020-12-31", 1), ("2021-01-01", 1)]


def test_f13_without_a_date_column_midnight_is_where_the_clock_falls_back():
    header = b"#Date: 2020-12-31 20:00:00\r\n#Fields: time cs-method cs-uri-stem sc-status\r\n"
    rows = b"".join(
        f"{time} GET /{n} 200\r\n".encode()
        for n, time in enumerate(["23:59:58", "23:59:57", "00:00:01", "23:00:00", "00:10:00"])
    )
    again = b"#Date: 2021-02-01 00:00:00\r\n"
    data = header + rows + again + header.split(b"\r\n", 1)[1] + b"10:00:00 GET /x 200\r\n"
    for cuts in ((), (60, 100, 120)):
        result = read(data, cuts=cuts)
        assert [None if time is None else time // DAY - 18627 for time in result.times] == [0, 0, 1, 1, 2, 32]
