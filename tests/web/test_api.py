"""The API: it describes itself, does nothing twice, and says how often one may ask."""

from openapi_spec_validator import validate
from starlette.testclient import TestClient

from exsweep.model import Level
from exsweep.web.limits import RATES, Limiter
from exsweep.web.problem import Problem
from exsweep.web.routes import routes
from exsweep.web.service import Service
from tests.fleet.build import assessed
from tests.web.conftest import keep

import pytest  # isort: skip


def test_the_api_describes_every_route_in_valid_openapi(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    expected = {(("/api/v1" + each.path.rstrip("/")), each.method.lower()) for each in routes() if each.api}
    assert described == expected


def test_the_same_key_gives_the_same_answer_and_does_it_once(client: TestClient) -> None:
    headers = {"idempotency-key": "k1"}
    first = client.post("/api/v1/sendings", json={"name": "MAIL01"}, headers=headers)
    again = client.post("/api/v1/sendings", json={"name": "MAIL01"}, headers=headers)
    assert again.json() == first.json() and again.headers["idempotent-replayed"] == "true"
    other = client.post("/api/v1/sendings", json={"name": "MAIL02"}, headers=headers)
    assert other.status_code == 422


def test_what_failed_may_be_tried_again_with_the_same_key(client: TestClient) -> None:
    sending = client.post("/api/v1/sendings", json={}).json()["sending"]
    headers = {"idempotency-key": "k2"}
    path = f"/api/v1/sendings/{sending}/read"
    assert client.post(path, json={}, headers=headers).status_code == 409
    upload = client.post(f"/api/v1/sendings/{sending}/files", json={"name": "a", "size": 0}).json()["upload"]
    client.post(
        f"/api/v1/uploads/{upload}/finish",
        json={"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    )
    assert client.post(path, json={}, headers=headers).status_code == 200


def test_what_did_not_change_is_not_sent_again(client: TestClient, service: Service) -> None:
    keep(service, assessed(Level.BROKEN_INTO))
    first = client.get("/api/v1/cases")
    again = client.get("/api/v1/cases", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_answers_say_how_often_one_may_still_ask(client: TestClient) -> None:
    answer = client.get("/api/v1/alive")
    assert answer.headers["ratelimit"].startswith('"normal";r=')


def test_whoever_asks_too_often_is_told_when_to_come_back() -> None:
    limiter, now = Limiter(), 1_000.0
    for _ in range(int(RATES["heavy"].burst)):
        limiter.take("somebody", "heavy", now)
    with pytest.raises(Problem) as stopped:
        limiter.take("somebody", "heavy", now)
    assert (stopped.value.status, stopped.value.headers["Retry-After"]) == (429, "2")
    limiter.take("somebody else", "heavy", now)
    limiter.take("somebody", "heavy", now + 2)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"name": {"a": 1}}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused_in_words(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/v1/sendings", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422) and answer.headers["content-type"] == "application/problem+json"


def test_more_than_a_body_may_hold_is_refused(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/sendings", content=b" " * (2 << 20), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
