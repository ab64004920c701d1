"""What victims paste: every line is an event, a fact, a heading, the continuation of a value, or rejected."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.parse.pasted import Pasted, looks_pasted, read_pasted
from tests.parse.reading import IIS_HEADER, iis_line

ANCHOR = "ServerInfo~a]@ex01.district.example:444/ecp/proxyLogon.ecp?#"
PROXY_ROW = (
    "2021-03-07T15:04:04.546Z,1a51fb75-2f6f-4a40-8129-ff80098494a0,15,0,1395,0,,Owa,[REDACTED],/owa/auth/x.js,,FBA,false,,,"
    "ServerInfo~localhost/ecp/default.flt?,Mozilla/5.0,[REDACTED],EX01,500,500,,GET,Proxy,localhost,0.00.0003.000"
)


def accounted(data: bytes, found: Pasted) -> bool:
    tally = found.tally
    lines = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    told = tally.header_lines + tally.fact_lines + tally.blank_lines + tally.continued_lines
    return tally.events + tally.rejected + told == lines and tally.lines == tally.events + tally.rejected


def events(text: str | bytes) -> list[tuple[str, int, dict[str, bytes]]]:
    data = text.encode() if isinstance(text, str) else text
    found = read_pasted(data)
    assert accounted(data, found)
    rows = [
        (batch.format.id, int(batch.line[place]), {name: value for name, value in row.items() if value})
        for batch in found.batches
        if len(batch)
        for place, row in enumerate(batch.table.to_pylist())
    ]
    return sorted(rows, key=lambda row: row[1])


def facts(text: str) -> dict[str, str]:
    found = read_pasted(text.encode())
    assert accounted(text.encode(), found)
    return found.facts


def test_the_console_summary_of_test_proxylogon_gives_facts():
    said = facts(
        "PS C:\\temp> .\\Test-ProxyLogon.ps1\r\nProxyLogon Status: Exchange Server EX01\r\n"
        "  Log age days: Oabgen  Ecp 29,5 Autod 30.0 OwaCal 30.0\r\n  Report exported to: C:\\t\\EX01-LogAgeDays.csv\r\n"
        "  Other suspicious files found: 22\r\n  Nothing suspicious detected\r\n"
    )
    assert said == {
        "command": ".\\Test-ProxyLogon.ps1",
        "server": "EX01",
        "log_age_days.oabgen": "",
        "log_age_days.ecp": "29.5",
        "log_age_days.autod": "30.0",
        "log_age_days.owacal": "30.0",
        "report.EX01-LogAgeDays.csv": "C:\\t\\EX01-LogAgeDays.csv",
        "other_suspicious_files": "22",
        "nothing_suspicious": "true",
    }


def test_the_csv_of_log_ages_gives_the_same_facts_as_the_console():
    said = facts(
        '#TYPE X\n"OabGen","Ecp","AutoDProxy","EcpProxy","OwaCalendarProxy"\n"","29.5","30.0","30,1","30.0"\n'
    )
    assert said["log_age_days.ecp"] == "29.5"
    assert said["log_age_days.ecpproxy"] == "30.1"
    assert said["log_age_days.owacal"] == "30.0"
    assert said["log_age_days.autod"] == "30.0"


@pytest.mark.parametrize(
    "table",
    [
        f"DateTime                 AnchorMailbox\n--------                 -------------\n2021-03-03T07:10:58.123Z {ANCHOR}\n",
        f"DateTime AnchorMailbox\n2021-03-03T07:10:58.123Z {ANCHOR}\n",
        f"2021-03-03T07:10:58.123Z {ANCHOR}\n",
        f"> 2021-03-03T07:10:58.123Z    {ANCHOR}\n",
        f'"DateTime","AnchorMailbox"\n"2021-03-03T07:10:58.123Z","{ANCHOR}"\n',
        f'"2021-03-03T07:10:58.123Z","{ANCHOR}"\n',
        f"DateTime      : 2021-03-03T07:10:58.123Z\nAnchorMailbox : {ANCHOR}\n",
    ],
)
def test_rows_of_the_anchor_table_are_events_in_every_form(table: str):
    ((kind, _, row),) = events(table)
    assert kind == "test_proxylogon"
    assert row["AnchorMailbox"] == ANCHOR.encode()
    assert row["DateTime"] == b"2021-03-03T07:10:58.123Z"


def test_values_that_the_console_cut_off_are_kept_as_they_are():
    ((_, _, row),) = events("2021-03-03T06:44:37.622Z ServerInfo~a]@EXC01.LOCAL:444/ecp/proxyLogo...\n")
    assert row["AnchorMailbox"].endswith(b"/ecp/proxyLogo...")


def test_a_test_that_found_something_is_an_event_with_its_name():
    ((kind, line, row),) = events(
        "  [CVE-2021-27065] Suspicious activity found in ECP logs!\n  Please review the following files for x:\n"
    )
    assert (kind, line) == ("test_proxylogon", 1)
    assert row == {"Test": b"CVE-2021-27065", "Message": b"Suspicious activity found in ECP logs!"}


def test_files_named_under_a_test_belong_to_it():
    text = "  [CVE-2021-26858] Suspicious activity found in OAB generator logs!\n  WebShells possibly downloaded in file system. Explore below locations:\n'C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx'\n"
    kind, line, row = events(text)[1]
    assert (kind, line) == ("file_listing", 3)
    assert row == {
        "Type": b"CVE-2021-26858",
        "Path": b"C:\\inetpub\\wwwroot\\aspnet_client\\x.aspx",
        "Name": b"x.aspx",
    }


def test_other_suspicious_files_are_a_file_list():
    ((kind, _, row),) = events("   SuspiciousArchive : C:\\ProgramData\\a b\\c.zip\n")
    assert kind == "file_listing"
    assert row == {"Type": b"SuspiciousArchive", "Path": b"C:\\ProgramData\\a b\\c.zip", "Name": b"c.zip"}


@pytest.mark.parametrize(
    "text",
    [
        '"EX01","SuspiciousArchive","C:\\ProgramData\\c.zip","c.zip","22/07/2019 11:57:52"\n',
        '#TYPE X\n"ComputerName","Type","Path","Name","LastWrite"\n"EX01","SuspiciousArchive","C:\\ProgramData\\c.zip","c.zip","22/07/2019 11:57:52"\n',
    ],
)
def test_the_csv_of_suspicious_files_is_read_with_and_without_header(text: str):
    ((kind, _, row),) = events(text)
    assert kind == "file_listing"
    assert (row["ComputerName"], row["Path"], row["LastWrite"]) == (
        b"EX01",
        b"C:\\ProgramData\\c.zip",
        b"22/07/2019 11:57:52",
    )


HASH = "0FB0953831C314195A9761723CFB5D2CB2D18B006A310E16C225B9108161275F"


@pytest.mark.parametrize(
    "text",
    [
        f'"05/22/2020 23:01:23","C:\\E\\ClientAccess\\OAB","x.1js","05/22/2020 23:02:27","NoHashMatch","{HASH}","C:\\E\\ClientAccess\\OAB\\Temp\\x.1js","05/22/2020 23:01:23","Exchange Back End/OAB/"\n',
        f'"VDir","PDir","FileName","FilePath","FileHash","CreationTimeUtc","LastWriteTimeUtc","LastAccessTimeUtc","Error"\n"Exchange Back End/OAB/","C:\\E\\ClientAccess\\OAB","x.1js","C:\\E\\ClientAccess\\OAB\\Temp\\x.1js","{HASH}","a","b","c","NoHashMatch"\n',
        " VDir: [ Exchange Back End/OAB/ ] PDir: [ C:\\E\\ClientAccess\\OAB ] FileName: [ x.1js ] FilePath: [ C:\\E\\ClientAccess\\OAB\\Temp\\x.1js ] is extra or edited on this server\n",
    ],
)
def test_the_hash_comparison_is_a_file_list_in_every_form(text: str):
    ((kind, _, row),) = events(text)
    assert kind == "file_listing"
    assert row["Path"] == b"C:\\E\\ClientAccess\\OAB\\Temp\\x.1js"
    assert row["Name"] == b"x.1js"
    assert row["Result"] == b"NoHashMatch"
    assert row["VDir"] == b"Exchange Back End/OAB/"
    assert row.get("Hash", HASH.encode()) == HASH.encode()


def test_an_address_with_markup_is_a_setting_over_all_its_lines():
    text = 'http://f/<script language="x">EXSWEEP-INERT-FIXTURE</script>\nhttp://f/<script>EXSWEEP-\n     INERT\n   FIXTURE</script>\n'
    rows = events(text)
    assert [(kind, line) for kind, line, _ in rows] == [("oab_vdir", 1), ("oab_vdir", 2)]
    assert rows[1][2]["ExternalUrl"] == b"http://f/<script>EXSWEEP-\n     INERT\n   FIXTURE</script>"


def test_a_list_of_directory_settings_is_one_event():
    text = (
        "RunspaceId          : 1\nName                : OAB (Default Web Site)\nPath                : C:\\E\\OAB\n"
        "InternalUrl         : https://ex01/OAB\nExternalUrl         : http://f/<EXSWEEP-INERT-\n                      FIXTURE>\nWhenChanged         : 3/1/2021\n\n"
    )
    ((kind, _, row),) = events(text)
    assert kind == "oab_vdir"
    assert row["ExternalUrl"] == b"http://f/<EXSWEEP-INERT-FIXTURE>"
    assert row["Name"] == b"OAB (Default Web Site)"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("> ", ""),
        ("C:\\logs\\u_ex210303.log:17:", ""),
        ("u_ex210303.log-", ""),
        ("  12: ", ""),
        ("`", "`"),
        ('"', '"'),
        ("| ", ""),
    ],
)
def test_a_web_server_line_is_found_behind_what_people_put_around_it(before: str, after: str):
    ((kind, _, row),) = events(f"{before}{iis_line().decode()}{after}\n")
    assert kind == "iis_w3c"
    assert (row["cs-uri-stem"], row["time-taken"]) == (b"/owa/", b"15")


def test_a_web_server_line_with_columns_of_its_own_keeps_them():
    ((_, _, row),) = events(iis_line().decode() + " 198.51.100.7 extra\n")
    assert row["c-ip"] == b"203.0.113.9"
    assert row["_17"] == b"extra"


def test_a_line_that_was_wrapped_is_put_together():
    text = iis_line(query="a=1&b=2", agent="Mozilla/5.0+(Windows)").decode()
    cut = text.index("Mozilla")
    for wrapped in (text[:cut].rstrip() + "\n" + text[cut:], text[: cut + 4] + "\n" + text[cut + 4 :]):
        ((_, _, row),) = events(wrapped + "\n")
        assert row["cs(User-Agent)"] == b"Mozilla/5.0+(Windows)"


def test_a_front_end_line_without_header_may_be_cut():
    ((kind, _, row),) = events(PROXY_ROW + "\n")
    assert kind == "httpproxy"
    assert (row["HttpStatus"], row["AnchorMailbox"]) == (b"500", b"ServerInfo~localhost/ecp/default.flt?")


def test_a_phrase_tells_the_log_when_nothing_else_is_left_of_the_line():
    ((kind, _, row),) = events("Download failed and temporary file 'C:\\x\\y.tmp' needs to be removed\n")
    assert (kind, b"y.tmp" in row["Message"]) == ("oabgenerator", True)
    ((kind, _, _),) = events("S:CMD=Set-OabVirtualDirectory.ExternalUrl='EXSWEEP-INERT-FIXTURE'\n")
    assert kind == "ecp_server"


def test_a_mixture_is_read_piece_by_piece():
    text = (
        b"Hello, we found this:\r\n\r\n> ProxyLogon Status: Exchange Server EX01\r\n>   Log age days: Oabgen 30.3 Ecp 29.8\r\n\r\n"
        + IIS_HEADER
        + iis_line()
        + b"\r\n\r\n2021-03-03T07:10:58.123Z "
        + ANCHOR.encode()
        + b"\r\nIs it bad?\r\n"
    )
    rows = events(text)
    assert [(kind, line) for kind, line, _ in rows] == [("iis_w3c", 10), ("test_proxylogon", 12)]
    found = read_pasted(text)
    assert found.facts["server"] == "EX01"
    assert [one.raw for batch in found.batches for one in batch.rejected] == [
        b"Hello, we found this:",
        b"Is it bad?",
    ]


def test_the_raw_line_of_an_event_stays_quotable():
    data = b"> 2021-03-03T07:10:58.123Z " + ANCHOR.encode() + b"\r\n"
    (batch,) = read_pasted(data).batches
    assert batch.raw(0) == data.rstrip()
    assert int(batch.offset[0]) == 0


def test_only_what_says_something_looks_pasted():
    assert looks_pasted(b"ProxyLogon Status: Exchange Server EX01\n")
    assert looks_pasted(iis_line())
    assert not looks_pasted(b"Dear all,\nnothing here\n")
    assert not looks_pasted(b"")
    assert not looks_pasted(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)


PIECES = st.sampled_from(
    [
        b"ProxyLogon Status: Exchange Server X",
        b"DateTime AnchorMailbox",
        b"2021-03-03T07:10:58.123Z ServerInfo~a]@x/ecp/?#",
        b"ExternalUrl : http://f/<x",
        b"Name : a",
        b"   continued",
        b"http://f/<script>",
        b"</script>",
        b'"CmdletName","CmdletParameters","Caller","RunDate"',
        b'"a","open',
        b"#Fields: date time cs-method cs-uri-stem sc-status",
        b"2021-03-01 10:00:00 GET /x 200",
        iis_line(),
        iis_line()[:60],
        iis_line()[60:],
        PROXY_ROW.encode(),
        b"C:\\a\\b.aspx",
        b"   SuspiciousArchive : C:\\a.zip",
        b"[CVE-2021-26858] Suspicious",
        b'"OabGen","Ecp","EcpProxy","EasProxy","EwsProxy"',
        b'"1","2","3","4","5"',
        b"",
        b"\xff\x00\r",
        b"> > ",
        b"----",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, max_size=25), st.sampled_from([b"\n", b"\r\n"]))
def test_every_line_is_accounted_for(pieces: list[bytes], ending: bytes):
    data = ending.join(pieces)
    found = read_pasted(data)
    assert accounted(data, found)
    for batch in found.batches:
        for place in range(len(batch)):
            raw = batch.raw(place)
            assert raw is not None
            assert data[int(batch.offset[place]) :].startswith(raw)


DRESSED = {
    "as a web page spaces it": lambda line: line.replace(" ", "\u00a0"),
    "as a terminal colours it": lambda line: f"\x1b[31m{line}\x1b[0m",
    "as the source of a web page": lambda line: (
        f"<p>{line.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}<br>"
    ),
    "behind a relay with a time of its own": lambda line: (
        f"<134>1 2021-03-03T10:01:02Z ex01 nxlog 123 - - {line}"
    ),
    "behind a search": lambda line: f"C:\\logs\\u_ex210303.log:1234:{line}",
    "with characters that have no width": lambda line: f"\ufeff{line}\u200b",
}


@pytest.mark.parametrize("dress", DRESSED)
def test_a_line_is_the_same_line_in_any_dress(dress: str):
    line = "2021-03-05 04:33:10 10.1.1.5 POST /ecp/y.js &CorrelationID=<empty>; 443 - 198.51.100.9 python-requests/2.25.1 - 500 0 0 22"
    assert events(DRESSED[dress](line)) == events(line)


def test_half_a_value_at_the_end_of_a_cut_line_is_no_value():
    line = "2021-03-03 09:12:44 10.1.1.5 POST /aspnet_client/a.aspx - 443 - 192.0.2.9 python-requests/2.25.1 -..."
    ((_, _, row),) = events(line)
    assert row["cs-uri-stem"] == b"/aspnet_client/a.aspx" and "sc-status" not in row


def test_an_address_in_the_json_of_powershell_is_read_with_its_signs():
    said = events(
        '"ExternalUrl": {\n  "OriginalString": "http://f/\\u003cEXSWEEP-INERT-FIXTURE a=\\"b\\"\\u003e</script>"\n}'
    )
    assert said[0][0] == "oab_vdir"
    assert said[0][2]["ExternalUrl"].startswith(b'http://f/<EXSWEEP-INERT-FIXTURE a="b">')


def test_the_search_that_microsoft_gave_everybody_is_not_what_it_found():
    assert (
        events("Where-Object { $_.AnchorMailbox -like 'ServerInfo~*/*' } | select DateTime, AnchorMailbox")
        == []
    )
    assert len(events("it printed ServerInfo~a]@ex01:444/ecp/x.js?# here")) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_seen_where_half_of_the_text_is_in_another_script(encoding: str):
    text = "Здравствуйте, мы нашли в журнале\n" + iis_line().decode() + "\n"
    assert len(read_pasted(text.encode(encoding)).batches[0]) == 1
