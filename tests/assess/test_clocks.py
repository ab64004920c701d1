"""Clocks as a user meets them: logs of one server in a folder, written or saved in different zones."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from exsweep.assess import Settings, triage
from exsweep.model import Assessment, Clock

NOW = datetime(2021, 3, 9, tzinfo=UTC)
START = datetime(2021, 3, 3, tzinfo=UTC)
FIELDS = "date time cs-method cs-uri-stem cs-uri-query cs-username c-ip cs(User-Agent) sc-status"
HEAD = f"#Software: Microsoft Internet Information Services 10.0\n#Fields: {FIELDS}\n"
SHELL = "/aspnet_client/system_web/supp0rt.aspx"
AGENTS = ("Mozilla/5.0 (Windows NT 10.0)", "Outlook-iOS/2.0", "Microsoft Office/16.0")
SAVED_H, PROXY_S, DISK_H = -5, 421, -6
"""How far the clocks of the saved events, of the proxy and of the list of files are from the web log's."""


def _requests() -> Iterator[tuple[datetime, str, str, str, str]]:
    """Moment, page, user, address, program: an ordinary day, and one who uses a back door."""
    chance, moment = Random(5), START + timedelta(seconds=20)
    for number in range(500):
        moment += timedelta(seconds=chance.randint(40, 280))
        user = f"user{chance.randint(1, 12)}"
        yield moment, f"/owa/{chance.randint(1, 150)}.js", user, f"198.51.100.{user[4:]}", AGENTS[number % 3]
        if number in (200, 212, 231):
            yield moment + timedelta(seconds=9), SHELL, "-", "203.0.113.77", "curl/7.1"


def _event(number: int, code: int, when: datetime, **said: str) -> str:
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
        "EventID": code,
        "EventRecordID": number,
        "Channel": "Security",
        "Computer": "MAIL01.example.test",
        "TimeCreated": {
            "#attributes": {"SystemTime": f"{when + timedelta(hours=SAVED_H):%Y-%m-%dT%H:%M:%SZ}"}
        },
    }
    return json.dumps({"Event": {"System": system, "EventData": said}})


def _write(root: Path) -> None:
    web, proxy, events = [], [], []
    for moment, page, user, address, agent in _requests():
        method = "POST" if page == SHELL else "GET"
        web.append(
            f"{moment:%Y-%m-%d %H:%M:%S} {method} {page} - {user} {address} {agent.replace(' ', '+')} 200"
        )
        seen = moment + timedelta(seconds=PROXY_S)
        proxy.append(
            f'{address} - - [{seen:%d/%b/%Y:%H:%M:%S} +0000] "{method} {page} HTTP/1.1" 200 5 "-" "{agent}"'
        )
        if page == SHELL:
            said = {
                "NewProcessName": r"C:\Windows\System32\cmd.exe",
                "ParentProcessName": r"C:\Windows\System32\inetsrv\w3wp.exe",
                "CommandLine": "cmd.exe /c whoami",
            }
            events.append(_event(len(events), 4688, moment, **said))
        elif len(web) % 3 == 0:
            events.append(
                _event(len(events), 4624, moment, TargetUserName=user, IpAddress=address, LogonType="3")
            )
    logs = root / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
    logs.mkdir(parents=True)
    days = sorted({line[:10] for line in web})
    listed = ['"FullName","Length","CreationTime","LastWriteTime"']
    for day in [*days, *(f"2021-02-2{n}" for n in range(4, 9))]:
        lines = [line for line in web if line[:10] == day] or [
            f"{day} 00:00:31 GET /owa/ - - 198.51.100.3 probe 302"
        ]
        name = f"u_ex{day[2:].replace('-', '')}.log"
        (logs / name).write_text(HEAD + "\n".join(lines) + "\n")
        made = datetime.fromisoformat(lines[0][:19]) + timedelta(hours=DISK_H, seconds=4)
        listed.append(rf'"C:\inetpub\logs\LogFiles\W3SVC1\{name}","900","{made}","{made}"')
    written = START + timedelta(hours=3 + DISK_H)
    listed.append(
        rf'"C:\inetpub\wwwroot{SHELL.replace("/", chr(92))}","90","{written:%F %T}","{written:%F %T}"'
    )
    (root / "files.csv").write_text("\n".join(listed) + "\n")
    (root / "nginx").mkdir()
    (root / "nginx" / "access.log").write_text("\n".join(proxy) + "\n")
    (root / "Security.json").write_text("\n".join(events) + "\n")


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    root = tmp_path_factory.mktemp("clocks")
    _write(root)
    return triage(Settings(evidence=(root,), now=NOW))


def _clock(assessment: Assessment, words: str) -> Clock:
    (found,) = [clock for clock in assessment.coverage.clocks if words in clock.title]
    return found


def test_events_saved_in_another_zone_are_moved(assessment: Assessment) -> None:
    clock = _clock(assessment, "Security")
    assert [shift.offset_s for shift in clock.shifts] == [SAVED_H * 3600]
    assert clock.by == "the same user from the same address"


def test_the_clock_of_a_proxy_is_told_to_the_second(assessment: Assessment) -> None:
    (shift,) = _clock(assessment, "another computer").shifts
    assert abs(shift.offset_s - PROXY_S) <= 1


def test_a_disk_of_another_zone_is_told_by_the_files_of_the_logs(assessment: Assessment) -> None:
    clock = _clock(assessment, "files on the disk")
    assert [shift.offset_s for shift in clock.shifts] == [DISK_H * 3600]
    assert clock.by == "the file of a log and its first line"


def test_the_program_stands_beside_the_request_that_started_it(assessment: Assessment) -> None:
    used = [item for item in assessment.findings if item.rule.id.startswith("WS-IIS-ASPNETCLIENT-USE")]
    ran = next(item for item in assessment.findings if item.rule.id == "WS-PROC-W3WP")
    assert ran.chain in {item.chain for item in used}
    assert any("5 h behind" in remark for remark in ran.remarks)
    assert ran.first_seen is not None
    assert (
        min(abs((item.first_seen - ran.first_seen).total_seconds()) for item in used if item.first_seen) < 10
    )
