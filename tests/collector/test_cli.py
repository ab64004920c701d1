"""`exsweep collector` on the command line."""

import pytest
from click.testing import CliRunner

from exsweep.cli.collector import collector


@pytest.mark.parametrize(
    ("kind", "begins"),
    [("powershell", "<#\n.SYNOPSIS"), ("velociraptor", "name: "), ("kape", "Description: ")],
)
def test_each_kind_is_printed(kind, begins):
    result = CliRunner().invoke(collector, ["--kind", kind], standalone_mode=False)
    assert result.return_value == 0
    assert result.stdout.startswith(begins)


def test_a_file_is_written_and_what_to_do_next_is_said(tmp_path):
    out = tmp_path / "collect.ps1"
    result = CliRunner().invoke(collector, ["--out", str(out), "--days", "14"], standalone_mode=False)
    assert result.return_value == 0
    data = out.read_bytes()
    assert b"[int] $Days = 14,\r\n" in data
    assert "collect.ps1" in result.stderr
    assert "administrator" in result.stderr


def test_the_same_knowledge_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        CliRunner().invoke(collector, ["--out", str(tmp_path / name)], standalone_mode=False)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
