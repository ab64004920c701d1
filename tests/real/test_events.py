"""Real Windows events of real attacks: what our own rules say of them, and that the engine is exact on all of them."""

import csv
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from exsweep.detect import Engine, exact
from exsweep.detect.direct import Direct
from exsweep.detect.fields import FieldMap
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule, RuleSet, RuleState, load_rules
from exsweep.model import Strength
from exsweep.parse.batch import Batch
from exsweep.parse.winevent.reader import event_reader

PASSWORD = b"infected"
Found = list[tuple[Rule, Batch, int]]


def read(data: bytes, name: str) -> Iterator[Batch]:
    reader = event_reader(data[: 1 << 16], name)
    assert reader is not None, name
    for start in range(0, len(data), 4 << 20):
        yield from reader.feed(data[start : start + (4 << 20)], last=start + (4 << 20) >= len(data))


def grouped(batches: Sequence[Batch]) -> dict[str, list[Batch]]:
    found: dict[str, list[Batch]] = defaultdict(list)
    for batch in batches:
        found[batch.format.id].append(batch)
    return found


@pytest.fixture(scope="module")
def own() -> Engine:
    return Engine(load_rules(ROOT / "rules", formats=load_formats()).running, load_formats())


@pytest.fixture(scope="module")
def found(own: Engine, shared_data: Path) -> Callable[[str], Found]:
    known: dict[str, Found] = {}

    def of(name: str) -> Found:
        if name not in known:
            with zipfile.ZipFile(shared_data / "event_json" / name) as archive:
                (member,) = archive.namelist()
                batches = list(read(archive.read(member, pwd=PASSWORD), member))
            known[name] = [
                (match.rule, group[match.batch], match.row)
                for group in grouped(batches).values()
                for match in own.match(group)
            ]
        return known[name]

    return of


def value(batch: Batch, row: int, name: str) -> str:
    return (batch.table.column(name)[row].as_py() or b"").decode()


def test_each_of_the_13_events_of_the_proxylogon_trace_is_found_and_nothing_else_is_called_a_success(
    found: Callable[[str], Found], shared_data: Path
) -> None:
    with (shared_data / "event_json" / "truth_proxylogon.csv").open(encoding="utf-8") as stream:
        truth = {int(row["line_number"]) for row in csv.DictReader(stream)}
    hits = found("proxylogon_ssrf_rce_poc.zip")
    lines = {int(batch.line[row]) for _, batch, row in hits}
    assert truth <= lines
    assert {int(batch.line[row]) for rule, batch, row in hits if rule.strength is Strength.SUCCESS} <= truth


@pytest.mark.parametrize(
    ("name", "program", "account", "file"),
    [
        ("metasploit_procdump_lsass_memory_dump.zip", "procdump64.exe", "nora.quemona", "lsass_dump-3.dmp"),
        ("metasploit_sharpdump_lsass_memory_dump.zip", "SharpDump.exe", "pedro.gustavo", "debug648.bin"),
    ],
)
def test_the_dump_of_the_password_service_is_found_with_program_account_and_file(
    found: Callable[[str], Found], name: str, program: str, account: str, file: str
) -> None:
    hits = [(rule.id, batch, row) for rule, batch, row in found(name) if rule.strength is Strength.SUCCESS]
    assert {rule for rule, _, _ in hits} <= {"PE-LSASS", "PE-LSASS-IMAGE", "PE-LSASS-FILE", "PE-LSASS-DUMPED"}
    (dumped,) = [(batch, row) for rule, batch, row in hits if rule == "PE-LSASS-DUMPED"]
    assert value(*dumped, "SourceImage").endswith(program)
    written = [value(batch, row, "TargetFilename") for rule, batch, row in hits if rule == "PE-LSASS-FILE"]
    assert any(path.endswith(file) for path in written)
    users = [
        value(batch, row, "User")
        for rule, batch, row in hits
        if rule in ("PE-LSASS", "PE-LSASS-IMAGE") and batch.format.id == "event_process"
    ]
    assert any(account in user for user in users)


def test_ordinary_events_around_an_attack_are_quiet(found: Callable[[str], Found]) -> None:
    # 102,000 events of two office computers with a logon, mail, a browser and a management script: whatever is said
    # beyond `low` is said of a row that names a program of the attack.
    attack = re.compile(rb"happy_image|winx64_payload|procdump|SharpDump|lsass")
    for name in ("metasploit_procdump_lsass_memory_dump.zip", "metasploit_sharpdump_lsass_memory_dump.zip"):
        others = {
            rule.id
            for rule, batch, row in found(name)
            if rule.level not in ("informational", "low")
            and not attack.search(
                b" ".join(value for (value,) in batch.table.slice(row, 1).to_pydict().values() if value)
            )
        }
        assert others <= {"PE-LOGCLEAR-SYSTEM"}


