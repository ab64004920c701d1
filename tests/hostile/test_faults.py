"""Faults of machines and people: rows F01 to F34 that are no evidence, and rules that come from outside (H72)."""

import os
import random
import shutil
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.assess.journal import Journal
from exsweep.assess.verify import verify
from exsweep.cli import run as command_line
from exsweep.fleet.causes import compare
from exsweep.fleet.recheck import Cause
from exsweep.model import Level, decode, encode
from tests.assess.example import NOW, judged, same_but_run
from tests.assess.killing import Killed, Victim, killed, spans_of
from tests.hostile.build import SLOW, line, ordinary, shell_used, w3c
from tests.hostile.command import Ran, arguments, peak_of, run, triaged, well_behaved
from tests.hostile.rows import ROWS, made

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough small files for three tasks, one of them with a back door in use."""
    folder = tmp_path_factory.mktemp("many") / "evidence"
    for n in range(420):
        place = folder / f"W3SVC{n % 3}"
        place.mkdir(parents=True, exist_ok=True)
        lines = ordinary(20, seed=n) + (shell_used(3, query="cmd") if n == 250 else [])
        (place / f"u_ex21{n % 12 + 1:02}{n % 28 + 1:02}_{n}.log").write_bytes(w3c(*lines))
    return folder


@pytest.fixture(scope="module")
def undisturbed(many: Path) -> bytes:
    return same_but_run(judged(many))


@pytest.mark.parametrize(
    "times", [5, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(6_000)])]
)
def test_f01_killed_at_random_moments_the_next_run_ends_with_the_same_bytes(
    many, undisturbed, tmp_path, times
):
    """The run, one worker, all of them, and run and workers by turns, while workers are at work."""
    command, dice, total = arguments([many], tmp_path / "out", "--jobs", "2"), random.Random(times), Killed()
    spans = spans_of(command)
    shutil.rmtree(tmp_path / "out")
    for victim in islice(cycle(Victim), times):
        killed(command, victim, dice, spans, total)
        if (tmp_path / "out" / "assessment.json").exists():
            assert same_but_run(decode((tmp_path / "out" / "assessment.json").read_bytes())) == undisturbed
            shutil.rmtree(tmp_path / "out")
    last = triaged(many, tmp_path / "out", "--jobs", "2", seconds=200, memory=None)
    assert same_but_run(last.assessment) == undisturbed
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert verify(tmp_path / "out", Settings(evidence=(many,), now=NOW)).problems == ()
    assert total.workers >= times // 2 or times < 20, total
    print(f"killed: {total}")


def test_f19_memory_does_not_grow_with_the_length_of_a_log(tmp_path):
    """50 MB and four times as much; 10 GB are run by bench/hostile.py."""
    peaks = {}
    for times in (10, 40):
        folder = tmp_path / str(times)
        folder.mkdir()
        block = "".join(ordinary(40_000)).encode()
        with (folder / "u_ex210303.log").open("wb") as file:
            file.write(w3c())
            for _ in range(times):
                file.write(block)
        out = tmp_path / f"out{times}"
        peaks[times] = peak_of(folder, out, "--jobs", "1", seconds=400)
        told = decode((out / "assessment.json").read_bytes())
        assert sum(one.events for one in told.coverage.sources) == times * 40_000
    assert peaks[40] < peaks[10] + (48 << 20), peaks


def test_f09_the_terminal_names_the_file_that_could_not_be_read(tmp_path):
    folder = tmp_path / "e" / "W3SVC1"
    folder.mkdir(parents=True)
    (folder / "u_ex210303.log").write_bytes(w3c(*ordinary(20)))
    os.mkfifo(folder / "u_ex210304.log")
    ran = triaged(tmp_path / "e", tmp_path / "out", "--jobs", "1")
    assert "W3SVC1/u_ex210304.log: unreadable" in ran.out


def test_f02_killed_between_judging_and_reporting_the_old_report_stays_until_the_new_one_is_whole(tmp_path):
    evidence = made(tmp_path / "evidence", "H22")
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_bytes(b"the old one")
    triage(Settings(evidence=(evidence,), now=NOW, out=out))
    assert (out / "report.html").read_bytes() == b"the old one"
    first = triaged(evidence, out, "--jobs", "1")
    second = triaged(evidence, tmp_path / "other", "--jobs", "1")
    assert same_but_run(first.assessment) == same_but_run(second.assessment)
    assert b"the old one" not in (out / "report.html").read_bytes()


def test_f03_where_nothing_can_be_written_the_run_says_so_before_it_reads(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    evidence = made(tmp_path / "evidence", "H45")
    for out in (tmp_path / "file" / "out", Path("/proc/exsweep")):
        ran = triaged(evidence, out)
        assert ran.code == 4
        assert "Name another folder" in ran.err


@pytest.mark.parametrize("blocks", [2, 40])
def test_f03_at_whatever_file_the_disk_is_full_the_next_run_goes_on(tmp_path, blocks):
    import resource

    evidence = made(tmp_path / "evidence", "H22", "H48")
    full = triaged(evidence, tmp_path / "out", "--jobs", "1", limits={resource.RLIMIT_FSIZE: blocks << 10})
    assert full.code == 4
    assert "Free space" in full.err
    assert not full.judged
    after = triaged(evidence, tmp_path / "out", "--jobs", "1")
    assert same_but_run(after.assessment) == same_but_run(judged(evidence))


def test_f04_a_read_only_folder_is_read(tmp_path):
    evidence = made(tmp_path / "evidence", "H45")
    for path in evidence.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    evidence.chmod(0o555)
    assert triaged(evidence, tmp_path / "out", "--jobs", "1").assessment.verdict.level is Level.IN_USE


def test_f11_a_clock_that_was_set_back_is_told(tmp_path):
    result = judged(made(tmp_path / "evidence", "F11"))
    (item,) = result.custody
    assert any("hours within the file (2 x)" in note for note in item.notes)
    (quiet,) = judged(made(tmp_path / "quiet", "F10")).custody
    assert not quiet.notes


def test_f12_hours_that_do_not_exist_or_exist_twice_elsewhere_are_plain_hours_of_utc(tmp_path):
    result = judged(made(tmp_path / "evidence", "F12"))
    (source,) = result.coverage.sources
    assert (source.events, source.rejected) == (8, 0)
    assert f"{source.first:%m-%dT%H:%M}" == "03-14T01:59"
    assert f"{source.last:%m-%dT%H:%M}" == "11-07T02:00"


def test_f14_the_zone_of_the_computer_that_reads_changes_nothing(tmp_path):
    evidence = made(tmp_path / "evidence", "F12", "F13", "H49")
    found = set()
    for zone in ("America/New_York", "Asia/Kathmandu"):
        ran = triaged(
            evidence, tmp_path / zone.replace("/", "_"), "--jobs", "1", environment={**os.environ, "TZ": zone}
        )
        found.add(same_but_run(ran.assessment))
    assert len(found) == 1


def test_h43_python_imports_nothing_from_the_folder_in_which_it_is_started(tmp_path):
    evidence = made(tmp_path / "evidence", "H45") / "H45"
    trap = f"import pathlib\npathlib.Path({str(tmp_path / 'RAN')!r}).write_text('x')\nraise SystemExit(77)\n"
    for name in (
        "click",
        "yaml",
        "msgspec",
        "duckdb",
        "pyarrow",
        "json",
        "hashlib",
        "multiprocessing",
        "evtx",
        "rich",
    ):
        (evidence / f"{name}.py").write_text(trap)
    ran = subprocess.run(
        [sys.executable, "-m", "exsweep", "triage", "."],
        cwd=evidence,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (1, 3), ran.stderr
    assert not (tmp_path / "RAN").exists()


EVENT_VIEWER = (
    "Level,Date and Time,Source,Event ID,Task Category\r\n"
    "Information,{},Microsoft-Windows-Eventlog,104,Log clear,The Application log file was cleared.\r\n"
)


@pytest.mark.parametrize(
    ("said", "zone", "in_utc", "word"),
    [
        ("3/3/2021 4:10:22 AM", "", "2021-03-03T04:10:22", "name the zone with --assume-tz"),
        ("3/3/2021 4:10:22 AM", "America/New_York", "2021-03-03T09:10:22", "America/New_York"),
        ("7/3/2021 4:10:22 AM", "America/New_York", "2021-07-03T08:10:22", "America/New_York"),
        ("11/7/2021 1:30:00 AM", "America/New_York", "2021-11-07T05:30:00", "showed twice"),
        ("3/3/2021 4:10:22 AM", "+05:45", "2021-03-02T22:25:22", "+05:45"),
    ],
)
def test_f14_local_times_are_of_the_zone_that_the_user_names_and_the_report_says_so(
    tmp_path, said, zone, in_utc, word
):
    (tmp_path / "System.csv").write_text(EVENT_VIEWER.format(said), newline="")
    result = judged(tmp_path, zone=zone)
    (source,) = result.coverage.sources
    assert f"{source.first:%Y-%m-%dT%H:%M:%S}" == in_utc
    assert any(word in note for note in result.custody[0].notes)


def test_f14_no_zone_of_that_name_is_a_usage_error_in_words(tmp_path, capsys):
    (tmp_path / "System.csv").write_text(EVENT_VIEWER.format("3/3/2021 4:10:22 AM"), newline="")
    assert command_line(["triage", str(tmp_path), "--assume-tz", "Mars/Olympus"]) == 2
    assert "Europe/Berlin" in capsys.readouterr().err


def test_f22_with_one_kind_of_log_the_others_are_named_as_missing(tmp_path):
    evidence = made(tmp_path / "evidence", "H80") / "H80"
    (evidence / "u_ex210303.log").unlink()
    ran = triaged(evidence, tmp_path / "out", "--jobs", "1")
    assert ran.code == 3
    assert any("no log covers all of these days" in gap.reason for gap in ran.assessment.coverage.gaps)


def test_f24_few_descriptors_no_home_no_temporary_folder(tmp_path):
    import resource

    evidence = made(tmp_path / "evidence", "H01", "H19", "H45")
    ran = triaged(evidence, tmp_path / "few", "--jobs", "2", memory=None, limits={resource.RLIMIT_NOFILE: 64})
    assert ran.code == 1
    bare = {"PATH": os.environ["PATH"], "TMPDIR": "/nonexistent", "HOME": "/nonexistent"}
    ran = triaged(evidence, tmp_path / "bare", "--jobs", "1", environment=bare)
    assert ran.code == 1
    ran = triaged(evidence, tmp_path / "tiny", "--jobs", "1", limits={resource.RLIMIT_NOFILE: 12})
    assert ran.code in (1, 4)
    assert ran.code == 1 or "open" in ran.err


def test_f25_a_second_run_on_one_case_is_refused_and_a_lock_left_behind_is_not_in_the_way(tmp_path):
    evidence = made(tmp_path / "evidence", "H45")
    with Journal(tmp_path / "out").held():
        ran = triaged(evidence, tmp_path / "out", "--jobs", "1")
        assert ran.code == 4
        assert "Another exsweep" in ran.err
    assert (tmp_path / "out" / ".work" / "lock").exists()
    assert triaged(evidence, tmp_path / "out", "--jobs", "1").code == 1


def test_f26_saved_events_of_another_program_are_refused_in_words(tmp_path):
    evidence = made(tmp_path / "evidence", "H45")
    out = triaged(evidence, tmp_path / "out", "--jobs", "1").folder
    notes = out / "events" / "sources.json"
    whole = notes.read_bytes()
    for broken in (whole.replace(b"exsweep.events/1", b"exsweep.events/9"), whole[:-20], b"[" * 100_000, b""):
        notes.write_bytes(broken)
        ran = triaged([out], tmp_path / "again", "--rejudge", memory=4 << 30)
        assert ran.code == 4
        assert "event store" in ran.err
    notes.write_bytes(whole)
    assert triaged([out], tmp_path / "again", "--rejudge", memory=4 << 30).code == 1


def test_f26_notes_of_another_version_are_read_again_and_not_trusted(tmp_path, monkeypatch):
    evidence = made(tmp_path / "evidence", "H45")
    monkeypatch.setattr(Journal, "forget", lambda self, but=(): None)
    plain = judged(evidence, out=tmp_path / "out")
    for note in (tmp_path / "out" / ".work").glob("*.done"):
        note.rename(note.with_name(f"{'0' * 32}.done"))
    assert same_but_run(judged(evidence, out=tmp_path / "out")) == same_but_run(plain)


def test_f27_with_other_rules_everything_is_read_again_and_the_reports_name_their_rules(tmp_path):
    evidence = made(tmp_path / "evidence", "H45")
    rule = tmp_path / "own.yml"
    rule.write_text(OWN_RULE)
    first = triaged(evidence, tmp_path / "out", "--jobs", "1").assessment
    second = triaged(evidence, tmp_path / "out", "--jobs", "1", "--rules", str(rule)).assessment
    assert len({one.rule.id for one in second.findings} - {one.rule.id for one in first.findings}) == 1
    assert first.run.knowledge
    assert first.rules != second.rules
    third = triaged(evidence, tmp_path / "out", "--jobs", "1").assessment
    assert same_but_run(third) == same_but_run(first)


def test_f27_what_differs_is_told_with_the_reason_rules_or_evidence(tmp_path, capsys):
    evidence = made(tmp_path / "evidence", "H45")
    rule = tmp_path / "own.yml"
    rule.write_text(OWN_RULE)
    before = judged(evidence)
    more_rules = judged(evidence, rules=(str(rule),))
    told = compare(before, more_rules)
    assert told.same_evidence and not told.same_knowledge
    assert {(one.change, one.cause) for one in told.differences} == {("new", Cause.RULES)}
    assert {(one.change, one.cause) for one in compare(more_rules, before).differences} == {
        ("gone", Cause.RULES)
    }
    made(evidence, "H75")
    more_files = judged(evidence)
    told = compare(before, more_files)
    assert told.same_knowledge and told.files_added and not told.files_removed
    assert told.differences and {one.cause for one in told.differences} == {Cause.EVIDENCE}
    both = compare(before, judged(evidence, rules=(str(rule),)))
    assert {one.cause for one in both.differences} == {Cause.RULES, Cause.EVIDENCE}
    assert compare(before, before).differences == ()
    (tmp_path / "a.json").write_bytes(encode(before))
    (tmp_path / "b.json").write_bytes(encode(more_files))
    assert command_line(["diff", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 0
    shown = capsys.readouterr().out
    assert "Changed because of the evidence" in shown and "Rules: the same" in shown


OWN_RULE = """
title: Own words in the agent
id: 5f1d3c2e-9d3b-4a8e-8f0e-0a1b2c3d4e5f
status: experimental
logsource: {category: webserver}
detection:
  selection: {cs-user-agent|contains: 'findings'}
  condition: selection
