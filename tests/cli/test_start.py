"""A start pays for what it does, and for nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from exsweep.cli import VERBS, cli

HEAVY = (
    "numpy",
    "pyarrow",
    "duckdb",
    "stix2",
    "jinja2",
    "starlette",
    "exsweep.assess",
    "exsweep.fleet",
    "exsweep.scan",
)


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_of_the_table_is_a_command_with_help(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    assert f"  {name:<9}  {VERBS[name][1]}" in cli.get_help(click.Context(cli, info_name="exsweep"))


def test_a_verb_that_does_not_exist_is_a_usage_error() -> None:
    assert cli.get_command(click.Context(cli), "traige") is None


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["triage", "--help"]])
def test_help_and_version_load_nothing_that_works_on_evidence(words: list[str]) -> None:
    code = (
        "import sys; from exsweep.cli import run; code = run(sys.argv[1:]);"
        f"print(code, sorted(name for name in sys.modules if name in {HEAVY!r}))"
    )
    run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "0 []"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="workers are forked on Linux alone")
def test_the_process_that_forks_workers_has_no_second_thread() -> None:
    code = (
        "import os; from exsweep.cli import without_threads; without_threads();"
        "import numpy, pyarrow.csv, pyarrow.parquet, exsweep.assess; print(len(os.listdir('/proc/self/task')))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "1"


def test_f03_a_module_that_a_full_disk_cut_short_is_told_and_not_taken_for_a_stop(tmp_path: Path) -> None:
    """Python up to 3.13 keeps what it could write of a compiled module, and stumbles over it from then on."""
    command = [sys.executable, "-m", "exsweep", "knowledge", "--help"]
    how = {"env": {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}, "capture_output": True, "text": True}
    assert subprocess.run(command, **how).returncode == 0
    (compiled,) = tmp_path.rglob("cli/knowledge.*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:2048])
    ran = subprocess.run(command, **how)
    assert ran.returncode == 4
    assert "Stopped" not in ran.stderr and "Traceback" not in ran.stderr
    assert "cut short, as a full disk leaves it. Delete the folders named __pycache__ below" in ran.stderr
