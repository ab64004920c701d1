"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _shared() -> Path:
    return Path(os.environ.get("EXSWEEP_SHARED", ROOT.parent / "shared"))


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
