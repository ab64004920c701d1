"""A small service for each test: a store with a few servers, and a browser that has opened the printed address."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from exsweep.fleet import intake
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment
from exsweep.web.application import application
from exsweep.web.recognise import csrf_of, local_cookie
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
    answer = visitor.get("/start", params={"token": service.start_token}, follow_redirects=False)
    assert answer.status_code == 303
    visitor.headers["x-csrf-token"] = csrf_of(service, local_cookie(service))
    return visitor


def keep(service: Service, *assessments: Assessment, tenant: str = "own") -> None:
    """Put assessments into the store of a service."""
    with Fleet.open(service.settings.store, who="tester") as fleet:
        intake.add(fleet, [("here", each) for each in assessments], now=NOW, tenant=tenant)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send(client: TestClient, files: dict[str, bytes], **about: object) -> str:
    """Send files whole; gives the id of the sending."""
    sending = str(client.post("/api/v1/sendings", json=about).json()["sending"])
    for name, data in files.items():
        upload = client.post(
            f"/api/v1/sendings/{sending}/files", json={"name": name, "size": len(data)}
        ).json()["upload"]
        if data:
            headers = {"x-chunk-sha256": sha(data), "content-type": "application/octet-stream"}
            client.patch(f"/api/v1/uploads/{upload}", params={"offset": 0}, content=data, headers=headers)
        done = client.post(f"/api/v1/uploads/{upload}/finish", json={"sha256": sha(data)})
        assert done.status_code == 200, done.text
    return sending
