"""The example for the tests of this folder."""

import pytest

from tests.assess.example import Example, judged, make


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return make(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def assessment(example: Example):
    return judged(example.evidence)
