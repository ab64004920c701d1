"""The verb `scan` on the command line: what it refuses, what it explains, what it writes and how it ends."""

import json
from pathlib import Path

import pytest

from exsweep.cli import run
from exsweep.errors import ExitCode
from exsweep.knowledge import scanning
from exsweep.scan import Kind, read_line
from tests.scan.double.server import Double, Manners, http
from tests.scan.double.sites import dump, exchange

SCOPE = """
who: Test order 1
from: 2020-01-01
until: 2040-01-01
contact: scan@example.org
page: https://example.org/scan
targets: ["127.77.0.0/16", mail.example.org]
ports: [{port}]
allow: [{allow}]
pace: {{per_second: 1000, per_network: 1000, per_neighbourhood: 1000}}
"""


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    file = tmp_path / "scope.yml"
    file.write_text(SCOPE.format(port=443, allow="identify"))
    return file


def test_nothing_is_sent_without_a_scope_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "mail.example.org"]) == ExitCode.USAGE
    assert "without a scope file" in capsys.readouterr().err


def test_back_doors_are_not_looked_for_where_the_scope_does_not_allow_it(
    scope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scan", "127.77.0.1", "--scope", str(scope), "--webshells"]) == ExitCode.COULD_NOT_RUN
    said = capsys.readouterr().err
    assert "does not allow webshells" in said
    assert "Ask the owner" in said


def test_an_opt_out_list_that_cannot_be_read_stops_the_scan(
    scope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scope.write_text(scope.read_text() + "opt_out: [gone.txt]\n")
    assert run(["scan", "127.77.0.1", "--scope", str(scope)]) == ExitCode.COULD_NOT_RUN
    assert "gone.txt" in capsys.readouterr().err


def test_explain_prints_the_plan_and_sends_nothing(
    scope: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("explain must not open a loop")

    monkeypatch.setattr("asyncio.run", no_network)
    assert run(["scan", "mail.example.org", "--scope", str(scope), "--explain"]) == ExitCode.OK
    said = capsys.readouterr().out
    for part in (
        "Allowed by: Test order 1",
        "GET /owa/:",
        "scan@example.org",
        "Never: a body",
        "a redirect is never followed",
    ):
        assert part in said
    both = ["192.0.2.1", "127.77.1.1", "no such name", "--scope", str(scope), "--explain"]
    assert run(["scan", *both]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "192.0.2.1:443: would not be asked: not in the scope file" in said
    assert "127.77.1.1:443: would be asked." in said
    assert "Targets: 2. Would be asked: 1." in said
    assert said.count("Allowed by") == 1, "the plan is the same for all of them"
    assert "Lines of the list that are no targets: 1" in said


@pytest.mark.parametrize("kept", [True, False])
def test_a_scan_that_is_stopped_by_hand_says_how_to_go_on(
    scope: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exsweep.cli.scan.scan", stopped)
    out = ["--out", str(tmp_path / "r.jsonl")] if kept else []
    assert run(["scan", "127.77.1.1", "--scope", str(scope), *out]) == ExitCode.COULD_NOT_RUN
    said = capsys.readouterr().err
    assert ("0 of 1 targets have their result" in said) is kept
    assert "--resume" in said


def test_a_target_outside_the_scope_gets_a_line_that_says_so_and_no_packet(
    scope: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r.jsonl"
    code = run(["scan", "192.0.2.1", "other.example.com", "--scope", str(scope), "--out", str(out)])
    assert code == ExitCode.CANNOT_TELL
    rows = [read_line(row) for row in out.read_bytes().splitlines()]
    assert {row.kind for row in rows} == {Kind.UNREACHABLE}
    assert all(row.identity.why == ("not asked: not in the scope file",) and not row.asked for row in rows)
    assert "not asked: not in the scope file: 2" in capsys.readouterr().out


@pytest.mark.usefixtures("needs_double")
def test_a_scan_writes_a_line_for_each_target_and_says_what_is_remarkable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = {"/aspnet_client/supp0rt.aspx": http(200, [("X-AspNet-Version", "4.0.30319")], dump())}
    sites = {
        "127.77.1.1": Manners(exchange("15.1.2106.2", "15.1.2106", server="Microsoft-IIS/8.5", pages=page)),
        "127.77.2.1": Manners(exchange("15.2.2562.53", "15.2.2562")),
    }
    out, scope, listed = tmp_path / "r.jsonl", tmp_path / "scope.yml", tmp_path / "list.txt"
    with Double(tmp_path, sites) as double:
        scope.write_text(SCOPE.format(port=double.port, allow="identify, webshells"))
        listed.write_text("127.77.1.1\n127.77.2.1\nnonsense here\n")
        code = run(["scan", str(listed), "--scope", str(scope), "--out", str(out), "--webshells"])
        said = capsys.readouterr().out
        assert code == ExitCode.FOUND
        rows = {row.address: row for row in map(read_line, out.read_bytes().splitlines())}
        assert rows["127.77.1.1"].opinion is not None
        assert "CVE-2021-26855" in rows["127.77.1.1"].opinion.certain
        assert "!! 127.77.1.1" in said and "a back door ran at /aspnet_client/supp0rt.aspx" in said
        assert "Lines of the list that are no targets: 1" in said
        assert "triage" in said
        before = out.read_bytes()
        assert (
            run(["scan", str(listed), "--scope", str(scope), "--out", str(out), "--webshells"])
            == ExitCode.COULD_NOT_RUN
        )
        assert "--resume" in capsys.readouterr().err
        run(["scan", str(listed), "--scope", str(scope), "--out", str(out), "--webshells", "--resume"])
        assert "2 had their result already" in capsys.readouterr().out
        assert out.read_bytes() == before
        run(["scan", "127.77.2.1", "--scope", str(scope), "--json"])
        assert json.loads(capsys.readouterr().out)["identity"]["build"] == "15.2.2562.53"


@pytest.mark.parametrize("shard", ["0/2", "3/2", "x", "1", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_a_usage_error(scope: Path, shard: str) -> None:
    assert run(["scan", "127.77.0.1", "--scope", str(scope), "--shard", shard]) == ExitCode.USAGE


def test_the_knowledge_of_scans_is_in_order() -> None:
    assert [str(problem) for problem in scanning.problems()] == []
