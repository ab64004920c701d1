"""A process that two logs tell of is one process: what is read from events reaches the keys by which they are joined."""

from exsweep.assess.rows import hit
from exsweep.judge.facts import processes
from exsweep.parse.winevent.reader import event_reader
from tests.cases.events import saved

SYSMON = {
    "ProcessGuid": "{11111111-2222-3333-4444-555555555555}",
    "ProcessId": 6712,
    "Image": "C:\\Windows\\System32\\cmd.exe",
    "ParentProcessGuid": "{11111111-2222-3333-4444-666666666666}",
    "ParentProcessId": 3028,
    "ParentImage": "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
    "LogonId": "0x3e7",
}
AUDIT = {
    "NewProcessId": "0x1a38",
    "NewProcessName": "C:\\Windows\\System32\\cmd.exe",
    "ProcessId": "0xbd4",
    "ParentProcessName": "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
    "SubjectLogonId": "0x3e7",
}


def keys(log: str, code: int, said: dict[str, object]) -> frozenset[str]:
    data = saved([(log, code, said)]).encode()
    reader = event_reader(data, "events.json")
    assert reader is not None
    (batch,) = reader.feed(data, last=True)
    return processes(hit("r", batch, 0, "events.json", ""))


def test_sysmon_and_the_security_log_name_the_same_process():
    sysmon, audit = keys("sysmon", 1, SYSMON), keys("security", 4688, AUDIT)
    assert audit == {
        "process:mail01.example.test:6712:cmd.exe",
        "process:mail01.example.test:3028:w3wp.exe",
    }
    assert audit < sysmon
    assert "process:mail01.example.test:11111111-2222-3333-4444-666666666666" in sysmon


def test_the_logon_of_a_started_program_is_a_key():
    assert "logon:mail01.example.test:0x51abc" in keys(
        "security", 4688, AUDIT | {"SubjectLogonId": "0x51abc"}
    )


def test_a_number_without_a_program_joins_nothing():
    """Windows before 2016 tells the parent's number only; numbers are given again, and programs of monitoring are many."""
    old = {name: value for name, value in AUDIT.items() if name != "ParentProcessName"}
    assert keys("security", 4688, old) == {"process:mail01.example.test:6712:cmd.exe"}
