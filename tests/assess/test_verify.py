"""A case that somebody changed does not verify; a case that nobody changed does, folder or bundle (H77)."""

import json
import shutil
import zipfile
from pathlib import Path

import msgspec
import pytest

from exsweep.assess import Settings
from exsweep.assess.bundle import CONTENTS, read_bundle, unpacked, write_bundle
from exsweep.assess.custody import CustodyLog, entries
from exsweep.assess.resealing import quotes_of, seals
from exsweep.assess.verify import verify
from exsweep.cli import run
from exsweep.errors import EvidenceError
from exsweep.model import decode
from tests.assess.example import NOW

LOG, ASSESSMENT = "custody.jsonl", "assessment.json"


@pytest.fixture(scope="module")
def closed(example, tmp_path_factory):
    """Evidence of one small server, and the folder that triage made of it by the command line."""
    folder = tmp_path_factory.mktemp("case")
    evidence = folder / "evidence"
    evidence.mkdir()
    for path in sorted((example.evidence / "inetpub").rglob("u_ex2103*.log")):
        shutil.copyfile(path, evidence / f"{path.parent.name}-{path.name}")
    run(["triage", str(evidence), "--out", str(folder / "out"), "--now", NOW.isoformat(), "--jobs", "2"])
    return evidence, folder / "out"


