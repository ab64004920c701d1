"""Windows error reports: which pool of the web server crashed, and when."""

from exsweep.parse.error_report import read_report, recognise_report

REPORT = (
    "Version=1\r\nEventType=CLR20r3\r\nEventTime=132589878310000000\r\nReportType=2\r\n"
    "Sig[0].Name=Problem Signature 01\r\nSig[0].Value=w3wp#MSExchangeECPAppPool\r\n"
    "AppName=IIS Worker Process\r\nAppPath=c:\\windows\\system32\\inetsrv\\w3wp.exe\r\n"
)


def test_a_crash_of_the_control_panel_is_read():
    data = REPORT.encode("utf-16")
    assert recognise_report(data)
    batch, tally = read_report(data)
    assert batch.table["Pool"][0].as_py() == b"MSExchangeECPAppPool"
    assert (
        str(tally.report(path="p", kind="error_report", size=1, sha256="").first)
        == "2021-02-28 12:10:31+00:00"
    )


def test_a_file_of_settings_is_no_report():
    assert not recognise_report(b"Version=1\r\nName=x\r\n")


def test_an_impossible_time_is_no_time():
    batch, tally = read_report(REPORT.replace("132589878310000000", "999999999999999999").encode())
    assert tally.events == 1
    assert len(batch) == 1
