"""The screen of the hunt: dry run, run, what was not checked, keeping, taking along."""

import re
import time

import pytest
from starlette.testclient import TestClient

from exsweep.web.service import Service
from tests.export.samples import SAMPLES
from tests.web.conftest import keep


@pytest.fixture
def csrf(service: Service, client: TestClient) -> str:
    keep(service, *(sample() for sample in SAMPLES.values()))
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/hunt").text)
    assert found
    return found[1]


def test_a_dry_run_says_the_cost_and_who_cannot_be_checked(client: TestClient, csrf: str) -> None:
    text = client.post("/hunt/plan", data={"csrf": csrf, "query": "203.0.113.9"}).text
    assert "Could not be checked" in text
    assert 'value="203.0.113.9"' in text, "the question stays in the form"


def test_a_run_ends_and_never_calls_servers_without_events_free_of_hits(
    client: TestClient, csrf: str
) -> None:
    page = client.post("/hunt", data={"csrf": csrf, "lines": "203.0.113.9\nevil.example\n"})
    address = page.url.path
    for _ in range(100):
        told = client.get(f"/api/v1{address}").json()
        if not told["working"]:
            break
        time.sleep(0.05)
    assert told["report"]["state"] == "done"
    assert told["hits"] == 0
    assert sum(number for _, number in told["why_not"]) == len(SAMPLES)
    assert "Could not be checked" in client.get(address).text
    kept = client.post(f"{address}/save", data={"csrf": csrf, "name": "<b>mine</b>", "watch": "true"}).text
    assert "&lt;b&gt;mine" in kept and "watching" in kept
    for form in ("csv", "json", "stix"):
        assert client.get(f"{address}/export", params={"format": form}).status_code == 200
    assert client.get(f"{address}/export", params={"format": "exe"}).status_code == 422


def test_nothing_asked_is_told_and_not_run(client: TestClient, csrf: str) -> None:
    answer = client.post("/hunt", data={"csrf": csrf})
    assert answer.status_code == 422
    assert "Nothing is looked for." in answer.text


def test_a_run_that_is_not_there_is_told(client: TestClient, csrf: str) -> None:
    assert client.get("/hunt/run_000000000000").status_code == 404
