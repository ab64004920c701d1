"""Which public rules run on which Windows events: Sigma's own words decide, and no rule runs on other events."""

from pathlib import Path

import pytest

from exsweep.detect import Engine
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import RuleState, load_rules
from tests.detect.events.making import SYSMON, Event, batch_of, event

CMD = r"C:\Windows\System32\cmd.exe"
RULE = """title: a test
id: 11111111-1111-1111-1111-111111111111
logsource: {source}
detection:
  selection: {{{selection}}}
  condition: selection
"""


def hits(tmp_path: Path, source: str, selection: str, *events: Event) -> list[bool]:
    """For each event whether a public rule of this log source matches it."""
    (tmp_path / "rule.yml").write_text(RULE.format(source=source, selection=selection), encoding="utf-8")
    rules = load_rules(None, (tmp_path / "rule.yml",), formats=load_formats())
    assert not rules.problems, rules.problems
    assert [rule.state for rule in rules.rules] == [RuleState.RUNS]
    return [bool(Engine(rules.running, load_formats()).match([batch_of([one])])) for one in events]


@pytest.mark.parametrize(
    ("source", "served"),
    [
        ("{product: windows, category: process_creation}", {(SYSMON, 1), ("Security", 4688)}),
        ("{category: process_creation}", {(SYSMON, 1), ("Security", 4688)}),
        ("{product: windows, category: process_creation, service: sysmon}", {(SYSMON, 1)}),
        ("{product: windows, category: registry_event}", {(SYSMON, 12), (SYSMON, 13), (SYSMON, 14)}),
        ("{product: windows, category: registry_set}", {(SYSMON, 13)}),
        ("{product: windows, category: file_event}", {(SYSMON, 11)}),
        ("{product: windows, category: file_delete}", {(SYSMON, 23), (SYSMON, 26)}),
        ("{product: windows, category: pipe_created}", {(SYSMON, 17), (SYSMON, 18)}),
        ("{product: windows, category: ps_script}", {("Microsoft-Windows-PowerShell/Operational", 4104)}),
        ("{product: windows, category: ps_classic_start}", {("Windows PowerShell", 400)}),
        ("{product: windows, service: security}", {("Security", 4624), ("Security", 4688)}),
        ("{product: windows, service: system}", {("System", 7045)}),
        ("{product: windows, service: msexchange-management}", {("MSExchange Management", 1)}),
        (
            "{product: windows, service: taskscheduler}",
            {("Microsoft-Windows-TaskScheduler/Operational", 106)},
        ),
        ("{category: antivirus}", {("Microsoft-Windows-Windows Defender/Operational", 1116)}),
    ],
)
def test_a_rule_runs_on_the_events_of_its_log_source_and_on_no_others(
    tmp_path: Path, source: str, served: set[tuple[str, int]]
) -> None:
    everything = [
        *((SYSMON, number) for number in (*range(1, 19), 22, 23, 26)),
        ("Security", 4624),
        ("Security", 4688),
        ("System", 7045),
        ("MSExchange Management", 1),
        ("Windows PowerShell", 400),
        ("Windows PowerShell", 800),
        ("Microsoft-Windows-PowerShell/Operational", 4103),
        ("Microsoft-Windows-PowerShell/Operational", 4104),
        ("Microsoft-Windows-TaskScheduler/Operational", 106),
        ("Microsoft-Windows-Windows Defender/Operational", 1116),
        ("Microsoft-Windows-Windows Defender/Operational", 5007),
        ("Some-Vendor/Log", 1),
    ]
    found = hits(
        tmp_path,
        source,
        "Computer: SRV",
        *(event(channel, number, Computer="SRV") for channel, number in everything),
    )
    assert {one for one, hit in zip(everything, found, strict=True) if hit} == served


def test_a_service_without_a_channel_of_ours_is_not_applicable(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(
        RULE.format(source="{product: windows, category: file_access}", selection="Image: x"),
        encoding="utf-8",
    )
    (rule,) = load_rules(None, (tmp_path / "rule.yml",), formats=load_formats()).rules
    assert rule.state is RuleState.NOT_APPLICABLE


def test_registry_add_and_registry_delete_share_an_event_id_and_are_told_apart(tmp_path: Path) -> None:
    made = event(SYSMON, 12, EventType="CreateKey", TargetObject=r"HKLM\x")
    gone = event(SYSMON, 12, EventType="DeleteValue", TargetObject=r"HKLM\x")
    for source, wanted in (("registry_add", [True, False]), ("registry_delete", [False, True])):
        found = hits(
            tmp_path, f"{{product: windows, category: {source}}}", r"TargetObject: 'HKLM\x'", made, gone
        )
        assert found == wanted


def test_names_of_sigma_stand_for_those_of_the_security_log(tmp_path: Path) -> None:
    started = event(
        "Security",
        4688,
        NewProcessName=CMD,
        ParentProcessName=r"C:\x\w3wp.exe",
        CommandLine="cmd /c whoami",
        SubjectUserName="SRV$",
        MandatoryLabel="S-1-16-16384",
    )
    selection = r"Image|endswith: '\cmd.exe', ParentImage|endswith: '\w3wp.exe', IntegrityLevel: S-1-16-16384"
    assert hits(tmp_path, "{product: windows, category: process_creation}", selection, started) == [True]


def test_the_process_of_sysmon_is_not_the_one_that_wrote_the_record(tmp_path: Path) -> None:
    one = event(SYSMON, 1, ProcessID="4", ProcessId="777", Image=CMD)
    source = "{product: windows, category: process_creation}"
    assert hits(tmp_path, source, "ProcessId: 777", one) == [True]
    assert hits(tmp_path, source, "ProcessId: 4", one) == [False]


def test_exchange_commands_are_found_in_values_and_in_texts_alike(tmp_path: Path) -> None:
    values = event("MSExchange Management", 1, Data="Set-OabVirtualDirectory\n-ExternalUrl 'x'")
    text = event("MSExchange Management", 1, Message="Cmdlet suceeded. Cmdlet Set-OabVirtualDirectory")
    source = "{product: windows, service: msexchange-management}"
    assert hits(tmp_path, source, "Data|contains: Set-OabVirtualDirectory", values, text) == [True, True]
    keywords = "'|all': [Set-OabVirtualDirectory]"
    assert hits(tmp_path, source, keywords, values, text) == [True, True]


def test_names_with_blanks_are_known_without_them(tmp_path: Path) -> None:
    found = event(
        "Microsoft-Windows-Windows Defender/Operational", 1116, **{"Threat Name": "Backdoor:ASP/Chopper"}
    )
    assert hits(
        tmp_path, "{product: windows, service: windefend}", "ThreatName|contains: Chopper", found
    ) == [True]


def test_a_number_in_a_rule_is_the_text_in_the_record(tmp_path: Path) -> None:
    source = "{product: windows, service: system}"
    assert hits(tmp_path, source, "EventID: 12", event("System", 12), event("System", 112)) == [True, False]
