"""Same evidence, same knowledge, same moment: same bytes, whatever it lies in and however it is read."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from exsweep.assess import Settings, rejudge
from tests.assess.example import NOW, judged, same_but_run


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="session")
def plain(assessment):
    return same_but_run(assessment)


def test_twice_gives_the_same_bytes(example, plain):
    assert same_but_run(judged(example.evidence)) == plain


def test_a_zip_gives_the_same_bytes(example, plain, tmp_path):
    archive = tmp_path / "evidence.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as box:
        for path in reversed(files(example.evidence)):
            box.write(path, path.relative_to(example.evidence).as_posix())
    assert same_but_run(judged(archive)) == plain


@pytest.mark.parametrize("kind", ["", "gz"])
def test_a_tar_gives_the_same_bytes(example, plain, tmp_path, kind):
    archive = tmp_path / f"evidence.tar{'.' + kind if kind else ''}"
    with tarfile.open(archive, f"w:{kind}") as box:
        box.add(example.evidence, "evidence")
    assert same_but_run(judged(archive)) == plain


def test_two_jailed_processes_and_none_give_the_same_bytes(example, plain, monkeypatch):
    assert same_but_run(judged(example.evidence, jobs=2)) == plain
    monkeypatch.setattr("exsweep.assess.reading.JAILED", False)
    assert same_but_run(judged(example.evidence)) == plain


def test_quick_finds_the_same(example, assessment):
    quick = judged(example.evidence, quick=True)
    assert quick.findings == assessment.findings
    # A sweep counts lines without reading each stamp, so that the end of the records is known to the second only.
    assert quick.verdict.level is assessment.verdict.level
    assert (quick.verdict.reasons, quick.verdict.since) == (
        assessment.verdict.reasons,
        assessment.verdict.since,
    )
    assert quick.chains == assessment.chains


def test_judging_saved_events_again_gives_the_same_bytes(example, plain, tmp_path):
    assert same_but_run(judged(example.evidence, out=tmp_path)) == plain
    again = rejudge(Settings(evidence=(tmp_path,), now=NOW))
    assert same_but_run(again) == plain


def test_the_evidence_is_not_changed(example):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files(example.evidence)}
    judged(example.evidence)
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files(example.evidence)}
