"""A log that a relay or a search wrote down again: its lines are told like those of the log itself, but it covers no day."""

import pytest

from exsweep.parse.traces import reader_of
from tests.parse.traces.reading import read

LINES = [
    f"2021-03-03 09:{one:02d}:44 10.1.1.5 GET /owa/ - 443 - 192.0.2.9 Mozilla/5.0 - 200 0 0 31"
    for one in range(30)
]
SYSLOG = "".join(
    f"<134>Mar  3 10:{place:02d}:45 ex01 iis: {line}\n" for place, line in enumerate(LINES)
).encode()


def test_lines_behind_the_beginning_of_a_relay_are_lines_of_their_log():
    rows, reader = read(SYSLOG, "ex01.log")
    assert (rows[7]["time"], rows[7]["cs-uri-stem"], rows[7]["sc-status"]) == ("09:07:44", "/owa/", "200")
    assert len(rows) == 30 and not reader.tally.rejected and reader.kind == "iis_w3c"


@pytest.mark.parametrize(
    "beginning",
    ["<134>1 2021-03-03T14:00:{:02d}Z ex01 nxlog 1 - - ", "2021-03-03T14:00:{:02d}.123456+00:00 ex01 iis: "],
)
def test_the_relays_own_time_is_not_taken_for_that_of_the_log(beginning: str):
    sent_on = "".join(f"{beginning.format(one)}{line}\n" for one, line in enumerate(LINES))
    rows, _ = read(sent_on.encode(), "ex01.log")
    assert len(rows) == 30 and {row["time"][:2] for row in rows} == {"09"}


def test_what_was_sent_on_covers_no_day_and_says_so():
    _, reader = read(SYSLOG, "ex01.log")
    assert not reader.tally.days and any("does not stand" in note for note in reader.tally.notes)


def test_a_header_that_came_along_names_the_columns_and_other_lines_are_counted():
    named = b"u_ex210303.log:3:#Fields: date time c-ip cs-method cs-uri-stem\n"
    short = b"".join(
        b"u_ex210303.log:%d:2021-03-03 09:12:%02d 192.0.2.9 POST /aspnet_client/x.aspx\n" % (n, n)
        for n in range(30)
    )
    rows, reader = read(SYSLOG + named + short + b"\nnot a line of any log\n", "found.txt")
    assert rows[-1]["cs-uri-stem"] == "/aspnet_client/x.aspx" and len(rows) == 60
    assert (reader.tally.header_lines, reader.tally.blank_lines, reader.tally.rejected) == (1, 1, 1)


def test_a_log_itself_and_a_short_paste_are_none():
    assert reader_of("\n".join(LINES).encode(), "u_ex.log") is None
    assert reader_of(b"\n".join(SYSLOG.split(b"\n")[:9]), "pasted.txt") is None
