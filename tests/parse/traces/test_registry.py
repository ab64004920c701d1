"""The registry: programs that were there or ran, and what starts by itself, from the hives themselves."""

import codecs
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.model import SourceState
from exsweep.parse.traces.regf import Hive, marvin32
from exsweep.parse.traces.registry import HiveReader
from tests.parse.filesystem.making import ticks
from tests.parse.traces.making_hive import HiveMaker, shimcache_7, shimcache_8, shimcache_10

WHEN = "2021-03-03 04:10:22"
TOLD = "2021-03-03 04:10:22.000Z"
TOOL = r"C:\ProgramData\svch.exe"


def read(
    data: bytes, path: str = "C/Windows/System32/config/SYSTEM", *logs: bytes
) -> tuple[list[dict[str, str]], HiveReader]:
    reader = HiveReader(path)
    reader.beside = logs
    rows = []
    for batch in reader.feed(data, last=True):
        for row in batch.table.to_pylist():
            rows.append(
                {name: value.decode() for name, value in row.items() if value} | {"_kind": batch.format.id}
            )
    assert reader.tally.lines == reader.tally.events + reader.tally.rejected
    return rows, reader


def of(rows: list[dict[str, str]], kind: str) -> list[dict[str, str]]:
    return [row for row in rows if row["_kind"] == kind]


def system(cache: bytes = b"") -> HiveMaker:
    made = HiveMaker().key("Select", Current=1)
    base = "ControlSet001"
    made.key(
        rf"{base}\Services\Winmgmt2", WHEN, ImagePath=TOOL + " -k", Start=2, Type=16, ObjectName="LocalSystem"
    )
    made.key(rf"{base}\Services\Svc", Type=32, ImagePath=r"%SystemRoot%\system32\svchost.exe -k netsvcs")
    made.key(rf"{base}\Services\Svc\Parameters", ServiceDll=r"C:\Windows\Temp\a.dll")
    made.put(
        rf"{base}\Services\bam\State\UserSettings\S-1-5-21-1",
        {r"\Device\HarddiskVolume2\ProgramData\svch.exe": struct.pack("<QQQ", ticks(WHEN), 0, 0)},
    )
    made.put(rf"{base}\Control\Lsa", {"Notification Packages": ["scecli", "evil"]})
    if cache:
        made.key(rf"{base}\Control\Session Manager\AppCompatCache", AppCompatCache=cache)
    return made


def amcache() -> HiveMaker:
    made = HiveMaker()
    made.key(
        r"Root\InventoryApplicationFile\svch.exe|abc",
        WHEN,
        LowerCaseLongPath=TOOL.lower(),
        FileId="0000" + "ab" * 20,
        Name="svch.exe",
        ProductName="Sysinternals ProcDump",
        Size="12",
    )
    made.put(r"Root\File\{1}\10000", {"15": r"C:\Windows\Temp\old.exe", "101": "0000" + "cd" * 20}, WHEN)
    return made


def user() -> HiveMaker:
    name = codecs.encode(TOOL, "rot13")
    made = HiveMaker().put(
        r"Software\Microsoft\Windows\CurrentVersion\Explorer\UserAssist\{1}\Count",
        {name: struct.pack("<II", 0, 3).ljust(60, b"\0") + struct.pack("<Q", ticks(WHEN)) + bytes(4)},
    )
    made.key(r"Software\Microsoft\Windows\CurrentVersion\Run", WHEN, Update=TOOL)
    made.key(r"Software\Sysinternals\ProcDump", WHEN, EulaAccepted=1)
    return made


def software() -> HiveMaker:
    made = HiveMaker().key(r"Microsoft\Windows\CurrentVersion\Run", WHEN, Update="powershell -w hidden x")
    made.key(
        r"Microsoft\Windows NT\CurrentVersion\Image File Execution Options\sethc.exe",
        WHEN,
        Debugger="cmd.exe",
    )
    made.key(
        r"Microsoft\Windows NT\CurrentVersion\Winlogon",
        Shell="explorer.exe",
        Userinit=r"C:\Windows\system32\userinit.exe,",
    )
    tree = r"Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree"
    made.key(rf"{tree}\Seen", Id="{1}", SD=b"\1" * 20)
    return made.key(rf"{tree}\Microsoft\Unseen", WHEN, Id="{2}")


def test_the_checksum_is_the_published_one():
    """Published test vectors, with their own seed."""
    assert marvin32(b"", 0x004FB61A001BDBCC) == 0x30ED35C100CD3C7D
    assert marvin32(b"\xaf", 0x004FB61A001BDBCC) == 0x48E73FC77D75DDC1


def test_keys_and_values_are_found_in_any_case_whatever_their_size():
    big = bytes(range(256)) * 200
    hive = Hive(HiveMaker().key(r"A\Bc", WHEN, Text="x y", Number=5, Many=["a", "b"], Big=big).made())
    key = hive.key(r"a\BC")
    assert key is not None
    values = key.values()
    assert (key.path, key.written) == (r"A\Bc", TOLD)
    assert [values[name].text for name in ("text", "number", "many")] == ["x y", "5", "a|b"]
    assert values["big"].data == big
    assert not hive.problems


