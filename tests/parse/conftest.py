"""Golden files of the parsers.

`pytest tests/parse --update-golden`, or EXSWEEP_UPDATE_GOLDEN=1 in the environment, writes them anew.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).with_name("golden")


def pytest_addoption(parser: pytest.Parser) -> None:
    # Another conftest may own the option already.
    known = {name for option in parser._anonymous.options for name in option.names()}
    if "--update-golden" not in known:
        parser.addoption(
            "--update-golden", action="store_true", help="write golden files anew; review the diff"
        )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compare bytes with `golden/<name>`, or write them when asked to."""
    update = bool(
        request.config.getoption("--update-golden", default=False) or os.environ.get("EXSWEEP_UPDATE_GOLDEN")
    )

    def check(name: str, data: bytes) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        assert path.exists(), f"no golden file {name}: run with --update-golden and review it"
        assert data == path.read_bytes(), f"{name} changed: run with --update-golden and review the diff"

    return check


@pytest.fixture(scope="session")
def samples() -> list[tuple[str, bytes]]:
    """(format, bytes) of each sample."""
    folder = Path(__file__).with_name("samples")
    return [(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.log"))]
