"""Microsoft's mitigation tool: a server with its traces was protected, and was open until then."""

from exsweep.parse.traces import reader_of
from tests.parse.traces.reading import read

LOG = (
    "2021-03-16 09:00:00 Info: Starting EOMT.ps1 version 21.03.16 on MAIL01\r\n"
    "2021-03-16 09:00:04 Info: MAIL01 is vulnerable: applying mitigation\r\n"
    "2021-03-16 09:02:00 Info: Mitigation complete on MAIL01\r\n"
    "2021-03-16 09:02:01 Notice: Please install the update\r\nIf you don't see it, upgrade.\r\n"
).encode("utf-16")
SUMMARY = b'Microsoft Safety Scanner and CVE-2021-26855 mitigation summary\r\nMessage: Microsoft attempted to mitigate.\r\n<rule name="X-AnonResource-Backend Abort - inbound">\r\n'


def test_a_used_tool_is_told_with_the_day_on_which_the_server_was_open():
    rows, reader = read(LOG, "C/Users/a/AppData/Local/Temp/msert/EOMT.log")
    assert [row["Level"] for row in rows] == ["Info", "Info", "Info", "Notice"]
    facts = reader.tally.facts
    assert facts["mitigation.eomt-proxylogon"] == facts["eomt.open_until"] == "2021-03-16 09:00:04"
    assert reader.tally.days == {}


def test_its_summary_is_no_sign_of_an_attack():
    rows, reader = read(SUMMARY, "C/EOMTSummary.txt")
    assert len(rows) == 1
    assert "mitigation.eomt-proxylogon" in reader.tally.facts


def test_a_mitigation_that_was_taken_back_is_none():
    back = LOG + "2021-03-17 09:00:00 Info: Rollback of the mitigation complete\r\n".encode("utf-16-le")
    assert "mitigation.eomt-proxylogon" not in read(back, "EOMT.log")[1].tally.facts


def test_other_logs_with_such_lines_are_not_taken_for_it():
    assert reader_of(b"2021-03-16 09:00:00 Info: Backup begins\r\n", "backup.log") is None
