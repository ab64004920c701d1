"""The collector as written today, in its three forms."""

import pytest

from exsweep.knowledge.collection import collection
from exsweep.knowledge.collection_artifact import velociraptor
from exsweep.knowledge.collection_script import powershell
from exsweep.knowledge.collection_target import kape


@pytest.fixture(scope="session")
def plan():
    return collection()


@pytest.fixture(scope="session")
def script(plan):
    return powershell(plan, days=90, program="0.0.0")


@pytest.fixture(scope="session")
def artifact(plan):
    return velociraptor(plan, days=90, program="0.0.0")


@pytest.fixture(scope="session")
def target(plan):
    return kape(plan, program="0.0.0")
