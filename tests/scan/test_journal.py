"""A run that is killed goes on: every target exactly once in the results, repeats of contact named."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exsweep.errors import StoreError
from exsweep.scan import Journal, Target, Wishes, read_line, seal
from exsweep.scan.replies import Failure
from exsweep.scan.results import not_asked
from tests.scan.conftest import NOW
from tests.scan.double.many import addresses, many

SCOPE = """
who: Test
from: 2020-01-01
until: 2040-01-01
contact: a@example.org
page: https://example.org/
targets: [127.64.0.0/12]
ports: [{ports}]
pace: {{per_second: 100000, per_network: 100000, per_neighbourhood: {pace}}}
"""
TARGETS = [Target(address=f"192.0.2.{n}") for n in range(1, 6)]


def _rows(out: Path) -> list[str]:
    return [read_line(row).target for row in out.read_bytes().splitlines()]


def _journal(out: Path, *, resume: bool = False, targets: list[Target] = TARGETS, seed: int = 1) -> Journal:
    return Journal(out, seal(targets, Wishes(), (1, 1)), seed, resume=resume)


def test_a_torn_last_line_is_cut_and_its_target_asked_again(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    with _journal(out) as journal:
        journal.intend([each.key for each in TARGETS[:3]])
        for each in TARGETS[:2]:
            journal.keep(not_asked(each, Failure.CONNECT_REFUSED, None, time=NOW))
    whole = out.read_bytes()
    out.write_bytes(whole[:-9])
    with _journal(out, resume=True, seed=7) as journal:
        assert journal.done == {TARGETS[0].key}
        assert journal.intended == {each.key for each in TARGETS[:3]}
        assert journal.seed == 1, "the order and the random names stay those of the run"
        journal.keep(not_asked(TARGETS[1], Failure.CONNECT_REFUSED, None, time=NOW))
    assert out.read_bytes() == whole


def test_results_are_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    with _journal(out):
        pass
    with pytest.raises(StoreError, match="there already"):
        _journal(out)


def test_a_run_goes_on_only_with_the_same_targets(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    with _journal(out):
        pass
    with pytest.raises(StoreError, match="other targets"):
        _journal(out, resume=True, targets=TARGETS[:2])


def test_two_runs_do_not_share_one_file(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    with _journal(out), pytest.raises(StoreError, match="Another scan"):
        _journal(out, resume=True)


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    out.write_text("my notes\n")
    with pytest.raises(StoreError):
        _journal(out, resume=True)
    assert out.read_text() == "my notes\n"


def _killed_runs(tmp_path: Path, count: int, kills: int, pace: int) -> list[dict[str, object]]:
    """Scan `count` servers, killed so many times in the middle; then to the end. Returns the results."""
    with many(tmp_path) as ports:
        scope, listed, out = tmp_path / "scope.yml", tmp_path / "targets.txt", tmp_path / "r.jsonl"
        scope.write_text(SCOPE.format(ports=ports.servers, pace=pace))
        listed.write_text("".join(f"{each}\n" for each in addresses(count)))
        command = [
            sys.executable,
            "-m",
            "exsweep",
            "scan",
            str(listed),
            "--scope",
            str(scope),
            "--out",
            str(out),
            "--rate",
            "100000",
        ]
        for kill in range(kills):
            more = ["--resume"] if kill else []
            with subprocess.Popen(
                [*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as run:
                _wait_for_rows(out, count * (kill + 1) // (kills + 2), run)
                run.send_signal(signal.SIGKILL)
        ended = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
        assert ended.returncode in (0, 1, 3), ended.stderr
        rows = [json.loads(row) for row in out.read_bytes().splitlines()]
        before = out.read_bytes()
        again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
        assert "Done: 0 of" in again.stdout
        assert out.read_bytes() == before
        return rows


def _wait_for_rows(out: Path, rows: int, run: "subprocess.Popen[bytes]") -> None:
    while run.poll() is None and (not out.exists() or out.read_bytes().count(b"\n") < rows):
        time.sleep(0.05)


def _each_once(rows: list[dict[str, object]], count: int, tmp_path: Path) -> None:
    assert len(rows) == count
    assert len({row["target"] for row in rows}) == count
    kinds = {row["identity"]["kind"] for row in rows}  # type: ignore[index]
    assert kinds == {"exact"}
    intents = [
        json.loads(row)["intent"] for row in (tmp_path / "r.jsonl.journal").read_bytes().splitlines()[1:]
    ]
    contacted_twice = (
        {key for key in intents if intents.count(key) > 1} if count < 2_000 else _doubles(intents)
    )
    named = {row["target"] for row in rows if row.get("repeated")}
    assert contacted_twice == named


def _doubles(keys: list[str]) -> set[str]:
    seen: set[str] = set()
    return {key for key in keys if key in seen or seen.add(key)}  # type: ignore[func-returns-value]


@pytest.mark.usefixtures("needs_double")
def test_a_killed_run_loses_and_doubles_nothing(tmp_path: Path) -> None:
    _each_once(_killed_runs(tmp_path, 200, 1, 100), 200, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.usefixtures("needs_double")
def test_twenty_thousand_targets_and_four_kills(tmp_path: Path) -> None:
    _each_once(_killed_runs(tmp_path, 20_000, 4, 100_000), 20_000, tmp_path)
