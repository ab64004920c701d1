"""A start pays for what it does, and for nothing else."""

import subprocess
import sys

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
