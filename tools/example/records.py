"""Windows event records, as a shipper writes them: one JSON document a line, one file a channel, in order of record id.

Security (logons and started programs) and MSExchange Management (cmdlets). Fields as Winlogbeat 7 names them.
"""

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta

from example import intrusion
from example.scene import (
    COLLECTED,
    FIRST_EXCHANGE,
    FQDN,
    NETBIOS,
    SERVER,
    User,
    day_start,
    is_down,
    is_school_day,
    iso,
    moment,
    ms,
    stream,
)
from example.tree import LogKind, Tree

FOLDER = "Windows events (exported)"
SYSTEM32 = "C:\\Windows\\System32"
FRAMEWORK = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319"
W3WP = f"{SYSTEM32}\\inetsrv\\w3wp.exe"
BIN = "D:\\Exchange Server\\V15\\Bin"
SYSTEM = {
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": f"{SERVER}$",
    "SubjectDomainName": NETBIOS,
    "SubjectLogonId": "0x3e7",
}


@dataclass(frozen=True, slots=True)
class Record:
    time_ms: int
    channel: str
    provider: str
    code: int
    data: dict[str, str]
    truth: str = ""


def _kind(channel: str) -> LogKind:
    return LogKind(
        f"events/{channel}",
        FOLDER,
        lambda _: f"{channel}.ndjson",
        lambda _t, _first: [],
        lambda _: None,
        bom=False,
    )


def started(
    time_ms: int, program: str, command: str, parent: str, rng: random.Random, truth: str = ""
) -> Record:
    """Security 4688, with the command line: the district's policy records it."""
    data = SYSTEM | {
        "NewProcessId": f"0x{rng.randrange(0x400, 0x4000) * 4:x}",
        "NewProcessName": program,
        "ProcessId": f"0x{rng.randrange(0x400, 0x4000) * 4:x}",
        "ParentProcessName": parent,
        "CommandLine": command,
        "TokenElevationType": "%%1936",
        "MandatoryLabel": "S-1-16-16384",
    }
    return Record(time_ms, "Security", "Microsoft-Windows-Security-Auditing", 4688, data, truth)


def logged_on(time_ms: int, user: User, kind: int) -> Record:
    data = {
        "TargetUserName": user.name,
        "TargetDomainName": NETBIOS,
        "TargetUserSid": user.sid,
        "TargetLogonId": f"0x{(time_ms // 7) & 0xFFFFFFF:x}",
        "LogonType": str(kind),
        "IpAddress": user.desk_ip,
        "AuthenticationPackageName": "Kerberos",
    }
    return Record(time_ms, "Security", "Microsoft-Windows-Security-Auditing", 4624, data)


def cmdlet(time_ms: int, name: str, parameters: str, truth: str = "") -> Record:
    """MSExchange CmdletLogs 1: what, with which parameters, on whose behalf."""
    values = (
        name,
        parameters,
        f"{NETBIOS}/Users/Administrator",
        "",
        "",
        "S-1-5-18",
        "",
        "Remote-ManagementShell",
        "3128",
        "",
        "",
        "True",
    )
    data = {f"param{number}": value for number, value in enumerate(values, start=1) if value}
    return Record(time_ms, "MSExchange Management", "MSExchange CmdletLogs", 1, data, truth)


def daily(rng: random.Random, day: date, users: tuple[User, ...]) -> list[Record]:
    """An ordinary day: logons, pages compiled after a restart, watchers of Exchange at work, the administrator."""
    begin, found = day_start(day), []
    for _ in range(260 if is_school_day(day) else 40):
        found.append(logged_on(begin + rng.randrange(86_400_000), rng.choice(users), 3))
    for _ in range(24):
        t = begin + rng.randrange(86_400_000)
        found.append(
            started(
                t,
                f"{SYSTEM32}\\conhost.exe",
                "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1",
                f"{BIN}\\MSExchangeHMWorker.exe",
                rng,
            )
        )
    for _ in range(3):
        t = begin + rng.randrange(86_400_000)
        name = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=8))
        temp = f"{FRAMEWORK}\\Temporary ASP.NET Files\\owa\\8e05b027\\e164d61b\\{name}"
        found.append(
            started(
                t,
                f"{FRAMEWORK}\\csc.exe",
                f'"{FRAMEWORK}\\csc.exe" /noconfig /fullpaths @"{temp}.cmdline"',
                W3WP,
                rng,
            )
        )
        found.append(
            started(
                t + 310,
                f"{FRAMEWORK}\\cvtres.exe",
                f"{FRAMEWORK}\\cvtres.exe /NOLOGO /READONLY /MACHINE:IX86 /OUT:{temp}.tmp",
                f"{FRAMEWORK}\\csc.exe",
                rng,
            )
        )
    if is_school_day(day):
        t = begin + rng.randrange(50_000_000, 80_000_000)
        found.append(cmdlet(t, "Get-Mailbox", "-ResultSize 'Unlimited'"))
        found.append(
            cmdlet(
                t + 41_000, "Set-Mailbox", f"-Identity '{rng.choice(users).name}' -IssueWarningQuota '1.9GB'"
            )
        )
    return found


