"""Same evidence, same knowledge, same moment: same bytes, whatever it lies in and however it is read."""

import tarfile
import zipfile
from itertools import product
from pathlib import Path

import pytest

from exsweep.assess import Settings, reading, rejudge
from exsweep.assess import tools as tools_
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


FIELDS = "#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status sc-win32-status\n"


def weblog(folder: Path, lines: list[str]) -> Path:
    folder.mkdir()
    (folder / "u_ex210301.log").write_text(FIELDS + "".join(lines), encoding="utf-8")
    return folder


def test_a_quick_run_says_the_same_whatever_the_process_has_read_before(tmp_path, monkeypatch):
    """Lines are chosen by what is rare in the logs seen so far; what is said of a log must not tell which those were."""
    monkeypatch.setattr(reading, "JAILED", False)
    # Broken lines that hold what some rules ask for, and not all of it: whether one is looked at decides if it is counted.
    asked = [
        f"2021-03-01 10:{at // 60 % 60:02}:{at % 60:02} GET {path} {query} 192.0.2.9 200 0{broken}\n"
        for at, (path, query, broken) in enumerate(
            product(
                [
                    "/owa/auth/x.js",
                    "/ecp/y.js",
                    "/autodiscover/autodiscover.json",
                    "/a.aspx",
                    "/rpc/proxy",
                    "/ews/",
                ],
                ["-", "cmd=whoami", "@evil.test/mapi/nspi", "/ecp/proxyLogon.ecp"],
                [""] * 40 + [" more fields than there are"],
            )
        )
    ]
    plain = [
        f"2021-03-01 09:{at // 60:02}:{at % 60:02} GET /x{at} - 192.0.2.7 200 0\n" for at in range(3_000)
    ]
    wanted = weblog(tmp_path / "wanted", [*plain, *asked])
    said = []
    for name, before in (
        ("none", []),
        ("owa", ["/owa/auth/x.js", "/ecp/y.js"]),
        ("auto", ["/autodiscover/", "/rpc/"]),
    ):
        tools_._shipped.cache_clear()
        if before:
            lines = [line.replace("/x", f"{before[at % 2]}x") for at, line in enumerate(plain)]
            judged(weblog(tmp_path / name, lines), quick=True)
        said.append(same_but_run(judged(wanted, quick=True)))
    assert said[0] == said[1] == said[2]


def test_judging_saved_events_again_gives_the_same_bytes(example, plain, tmp_path):
    assert same_but_run(judged(example.evidence, out=tmp_path)) == plain
    again = rejudge(Settings(evidence=(tmp_path,), now=NOW))
    assert same_but_run(again) == plain


def test_the_evidence_is_not_changed(example):
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files(example.evidence)}
    judged(example.evidence)
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files(example.evidence)}
