"""The same start of a program as other systems tell of it: as text in a field of theirs, or under names of their own."""

import json
from typing import Any

import pytest

from exsweep.knowledge.event_exports import event_exports
from exsweep.parse.winevent import recognise_export
from tests.parse.winevent.reading import read
from tests.parse.winevent.test_exports import CASES, DATA, MESSAGE, MOMENT, SYSTEM, WINLOGBEAT, XML, table

PROGRAM, PARENT, LINE = (
    DATA["NewProcessName"],
    "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
    DATA["CommandLine"],
)
ISO = "2021-03-14T06:40:15.338Z"
SPLUNK = (
    "03/14/2021 06:40:15 AM\nLogName=Security\nEventCode=4688\nEventType=0\nComputerName=MXS01\n"
    "SourceName=Microsoft Windows security auditing.\nRecordNumber=77\nMessage="
    + MESSAGE.replace("\r\n", "\n")
)
QRADAR = (
    "<13>Mar 14 06:40:15 MXS01 AgentDevice=WindowsLog\tAgentLogFile=Security\tSource=Microsoft-Windows-Security-Auditing\t"
    "Computer=MXS01\tEventID=4688\tRecordNumber=77\tTimeGenerated=1615704015\tMessage="
    + MESSAGE.replace("\r\n", " ").replace("\t", " ")
)


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


