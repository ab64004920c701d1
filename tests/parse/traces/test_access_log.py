"""Web logs in other forms than W3C: the same columns, so that the same rules read them."""

from hypothesis import given
from hypothesis import strategies as st

from exsweep.parse.access_log import native, ncsa
from exsweep.parse.traces import reader_of
from exsweep.parse.zone import assuming
from tests.parse.traces.reading import read

COMBINED = (
    b'198.51.100.4 - ann [01/Mar/2021:23:30:00 -0500] "GET /%6fwa/?a=1 HTTP/2.0" 200 5871 "https://mail.example/" "Mozilla/5.0 (X11)"\n'
    b'mail.example:443 2001:db8::1 - - [02/Mar/2021:04:31:00 +0000] "POST /aspnet_client/a.aspx HTTP/1.1" 404 - "-" "-" 0.1 "192.0.2.1, 192.0.2.2"\n'
    b'198.51.100.4 - - [02/Mar/2021:04:32:00 +0000] "\\x16\\x03\\x01" 400 150\n'
)
NATIVE = b"192.0.2.7, EX\\ann, 3/1/2021, 3:11:09, W3SVC1, EX01, 192.0.2.10, 31, 9, 77, 200, 0, POST, /owa/auth.owa, -,\n"


def test_a_line_of_a_proxy_says_what_a_line_of_iis_says():
    rows, reader = read(COMBINED, "access.log")
    one, two, three = rows
    assert (one["date"], one["time"]) == ("2021-03-02", "04:30:00")  # its zone is five hours behind
    assert (one["cs-method"], one["cs-uri-stem"], one["cs-uri-query"]) == ("GET", "/owa/", "a=1")
    assert (one["cs-username"], one["cs(User-Agent)"]) == ("ann", "Mozilla/5.0+(X11)")
    assert (two["c-ip"], two["cs-host"], two["X-Forwarded-For"]) == (
        "2001:db8::1",
        "mail.example",
        "192.0.2.1,+192.0.2.2",
    )
    assert (three["cs-method"], three["cs-uri-stem"], three["sc-status"]) == ("-", "\\x16\\x03\\x01", "400")
    assert reader.kind == "iis_w3c"


def test_a_proxy_covers_no_day_of_the_server_and_says_so():
    _, reader = read(COMBINED, "access.log")
    assert not reader.tally.days
    assert any("do not stand in" in note for note in reader.tally.notes)


def test_the_same_form_written_by_iis_itself_covers_its_days():
    _, reader = read(COMBINED, "inetpub/logs/LogFiles/W3SVC1/u_nc210301.log")
    assert len(reader.tally.days) == 1
    assert not reader.tally.notes


def test_the_own_form_of_iis_has_local_time_and_the_users_word_counts():
    rows, reader = read(NATIVE, "u_in210301.log")
    assert (rows[0]["date"], rows[0]["time"], rows[0]["s-computername"]) == ("2021-03-01", "03:11:09", "EX01")
    assert any("--assume-tz" in note for note in reader.tally.notes)
    assert reader.tally.days
    with assuming("America/New_York"):
        rows, _ = read(NATIVE, "u_in210301.log")
    assert rows[0]["time"] == "08:11:09"


def test_the_name_of_the_file_says_which_part_is_the_month():
    german = NATIVE.replace(b"3/1/2021", b"01.03.2021")
    assert read(german, "u_in210301.log")[0][0]["date"] == "2021-03-01"
    assert read(german, "copy.log")[0][0]["date"] == "2021-01-03"
    assert read(german.replace(b"01.03", b"31.03"), "copy.log")[0][0]["date"] == "2021-03-31"


def test_a_line_of_iis_in_a_proxy_s_log_does_not_make_the_proxy_cover_its_days():
    _, reader = read(COMBINED + NATIVE + COMBINED.replace(b"02/Mar", b"09/Mar"), "access.log")
    assert [f"{day:%m-%d}" for day in reader.tally.days] == ["03-01"]


def test_other_text_is_no_such_log():
    w3c = b"2021-03-01 10:00:01 192.0.2.10 POST /a.aspx - 443 - 203.0.113.9 - - 200 0 0 31\n"
    for text in (w3c, b"a, b, c\n", b"Dear all,\n192.0.2.7 - - tried [something]\n", b""):
        assert reader_of(text, "a.log") is None


def test_a_line_that_does_not_fit_is_counted():
    rows, reader = read(COMBINED + b"198.51.100.4 - - [02/Mar/2021:25:99:00 +0000] cut", "access.log")
    assert len(rows) == 3
    assert reader.tally.reasons == {"columns": 1}


@given(st.binary(max_size=400))
def test_no_line_is_an_exception(line: bytes):
    for read_one in (ncsa, native):
        row = read_one(line)
        assert row is None or all(row[:2])


HAPROXY = (
    b"Mar  2 04:31:00 lb1 haproxy[77]: 198.51.100.4:5123 [02/Mar/2021:04:31:00.123] web~ mail/ex01 0/0/1/9/10 241 512 - - ---- "
    b'1/1/0/0/0 0/0 {mail.example|Mozilla} "POST /ecp/y.js?a=1 HTTP/1.1"\n'
    b"Mar  2 04:32:00 lb1 haproxy[77]: 198.51.100.4:5124 [02/Mar/2021:04:32:00.001] web~ web~/<NOSRV> -1/-1/-1/-1/0 400 187 - - PR-- "
    b'1/1/0/0/0 0/0 "<BADREQ>"\n'
)
AWS = (
    b"https 2021-03-02T04:31:00.186641Z app/mail/50dc 198.51.100.4:2817 192.0.2.10:443 0.1 0.4 0.0 241 241 34 366 "
    b'"POST https://mail.example:443/ecp/y.js?a=1 HTTP/1.1" "Mozilla/5.0 (X11)" ECDHE TLSv1.2 arn:x "Root=1" "mail.example" "-" 0\n'
)


def test_lines_of_load_balancers_say_what_a_line_of_iis_says():
    for data in (HAPROXY, AWS):
        rows, reader = read(data, "lb.log")
        row = rows[0]
        assert (row["date"], row["time"], row["c-ip"]) == ("2021-03-02", "04:31:00", "198.51.100.4")
        assert (row["cs-method"], row["cs-uri-stem"], row["cs-uri-query"], row["sc-status"]) == (
            "POST",
            "/ecp/y.js",
            "a=1",
            "241",
        )
        assert not reader.tally.days


def test_a_load_balancer_that_writes_local_time_says_so_and_the_users_word_counts():
    with assuming("America/New_York"):
        rows, reader = read(HAPROXY, "haproxy.log")
    assert rows[0]["time"] == "09:31:00"
    assert any("local time" in note for note in reader.tally.notes)
    assert rows[1]["cs-uri-stem"] == "<BADREQ>"
