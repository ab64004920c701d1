"""Fixtures for all tests."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Tests start the program hundreds of times: where no compiled modules are kept, each start compiles all of ours again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

ROOT = Path(__file__).resolve().parent.parent


def _shared() -> Path:
    return Path(os.environ.get("EXSWEEP_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session", autouse=True)
def _temporary_files(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What programs leave that a test kills goes when pytest's own folders go."""
    place = tmp_path_factory.getbasetemp() / "t"
    place.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(place)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real evidence that nobody here wrote; absent on a checkout that stands alone."""
    path = _shared() / "data"
    if not path.is_dir():
        pytest.skip(f"the real evidence is not here: {path}")
    return path


@pytest.fixture(scope="session")
def shared_facts() -> Path:
    path = _shared() / "facts"
    if not path.is_dir():
        pytest.skip(f"the facts are not here: {path}")
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew; review the diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, bytes], None]:
    """Compare bytes with `golden/<name>` beside the test, or write them when asked to."""
    update = bool(request.config.getoption("--update-golden") or os.environ.get("EXSWEEP_UPDATE_GOLDEN"))
    folder = Path(request.path).with_name("golden")

    def check(name: str, data: bytes) -> None:
        path = folder / name
        if update:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        assert path.exists(), f"no golden file {name}: run with --update-golden and review it"
        assert data == path.read_bytes(), f"{name} changed: run with --update-golden and review the diff"

    return check


# Slow machines are no defect; the same examples every time, so that a red build can be repeated.
settings.register_profile("exsweep", deadline=None, derandomize=True)
# `pytest --hypothesis-profile search` looks for new counter-examples.
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile("exsweep")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many rows of the table of hostile inputs have tests; said where such tests were run."""
    reports = terminalreporter.stats
    if any(
        "tests/hostile" in report.nodeid for word in ("passed", "failed") for report in reports.get(word, ())
    ):
        from tests.hostile.table import counted

        terminalreporter.write_line(counted())