level: medium
"""


def test_h72_rules_from_outside_read_no_file_and_cannot_run_for_ever(tmp_path):
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "a.aspx").write_bytes(b'<%@ Page Language="C#" %>' + SLOW["letters"])
    (evidence / "u_ex210303.log").write_bytes(
        w3c(*ordinary(30), line(query="a" * 40 + "!"), *shell_used(2, query="x"))
    )
    secret = tmp_path / "secret.txt"
    secret.write_text("rule for-nobody-to-see {")
    (tmp_path / "reads.yar").write_text(f'include "{secret}"\nrule a {{ condition: true }}\n')
    (tmp_path / "slow.yar").write_text("rule b { strings: $a = /(a|aa)+b/ condition: $a }\n")
    (tmp_path / "regex.yml").write_text(
        OWN_RULE.replace("cs-user-agent|contains: 'findings'", "cs-uri-query|re: '^(\\\\w+\\\\s?)*$'")
    )
    (tmp_path / "template.yml").write_text(
        OWN_RULE.replace("5f1d", "5f2d")
        .replace("Own words", "{{ 7*7 }}<script>Own")
        .replace("'findings'", "'Mozilla'")
    )
    more = ["--yara", str(tmp_path / "reads.yar"), "--yara", str(tmp_path / "slow.yar")]
    more += ["--rules", str(tmp_path / "regex.yml"), "--rules", str(tmp_path / "template.yml")]
    ran = triaged(evidence, tmp_path / "out", "--jobs", "1", "--format", "json,html", *more)
    everything = ran.out + ran.err + (ran.folder / "assessment.json").read_text()
    assert "for-nobody-to-see" not in everything
    assert any("reads.yar" in problem for problem in ran.assessment.rule_problems)
    page = (ran.folder / "report.html").read_text()
    assert "<script" not in page
    assert ran.seconds < 60


def test_pasted_rows_of_the_table_are_judged_in_words(tmp_path: Path):
    """What a person may paste: any of the small rows, as bytes on standard input."""
    for name in ("H30", "H37"):
        folder = made(tmp_path / name, name)
        data = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
        ran: Ran = run(arguments(["-"], tmp_path / f"out{name}", "--jobs", "1"), tmp_path, stdin=data)
        well_behaved(ran)


def test_names_of_rows_are_the_tables(tmp_path: Path):
    from tests.hostile.table import table

    assert set(ROWS) <= set(table())
    assert sys.platform != "win32"
