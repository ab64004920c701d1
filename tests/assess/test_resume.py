"""A run that is stopped goes on where it stopped; nothing is lost or doubled."""

import os
import subprocess
import sys
import time

import pytest

from exsweep.assess import work
from exsweep.assess.journal import Journal
from exsweep.errors import KnowledgeError, StoreError
from exsweep.model import decode
from tests.assess.example import judged, same_but_run


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    monkeypatch.setattr("exsweep.assess.reading._TASK_FILES", 100)


def test_after_ctrl_c_the_next_run_reads_only_the_rest(example, assessment, tmp_path, monkeypatch):
    real, done = work.work, []

    def interrupted(task, made):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(task.id)
        return real(task, made)

    monkeypatch.setattr("exsweep.assess.reading.JAILED", False)
    monkeypatch.setattr(work, "work", interrupted)
    with pytest.raises(KeyboardInterrupt):
        judged(example.evidence, out=tmp_path)
    read = []
    monkeypatch.setattr(work, "work", lambda task, made: read.append(task.id) or real(task, made))
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


def _deadly(*arguments):
    inner = _started(*arguments)

    def work_or_die(task):
        if any("u_ex210301" in unit.path for unit in task.units):
            os._exit(9)
        return inner(task)

    return work_or_die


_started = work.start


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


@pytest.mark.long
def test_kill_9_at_many_moments_changes_nothing(example, assessment, tmp_path):
    expected = same_but_run(assessment)
    command = [
        sys.executable,
        "-m",
        "exsweep",
        "triage",
        str(example.evidence),
        "--out",
        str(tmp_path),
        "--now",
        "2021-03-09T15:00:00Z",
    ]
    for step in range(12):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.4 + 0.35 * step)
        process.kill()
        process.wait()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    assert same_but_run(decode((tmp_path / "assessment.json").read_bytes())) == expected
