"""What every answer of the service has, and who is turned away before anything is looked at."""

import pytest
from starlette.testclient import TestClient

from exsweep.web.headers import ALWAYS, CSP
from exsweep.web.service import Service


@pytest.mark.parametrize(
    "path", ["/", "/nowhere", "/start?token=x", "/api/v1/alive", "/api/v1/nowhere", "/static/nowhere"]
)
def test_every_answer_has_the_headers_that_keep_a_browser_strict(visitor: TestClient, path: str) -> None:
    answer = visitor.get(path, follow_redirects=False)
    assert {name: answer.headers.get(name) for name in ALWAYS} == dict(ALWAYS)
    if not path.startswith("/static"):
        assert answer.headers["content-security-policy"] == CSP
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "", "127.0.0.1.evil.example:8420"]
)
def test_a_name_that_was_pointed_at_us_is_turned_away(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/alive", headers={"host": host})
    assert answer.status_code == 421


def test_without_the_printed_address_nothing_is_shown(visitor: TestClient) -> None:
    assert visitor.get("/start", params={"token": "guess"}).status_code == 401


def test_errors_are_problems_for_programs_and_pages_for_people(client: TestClient) -> None:
    program = client.get("/api/v1/nowhere")
    assert program.headers["content-type"] == "application/problem+json"
    assert program.json()["status"] == 404
    person = client.get("/nowhere", headers={"accept": "text/html"})
    assert person.headers["content-type"].startswith("text/html") and "There is nothing here." in person.text


def test_a_fault_of_ours_shows_no_traceback(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("secret inner words")

    monkeypatch.setattr(service, "fleet", broken)
    answer = client.get("/api/v1/alive")
    assert answer.status_code == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