@pytest.mark.parametrize(
    ("trace", "rule"),
    [
        ("Sysmon_UACME_33.evtx", "PE-UAC-KEY"),
        ("Sysmon_UACME_41.evtx", "PE-UAC-COM"),
        ("sysmon_11_7_1_uacbypass_windirectory_mocking.evtx", "PE-UAC-FOLDER"),
        ("RogueWinRM.evtx", "PE-SYSTEM-DROP"),
        ("exec_sysmon_1_lolbin_renamed_regsvr32_scrobj.evtx", "PE-LOLBIN"),
        ("persist_valid_account_guest_rid_hijack.evtx", "PE-RID-HIJACK"),
    ],
)
def test_a_technique_is_found_by_an_own_rule_and_is_no_proof_of_a_break_in_by_itself(
    own: Engine, shared_data: Path, trace: str, rule: str
) -> None:
    with zipfile.ZipFile(shared_data / "evtx" / "evtx.zip") as archive:
        (member,) = (name for name in archive.namelist() if name.endswith(trace))
        batches = list(read(archive.read(member, pwd=PASSWORD), member))
    hits = [match.rule for group in grouped(batches).values() for match in own.match(group)]
    assert rule in {hit.id for hit in hits}
    assert {hit.strength for hit in hits if hit.id == rule} == {Strength.AMBIGUOUS}


@pytest.fixture(scope="module")
def public(shared_data: Path) -> RuleSet:
    """The 3,217 public rules, as a user brings them."""
    return load_rules(None, (shared_data / "sigma_rules" / "rules.zip",), formats=load_formats())


@pytest.fixture(scope="module")
def traces(shared_data: Path) -> dict[str, list[Batch]]:
    """Every eighth of the 298 event logs."""
    batches: list[Batch] = []
    with zipfile.ZipFile(shared_data / "evtx" / "evtx.zip") as archive:
        for name in sorted(archive.namelist())[::8]:
            batches += read(archive.read(name, pwd=PASSWORD), name)
    return grouped(batches)


def test_the_public_windows_rules_run(public: RuleSet) -> None:
    assert not public.problems
    windows = [rule for rule in public.rules if rule.logsource.product == "windows"]
    assert len(windows) > 2_700
    idle = [str(rule.logsource) for rule in windows if rule.state is not RuleState.RUNS]
    assert len(idle) < 25, idle


def test_public_rules_match_on_real_events_what_exact_evaluation_of_every_row_matches(
    public: RuleSet, traces: dict[str, list[Batch]]
) -> None:
    rules = public.running[::12]
    engine = Engine(rules, load_formats())
    for kind, group in traces.items():
        mine = [rule for rule in rules if kind in rule.formats]
        if not mine:
            continue
        fields = FieldMap(group[0].format)
        texts = exact.RowTexts(
            fields, [one.table for one in group], np.concatenate([one.time_ms for one in group])
        )
        starts = np.cumsum([0, *(len(one) for one in group)])
        fast: dict[str, list[int]] = defaultdict(list)
        for match in engine.match(group):
            fast[match.rule.id].append(int(starts[match.batch]) + match.row)
        everything = np.ones(len(texts), bool)
        asked, failed = exact.queried(exact.connect(), fields, texts, [(rule, everything) for rule in mine])
        assert not failed
        for rule, rows in zip(mine, asked, strict=True):
            assert fast[rule.id] == rows.tolist(), rule.title


def test_rules_say_of_a_row_alone_what_a_query_says_of_all_rows(
    public: RuleSet, traces: dict[str, list[Batch]]
) -> None:
    rules = public.running[3::80]
    for kind, group in traces.items():
        fields = FieldMap(group[0].format)
        texts = exact.RowTexts(
            fields, [one.table for one in group[:4]], np.concatenate([one.time_ms for one in group[:4]])
        )
        mine = [rule for rule in rules if kind in rule.formats]
        everything = np.ones(len(texts), bool)
        asked, _ = exact.queried(exact.connect(), fields, texts, [(rule, everything) for rule in mine])
        some = range(0, len(texts), max(1, len(texts) // 40))
        for rule, rows in zip(mine, asked, strict=True):
            assert rule.condition is not None
            direct = Direct(fields.narrowed(rule.condition, rule.logsource), fields, rule.own)
            if direct.test is not None:
                true = set(rows.tolist())
                assert [at for at in some if direct.test(texts.reader(at))] == [
                    at for at in some if at in true
                ]
