"""Take any one source away: each step that was seen is still seen, or named as not seen because that source is not there.

So also with what was touched: what that source alone showed is no longer told as seen, and the source is named.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from exsweep.assess import Settings, triage
from exsweep.cli.summary import summary
from exsweep.knowledge.shown_by import shown_by
from exsweep.model import Assessment, Chain, ImpactState, Level
from tests.assess.example import ROOT, Example, judged
from tests.cases.events import saved

LOGS = "Exchange Server/V15/Logging"

EXAMPLE = {
    "inetpub/logs/LogFiles": ["iis_w3c"],
    f"{LOGS}/HttpProxy": ["httpproxy"],
    f"{LOGS}/ECP/Server": ["ecp_server"],
    f"{LOGS}/Ews": ["ews"],
    "Windows events (exported)": ["windows_event/Security", "windows_event/MSExchange Management"],
    "Windows events (exported)/Security.ndjson": ["windows_event/Security"],
    "Windows events (exported)/MSExchange Management.ndjson": ["windows_event/MSExchange Management"],
    "Disk (MFTECmd)": ["mftecmd_usn"],
    "inetpub/wwwroot": ["served_file"],
}
"""Each source of the bundled example that shows something of the intruder -> the kinds of record that go with it."""


def events(*told: tuple[str, int, str, dict[str, Any]]) -> dict[str, str]:
    """Events, each log in a file of its own."""
    logs: dict[str, list[tuple[str, int, dict[str, Any]]]] = {}
    for log, number, clock, values in told:
        logs.setdefault(log, []).append((log, number, {"Time": clock, **values}))
    return {f"{log}.jsonl": saved(rows) for log, rows in logs.items()}


def story(*names: str) -> dict[str, str]:
    """Evidence of stories in `tests/cases`."""
    files: dict[str, str] = {}
    for name in names:
        text = (ROOT / "tests/cases" / name / "story.yml").read_text(encoding="utf-8")
        files |= yaml.safe_load(text)["evidence"]
    return files


W3WP = r"C:\Windows\System32\inetsrv\w3wp.exe"
CMD = r"C:\Windows\System32\cmd.exe"


def program(command: str) -> dict[str, Any]:
    """Sysmon's record of a program that the web server started."""
    return {
        "Image": CMD,
        "CommandLine": command,
        "ParentImage": W3WP,
        "ParentCommandLine": f'{W3WP} -ap "MSExchangeOWAAppPool"',
        "User": r"NT AUTHORITY\SYSTEM",
        "LogonId": "0x3e7",
    }


KINDS = {
    "u_ex210822.log": ["iis_w3c"],
    "u_ex221205.log": ["iis_w3c"],
    "CmdletInfra/Powershell-Proxy/Http/Rps_Http_2021082203-1.LOG": ["rps_http"],
    "Rps_Cmdlet_2021082203-1.LOG": ["rps_cmdlet"],
    "security.jsonl": ["windows_event/Security"],
    "system.jsonl": ["windows_event/System"],
    "sysmon.jsonl": ["windows_event/Microsoft-Windows-Sysmon/Operational"],
    "powershell.jsonl": ["windows_event/Microsoft-Windows-PowerShell/Operational"],
    "exchange.jsonl": ["windows_event/MSExchange Management"],
    "tasks.jsonl": ["windows_event/Microsoft-Windows-TaskScheduler/Operational"],
}
STORIES = {
    "ProxyShell, a service, a dump, the log cleared": story(
        "proxyshell_in_the_web_log", "proxyshell_in_the_remote_powershell_log", "mailbox_export_to_a_page"
    )
    | events(
        ("sysmon", 1, "2021-08-22T03:12:00Z", program("cmd.exe /c whoami")),
        (
            "sysmon",
            1,
            "2021-08-22T03:14:00Z",
            program(
                r"cmd.exe /c rundll32 C:\Windows\System32\comsvcs.dll, MiniDump 652 C:\Windows\Temp\a.dmp full"
            ),
        ),
        (
            "system",
            7045,
            "2021-08-22T03:15:00Z",
            {
                "ServiceName": "upd",
                "ImagePath": r"cmd.exe /c powershell -enc SQBFAFgA",
                "ServiceType": "user mode service",
                "StartType": "auto start",
                "AccountName": "LocalSystem",
            },
        ),
        (
            "security",
            1102,
            "2021-08-22T03:20:00Z",
            {"SubjectUserName": "MAIL01$", "SubjectDomainName": "EXAMPLE"},
        ),
    ),
    "OWASSRF with a stolen password, an account, the log cleared by script": story(
        "owassrf_with_a_stolen_password"
    )
    | events(
        ("sysmon", 1, "2022-12-05T03:11:00Z", program("cmd.exe /c net group /domain")),
        (
            "security",
            4720,
            "2022-12-05T03:12:00Z",
            {"TargetUserName": "svc_upd", "SubjectUserName": "MAIL01$", "SubjectLogonId": "0x3e7"},
        ),
        (
            "security",
            4732,
            "2022-12-05T03:12:10Z",
            {
                "MemberSid": "S-1-5-21-1-2-3-1105",
                "TargetUserName": "Administrators",
                "SubjectUserName": "MAIL01$",
            },
        ),
        (
            "exchange",
            1,
            "2022-12-05T03:13:00Z",
            {
                "Data": [
                    "New-ManagementRoleAssignment",
                    '-Role "ApplicationImpersonation" -User "ben"',
                    "example.test/Users/ben",
                ]
            },
        ),
        (
            "powershell",
            4104,
            "2022-12-05T03:14:00Z",
            {"ScriptBlockText": "Clear-EventLog -LogName Security, System"},
        ),
    ),
    "Only Windows events are left": events(
        ("sysmon", 1, "2021-08-22T03:12:00Z", program("cmd.exe /c whoami")),
        (
            "exchange",
            1,
            "2021-08-22T03:13:00Z",
            {
                "Data": [
                    "New-MailboxExportRequest",
                    r'-Mailbox "anna@example.test" -FilePath "\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\w.aspx"',
                    "example.test/Users/Administrator",
                ]
            },
        ),
        (
            "security",
            4688,
            "2021-08-22T03:14:00Z",
            {
                "NewProcessName": r"C:\Windows\System32\rundll32.exe",
                "CommandLine": r"rundll32 C:\Windows\System32\comsvcs.dll, MiniDump 652 C:\Windows\Temp\a.dmp full",
                "ParentProcessName": CMD,
                "SubjectUserName": "MAIL01$",
            },
        ),
        ("system", 104, "2021-08-22T03:20:00Z", {"SubjectUserName": "MAIL01$", "Channel": "System"}),
    ),
}


