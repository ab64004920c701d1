"""Lists of files in the words of any language: paths and sizes always, times only where they can mean one thing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.parse.traces import reader_of
from exsweep.parse.traces.bodyfile import BodyfileReader
from tests.parse.traces.reading import read

WEB = r"C:\inetpub\wwwroot\aspnet_client"
PAGE = WEB + r"\supp0rt.aspx"
HEADINGS = {
    "English": " Directory of {}",
    "German": " Verzeichnis von {}",
    "Spanish": " Directorio de {}",
    "French": " R\xe9pertoire de {}",
    "Italian": " Directory di {}",
    "Portuguese": " Pasta de {}",
    "Dutch": " Map van {}",
}


def dir_s(heading: str, *entries: str) -> bytes:
    text = f" Volume in drive C has no label.\r\n\r\n{heading.format(WEB)}\r\n\r\n" + "".join(
        f"{one}\r\n" for one in entries
    )
    return (text + "               2 File(s)          1.234 bytes\r\n").encode("cp1252")


ENGLISH = dir_s(
    HEADINGS["English"],
    "03/13/2021  04:10 AM    <DIR>          .",
    "03/13/2021  04:10 AM             1,234 supp0rt.aspx",
    "03/04/2021  11:59 PM                12 web config.txt",
)
GCI = (
    "\r\n    Directory: C:\\inetpub\\wwwroot\\aspnet_client\r\n\r\n\r\n"
    "Mode                 LastWriteTime         Length Name\r\n"
    "----                 -------------         ------ ----\r\n"
    "d-----         3/13/2021   4:10 AM                system_web\r\n"
    "-a----         3/13/2021   4:10 AM           1234 supp0rt.aspx\r\n"
).encode("utf-16")
FORMAT_LIST = b"FullName       : C:\\inetpub\\wwwroot\\aspnet_client\\supp0rt.aspx\r\nCreationTime   : 2021-03-03 04:10:22\r\nLastWriteTime  : 2019-03-03 04:10:22\r\nLength         : 12\r\n\r\n"
CSV = b'"FullName","Length","CreationTimeUtc","LastWriteTimeUtc"\r\n"C:\\inetpub\\wwwroot\\aspnet_client\\supp0rt.aspx","12","13/03/2021 04:10:22","14/03/2021 04:10:22"\r\n'
BODY = (
    b"0|C:/inetpub/wwwroot/aspnet_client/supp0rt.aspx (deleted)|1234-128-1|r/rrwxrwxrwx|0|0|12|1614744622|1614744622|1614744622|1614744622\n"
    b"0|C:/inetpub/wwwroot/aspnet_client/supp0rt.aspx ($FILE_NAME) (deleted)|1234-48-2|r/rrwxrwxrwx|0|0|92|1614744623|1614744623|1614744623|1614744623\n"
    b"0|C:/Windows|28-144-1|d/dr-xr-xr-x|0|0|56|0|0|0|0\n"
)


def test_an_english_list_with_a_day_beyond_the_twelfth_has_times():
    rows, reader = read(ENGLISH, "dir.txt")
    assert [(row["Path"], row["Size"], row["Modified"]) for row in rows] == [
        (PAGE, "1234", "2021-03-13 04:10:00"),
        (WEB + r"\web config.txt", "12", "2021-03-04 23:59:00"),
    ]
    assert (rows[0]["Place"], rows[0]["Shipped"]) == ("drop", "no")
    assert any("month-day-year" in note for note in reader.tally.notes)
    assert reader.tally.days == {}


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_the_folder_is_found_in_any_language(language: str):
    rows, _ = read(dir_s(HEADINGS[language], "13.03.2021  04:10             1.234 supp0rt.aspx"), "dir.txt")
    assert [(row["Path"], row["Size"], row["Modified"]) for row in rows] == [
        (PAGE, "1234", "2021-03-13 04:10:00")
    ]


def test_dates_that_can_be_read_in_two_ways_are_no_times_and_that_is_said():
    rows, reader = read(
        dir_s(HEADINGS["Spanish"], "03/04/2021  04:10             1.234 supp0rt.aspx"), "dir.txt"
    )
    assert [(row["Path"], row.get("Modified", "")) for row in rows] == [(PAGE, "")]
    assert any("two ways" in note for note in reader.tally.notes)


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("2021-03-04  04:10", "2021-03-04 04:10:00"),
        ("04.03.2021  04:10", "2021-03-04 04:10:00"),
        ("13-03-2021  16:10", "2021-03-13 16:10:00"),
        ("3/13/2021  12:10 AM", "2021-03-13 00:10:00"),
        ("13/03/2021  04:10 p. m.", "2021-03-13 16:10:00"),
    ],
)
def test_marks_and_numbers_tell_the_order(date: str, told: str):
    rows, _ = read(dir_s(HEADINGS["English"], f"{date}             1,234 supp0rt.aspx"), "dir.txt")
    assert [row["Modified"] for row in rows] == [told]


def test_the_tables_and_lists_of_powershell_say_the_same():
    assert [(row["Path"], row["Modified"]) for row in read(GCI, "gci.txt")[0]] == [
        (PAGE, "2021-03-13 04:10:00")
    ]
    (row,), _ = read(FORMAT_LIST, "fl.txt")
    assert (row["Path"], row["Created"], row["Modified"]) == (
        PAGE,
        "2021-03-03 04:10:22",
        "2019-03-03 04:10:22",
    )
    (row,), _ = read(CSV, "gci.csv")
    assert (row["Path"], row["Created"], row["Size"]) == (PAGE, "2021-03-13 04:10:22", "12")


def test_a_body_file_tells_deleted_files_and_both_kinds_of_times():
    rows, reader = read(BODY, "body.txt")
    assert isinstance(reader, BodyfileReader)
    assert [(row["Path"], row["Deleted"], row["Created"], row.get("Source", "")) for row in rows[:2]] == [
        (PAGE, "yes", "2021-03-03 04:10:22", ""),
        (PAGE, "yes", "2021-03-03 04:10:23", "$FILE_NAME"),
    ]
    assert rows[0]["Place"] == "drop"


@pytest.mark.parametrize(
    "text",
    [
        b"2021-03-03 10:00:00 10.0.0.5 GET /owa/ - 443 - 203.0.113.9 curl 200 0 0 12\n",
        b"Directory of things that I like\n03/13/2021 party\n",
        b"a|b|c\n1|2|3\n",
    ],
)
def test_other_texts_are_no_lists(text: bytes):
    assert reader_of(text, "x.txt") is None


@settings(max_examples=80, deadline=None)
@given(data=st.binary(max_size=300), step=st.integers(1, 90))
def test_no_bytes_bring_it_down_and_chunks_change_nothing(data: bytes, step: int):
    for good in (ENGLISH, FORMAT_LIST, BODY):
        assert read(good + data, "x.txt", step)[0] == read(good + data, "x.txt")[0]
