"""A run that is stopped goes on where it stopped; nothing is lost or doubled."""

import os
import random
import shutil
import subprocess
import sys

import pytest

from exsweep.assess import Settings, pivot, reading, work
from exsweep.assess.custody import NAME, entries
from exsweep.assess.journal import Journal
from exsweep.assess.verify import verify
from exsweep.errors import KnowledgeError, StoreError
from exsweep.model import Level, decode
from tests.assess.example import NOW, judged, same_but_run
from tests.assess.killing import Killed, Victim, killed, spans_of


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    monkeypatch.setattr("exsweep.assess.reading._TASK_FILES", 100)


def test_after_ctrl_c_the_next_run_reads_only_the_rest(example, assessment, tmp_path, monkeypatch):
    real, done = work.work, []

    def interrupted(task, *tools):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(task.id)
        return real(task, *tools)

    monkeypatch.setattr("exsweep.assess.reading.JAILED", False)
    monkeypatch.setattr(work, "work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        judged(example.evidence, out=tmp_path)
    read = []
    monkeypatch.setattr(work, "work", lambda task, *tools: read.append(task.id) or real(task, *tools))
    result = judged(example.evidence, out=tmp_path)
    assert not set(read) & set(done)
    assert same_but_run(result) == same_but_run(assessment)


def test_a_damaged_note_is_read_again_and_never_trusted(example, assessment, tmp_path, monkeypatch):
    monkeypatch.setattr(Journal, "forget", lambda self, but=(): None)
    judged(example.evidence, out=tmp_path)
    notes = sorted((tmp_path / ".work").glob("*.done"))
    notes[0].write_bytes(notes[0].read_bytes()[:-7])
    notes[1].write_bytes(b"")
    assert same_but_run(judged(example.evidence, out=tmp_path)) == same_but_run(assessment)


def test_two_runs_on_one_folder_are_refused_in_words(example, tmp_path):
    with Journal(tmp_path).held(), pytest.raises(StoreError, match="Another exsweep"):
        judged(example.evidence, out=tmp_path)


def test_a_worker_that_dies_costs_its_files_and_not_the_run(example, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "start", _deadly)
    result = judged(example.evidence, jobs=2)
    lost = [item.path for item in result.custody if item.state == "unreadable"]
    assert lost and all("u_ex210301" in path for path in lost)
    assert any("died (exit code 9), twice" in gap.reason for gap in result.coverage.gaps)


def test_files_read_alone_after_a_worker_died_keep_all_their_stored_events(
    example, assessment, tmp_path, monkeypatch
):
    monkeypatch.setattr(work, "start", _dies_of_company)
    assert same_but_run(judged(example.evidence, jobs=2, out=tmp_path)) == same_but_run(assessment)


def _dies_of_company(*arguments):
    inner = _started(*arguments)
    return lambda task: inner(task) if len(task.units) == 1 else os._exit(9)


def _deadly(*arguments):
    inner = _started(*arguments)

    def work_or_die(task):
        if any("u_ex210301" in unit.path for unit in task.units):
            os._exit(9)
        return inner(task)

    return work_or_die


_started = work.start


def test_a_worker_that_dies_while_looking_for_traces_costs_its_files_and_not_the_run(example, monkeypatch):
    monkeypatch.setattr(pivot, "start", _deadly_pivot)
    result = judged(example.evidence, jobs=2)
    lost = [item.path for item in result.custody if item.state == "partial"]
    assert lost and all("u_ex210301" in path for path in lost)
    assert result.verdict.level is Level.IN_USE


def _deadly_pivot():
    def work_or_die(task):
        if any("u_ex210301" in unit.path for unit in task.units):
            os._exit(9)
        return pivot.work(task)

    return work_or_die


def _unable(*arguments):
    raise KnowledgeError("a broken installation", tip="reinstall")


def test_workers_that_cannot_start_end_the_run_in_words(example, monkeypatch):
    monkeypatch.setattr(work, "start", _unable)
    with pytest.raises(KnowledgeError, match="a broken installation"):
        judged(example.evidence, jobs=2)


def test_an_error_of_ours_in_one_file_is_a_gap_and_not_the_end(example, monkeypatch):
    real = work.read_file

    def broken(source, *others):
        if source.path.endswith("u_ex210301.log"):
            raise RuntimeError("a fault in a parser")
        return real(source, *others)

    monkeypatch.setattr(work, "read_file", broken)
    result = judged(example.evidence)
    lost = [item.path for item in result.custody if item.state == "unreadable"]
    assert lost and all(path.endswith("u_ex210301.log") for path in lost)
    assert any("a fault in a parser" in gap.reason for gap in result.coverage.gaps)


def triage_by_command(evidence, out):
    return [
        sys.executable,
        "-m",
        "exsweep",
        "triage",
        str(evidence),
        "--out",
        str(out),
        "--now",
        "2021-03-09T15:00:00Z",
    ]


@pytest.mark.long
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("victim", Victim)
def test_f01_kill_9_at_random_moments_changes_nothing(example, assessment, tmp_path, victim):
    """Over the bundled example, with its events and pages; many more kills: tests/hostile/test_faults.py."""
    expected, dice, total = same_but_run(assessment), random.Random(str(victim)), Killed()
    command = triage_by_command(example.evidence, tmp_path / "out")
    spans = spans_of(command)
    shutil.rmtree(tmp_path / "out")
    for _ in range(15):
        killed(command, victim, dice, spans, total)
        if (tmp_path / "out" / "assessment.json").exists():
            assert same_but_run(decode((tmp_path / "out" / "assessment.json").read_bytes())) == expected
            shutil.rmtree(tmp_path / "out")
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    assert same_but_run(decode((tmp_path / "out" / "assessment.json").read_bytes())) == expected
    assert verify(tmp_path / "out", Settings(evidence=(example.evidence,), now=NOW)).problems == ()
    assert total.empty <= 5, total
    print(f"killed: {total}")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
def test_f03_a_full_disk_ends_the_run_in_words_and_the_next_one_goes_on(example, tmp_path):
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    for path in (example.evidence / "inetpub").rglob("u_ex21030*.log"):
        shutil.copyfile(path, evidence / f"{path.parent.name}-{path.name}")
    command = triage_by_command(evidence, tmp_path / "out")
    # A limit on the size of files stops writing just as a full disk does, without mounting one.
    # Modules that Python compiles now would be cut short too, and kept for every later run to stumble over: none is kept.
    full = subprocess.run(
        ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *command],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert full.returncode == 4
    assert "Traceback" not in full.stderr and "Free space" in full.stderr
    assert not (tmp_path / "out" / "assessment.json").exists()
    assert subprocess.run(command, check=False, capture_output=True).returncode in (0, 1, 3)
    done = decode((tmp_path / "out" / "assessment.json").read_bytes())
    assert same_but_run(done) == same_but_run(judged(evidence))
    assert verify(tmp_path / "out", Settings(evidence=(evidence,), now=NOW)).problems == ()


def test_f04_evidence_that_vanishes_is_a_gap_and_not_the_end(example, tmp_path, monkeypatch):
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    for path in (example.evidence / "inetpub").rglob("u_ex21030*.log"):
        shutil.copyfile(path, evidence / f"{path.parent.name}-{path.name}")
    gone = sorted(evidence.iterdir())[0]
    real = reading.plan

    def planned(*arguments):
        gone.unlink()
        return real(*arguments)

    monkeypatch.setattr(reading, "plan", planned)
    result = judged(evidence, out=tmp_path / "out")
    (lost,) = [item for item in result.custody if item.path == gone.name]
    assert lost.state == "unreadable"
    assert any(
        entry.action == "changed" and "is gone" in entry.detail for entry in entries(tmp_path / "out" / NAME)
    )
