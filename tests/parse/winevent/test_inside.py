"""Events that stand between other lines of a text: with their labels, or only the words of the tab "General"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.parse.test_pasted import events, facts
from tests.parse.winevent.test_shown import GERMAN, TEXT, VIEWER

PROSE = "".join(f"We looked at the server, part {number} of the story.\n" for number in range(1, 15))
IIS = "2021-03-10 03:11:18 10.0.0.5 GET /owa/auth/logon.aspx - 443 - 203.0.113.4 Mozilla/5.0 - 200 0 0 155\n"
STARTED = {
    "Channel": b"Security",
    "EventID": b"4688",
    "NewProcessName": b"C:\\Windows\\System32\\cmd.exe",
    "ParentProcessName": b"C:\\Windows\\System32\\inetsrv\\w3wp.exe",
    "CommandLine": b"cmd /c whoami",
}


@pytest.mark.parametrize("told", [TEXT, VIEWER, GERMAN], ids=["general", "labels", "german"])
def test_an_event_between_prose_and_a_log_line_is_read_and_so_is_the_line(told: str) -> None:
    rows = events(PROSE + told + "\n" + IIS)
    assert [kind for kind, _, _ in rows] == ["event_process_audit", "iis_w3c"]
    assert {name: rows[0][2][name] for name in STARTED} == STARTED


def test_two_events_one_below_the_other_are_two() -> None:
    other = TEXT.replace("whoami", "net user")
    commands = [row["CommandLine"] for _, _, row in events(PROSE + TEXT + other)]
    assert commands == [b"cmd /c whoami", b"cmd /c net user"]


def test_values_under_their_own_names_are_those_of_sysmon() -> None:
    text = "Process Create:\nUtcTime: 2021-03-03 05:12:01.000\nImage: C:\\Windows\\System32\\cmd.exe\nParentImage: C:\\a\\w3wp.exe\n"
    ((kind, _, row),) = events(PROSE + text)
    assert (kind, row["EventID"], row["Image"]) == ("event_process", b"1", b"C:\\Windows\\System32\\cmd.exe")


def test_a_sentence_about_an_event_is_no_event() -> None:
    assert events("Does 'A new process has been created' in the log mean anything?\n") == []


@given(
    st.lists(
        st.sampled_from([*TEXT.splitlines(), *VIEWER.splitlines(), IIS.strip(), "prose", "", "\t", "Date:"]),
        max_size=40,
    )
)
def test_whatever_order_its_lines_come_in_every_line_is_accounted_for(lines: list[str]) -> None:
    events("\n".join(lines))


@pytest.mark.parametrize(
    "line",
    [
        "Build Number: 15.1.2106.2",
        "AdminDisplayVersion : Version 15.1 (Build 2106.2)",
        "We run Version 15.1 (Build 2106.2) and are afraid.",
        "15.01.2106.002   15.01.2106.002   C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\ExSetup.exe",
    ],
)
def test_a_build_that_somebody_looked_up_is_a_fact(line: str) -> None:
    assert facts(line + "\n")["stated_build"] == "15.1.2106.2"


@pytest.mark.parametrize(
    "line", ["FileVersion: 6.1.7601.1", "Build Number: unknown", "Version 10.0 (Build 19045.1)"]
)
def test_a_build_of_something_else_is_none(line: str) -> None:
    assert "stated_build" not in facts(line + "\n")


def test_an_export_request_to_a_page_is_told_as_the_command_that_made_it() -> None:
    ((kind, _, row),) = events("FilePath : \\\\127.0.0.1\\c$\\inetpub\\wwwroot\\aspnet_client\\page.aspx\n")
    assert (kind, row["Cmdlet"]) == ("rps_cmdlet", b"New-MailboxExportRequest")
    assert b"page.aspx" in row["Parameters"]


def test_numbers_of_flaws_are_no_names_of_a_virus_scanner() -> None:
    assert events("Security Vulnerability: CVE-2021-26855, CVE-2021-27065\n") == []
    ((kind, _, row),) = events("found Exploit.CVE-2021-26855.gen\n")
    assert (kind, row["Type"]) == ("file_listing", b"Exploit.CVE-2021-26855.gen")


@pytest.mark.parametrize(
    "line",
    ["| http-vuln-cve2021-26855:", "|     IDs:  CVE:CVE-2021-26855", "see https://x.example/webshell/a"],
)
def test_words_of_other_programs_about_a_flaw_name_no_back_door(line: str) -> None:
    assert events(line + "\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "A back door lies at https://mail.district.example/aspnet_client/page.aspx on your server.",
        '"2021-03-14","203.0.113.7",443,"exchange;webshell","/aspnet_client/page.aspx","critical"',
    ],
)
def test_a_page_named_by_its_address_is_a_page_that_somebody_names(line: str) -> None:
    ((kind, _, row),) = events(line + "\n")
    assert (kind, row["Type"], row["Path"]) == ("file_listing", b"mentioned", b"/aspnet_client/page.aspx")


def test_what_is_left_of_a_log_line_names_no_page() -> None:
    assert events("10.0.0.5 GET /aspnet_client/page.aspx - 443\n") == []


def test_the_text_of_a_script_is_the_events_script() -> None:
    told = (
        "Creating Scriptblock text (1 of 1):\n$a = 1\n\nwhoami /all\n\nScriptBlock ID: 6d2b86a7\nPath: \n"
        + IIS
    )
    rows = events(PROSE + told)
    assert [kind for kind, _, _ in rows] == ["event_powershell", "iis_w3c"]
    assert rows[0][2]["ScriptBlockText"] == b"$a = 1\n\nwhoami /all"


ALERTS = {
    "labels": 'Falcon detection\n\nCommand line: "cmd.exe" /c "whoami"\nHost: EX01\nParent: c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "MSExchangeOWAAppPool"\n',
    "names alone": "Initiating process: w3wp.exe\nProcess name: cmd.exe\nProcess command line: cmd.exe /c whoami\n",
    "a sentence": "w3wp.exe (PID 4312) MSExchangeOWAAppPool spawned cmd.exe (PID 9912)\nCommand line: cmd.exe /c whoami\n",
    "a sentence turned round": "C:\\Windows\\System32\\cmd.exe (whoami) was started by C:\\Windows\\System32\\inetsrv\\w3wp.exe\nCommand line: cmd /c whoami\n",
    "a command without an ending": "Originating Process: w3wp.exe\nCommand Line Arguments: cmd /c whoami\n",
    "names with points": "process.parent.name: w3wp.exe\nprocess.name: cmd.exe\nprocess.command_line: cmd.exe /c whoami\n",
    "values below": "Process name\ncmd.exe\nCommand line\ncmd.exe /c whoami\nParent process\nw3wp.exe\n",
    "a table": "| Parent process | w3wp.exe |\n| Command line | cmd.exe /c whoami |\n",
    "a device path": "Command line: cmd.exe /c whoami\nParent process: \\Device\\HarddiskVolume4\\Windows\\System32\\inetsrv\\w3wp.exe\n",
    "arrow": "The alert says C:\\Windows\\System32\\inetsrv\\w3wp.exe -> cmd.exe /c whoami -> whoami.exe\n",
}


@pytest.mark.parametrize("told", ALERTS)
def test_an_alert_that_names_a_program_and_its_parent_is_the_start_of_a_process(told: str) -> None:
    rows = events(PROSE + ALERTS[told] + "\n" + IIS)
    assert [kind for kind, _, _ in rows] == ["event_process", "iis_w3c"]
    row = rows[0][2]
    assert row["Image"].endswith(b"\\cmd.exe") and row["ParentImage"].lower().endswith(b"\\w3wp.exe")
    assert b"whoami" in row["CommandLine"]


@pytest.mark.parametrize(
    "line",
    [
        "Process: cmd.exe\n",
        "Parent: w3wp.exe\nHost: EX01\n",
        "see a.exe -> click Next\n",
        "x = y -> z.exe\n",
        "Look whether w3wp.exe spawned cmd.exe or powershell.exe.\n",
        "Is it normal that w3wp.exe (4312) spawned cmd.exe?\n",
        "The process\nParent process\n\nwas not named\n",
    ],
)
def test_half_of_an_alert_is_none(line: str) -> None:
    assert [kind for kind, _, _ in events(line) if kind == "event_process"] == []


def test_the_words_of_a_page_that_failed_are_its_event_down_to_their_end() -> None:
    text = "Event code: 4009\nEvent message: Viewstate verification failed.\n\nRequest URL: https://mail/ecp/default.aspx\nCustom event details:\n"
    rows = events(PROSE + text + IIS)
    assert (rows[0][2]["Channel"], rows[0][2]["EventID"]) == (b"Application", b"1309")
    assert b"/ecp/default.aspx" in rows[0][2]["Message"]
    assert rows[1][0] == "iis_w3c"
