"""Views of a scan's results: counts that hide nothing, and a table that no spreadsheet obeys."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.cli import run
from exsweep.errors import ExitCode
from exsweep.scan import Kind, ScanResult, View, count, header, line, row
from exsweep.scan.identify import Identity
from exsweep.scan.opinion import opinion

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def _result(target: str, kind: Kind, build: str | None = None, why: str = "seen") -> ScanResult:
    identity = Identity(kind=kind, why=(why,), build=build)
    return ScanResult(target=target, time=NOW, identity=identity, opinion=opinion(identity, NOW.date()))


RESULTS = (
    _result("a", Kind.EXACT, "15.1.2106.2"),
    _result("b", Kind.EXACT, "15.1.2106.2"),
    _result("c", Kind.HIDDEN),
    _result("d", Kind.UNREACHABLE),
)


def test_every_target_counts_once_by_kind_and_by_build() -> None:
    assert count(RESULTS, View.KIND) == [("exact", 2), ("hidden", 1), ("unreachable", 1)]
    assert count(RESULTS, View.BUILD)[0] == ("15.1.2106.2", 2)
    assert sum(number for _, number in count(RESULTS, View.BUILD)) == len(RESULTS)


def test_a_server_that_shows_no_build_is_cannot_tell_and_never_fixed() -> None:
    found = dict(count(RESULTS, View.CVE))
    assert found["CVE-2021-26855 open"] == 2
    assert found["cannot tell (hidden)"] == 1
    assert found["cannot tell (unreachable)"] == 1


def test_a_cell_is_never_a_formula() -> None:
    cells = next(csv.DictReader([header(), row(_result("=1+1", Kind.HIDDEN, why='@x","y\nz'))]))
    assert not cells["target"].startswith("=")
    assert not cells["why"].startswith("@")
    assert cells["certain"] == ""


def test_the_verb_shows_results_sends_nothing_and_names_bad_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(b"".join(map(line, RESULTS)))
    assert run(["scan", str(file), "--show", "kind"]) == ExitCode.OK
    assert "2  exact" in capsys.readouterr().out
    assert run(["scan", str(file), "--show", "csv"]) == ExitCode.OK
    assert len(list(csv.DictReader(capsys.readouterr().out.splitlines()))) == len(RESULTS)
    file.write_bytes(file.read_bytes() + b"torn {\n\xff\n")
    assert run(["scan", str(file), "--show", "build"]) == ExitCode.CANNOT_TELL
    assert "2 lines are no results" in capsys.readouterr().err
    assert run(["scan", str(tmp_path / "gone"), "--show", "kind"]) == ExitCode.USAGE
