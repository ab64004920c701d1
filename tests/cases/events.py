"""Events of a story in a few words, as the lines of a log that was saved as JSON.

A story has `events`: a list of `[log, number, values]`, one minute after another; `Provider` and `Time` among the values
stand for themselves.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

LOGS = {
    "sysmon": ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"),
    "security": ("Security", "Microsoft-Windows-Security-Auditing"),
    "system": ("System", "Service Control Manager"),
    "application": ("Application", "Application"),
    "powershell": ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    "defender": ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender"),
    "tasks": ("Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler"),
    "winrm": ("Microsoft-Windows-WinRM/Operational", "Microsoft-Windows-WinRM"),
    "print": ("Microsoft-Windows-PrintService/Operational", "Microsoft-Windows-PrintService"),
    "print_admin": ("Microsoft-Windows-PrintService/Admin", "Microsoft-Windows-PrintService"),
    "exchange": ("MSExchange Management", "MSExchange CmdletLogs"),
}
BEGIN = datetime(2021, 3, 1, 8, tzinfo=UTC)


def saved(events: Iterable[tuple[str, int, dict[str, Any]]]) -> str:
    """One line for each event; a minute between two."""
    lines = []
    for number, (log, code, said) in enumerate(events, 1):
        channel, provider = LOGS[log]
        values = dict(said)
        system = {
            "Provider": {"#attributes": {"Name": values.pop("Provider", provider)}},
            "EventID": code,
            "EventRecordID": number,
            "Channel": channel,
            "Computer": "MAIL01.example.test",
            "TimeCreated": {
                "#attributes": {
                    "SystemTime": values.pop(
                        "Time", (BEGIN + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
                    )
                }
            },
        }
        lines.append(json.dumps({"Event": {"System": system, "EventData": values}}))
    return "\n".join(lines) + "\n"
