"""Whoever uses a command wrongly reads what was wrong, where, and what to do next; and never a fault of ours."""

from pathlib import Path

import pytest

from exsweep.cli import run
from exsweep.model import encode
from tests.export.school import school_in_use

WRONG = [
    ("traige x", 2, "No such command 'traige'. Did you mean 'triage'?"),
    ("fleet qeue", 2, "Did you mean 'queue'?"),
    ("knowledge shwo", 2, "Did you mean 'show'?"),
    ("logs", 2, "To judge a server from it: exsweep triage logs"),
    ("triage nosuch", 4, "There is no nosuch."),
    ("triage logs", 4, "There is nothing to read in logs."),
    ("triage note.txt --format pdf", 2, "There is no format 'pdf'."),
    ("triage note.txt --format ,", 2, "--format names no format."),
    ("triage note.txt --frmat html", 2, "Did you mean '--format'?"),
    ("triage note.txt --out note.txt/x", 4, "Cannot write to note.txt/x"),
    ("triage note.txt --ask-password", 2, "Use --password-file FILE instead."),
    ("triage note.txt --assume-tz Mars/Base", 2, "Write Europe/Berlin"),
    ("triage note.txt --baseline note.txt", 4, "note.txt:1: this is no list of shipped files"),
    ("triage note.txt --ioc bytes.bin", 4, "Give a UTF-8 text or CSV file."),
    ("triage note.txt --key note.txt", 2, "there is no private key in it"),
    ("triage note.txt --rejudge", 4, "holds no event store"),
    ("report nosuch --format html", 4, "Name the assessment.json"),
    ("report note.txt --format html", 4, "This is not an assessment of exsweep"),
    ("verify logs", 4, "There is no custody log"),
    ("verify note.txt", 4, "it is no zip"),
    ("bundle logs --out b.zip", 4, "holds no finished case"),
    ("diff note.txt note.txt", 4, "This is not an assessment of exsweep"),
    ("scan mail.example.test", 2, "Nothing is sent without a scope file."),
    ("scan mail.example.test --scope bad.yml", 4, "The scope file cannot be read: while parsing a flow"),
    ("scan mail.example.test --scope bytes.bin", 4, "until then nothing is sent"),
    ("scan nosuch --show kind", 2, "nosuch cannot be read: No such file or directory."),
    ("fleet --store new.db queue", 4, "There is no store new.db yet."),
    ("fleet --store note.txt queue", 4, "The store note.txt cannot be opened"),
    ("hunt 192.0.2.1 --store new.db", 4, "There is no store new.db yet."),
    ("serve --url ftp://x --store new.db", 2, "Write it like https://exsweep.example.org"),
    ("knowledge list nope", 2, "There is no kind 'nope'."),
    ("knowledge baseline logs --out b.json", 4, "There is nothing to read in logs."),
]


@pytest.mark.parametrize(("words", "code", "said"), WRONG, ids=[words for words, *_ in WRONG])
def test_a_wrong_use_is_told_in_words(
    words: str,
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("logs").mkdir()
    Path("note.txt").write_text("hello\n")
    Path("bytes.bin").write_bytes(b"\x7f\xff\xfe\x00" * 9)
    Path("bad.yml").write_text("a: [\n")
    assert run(words.split()) == code
    told = capsys.readouterr().err
    assert said in told
    assert "an error of ours" not in told and "Traceback" not in told and "\\x0a" not in told
    assert not Path("new.db").exists()  # to ask a store makes none


def test_a_report_that_cannot_be_written_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "assessment.json"
    case.write_bytes(encode(school_in_use()))
    assert run(["report", str(case), "--format", "csv", "--out", str(tmp_path / "no" / "x")]) == 4
    assert "Cannot write" in capsys.readouterr().err