@pytest.fixture
def case(closed, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(closed[1], tmp_path / "out")
    return tmp_path / "out"


def problems(folder: Path, *evidence: Path) -> str:
    return "\n".join(verify(folder, Settings(evidence=evidence, now=NOW)).problems)


def test_an_untouched_case_fits_together_with_its_evidence(closed):
    evidence, folder = closed
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = verify(folder, Settings(evidence=(evidence,), now=NOW))
    assert result.problems == ()
    assert any("sealed again" in words for words in result.checked)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_log_says_what_was_done_in_order(closed):
    actions = list(dict.fromkeys(entry.action for entry in entries(closed[1] / LOG)))
    assert actions == ["opened", "jailed", "read", "stored", "sealed", "judged", "exported"]


def test_a_changed_report_is_named(case):
    report = case / "report.html"
    report.write_bytes(report.read_bytes().replace(b"</html>", b"<!-- --></html>"))
    assert problems(case) == "report.html is not what was written: it was changed since."


def test_an_assessment_that_says_something_else_is_named_even_when_the_log_was_extended_for_it(case):
    data = json.loads((case / ASSESSMENT).read_bytes())
    data["custody"][0]["sha256"] = "0" * 64
    changed = json.dumps(data).encode()
    (case / ASSESSMENT).write_bytes(changed)
    assert "was changed since" in problems(case)
    import hashlib

    CustodyLog(case).add("exported", path=ASSESSMENT, sha256=hashlib.sha256(changed).hexdigest())
    said = problems(case)
    assert "does not give the seal" in said
    assert "does not say that this was read" in said
    assert "report.html says something else than the assessment" in said


@pytest.mark.parametrize("act", ["cut", "swap", "change", "remove", "torn", "append"])
def test_h77_a_log_that_was_tampered_with_is_named_with_its_line(case, act):
    path = case / LOG
    lines = path.read_bytes().splitlines(keepends=True)
    match act:
        case "cut":
            lines = lines[:-2]
        case "swap":
            lines[2], lines[3] = lines[3], lines[2]
        case "change":
            lines[3] = lines[3].replace(b'"version":"', b'"version":"9')
        case "remove":
            del lines[3]
        case "torn":
            lines[-1] = lines[-1][:-9]
        case "append":
            lines.append(b'{"n": 1}\n')
    path.write_bytes(b"".join(lines))
    assert "ustody log" in problems(case)


def test_saved_events_that_were_changed_removed_or_added_are_named(case):
    first, second, *_ = sorted((case / "events").glob("*"))
    first.write_bytes(first.read_bytes() + b"x")
    second.unlink()
    (case / "events" / "planted.parquet").write_bytes(b"")
    said = problems(case)
    assert f"{first.name} is not what was written" in said
    assert f"{second.name} is not there any more" in said
    assert "planted.parquet was not written by triage" in said


def test_a_foreign_file_and_a_log_without_its_last_line_are_told(case):
    (case / "notes.txt").write_text("x")
    log = case / LOG
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    said = "\n".join(verify(case, Settings(evidence=(), now=NOW)).unknown)
    assert "notes.txt is there, but the custody log does not say" in said
    assert "report.html is there, but the custody log does not say" in said


def test_evidence_that_changed_is_missing_or_new_is_named(closed, case, tmp_path):
    evidence = tmp_path / "evidence"
    shutil.copytree(closed[0], evidence)
    first, second, *_ = sorted(evidence.iterdir())
    data = bytearray(first.read_bytes())
    data[100] ^= 1
    first.write_bytes(data)
    second.rename(evidence / "another.log")
    said = problems(case, evidence)
    assert f"Evidence changed: {first.name}" in said
    assert f"Evidence missing: {second.name}" in said
    assert "not there at triage: another.log" in said


def test_a_link_in_place_of_a_report_is_not_followed(case, tmp_path):
    (case / "report.html").rename(tmp_path / "elsewhere.html")
    (case / "report.html").symlink_to(tmp_path / "elsewhere.html")
    assert "report.html is not there any more" in problems(case)


def test_the_command_answers_with_words_and_an_exit_code(closed, case, capsys, tmp_path):
    assert run(["verify", str(case), "--evidence", str(closed[0]), "--jobs", "1"]) == 0
    assert "Everything fits." in capsys.readouterr().out
    assert run(["verify", str(case), "--record"]) == 0
    assert [entry.action for entry in entries(case / LOG)][-1] == "verified"
    assert problems(case) == ""
    (case / "report.html").write_bytes(b"")
    assert run(["verify", str(case)]) == 1
    assert run(["verify", str(tmp_path)]) == 4


def test_after_a_kill_in_the_middle_of_a_line_the_log_goes_on_and_says_so(tmp_path):
    CustodyLog(tmp_path).add("opened")
    whole = (tmp_path / LOG).read_bytes()
    (tmp_path / LOG).write_bytes(whole + b'{"n":2,"ti')
    CustodyLog(tmp_path).add("opened")
    found = list(entries(tmp_path / LOG))
    assert [entry.action for entry in found] == ["opened", "resumed", "opened"]
    assert "10 bytes" in found[1].detail


# Bundles


def test_a_bundle_gives_the_same_case_and_the_same_bytes(case, tmp_path):
    for name in ("one.zip", "two.zip"):
        write_bundle(case, tmp_path / name, events=True)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert read_bundle(tmp_path / "one.zip") == decode((case / ASSESSMENT).read_bytes())
    assert run(["verify", str(tmp_path / "one.zip")]) == 0
    with unpacked(tmp_path / "one.zip") as (folder, misfits):
        assert misfits == ()
        assert problems(folder) == ""
    assert not folder.exists()


def repacked(bundle: Path, target: Path, change) -> Path:
    """The bundle with other members: `change` gets and returns a list of (name, bytes)."""
    with zipfile.ZipFile(bundle) as box:
        members = change([(info.filename, box.read(info)) for info in box.infolist()])
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as box:
        for name, data in members:
            box.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return target


def forged(members):
    return [
        (name, data.replace(b'"level"', b'"Level"') if name == ASSESSMENT else data) for name, data in members
    ]


def listed_twice(members):
    contents = json.loads(dict(members)[CONTENTS])
    contents["files"] *= 2
    return [(CONTENTS, json.dumps(contents).encode()), *members[1:]]


def nested(members):
    return [(name, b"[" * 200_000 if name in (CONTENTS, ASSESSMENT) else data) for name, data in members]


HOSTILE = {
    "forged assessment": forged,
    "parent path": lambda members: [*members, ("../../evil", b"x")],
    "absolute path": lambda members: [*members, ("/evil", b"x")],
    "windows path": lambda members: [*members, ("..\\evil", b"x")],
    "deeper folder": lambda members: [*members, ("events/a/b", b"x")],
    "listed twice": listed_twice,
    "nested": nested,
    "no contents": lambda members: members[1:],
    "no assessment": lambda members: [item for item in members if item[0] != ASSESSMENT],
    "bomb": lambda members: [
        (name, b"0" * (256 << 20) if name == ASSESSMENT else data) for name, data in members
    ],
    "other schema": lambda members: [(CONTENTS, b'{"schema":"x/9","version":"1","files":[]}'), *members[1:]],
}


@pytest.mark.parametrize("act", list(HOSTILE))
def test_h77_a_hostile_bundle_is_refused_in_words_and_writes_nothing_outside(closed, tmp_path, act):
    (tmp_path / "inside").mkdir()
    write_bundle(closed[1], tmp_path / "good.zip")
    bad = repacked(tmp_path / "good.zip", tmp_path / "inside" / "bad.zip", HOSTILE[act])
    with pytest.raises(EvidenceError):
        read_bundle(bad)
    assert run(["verify", str(bad)]) in (1, 4)
    assert not list(tmp_path.rglob("evil*"))


def test_a_file_that_comes_twice_in_a_bundle_is_refused(closed, tmp_path):
    write_bundle(closed[1], tmp_path / "good.zip")
    with pytest.warns(UserWarning, match="Duplicate"):
        bad = repacked(tmp_path / "good.zip", tmp_path / "bad.zip", lambda members: [*members, (LOG, b"")])
    with pytest.raises(EvidenceError):
        read_bundle(bad)


@pytest.mark.parametrize("events", [False, True])
def test_an_untouched_bundle_fits_and_says_where_the_saved_events_were_left_out(
    closed, tmp_path, capsys, events
):
    write_bundle(closed[1], tmp_path / "case.zip", events=events)
    assert run(["verify", str(tmp_path / "case.zip")]) == 0
    assert ("saved events are not in this bundle" in capsys.readouterr().out) is not events


def test_what_is_no_zip_is_refused(tmp_path):
    (tmp_path / "case.zip").write_bytes(b"PK\x03\x04 and nothing else")
    with pytest.raises(EvidenceError):
        read_bundle(tmp_path / "case.zip")


def test_a_changed_case_in_a_bundle_with_right_hashes_still_does_not_verify(case, tmp_path):
    """Who makes the bundle makes its list: the custody log has to agree as well."""
    data = decode((case / ASSESSMENT).read_bytes())
    changed = msgspec.structs.replace(
        data, verdict=msgspec.structs.replace(data.verdict, headline="All is well.")
    )
    from exsweep.model import encode

    (case / ASSESSMENT).write_bytes(encode(changed))
    write_bundle(case, tmp_path / "case.zip")
    assert read_bundle(tmp_path / "case.zip").verdict.headline == "All is well."
    assert run(["verify", str(tmp_path / "case.zip")]) == 1


def test_a_quoted_line_that_does_not_stand_in_the_evidence_is_named(closed, case):
    evidence, _ = closed
    assessment = decode((case / ASSESSMENT).read_bytes())
    first = next(item for item in assessment.findings if item.excerpt.isascii() and "\\" not in item.excerpt)
    forged = msgspec.structs.replace(first, excerpt=first.excerpt.replace("203.0.113", "198.51.100") + " x")
    seals_ = list(seals((evidence,), Settings(evidence=(evidence,), now=NOW), quotes_of([first])))
    assert not [seal for seal in seals_ if seal.wrong]
    seals_ = list(seals((evidence,), Settings(evidence=(evidence,), now=NOW), quotes_of([forged])))
    assert [seal.wrong for seal in seals_ if seal.wrong] == [(first.id,)]