CARRIED: dict[str, tuple[str, bytes]] = {
    "splunk's xml as json": ("velociraptor", lines({"preview": False, "result": {"_raw": XML, "host": "MXS01"}})),
    "splunk's xml as csv": ("velociraptor", table([{"_time": ISO, "host": "MXS01", "_raw": XML}])),
    "xml without a channel": ("xml_carried", lines({"_raw": XML.replace("<Channel>Security</Channel>", "")})),
    "splunk's text as csv": ("splunk_text", table([{"_raw": SPLUNK, "_time": ISO, "host": "MXS01"}])),
    "qradar's payload": ("qradar_text", table([{"Event Name": "x", "Time": "x", "Payload": QRADAR}])),
    "json in a message": ("winlogbeat", lines({"host": "relay", "message": json.dumps(WINLOGBEAT)})),
    "chainsaw": (
        "chainsaw",
        json.dumps([{"group": "Sigma", "document": {"kind": "evtx", "data": {"Event": {
            "System": SYSTEM | {"EventID": 4688, "TimeCreated": None, "TimeCreated_attributes": {"SystemTime": ISO}},
            "EventData": DATA}}}}]).encode(),
    ),
    "fluent bit": (
        "fluent_bit",
        lines({"ProviderName": "Microsoft-Windows-Security-Auditing", "EventID": 4688, "Channel": "Security", "Computer": "MXS01",
               "TimeCreated": "2021-03-14 06:40:15 +0000", "Message": MESSAGE, "StringInserts": ["a"]}),
    ),
    "one answer of elastic": (
        "winlogbeat",
        json.dumps({"took": 2, "hits": {"total": {"value": 1}, "hits": [{"_index": "w", "_source": WINLOGBEAT}]}}, indent=1).encode(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_an_event_in_a_field_of_another_system_is_the_event(name: str) -> None:
    kind, data = CARRIED[name]
    export = recognise_export(data)
    assert export is not None and export.kind.id == kind
    (row,) = read(data).rows()
    assert (row["Channel"], row["EventID"], row["Computer"]) == ("Security", "4688", "MXS01")
    assert (row["NewProcessName"], row["CommandLine"]) == (PROGRAM, LINE)
    assert abs(row["_time_ms"] - MOMENT) < 1000


WATCHED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "splunk's fields": (
        "splunk_fields",
        [{"_time": ISO, "EventCode": "4688", "host": "MXS01", "New_Process_Name": PROGRAM, "Creator_Process_Name": PARENT,
          "Process_Command_Line": LINE}],
    ),
    "graylog": (
        "graylog_winlogbeat_6",
        [{"timestamp": ISO, "source": "MXS01", "winlogbeat_event_id": "1", "winlogbeat_log_name": "Microsoft-Windows-Sysmon/Operational",
          "winlogbeat_event_data_Image": PROGRAM, "winlogbeat_event_data_CommandLine": LINE, "winlogbeat_event_data_ParentImage": PARENT}],
    ),
    "graylog, newer": (
        "graylog_winlogbeat",
        [{"timestamp": ISO, "source": "MXS01", "winlogbeat_winlog_event_id": "1",
          "winlogbeat_winlog_channel": "Microsoft-Windows-Sysmon/Operational", "winlogbeat_winlog_event_data_Image": PROGRAM,
          "winlogbeat_winlog_event_data_CommandLine": LINE, "winlogbeat_winlog_event_data_ParentImage": PARENT}],
    ),
    "defender": (
        "defender_process",
        [{"Timestamp": ISO, "DeviceName": "MXS01", "ActionType": "ProcessCreated", "FileName": "cmd.exe", "FolderPath": PROGRAM,
          "ProcessCommandLine": LINE, "AccountName": "system", "InitiatingProcessFileName": "w3wp.exe",
          "InitiatingProcessFolderPath": PARENT}],
    ),
    "defender's timeline": (
        "defender_timeline",
        [{"Event Time": ISO, "Computer Name": "MXS01", "Action Type": "ProcessCreated", "File Name": "cmd.exe",
          "Folder Path": "C:\\Windows\\System32", "Process Command Line": LINE, "Initiating Process File Name": "w3wp.exe",
          "Initiating Process Folder Path": "C:\\Windows\\System32\\inetsrv"}],
    ),
    "ecs": (
        "ecs_process",
        [{"@timestamp": ISO, "host.name": "MXS01", "process.executable": PROGRAM, "process.command_line": LINE,
          "process.parent.executable": PARENT}],
    ),
    "crowdstrike": (
        "crowdstrike",
        [{"event_simpleName": "ProcessRollup2", "timestamp": "1615704015338", "ComputerName": "MXS01",
          "ImageFileName": PROGRAM.replace("C:", "\\Device\\HarddiskVolume2"), "CommandLine": LINE, "ParentBaseFileName": "w3wp.exe"}],
    ),
    "falcon's search": (
        "falcon_search",
        [{"_time": ISO, "ComputerName": "MXS01", "ParentBaseFileName": "w3wp.exe", "FileName": "C:\\Windows\\System32\\cmd.exe",
          "CommandLine": LINE}],
    ),
    "sentinelone": (
        "sentinelone",
        [{"Event Time": ISO, "Endpoint Name": "MXS01", "Src Proc Name": "w3wp.exe", "Src Proc Image Path": PARENT, "Tgt Proc Name": "cmd.exe",
          "Tgt Proc Image Path": PROGRAM, "Tgt Proc CmdLine": LINE}],
    ),
    "sentinelone, newer": (
        "sentinelone_dotted",
        [{"event.time": ISO, "endpoint.name": "MXS01", "src.process.name": "w3wp.exe", "src.process.image.path": PARENT,
          "tgt.process.name": "cmd.exe", "tgt.process.image.path": PROGRAM, "tgt.process.cmdline": LINE}],
    ),
    "cortex": (
        "cortex",
        [{"_time": "Mar 14th 2021 06:40:15", "agent_hostname": "MXS01", "actor_process_image_name": "w3wp.exe",
          "actor_process_image_path": PARENT, "action_process_image_name": "cmd.exe", "action_process_image_path": PROGRAM,
          "action_process_image_command_line": LINE}],
    ),
    "carbon black": (
        "carbon_black",
        [{"create_time": ISO, "device_name": "MXS01", "process_path": PROGRAM, "process_cmdline": LINE, "parent_path": PARENT}],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "form"),
    [(name, form) for name in WATCHED for form in ("csv", "json") if (name, form) != ("defender's timeline", "json")],
)  # fmt: skip
def test_what_a_watching_program_tells_is_the_start_of_a_program(name: str, form: str) -> None:
    kind, records = WATCHED[name]
    data = table(records) if form == "csv" else lines(*records)
    export = recognise_export(data)
    assert export is not None and export.kind.id == kind
    (row,) = read(data).rows()
    assert row["Computer"] == "MXS01"
    assert (row.get("Image") or row["NewProcessName"]).endswith("\\System32\\cmd.exe")
    assert (row.get("ParentImage") or row["ParentProcessName"]).endswith("\\w3wp.exe")
    assert row["CommandLine"] == LINE
    assert abs(row["_time_ms"] - MOMENT) < 1000


def test_what_a_watching_program_was_asked_for_covers_no_day() -> None:
    assert not read(lines(*WATCHED["defender"][1])).tally.days
    assert read(CARRIED["splunk's xml as json"][1]).tally.days


def test_one_file_may_hold_acts_of_several_kinds() -> None:
    """Files, connections and what nobody reads, as they come out of one query."""
    same = {
        "Timestamp": ISO,
        "DeviceName": "MXS01",
        "InitiatingProcessFileName": "w3wp.exe",
        "InitiatingProcessFolderPath": PARENT,
    }
    data = lines(
        WATCHED["defender"][1][0],
        same | {"ActionType": "FileCreated", "FileName": "a.aspx", "FolderPath": "C:\\inetpub\\wwwroot\\aspnet_client"},
        same | {"ActionType": "FileDeleted", "FileName": "a.aspx", "FolderPath": "C:\\inetpub\\wwwroot\\aspnet_client\\a.aspx"},
        same | {"ActionType": "ConnectionSuccess", "RemoteIP": "203.0.113.9", "RemotePort": 443},
        same | {"ActionType": "PowerShellCommand"},
    )  # fmt: skip
    seen = read(data)
    assert [row.get("EventID") for row in seen.rows()] == ["1", "11", "23", "3", None]
    assert {row["TargetFilename"] for row in seen.rows()[1:3]} == {
        "C:\\inetpub\\wwwroot\\aspnet_client\\a.aspx"
    }
    assert seen.rows()[3]["DestinationIp"] == "203.0.113.9"
    assert seen.tally.rejected == 0  # what no rule asks for is kept too


@pytest.mark.parametrize(
    "data",
    [
        lines({"message": "<b>hello</b>"}),
        lines({"_raw": "<Event><broken", "host": "a"}),
        lines({"message": '{"a": 1}'}),
        lines({"ActionType": "ProcessCreated"}),
        b"_raw,_time,host\n<!DOCTYPE a>,x,y\n",
    ],
)
def test_other_records_are_no_events(data: bytes) -> None:
    assert recognise_export(data) is None


def test_every_export_is_tried_by_some_test() -> None:
    tried = {kind for kind, _ in (*CASES.values(), *CARRIED.values(), *WATCHED.values())} | {
        "evtxecmd_no_payload",
        "sentinel_columns",
        "event_viewer_csv",
        "powershell_columns",
        "powershell_event_log",
        "event_shown",  # in test_shown.py
        "defender_file",  # above
        "defender_file_deleted",
        "defender_other",
        "defender_network",
        "defender_timeline_file",
        "ecs_file",
    }
    assert tried == {one.id for one in event_exports().exports}
