"""Fixtures for all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

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


# Slow machines are no defect; the same examples every time, so that a red build can be repeated.
settings.register_profile("exsweep", deadline=None, derandomize=True)
# `pytest --hypothesis-profile search` looks for new counter-examples.
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile("exsweep")
