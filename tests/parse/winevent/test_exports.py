"""Events that were exported: recognised by what they say, the same columns as from an `.evtx` file."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.parse.recognise import recognise
from exsweep.parse.winevent import recognise_export
from tests.parse.winevent.making import Made, chunk, log
from tests.parse.winevent.reading import Seen, read

MOMENT = int(datetime(2021, 3, 14, 6, 40, 15, 338_000, UTC).timestamp() * 1000)
DATA = {
    "NewProcessName": "C:\\Windows\\System32\\cmd.exe",
    "CommandLine": "cmd /c whoami",
    "ProcessId": "0x2a5c",
}
XML = (
    '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Microsoft-Windows-Security-Auditing"'
    ' Guid="{54849625-5478-4994-a5ba-3e3b0328c30d}"/><EventID>4688</EventID><Version>2</Version>'
    '<TimeCreated SystemTime="2021-03-14T06:40:15.3380000Z"/><EventRecordID>77</EventRecordID><Execution ProcessID="4" ThreadID="8"/>'
    "<Channel>Security</Channel><Computer>MXS01</Computer><Security/></System><EventData>"
    '<Data Name="NewProcessName">C:\\Windows\\System32\\cmd.exe</Data><Data Name="CommandLine">cmd /c whoami</Data>'
    '<Data Name="ProcessId">0x2a5c</Data></EventData></Event>'
)
MESSAGE = (
    "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tMXS01$\r\n\r\nProcess Information:\r\n"
    "\tNew Process Name:\tC:\\Windows\\System32\\cmd.exe\r\n\tCreator Process ID:\t0x2a5c\r\n\tProcess Command Line:\tcmd /c whoami\r\n"
)
EVENT_DATA_XML = XML[XML.index("<EventData>") : XML.index("</Event>")]


def table(rows: list[dict[str, str]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


WINLOGBEAT: dict[str, Any] = {
    "@timestamp": "2021-03-14T06:40:15.338Z",
    "message": MESSAGE,
    "event": {"code": "4688", "provider": "Microsoft-Windows-Security-Auditing"},
    "winlog": {
        "channel": "Security",
        "event_id": 4688,
        "record_id": 77,
        "computer_name": "MXS01",
        "provider_name": "Microsoft-Windows-Security-Auditing",
        "process": {"pid": 4, "thread": {"id": 8}},
        "event_data": DATA,
    },
}
SYSTEM: dict[str, Any] = {
    "Provider": {"Name": "Microsoft-Windows-Security-Auditing", "Guid": "{54849625}"},
    "EventID": {"Value": 4688},
    "TimeCreated": {"SystemTime": 1615704015.338},
    "EventRecordID": 77,
    "Channel": "Security",
    "Computer": "MXS01",
    "Security": {},
}
EVTXECMD = {
    "RecordNumber": "1",
    "EventRecordId": "77",
    "TimeCreated": "2021-03-14 06:40:15.3380000",
    "EventId": "4688",
    "Level": "LogAlways",
    "Provider": "Microsoft-Windows-Security-Auditing",
    "Channel": "Security",
    "ProcessId": "4",
    "ThreadId": "8",
    "Computer": "MXS01",
    "MapDescription": "A new process has been created",
    "PayloadData1": "Parent process:",
    "Payload": json.dumps(
        {"EventData": {"Data": [{"@Name": name, "#text": said} for name, said in DATA.items()]}}
    ),
}
POWERSHELL = {
    "Message": MESSAGE,
    "Id": "4688",
    "RecordId": "77",
    "ProviderName": "Microsoft-Windows-Security-Auditing",
    "LogName": "Security",
    "MachineName": "MXS01",
    "TimeCreated": "3/14/2021 6:40:15 AM",
}
SENTINEL = {
    "TenantId": "x",
    "TimeGenerated [UTC]": "3/14/2021, 6:40:15.338 AM",
    "Computer": "MXS01",
    "EventSourceName": "Microsoft-Windows-Security-Auditing",
    "Channel": "Security",
    "EventID": "4688",
    "EventData": EVENT_DATA_XML,
}
CASES: dict[str, tuple[str, bytes]] = {
    "evtx_dump": ("evtx_json", json.dumps({"Event": {"System": SYSTEM | {"EventID": 4688}, "EventData": DATA}}).encode()),
    "winlogbeat": ("winlogbeat", json.dumps(WINLOGBEAT).encode()),
    "winlogbeat in an array": ("winlogbeat", json.dumps([WINLOGBEAT], indent=2).encode()),
    "winlogbeat from a search": ("winlogbeat", json.dumps({"_index": "w", "_source": WINLOGBEAT}).encode()),
    "winlogbeat with dotted names": (
        "winlogbeat",
        json.dumps(
            {"@timestamp": "2021-03-14T06:40:15.338Z", "winlog.channel": "Security", "winlog.event_id": 4688, "winlog.record_id": 77}
            | {"winlog.computer_name": "MXS01", "winlog.provider_name": "Microsoft-Windows-Security-Auditing"}
            | {f"winlog.event_data.{name}": said for name, said in DATA.items()}
        ).encode(),
    ),
    "old winlogbeat": (
        "winlogbeat_6",
        json.dumps(
            {"@timestamp": "2021-03-14T06:40:15.338Z", "log_name": "Security", "event_id": 4688, "record_number": "77"}
            | {"source_name": "Microsoft-Windows-Security-Auditing", "computer_name": "MXS01", "event_data": DATA}
        ).encode(),
    ),
    "nxlog": (
        "nxlog",
        json.dumps(
            {"EventTime": "2021-03-14 06:40:15.338Z", "Hostname": "MXS01", "EventID": 4688, "Channel": "Security", "RecordNumber": 77}
            | {"SourceName": "Microsoft-Windows-Security-Auditing", "Severity": "INFO", "EventType": "AUDIT_SUCCESS", "Message": MESSAGE}
            | DATA
        ).encode(),
    ),
    "velociraptor": ("velociraptor", json.dumps({"System": SYSTEM, "EventData": DATA, "Message": MESSAGE}).encode()),
    "velociraptor table": (
        "velociraptor_table",
        json.dumps(
            {"EventTime": "2021-03-14T06:40:15.338Z", "Computer": "MXS01", "Channel": "Security", "EventID": 4688, "EventRecordID": 77}
            | {"Provider": "Microsoft-Windows-Security-Auditing", "EventData": DATA, "UserData": None}
        ).encode(),
    ),
    "evtxecmd csv": ("evtxecmd", table([EVTXECMD])),
    "evtxecmd json": ("evtxecmd", json.dumps(EVTXECMD).encode()),
    "sentinel csv": ("sentinel_security", table([SENTINEL | {"EventRecordId": "77"}])),
    "sentinel json": (
        "sentinel_security",
        json.dumps(
            [{"TimeGenerated": "2021-03-14T06:40:15.338Z", "EventRecordId": "77", "EventID": 4688, "Computer": "MXS01"}
             | {"Provider": "Microsoft-Windows-Security-Auditing", "Channel": "Security", "EventData": json.dumps(DATA)}]
        ).encode(),
    ),
    "powershell csv": ("powershell_events", table([POWERSHELL])),
    "powershell csv with a type line": ("powershell_events", b"#TYPE System.Diagnostics\r\n" + table([POWERSHELL])),
    "powershell csv with semicolons": ("powershell_events", table([POWERSHELL], ";")),
    "powershell json": (
        "powershell_events",
        json.dumps([POWERSHELL | {"Id": 4688, "TimeCreated": "/Date(1615704015338)/"}], indent=1).encode(),
    ),
    "wazuh": (
        "wazuh",
        json.dumps(
            {"timestamp": "2021-03-14T06:40:16.000+0000", "agent": {"name": "MXS01"}, "rule": {"level": 12}}
            | {"data": {"win": {
                "system": {"systemTime": "2021-03-14T06:40:15.338Z", "eventID": "4688", "channel": "Security", "eventRecordID": "77",
                           "providerName": "Microsoft-Windows-Security-Auditing", "computer": "MXS01", "message": MESSAGE},
                "eventdata": {name[:1].lower() + name[1:]: said for name, said in DATA.items()}}}}
        ).encode(),
    ),
    "wevtutil": ("event_xml", (XML + "\r\n" + XML.replace(">77<", ">78<")).encode()),
    "event viewer xml": ("event_xml", f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<Events>{XML}</Events>'.encode()),
    "event viewer xml in UTF-16": ("event_xml", f'<?xml version="1.0" encoding="utf-16"?>\r\n<Events>{XML}</Events>'.encode("utf-16")),
}  # fmt: skip


def exported(data: bytes) -> Seen:
    assert recognise_export(data[: 64 << 10]) is not None
    return read(data)


@pytest.mark.parametrize("name", CASES)
def test_each_way_to_export_gives_the_columns_of_the_event(name: str) -> None:
    kind, data = CASES[name]
    export = recognise_export(data[: 64 << 10])
    assert export is not None and export.kind.id == kind
    row = exported(data).rows()[0]
    wanted = {
        "EventID": "4688",
        "Channel": "Security",
        "Computer": "MXS01",
        "EventRecordID": "77",
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "NewProcessName": DATA["NewProcessName"],
        "CommandLine": DATA["CommandLine"],
        "Data_ProcessId": DATA["ProcessId"],
        "_format": "event_process_audit",
    }
    assert {key: row.get(key) for key in wanted} == wanted
    assert abs(row["_time_ms"] - MOMENT) < 1000


def test_values_that_winlogbeat_numbered_stand_together_as_data_too() -> None:
    values = {"param2": "-Identity x", "param1": "Set-OabVirtualDirectory", "param10": "tenth"}
    made = {
        "winlog": WINLOGBEAT["winlog"]
        | {"channel": "MSExchange Management", "event_id": 1, "event_data": values}
    }
    (row,) = exported(json.dumps(WINLOGBEAT | made | {"message": ""}).encode()).rows()
    assert row["Data"] == "Set-OabVirtualDirectory\n-Identity x\ntenth"
    assert row["param2"] == "-Identity x"


def test_event_viewer_csv_keeps_the_message_that_has_no_column_name() -> None:
    data = b'Level,Date and Time,Source,Event ID,Task Category\r\nInformation,14.03.2021 06:40:15,Service Control Manager,7045,None,"A service was installed in the system.\r\n\r\nService Name:  evil\r\nService File Name:  C:\\x.exe"\r\n'
    (row,) = exported(data).rows()
    assert (row["ServiceName"], row["ImagePath"], row["Channel"]) == ("evil", "C:\\x.exe", "System")
    assert row["_time_ms"] // 1000 == MOMENT // 1000


GERMAN = (
    "Ein neuer Prozess wurde erstellt.\n\nAntragsteller:\n\tSicherheits-ID:\t\tS-1-5-18\n\tKontoname:\t\tMXS01$\n\tKontodom\u00e4ne:\t\tS\n"
    "\tAnmelde-ID:\t\t0x3E7\n\nZielantragsteller:\n\tSicherheits-ID:\t\tS-1-0-0\n\tKontoname:\t\t-\n\tKontodom\u00e4ne:\t\t-\n\tAnmelde-ID:\t\t0x0\n"
    "\nProzessinformationen:\n\tID des neuen Prozesses:\t\t0x1a4\n\tNeuer Prozess:\tC:\\a.exe\n\tTokenerh\u00f6hungstyp:\t%%1936\n"
    "\tVerbindliche Beschriftung:\t\tS-1-16-16384\n\tErsteller-ID:\t0x2f0\n\tErsteller:\tC:\\b.exe\n\tBefehl:\ta.exe /c: x\n"
    "\nDer Typ gibt den Typ an.\n\nTyp 1 bedeutet: vollst\u00e4ndig"
)


@pytest.mark.parametrize(
    ("head", "before"),
    [
        ("TimeCreated,Id,Message", '"2021/03/14 6:40:15",4688'),
        ("TimeCreated,Id,ProviderName,Message", '"14.03.2021 06:40:15",4688,Microsoft-Windows-Security-Auditing'),
        ("TimeGenerated,EventID,Source,EntryType,Message",
         '"14.03.2021 06:40:15",4688,Microsoft-Windows-Security-Auditing,SuccessAudit'),
        ("Schl\u00fcsselw\u00f6rter,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie",
         "Erfolg,14.03.2021 06:40:15,Microsoft-Windows-Security-Auditing,4688,Process Creation"),
        ("\u041a\u043b\u044e\u0447,\u0414\u0430\u0442\u0430,\u0418,\u041a\u043e\u0434,\u041a\u0430\u0442",
         "x,14.03.2021 6:40:15,Microsoft-Windows-Security-Auditing,4688,y"),
    ],
)  # fmt: skip
def test_a_text_in_another_language_tells_its_values_by_their_order(head: str, before: str) -> None:
    (row,) = exported(f'{head}\r\n{before},"{GERMAN}"\r\n'.encode()).rows()
    wanted = {
        "Channel": "Security",
        "NewProcessName": "C:\\a.exe",
        "ParentProcessName": "C:\\b.exe",
        "CommandLine": "a.exe /c: x",
        "SubjectUserName": "MXS01$",
    }
    assert {key: row.get(key) for key in wanted} == wanted
    assert row["_time_ms"] // 1000 == MOMENT // 1000


def test_a_message_that_only_repeats_the_values_is_left_out() -> None:
    assert "Message" not in exported(CASES["winlogbeat"][1]).rows()[0]
    assert "Message" in exported(CASES["powershell csv"][1]).rows()[0]


def test_local_times_of_an_export_are_told() -> None:
    seen = exported(CASES["powershell csv"][1])
    assert any("without a zone" in note for note in seen.tally.notes)


def test_lines_and_offsets_lead_back_to_the_record() -> None:
    lines = [json.dumps(WINLOGBEAT | {"n": number}) for number in range(5)]
    data = ("\n".join(lines[:2]) + "\n\nnot json\n" + "\n".join(lines[2:]) + "\n").encode()
    seen = exported(data)
    assert seen.column("_line") == ["1", "2", "5", "6", "7"]
    for row in seen.rows():
        assert data[row["_offset"] :].startswith(b'{"@timestamp"')
    assert dict(seen.tally.reasons) == {"not-json": 1}
    assert seen.tally.samples[0].line == 4


def test_a_quoted_line_break_keeps_a_row_together_and_an_open_quote_costs_only_its_row() -> None:
    good = table([POWERSHELL, POWERSHELL])
    header, _, rows = good.partition(b"\r\n")
    bad = b'"open, 4688, x\r\n'
    seen = exported(header + b"\r\n" + rows + bad)
    assert len(seen.rows()) == 2
    assert seen.tally.rejected == 1


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=5), st.sampled_from(sorted(CASES)))
def test_pieces_of_any_size_give_the_same_events(sizes: list[int], name: str) -> None:
    data = CASES[name][1]
    whole = exported(data)
    cut = read(data, sizes=tuple(sizes), reader=type(whole.reader)(recognise_export(data)))
    assert cut.rows() == whole.rows()


@pytest.mark.hostile
@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]><Events>' + XML.replace("cmd /c whoami", "&a;") + "</Events>",
        "<Events>" + XML.replace("cmd /c whoami", "<a>" * 5000) + "</Events>",
        "<Events>" + XML.replace("<System>", "<System><Event ") + "</Events>",
    ],
)
def test_xml_with_entities_or_without_an_end_is_refused_record_by_record(text: str) -> None:
    seen = read((XML + text + XML).encode())
    assert len(seen.rows()) == 2
    assert seen.tally.reasons.keys() == {"not-xml"}


@pytest.mark.hostile
@pytest.mark.parametrize(
    "text", ['{"a":' * 200_000, "[" * 200_000, '{"Event":' * 50_000, '[{"a":[1,' * 20_000, "{" * 300_000]
)
def test_deeply_nested_json_is_neither_a_crash_nor_an_event(text: str) -> None:
    record = json.dumps(WINLOGBEAT)
    seen = exported((record + "\n" + text + "\n" + record + "\n").encode())
    assert len(seen.rows()) == 2 and seen.tally.rejected == 1


@pytest.mark.hostile
def test_values_with_half_characters_control_characters_and_odd_names_survive() -> None:
    odd = {
        "a\x00b": "\ud800",
        "": "empty name",
        "#attributes": "x",
        "System": "y",
        "x" * 5000: "long",
        "ü": "ß",
    }
    made = {"winlog": WINLOGBEAT["winlog"] | {"event_data": odd}}
    (row,) = exported(json.dumps(WINLOGBEAT | made).encode()).rows()
    assert row["ü"] == "ß" and "long" in row["Data"] and "empty name" in row["Data"]


@pytest.mark.parametrize(
    "data",
    [
        b"#Software: Microsoft Internet Information Services 10.0\n#Fields: date time\n",
        b'{"name": "package", "version": "1.0"}',
        b"<configuration><system.webServer/></configuration>",
        b"DateTime,RequestId,MajorVersion,MinorVersion\n",
        b"",
        b"[]",
        b"{",
    ],
)
def test_other_texts_are_no_exported_events(data: bytes) -> None:
    assert recognise_export(data) is None


def test_what_check_scripts_export_stays_a_text_log() -> None:
    data = b'"TimeCreated","MachineName","Message"\r\n"3/5/2021 1:00:00 AM","MXS01","x"\r\n'
    assert recognise_export(data) is None
    found = recognise(data, "x-Cve-2021-26857.csv")
    assert found is not None and found.id == "event_export"


def sysmon(count: int, shift_hours: float, *, odd: int = 0, jitter: int = 0) -> bytes:
    """`count` events whose own moment is so far from the record's time, and `odd` ones with any other."""
    lines = []
    for number in range(count + odd):
        own = 1_615_704_000 + number
        written = own - int(shift_hours * 3600) + jitter if number < count else own - 1234 * (number + 1)
        lines.append(
            json.dumps(
                {
                    "SourceName": "Microsoft-Windows-Sysmon",
                    "Channel": "Microsoft-Windows-Sysmon/Operational",
                    "Hostname": "MXS01",
                    "EventID": 1,
                    "@timestamp": f"{datetime.fromtimestamp(written, UTC):%Y-%m-%dT%H:%M:%S}Z",
                    "UtcTime": f"{datetime.fromtimestamp(own, UTC):%Y-%m-%d %H:%M:%S}.000",
                }
            )
        )
    return "\n".join(lines).encode()