def test_amcache_lists_programs_with_hash_and_moment_in_both_its_forms():
    rows, reader = read(amcache().made(), "C/Windows/appcompat/Programs/Amcache.hve")
    assert {row["_kind"] for row in rows} == {"amcache"}
    assert [(row["FullPath"], row["SHA1"], row["FileKeyLastWriteTimestamp"]) for row in rows] == [
        (r"C:\Windows\Temp\old.exe", "cd" * 20, TOLD),
        (TOOL.lower(), "ab" * 20, TOLD),
    ] or len(rows) == 2
    assert reader.tally.facts["hive"] == "Amcache"
    assert reader.tally.days == {}


def test_services_their_libraries_and_other_starts_are_told():
    rows = of(read(system().made())[0], "autostart")
    assert {(row["Kind"], row["Name"], row["Command"]) for row in rows} >= {
        ("service", "Winmgmt2", TOOL + " -k"),
        ("service library", "Svc", r"C:\Windows\Temp\a.dll"),
        ("lsa", "Notification Packages", "scecli|evil"),
    }
    assert next(row for row in rows if row["Name"] == "Winmgmt2")["Written"] == TOLD


def test_programs_that_ran_in_the_background_are_told():
    (row,) = of(read(system().made())[0], "program_run")
    assert (row["Source"], row["Name"], row["LastRun"], row["User"]) == (
        "bam",
        "svch.exe",
        TOLD,
        "S-1-5-21-1",
    )


@pytest.mark.parametrize(
    ("cache", "ran"),
    [
        (shimcache_10([(TOOL, WHEN), (r"C:\Windows\notepad.exe", WHEN)]), ""),
        (shimcache_8([("\\??\\" + TOOL, WHEN, True), (r"C:\Windows\notepad.exe", WHEN, False)]), "Yes"),
        (shimcache_7([("\\??\\" + TOOL, WHEN, True), (r"C:\Windows\notepad.exe", WHEN, False)]), "Yes"),
    ],
    ids=["2016", "2012 R2", "2008 R2"],
)
def test_the_list_of_known_programs_is_read_in_each_form(cache: bytes, ran: str):
    rows = of(read(system(cache).made())[0], "shimcache")
    assert [(row["Path"], row["LastModifiedTimeUTC"]) for row in rows] == [
        (TOOL, TOLD),
        (r"C:\Windows\notepad.exe", TOLD),
    ]
    assert rows[0].get("Executed", "") == ran


def test_a_list_in_an_unknown_form_is_partial():
    assert read(system(b"\x99" * 500).made())[1].state()[0] is SourceState.PARTIAL


def test_a_user_s_hive_tells_runs_starts_and_accepted_licences():
    rows, _ = read(user().made(), "C/Users/anna/NTUSER.DAT")
    runs = {(row["Source"], row["Name"], row.get("RunCount", "")) for row in of(rows, "program_run")}
    assert runs == {("userassist", "svch.exe", "3"), ("licence accepted", "ProcDump.exe", "")}
    assert [(row["Kind"], row["Command"]) for row in of(rows, "autostart")] == [("run key", TOOL)]
    assert {row["User"] for row in rows} == {"anna"}


def test_the_hive_of_programs_tells_starts_and_hidden_tasks():
    rows, _ = read(software().made(), "C/Windows/System32/config/SOFTWARE")
    told = {(row["Kind"], row["Name"]) for row in rows}
    assert told == {
        ("run key", "Update"),
        ("debugger", "sethc.exe"),
        ("winlogon", "Shell"),
        ("winlogon", "Userinit"),
        ("hidden task", r"Microsoft\Unseen"),
    }


def test_what_stands_only_in_the_log_of_a_hive_in_use_is_found():
    before, after = HiveMaker().key("Microsoft"), software()
    data, log = before.logged(after)
    rows, reader = read(data, "C/Windows/System32/config/SOFTWARE")
    assert rows == []
    assert reader.state()[0] is SourceState.PARTIAL
    assert "LOG1" in reader.state()[1]
    rows, reader = read(data, "C/Windows/System32/config/SOFTWARE", b"", log)
    assert len(rows) == 5
    assert reader.state() == (SourceState.READ, "")


def test_a_log_whose_checksum_is_wrong_is_not_written_in():
    data, log = HiveMaker().key("Microsoft").logged(software())
    torn = bytearray(log)
    torn[3000] ^= 1
    assert read(data, "SOFTWARE", bytes(torn))[1].state()[0] is SourceState.PARTIAL


def test_keys_in_a_loop_end():
    data = bytearray(HiveMaker().key(r"A\B\C").key(r"Root\File").made())
    at = data.index(b"lh\x01\0")
    data[at + 4 : at + 8] = struct.pack("<I", int.from_bytes(data[36:40], "little"))
    read(bytes(data))


@settings(max_examples=80, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 1 << 13), st.integers(0, 255)), max_size=30),
    cut=st.integers(512, 1 << 13),
    which=st.sampled_from([system, amcache, user, software]),
)
def test_no_damage_is_an_exception(flips: list[tuple[int, int]], cut: int, which: object):
    data = bytearray(which().made()[:cut])  # type: ignore[operator]
    for place, value in flips:
        data[place % len(data)] = value
    data[:4], data[28:32] = b"regf", bytes(4)
    read(bytes(data))
