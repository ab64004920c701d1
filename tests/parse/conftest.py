"""Samples of the parsers, one a format; golden files lie beside them (`pytest tests/parse --update-golden`)."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def samples() -> list[tuple[str, bytes]]:
    """(format, bytes) of each sample."""
    folder = Path(__file__).with_name("samples")
    return [(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.log"))]
