"""Which tests hold which row of the table of hostile inputs: read from their names and from `table.yml`."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
TESTS = HERE.parent
_ID = re.compile(r"(?<![a-z0-9])([hf]\d\d)(?=_)")


def ids_in(name: str) -> set[str]:
    """Ids of rows that the name of a test carries.

    >>> sorted(ids_in("test_h36_f10_utf16_is_read"))
    ['F10', 'H36']
    """
    return {found.upper() for found in _ID.findall(name)}


@cache
def table() -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "table.yml").read_text("utf-8"))
    return rows


@cache
def holders() -> dict[str, tuple[str, ...]]:
    """Test functions by row: `tests/x/test_y.py::test_h01_...`."""
    found: dict[str, list[str]] = {name: list(row.get("tests", ())) for name, row in table().items()}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for name in ids_in(node.name):
                    found[name].append(f"{path.relative_to(TESTS.parent).as_posix()}::{node.name}")
    from tests.hostile.rows import ROWS

    for name in ROWS:
        found[name].append("tests/hostile/test_rows.py::test_alone_in_a_fresh_process")
    return {name: tuple(tests) for name, tests in found.items()}


def counted() -> str:
    """The line that the test run prints."""
    rows, held = table(), holders()
    ours = [name for name, row in rows.items() if "elsewhere" not in row]
    have = [name for name in ours if held[name]]
    parts = [name for name in ours if "open" in rows[name]]
    away = [name for name in rows if name not in ours]
    return (
        f"table of hostile inputs: {len(have)} of {len(ours)} rows have tests "
        f"({len(parts)} with something open: {', '.join(parts)}); {len(away)} of {len(rows)} rows are held elsewhere"
    )
