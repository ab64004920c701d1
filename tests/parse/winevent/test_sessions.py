"""Which accounts had a session that leaves a password in the memory of the server."""

import json

from exsweep.parse.winevent import event_reader


def _log(*logons: tuple[int, str, str, str]) -> bytes:
    lines = []
    for number, (minute, kind, domain, user) in enumerate(logons, 1):
        system = {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
            "EventID": 4624,
            "EventRecordID": number,
            "Channel": "Security",
            "Computer": "MAIL01.example.test",
            "TimeCreated": {"#attributes": {"SystemTime": f"2021-03-01T08:{minute:02}:00Z"}},
        }
        said = {"LogonType": kind, "TargetDomainName": domain, "TargetUserName": user}
        lines.append(json.dumps({"Event": {"System": system, "EventData": said}}))
    return ("\n".join(lines) + "\n").encode()


def _facts(data: bytes) -> dict[str, str]:
    reader = event_reader(data, "Security.json")
    assert reader is not None
    for _ in reader.feed(data, last=True):
        pass
    return {name: said for name, said in reader.tally.facts.items() if name.startswith("session")}


def test_accounts_are_told_with_number_times_and_kinds_of_logon() -> None:
    found = _facts(_log((1, "10", "EXAMPLE", "admin01"), (9, "2", "EXAMPLE", "admin01")))
    assert found == {"session.EXAMPLE\\admin01": "2 1614585660000 1614586140000 10,2"}


def test_network_logons_computers_and_windows_itself_leave_nothing() -> None:
    assert not _facts(
        _log(
            (1, "3", "EXAMPLE", "admin01"),
            (2, "5", "NT AUTHORITY", "SYSTEM"),
            (3, "5", "EXAMPLE", "MAIL01$"),
            (4, "2", "Window Manager", "DWM-1"),
            (5, "8", "EXAMPLE", "HealthMailbox1a2b"),
        )
    )


def test_of_very_many_accounts_some_are_kept_and_that_is_said() -> None:
    found = _facts(_log(*((number % 60, "8", "EXAMPLE", f"user{number}") for number in range(300))))
    assert len(found) == 201
    assert found["sessions.more"] == "yes"