@pytest.mark.parametrize("hours", [5, -5.5, 0.25, -14])
def test_local_times_marked_as_utc_are_corrected_by_what_events_tell_themselves(hours: float) -> None:
    seen = exported(sysmon(30, hours, jitter=1))
    assert seen.rows()[0]["_time_ms"] == 1_615_704_001_000
    assert seen.tally.facts["clock_offset_s"] == str(int(hours * 3600))
    assert seen.tally.facts["clock_offset_events"] == "30"
    assert any("All times of this file were corrected" in note for note in seen.tally.notes)


@pytest.mark.parametrize(
    ("count", "hours", "odd"),
    [(30, 0.0, 0), (10, 5, 0), (30, 5, 20), (30, 0.1, 0)],
    ids=["right", "few", "mixed", "no zone"],
)
def test_times_are_left_alone_without_proof_of_an_offset(count: int, hours: float, odd: int) -> None:
    seen = exported(sysmon(count, hours, odd=odd))
    assert "clock_offset_s" not in seen.tally.facts
    assert seen.rows()[0]["_time_ms"] == 1_615_704_000_000 - int(hours * 3_600_000)


def test_a_difference_that_is_no_time_zone_is_told_and_not_corrected() -> None:
    seen = exported(sysmon(30, 19))
    assert seen.rows()[0]["_time_ms"] == 1_615_704_000_000 - 19 * 3_600_000
    assert seen.tally.facts["clock_disagreement_s"] == str(19 * 3600)
    assert any("no time zone" in note for note in seen.tally.notes)


def test_an_event_log_is_never_corrected() -> None:
    made = [
        Made(
            number,
            channel="Microsoft-Windows-Sysmon/Operational",
            event_id=1,
            data=(("UtcTime", "2021-03-01 17:00:00.000"),),
        )
        for number in range(1, 60)
    ]
    assert read(log(chunk(made))).rows()[0]["_time_ms"] == 1_614_600_000_000