def planted(rng: random.Random, shell: str, archive: str) -> list[Record]:
    """What the intruder's steps left in the event logs. The times are those of the web requests."""
    oab = "OAB (Default Web Site)"
    found = [
        cmdlet(
            ms("2021-02-28T04:10:26.538"),
            "Set-OabVirtualDirectory",
            f"-ExternalUrl 'http://f/{intrusion.INERT}' -Identity '{SERVER}\\{oab}'",
            "chain-setobject",
        ),
        cmdlet(
            ms("2021-02-28T04:10:28.303"),
            "Remove-OabVirtualDirectory",
            f"-Force 'True' -Identity '{SERVER}\\{oab}'",
            "chain-reset",
        ),
        cmdlet(
            ms("2021-02-28T04:10:29.203"),
            "New-OabVirtualDirectory",
            f"-WebSiteName 'Default Web Site' -Server '{SERVER}'",
            "chain-reset",
        ),
    ]
    cmd = f"{SYSTEM32}\\cmd.exe"
    for text, label, commands in (
        ("2021-02-28T04:31:56.020", "commands-0228", ("whoami", 'net group "domain admins" /domain')),
        ("2021-03-02T22:07:13.640", "commands-0302", ("tasklist /svc",)),
    ):
        t = ms(text)
        for command in commands:
            found.append(
                started(
                    t,
                    cmd,
                    f'"cmd" /c cd /d "C:\\inetpub\\wwwroot\\aspnet_client"&{command}&echo [S]',
                    W3WP,
                    rng,
                    label,
                )
            )
            t += rng.randrange(3_000, 9_000)
    dump = ms("2021-03-02T22:09:20.110")
    found.append(
        started(
            dump,
            f"{SYSTEM32}\\rundll32.exe",
            f"rundll32.exe {SYSTEM32}\\comsvcs.dll, MiniDump 652 C:\\Windows\\Temp\\dfg.dmp full",
            cmd,
            rng,
            "memory-dump",
        )
    )
    packed = ms("2021-03-05T01:52:08.400")
    target = "D:\\Exchange Server\\V15\\FrontEnd\\HttpProxy\\owa\\auth\\" + archive.rpartition("/")[2]
    found.append(
        started(
            packed,
            "C:\\ProgramData\\7z.exe",
            f'C:\\ProgramData\\7z.exe a -y "{target}" C:\\ProgramData\\mx\\*.pst',
            cmd,
            rng,
            "archive-made",
        )
    )
    return found


def write_records(tree: Tree, seed: int, users: tuple[User, ...], names: dict[str, str]) -> None:
    """All records of all channels into `tree`, numbered in order of time."""
    found = planted(stream(seed, "records", "planted"), names["shell"], names["archive"])
    day = moment(FIRST_EXCHANGE).date()
    while day <= moment(COLLECTED).date():
        found += daily(stream(seed, "records", day), day, users)
        day += timedelta(days=1)
    next_id = {"Security": 4_718_220, "MSExchange Management": 18_034}
    for item in sorted(found, key=lambda one: (one.time_ms, one.channel, one.code, sorted(one.data.items()))):
        if is_down(item.time_ms) or not FIRST_EXCHANGE <= item.time_ms < COLLECTED:
            continue
        next_id[item.channel] += 1
        document = {
            "@timestamp": iso(item.time_ms),
            "event": {"kind": "event", "code": str(item.code), "provider": item.provider},
            "host": {"name": FQDN},
            "winlog": {
                "api": "wineventlog",
                "channel": item.channel,
                "computer_name": FQDN,
                "event_id": item.code,
                "provider_name": item.provider,
                "record_id": next_id[item.channel],
                "event_data": item.data,
            },
        }
        kind = f"events/{item.channel}"
        tree.kinds.setdefault(kind, _kind(item.channel))
        tree.add(kind, item.time_ms, json.dumps(document, separators=(",", ":")).encode(), item.truth)