@cache
def told_by(name: str, without: str = "") -> Assessment:
    with TemporaryDirectory() as folder:
        for path, text in STORIES[name].items():
            if path != without:
                file = Path(folder) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
        return triage(Settings(evidence=(Path(folder),), now=datetime(2023, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("gone", EXAMPLE)
def test_of_the_example(assessment: Assessment, example: Example, gone: str, tmp_path: Path) -> None:
    copy = tmp_path / "evidence"
    _linked(example.evidence, copy, without=copy / gone)
    less = judged(copy)
    assert less.verdict.level.rank >= Level.BROKEN_INTO.rank
    _holds(assessment, less, EXAMPLE[gone])


@pytest.mark.parametrize(("name", "gone"), [(name, path) for name in STORIES for path in STORIES[name]])
def test_of_a_story(name: str, gone: str) -> None:
    whole, less = told_by(name), told_by(name, gone)
    assert _broken(whole), "the story is one of a break-in"
    _holds(whole, less, KINDS[gone])


@pytest.mark.parametrize("name", STORIES)
def test_the_stories_have_steps_that_only_one_source_shows(name: str) -> None:
    """Else the law above would hold by saying nothing."""
    whole = {stage for chain in _broken(told_by(name)) for stage in _seen(chain)}
    lost = {
        stage
        for gone in STORIES[name]
        for chain in _broken(told_by(name, gone))
        for stage in whole - _seen(chain)
    }
    assert lost


def _holds(whole: Assessment, less: Assessment, kinds: Sequence[str]) -> None:
    names = _names(kinds)
    still = {stage for chain in less.chains for stage in _seen(chain)}
    for chain in _broken(whole):
        for stage in _seen(chain) - still:
            left = [step for one in _broken(less) for step in one.steps if step.stage == stage]
            for step in left:
                assert step.missing
                absent = step.why_missing.partition(" Read, and")[0]
                assert absent.startswith("Not among the evidence"), (stage, step.why_missing)
                assert any(name in absent for name in names), (stage, names, absent)
            assert left or not _broken(less), stage
            terminal = " ".join(summary(less, None).split())
            assert not left or any(name in terminal.partition("did not see:")[2] for name in names)
    for what in ("mailboxes", "credentials", "files", "hosts", "persistence") if _broken(less) else ():
        before, after = getattr(whole.impact, what), getattr(less.impact, what)
        poorer = before.state is ImpactState.SEEN and after.state is not ImpactState.SEEN
        if poorer or set(before.items) - set(after.items):
            assert after.state is not ImpactState.NOT_SEEN, what
            assert any(name in after.lacking for name in names), (what, names, after.lacking)


def _names(kinds: Sequence[str]) -> list[str]:
    """As people read them: the short name of one of a family, which stands in its brackets."""
    short = {kind: name for family in shown_by().families for kind, name in family.members.items()}
    other = short["windows_event"]
    return [
        short.get(kind) or (other if kind.startswith("windows_event/") else shown_by().titles([kind])[0])
        for kind in kinds
    ]


def _broken(of: Assessment) -> list[Chain]:
    return [chain for chain in of.chains if chain.level.rank >= Level.BROKEN_INTO.rank]


def _seen(chain: Chain) -> set[str]:
    return {step.stage for step in chain.steps if step.findings}


def _linked(source: Path, target: Path, *, without: Path) -> None:
    """The same tree by hard links, without one file or folder."""
    for folder, folders, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        folders[:] = [name for name in folders if here / name != without]
        here.mkdir(parents=True)
        for name in files:
            if here / name != without:
                os.link(Path(folder) / name, here / name)
