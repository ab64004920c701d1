"""Logs of virus scanners: each file of a detection is a row; a scan that found nothing is said in plain words."""

from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.parse.antivirus import AntivirusReader, recognise_antivirus

PAGE = rb"C:\inetpub\wwwroot\aspnet_client\supp0rt.aspx"
DEFENDER = (
    b"2021-03-04T01:02:03.123Z Service started - System 123\r\n"
    b"2021-03-04T01:02:04.123Z DETECTION Backdoor:ASP/Chopper.F!dha file:" + PAGE + b"\r\n"
    b"2021-03-04T01:02:05.123Z DETECTION_CLEANEVENT MPSOURCE_REALTIME MP_THREAT_ACTION_QUARANTINE 0x00000000"
    b" Backdoor:ASP/Chopper.F!dha file:" + PAGE + rb";file:C:\x y\z.aspx" + b"\r\n"
    b"2021-03-04T01:02:06.123Z DETECTION without a name\r\n"
)
MSERT = (
    b"Microsoft Safety Scanner v1.333, (build 1.333.600.0)\r\nStarted On Sat Mar  6 12:00:01 2021\r\n\r\n"
    b"Quick Scan Results:\r\n-------------------\r\n"
    b"Threat Detected: Exploit:ASP/CVE-2021-27065.B!dha, and Removed!\r\n    Action: Remove, Result: 0x00000000\r\n"
    b"        file://" + PAGE + b"\r\n            SigSeq: 0x00000555DC2DDDB0\r\n\r\n"
    b"Results Summary:\r\n----------------\r\nFound Exploit:ASP/CVE-2021-27065.B!dha and Removed!\r\n"
    b"Microsoft Safety Scanner Finished On Sat Mar 6 12:30:00 2021\r\n\r\n\r\nReturn code: 6 (0x6)\r\n"
)
QUIET = MSERT.split(b"Quick Scan")[0] + (
    b"Results Summary:\r\n----------------\r\nNo infection found.\r\n"
    b"Microsoft Safety Scanner Finished On Sat Mar 6 12:30:00 2021\r\n\r\n\r\nReturn code: 0 (0x0)\r\n"
)


def read(data: bytes, step: int = 1 << 20) -> tuple[list[dict[str, bytes]], AntivirusReader]:
    reader = AntivirusReader()
    batches = []
    for start in range(0, len(data), step):
        batches += reader.feed(data[start : start + step])
    batches += reader.feed(b"", last=True)
    return [row for batch in batches for row in batch.table.to_pylist()], reader


def test_these_logs_are_known_by_what_they_say():
    assert recognise_antivirus(DEFENDER)
    assert recognise_antivirus(MSERT)
    assert recognise_antivirus(("\ufeff" + DEFENDER.decode()).encode("utf-16-le"))
    assert recognise_antivirus(
        b"2021-03-04T01:02:03.123Z Service started\r\n", "Support/MPLog-20210304-010203.log"
    )
    assert not recognise_antivirus(b"2021-03-04T01:02:03.123Z Service started\r\n", "x.log")


def test_each_file_of_a_detection_is_a_row_with_its_time():
    rows, reader = read(DEFENDER)
    assert [(row["TimeStamp"][:19], row["Event"], row["Action"], row["Path"]) for row in rows] == [
        (b"2021-03-04T01:02:04", b"detection", b"", PAGE),
        (b"2021-03-04T01:02:05", b"detection_cleanevent", b"quarantine", PAGE),
        (b"2021-03-04T01:02:05", b"detection_cleanevent", b"quarantine", rb"C:\x y\z.aspx"),
    ]
    assert {row["Threat"] for row in rows} == {b"Backdoor:ASP/Chopper.F!dha"}
    assert rows[0]["Place"] == b"drop"
    assert reader.tally.reasons == {"no-threat": 1}
    assert reader.tally.facts["lines.other"] == "1"


def test_a_log_in_utf_16_says_the_same():
    assert read(("\ufeff" + DEFENDER.decode()).encode("utf-16-le"))[0] == read(DEFENDER)[0]


def test_the_safety_scanner_s_findings_carry_the_start_of_its_run():
    rows, reader = read(MSERT)
    assert [(row["TimeStamp"], row["Threat"], row["Action"], row["Path"]) for row in rows] == [
        (b"2021-03-06 12:00:01", b"Exploit:ASP/CVE-2021-27065.B!dha", b"and Removed!", PAGE)
    ]
    assert reader.tally.facts["scanner.found"] == "1 threats"
    assert reader.tally.facts["scanner.return_code"] == "6"


def test_a_scan_that_found_nothing_is_said_in_words_and_proves_little():
    rows, reader = read(QUIET)
    assert rows == []
    assert reader.tally.facts["scanner.found"] == "nothing"
    assert any("found nothing" in note and "does not see" in note for note in reader.tally.notes)


def test_a_scan_without_an_end_may_have_been_stopped():
    _, reader = read(MSERT.split(b"Results Summary")[0])
    assert any("may have been stopped" in note for note in reader.tally.notes)


def test_a_threat_whose_file_is_not_told_is_a_row_all_the_same():
    cut = MSERT.replace(b"        file://" + PAGE + b"\r\n", b"")
    assert [(row["Threat"], row["Path"]) for row in read(cut)[0]] == [
        (b"Exploit:ASP/CVE-2021-27065.B!dha", b"")
    ]
    summary = MSERT.split(b"Quick Scan")[0] + b"Results Summary:" + MSERT.split(b"Results Summary:")[1]
    assert [(row["Threat"], row["Path"]) for row in read(summary)[0]] == [
        (b"Exploit:ASP/CVE-2021-27065.B!dha", b"")
    ]


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 800), junk=st.binary(max_size=60), step=st.integers(1, 400))
def test_no_bytes_bring_it_down_and_chunks_change_nothing(cut: int, junk: bytes, step: int):
    data = (DEFENDER + MSERT)[:cut] + junk + DEFENDER
    rows, reader = read(data, step)
    assert rows == read(data)[0]
    assert reader.tally.lines == reader.tally.events + reader.tally.rejected
