"""Each kind of event that two logs of one server must both have seen tells how far their clocks are apart."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.model import Clock

NOW = datetime(2021, 3, 9, tzinfo=UTC)
START = datetime(2021, 3, 3, 1, tzinfo=UTC)
HOURS = 3
"""How far the second log's clock is ahead of the first one's."""
PROVIDERS = {
    "Security": "Microsoft-Windows-Security-Auditing",
    "System": "Service Control Manager",
    "Microsoft-Windows-Sysmon/Operational": "Microsoft-Windows-Sysmon",
}
AT = tuple(timedelta(minutes=17 * number * number) for number in range(1, 9))
"""Moments of what both logs saw: not evenly, or any shift would fit."""


def _log(channel: str, ahead_h: int, events: list[tuple[timedelta, int, dict[str, str]]]) -> str:
    lines = []
    for number, (after, code, said) in enumerate(events, 1):
        moment = START + after + timedelta(hours=ahead_h)
        system = {
            "Provider": {"#attributes": {"Name": PROVIDERS[channel]}},
            "EventID": code,
            "EventRecordID": number,
            "Channel": channel,
            "Computer": "MAIL01.example.test",
            "TimeCreated": {"#attributes": {"SystemTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}},
        }
        lines.append(json.dumps({"Event": {"System": system, "EventData": said}}))
    return "\n".join(lines) + "\n"


def _starts() -> dict[str, str]:
    """Sysmon writes the number of a process as digits, the security log as hexadecimal ones."""
    image = r"C:\Windows\System32\conhost.exe"
    sysmon: list[tuple[timedelta, int, dict[str, str]]] = [
        (at, 1, {"Image": image, "ProcessId": str(4000 + 4 * number)}) for number, at in enumerate(AT)
    ]
    audit: list[tuple[timedelta, int, dict[str, str]]] = [
        (at, 4688, {"NewProcessName": image, "NewProcessId": hex(4000 + 4 * number)})
        for number, at in enumerate(AT)
    ]
    return {
        "Security.json": _log("Security", 0, audit),
        "Sysmon.json": _log("Microsoft-Windows-Sysmon/Operational", HOURS, sysmon),
    }


def _services() -> dict[str, str]:
    name = [f"Vendor Agent {number}" for number in range(len(AT))]
    path = r"C:\Program Files\Vendor\agent.exe"
    return {
        "Security.json": _log(
            "Security",
            0,
            [
                (at, 4697, {"ServiceName": one, "ServiceFileName": path})
                for at, one in zip(AT, name, strict=True)
            ],
        ),
        "System.json": _log(
            "System",
            HOURS,
            [(at, 7045, {"ServiceName": one, "ImagePath": path}) for at, one in zip(AT, name, strict=True)],
        ),
    }


def _boots() -> dict[str, str]:
    return {
        "Security.json": _log("Security", 0, [(at + timedelta(seconds=8), 4608, {}) for at in AT]),
        "System.json": _log("System", HOURS, [(at, 6005, {}) for at in AT]),
    }


def _written() -> dict[str, str]:
    """What the control panel was told to write stands in the list of the disk's files, some seconds later."""
    rows, listed = [], ['"FullName","Length","CreationTime","LastWriteTime"']
    for number, at in enumerate(AT):
        name = f"page{number}.aspx"
        when = START + at
        path = rf"\\127.0.0.1\c$\inetpub\wwwroot\aspnet_client\{name}"
        rows.append(
            f"{when:%Y-%m-%dT%H:%M:%S.000Z},MAIL01,ECP.Request,"
            f"S:TIME=120;S:SID=0;'S:CMD=Remove-OabVirtualDirectory.Force=True.Identity=''OAB'';"
            f"S:URL=https://mail01.example.test:444/ecp/DDI/DDIService.svc/SetObject?schema=ResetOABVirtualDirectory "
            f"FilePathName={path}'"
        )
        made = when + timedelta(hours=HOURS, seconds=2)
        listed.append(rf'"C:\inetpub\wwwroot\aspnet_client\{name}","900","{made:%F %T}","{made:%F %T}"')
    head = (
        "#Software: Microsoft Exchange Server\n#Version: 15.0.0.0\n#Log-type: ECP Server Log\n"
        f"#Date: {START:%Y-%m-%dT%H:%M:%S.000Z}\n#Fields: TimeStamp,ServerName,EventId,EventData\n"
    )
    return {"ECPServer20210303-1.LOG": head + "\n".join(rows) + "\n", "files.csv": "\n".join(listed) + "\n"}


@pytest.mark.parametrize(
    ("evidence", "by"),
    [
        (_starts(), "the same program start"),
        (_services(), "the same new service"),
        (_boots(), "the same start of Windows"),
        (_written(), "the same file written"),
    ],
    ids=["process", "service", "boot", "written"],
)
def test_a_clock_ahead_is_told_by_what_both_logs_saw(
    evidence: dict[str, str], by: str, tmp_path: Path
) -> None:
    for name, text in evidence.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    clocks: tuple[Clock, ...] = triage(Settings(evidence=(tmp_path,), now=NOW)).coverage.clocks
    told = [(clock.by, [abs(shift.offset_s) for shift in clock.shifts]) for clock in clocks if clock.shifts]
    assert (by, [HOURS * 3600]) in told, clocks
