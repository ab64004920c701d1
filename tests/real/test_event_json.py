"""Attacks recorded as event logs by others: every planted act is found, in one chain, with the clock put right."""

import csv
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.model import Assessment, ImpactState, Level, Stage

NOW = datetime(2021, 3, 20, tzinfo=UTC)


def judged(zipped: Path, folder: Path) -> Assessment:
    with zipfile.ZipFile(zipped) as archive:
        for name in archive.namelist():
            (folder / Path(name).name).write_bytes(archive.read(name, pwd=b"infected"))
    return triage(Settings(evidence=(folder,), now=NOW))


@pytest.fixture(scope="module")
def proxylogon(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(
        shared_data / "event_json" / "proxylogon_ssrf_rce_poc.zip", tmp_path_factory.mktemp("events")
    )


def test_all_thirteen_acts_of_the_intruder_stand_in_one_chain(proxylogon: Assessment, shared_data: Path):
    with (shared_data / "event_json" / "truth_proxylogon.csv").open(encoding="utf-8") as file:
        truth = {int(row["line_number"]) for row in csv.DictReader(file)}
    (chain,) = [each for each in proxylogon.chains if each.level.rank > Level.SUSPICIOUS.rank]
    found = {origin.line for item in proxylogon.findings if item.chain == chain.id for origin in item.origins}
    assert len(truth) == 13
    assert truth <= found


def test_nothing_else_is_called_hostile(proxylogon: Assessment, shared_data: Path):
    with (shared_data / "event_json" / "truth_proxylogon.csv").open(encoding="utf-8") as file:
        truth = {int(row["line_number"]) for row in csv.DictReader(file)}
    others = [
        item.rule.id
        for item in proxylogon.findings
        if item.strength == "success" and not truth & {origin.line for origin in item.origins}
    ]
    assert others == []


def test_the_steps_stand_in_the_right_order(proxylogon: Assessment):
    (chain,) = [each for each in proxylogon.chains if each.level.rank > Level.SUSPICIOUS.rank]
    times = {step.stage: step.time for step in chain.steps if step.time}
    assert times[Stage.DROP] < times[Stage.WEBSHELL_USE] <= times[Stage.POST_EXPLOITATION]
    assert Stage.CLEANUP in times
    (way_in,) = [step for step in chain.steps if step.stage is Stage.EXPLOITATION]
    assert way_in.missing
    assert "Not among the evidence" in way_in.why_missing


def test_the_clock_that_was_five_hours_off_is_put_right_and_told(proxylogon: Assessment):
    assert proxylogon.verdict.since is not None
    moved = proxylogon.verdict.since - datetime(2021, 3, 14, 6, 40, 12, tzinfo=UTC)
    assert timedelta() <= moved < timedelta(seconds=2)
    assert any("5 hours off" in gap.reason for gap in proxylogon.coverage.gaps)


@pytest.mark.parametrize(
    "name", ["metasploit_procdump_lsass_memory_dump", "metasploit_sharpdump_lsass_memory_dump"]
)
def test_a_memory_dump_is_found_with_program_file_and_account(name: str, shared_data: Path, tmp_path: Path):
    told = judged(shared_data / "event_json" / f"{name}.zip", tmp_path)
    assert told.verdict.level.rank >= Level.BROKEN_INTO.rank
    assert told.impact.credentials.state is ImpactState.SEEN
    dumps = [item for item in told.findings if "T1003.001" in item.attack and item.strength == "success"]
    said = " ".join(value for item in dumps for value in item.fields.values()).lower()
    assert "dump" in said
    assert any(name in item.fields for item in dumps for name in ("file.path", "TargetFilename"))
    assert any(name in item.fields for item in dumps for name in ("user.name", "User", "SubjectUserName"))
