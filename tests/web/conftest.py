"""A small service for each test: a store with a few servers, and a browser that has opened the printed address."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from exsweep.fleet import intake
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment
from exsweep.web.application import application
from exsweep.web.service import Service, Settings
from tests.fleet.build import NOW

HOST = "testserver"
Made = Callable[..., Service]


def settings(folder: Path, **named: object) -> Settings:
    """Settings of a service below a folder of a test."""
    usual: dict[str, object] = {
        "store": str(folder / "fleet.db"),
        "folder": folder / "serve",
        "hosts": frozenset({HOST}),
        "jobs": 0,
    }
    return Settings(**(usual | named))  # type: ignore[arg-type]  # names as they come


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """On one's own computer: no accounts."""
    return Service(settings(tmp_path), clock=lambda: NOW)


@pytest.fixture
def visitor(service: Service) -> Iterator[TestClient]:
    """A browser that was told nothing."""
    with TestClient(application(service), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def client(service: Service, visitor: TestClient) -> TestClient:
    """The browser of the person at this computer: it has opened the printed address."""
    assert (
        visitor.get("/start", params={"token": service.start_token}, follow_redirects=False).status_code
        == 303
    )
    return visitor


def keep(service: Service, *assessments: Assessment, tenant: str = "own") -> None:
    """Put assessments into the store of a service."""
    with Fleet.open(service.settings.store, who="tester") as fleet:
        intake.add(fleet, [("here", each) for each in assessments], now=NOW, tenant=tenant)
