"""Passkeys: a device that opens one account, at one address, and answers each question once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from exsweep.fleet import audit
from exsweep.web import accounts, joining, passkeys, proofs, sessions
from exsweep.web.application import application
from exsweep.web.joining import Join
from exsweep.web.service import Service
from tests.fleet.build import NOW
from tests.web.authenticator import PRESENT, Authenticator
from tests.web.conftest import HOST, settings
from tests.web.test_accounts import COOKIE, Clock, joined, signing_in, token_of

ORIGIN = f"https://{HOST}.example"
JSON = {"accept": "application/json"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> Service:
    made = settings(tmp_path, accounts=True, secure=True, origin=ORIGIN, hosts=frozenset({f"{HOST}.example"}))
    return Service(made, clock=clock)


@pytest.fixture
def browser(service: Service) -> Iterator[TestClient]:
    with TestClient(application(service), base_url=ORIGIN, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(ORIGIN)


def post(browser: TestClient, service: Service, path: str, body: dict[str, Any]) -> Any:
    return browser.post(path, json=body, headers=JSON | {"x-csrf-token": token_of(browser, service)})


def begin(browser: TestClient, service: Service, path: str, **body: str) -> dict[str, Any]:
    answer = post(browser, service, f"{path}/begin", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def join_with(browser: TestClient, service: Service, device: Authenticator, name: str = "Ana") -> None:
    token = joining.invite(service.fleet(), Join(rights=(("owner", "school"),)), now=service.now())
    begun = begin(browser, service, "/join/passkey", token=token, name=name)
    body = {"ceremony": begun["ceremony"], "credential": device.create(begun["options"])}
    answer = post(browser, service, "/join/passkey", body)
    assert answer.status_code == 200 and answer.json() == {"next": "/sign-in"}, answer.text


def sign_in_with(browser: TestClient, service: Service, device: Authenticator, **more: str) -> Any:
    begun = begin(browser, service, "/sign-in/passkey")
    body = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])} | more
    return post(browser, service, "/sign-in/passkey", body)


def test_somebody_joins_and_signs_in_with_a_device_alone(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    answer = sign_in_with(browser, service, device, next="/cases?tier=1")
    assert answer.json() == {"next": "/cases?tier=1"}
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-exsweep=") and "secure" in cookie and "httponly" in cookie
    assert browser.get("/api/v1/account").json()["name"] == "Ana"
    said = [each.detail for each in audit.entries(service.fleet().database, 3)]
    assert any("with a passkey" in each for each in said)
    assert signing_in(browser, service, "Ana", proofs.new_secret(), password="").status_code in (401, 422)


def test_h71_after_signing_in_with_a_device_one_goes_nowhere_else(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    for wanted in ("//evil.example", "javascript:alert(1)", "https://evil.example/"):
        assert sign_in_with(browser, service, device, next=wanted).json() == {"next": "/"}


def test_the_question_asks_for_no_name_and_tells_none(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    begun = begin(browser, service, "/sign-in/passkey")
    assert "allowCredentials" not in begun["options"]
    assert (begun["options"]["rpId"], begun["options"]["userVerification"]) == (f"{HOST}.example", "required")


def test_an_answer_opens_once(browser: TestClient, service: Service, device: Authenticator) -> None:
    join_with(browser, service, device)
    begun = begin(browser, service, "/sign-in/passkey")
    body = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])}
    assert post(browser, service, "/sign-in/passkey", body).status_code == 200
    browser.cookies.clear()
    assert post(browser, service, "/sign-in/passkey", body).status_code == 401, "again"


def test_an_answer_comes_within_five_minutes(
    browser: TestClient, service: Service, device: Authenticator, clock: Clock
) -> None:
    join_with(browser, service, device)
    begun = begin(browser, service, "/sign-in/passkey")
    clock.now += passkeys.CEREMONY_S + 1
    body = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])}
    assert post(browser, service, "/sign-in/passkey", body).status_code == 401


def _lie(device: Authenticator, how: str) -> None:
    if how == "a page that imitates ours":
        device.origin = f"https://{HOST}.example.evil.example"
    elif how == "a page beside ours":
        device.origin = f"https://other.{HOST}.example"
    elif how == "without TLS":
        device.origin = f"http://{HOST}.example"
    elif how == "another port":
        device.origin = f"{ORIGIN}:8443"
    elif how == "for another service":
        device.rp = "evil.example"
    elif how == "nobody unlocked it":
        device.flags = PRESENT
    elif how == "nobody was there":
        device.flags = 0
    elif how == "another key":
        device.key = Authenticator(ORIGIN).key
    elif how == "an unknown device":
        device.credential = b"x" * 32
    elif how == "another account's":
        device.user = b"usr_000000000000"
    else:
        raise AssertionError(how)


LIES = [
    "a page that imitates ours", "a page beside ours", "without TLS", "another port", "for another service", "nobody unlocked it",
    "nobody was there", "another key", "an unknown device", "another account's",
]  # fmt: skip


@pytest.mark.parametrize("how", LIES)
def test_a_device_that_does_not_fit_opens_nothing(
    browser: TestClient, service: Service, device: Authenticator, how: str
) -> None:
    join_with(browser, service, device)
    _lie(device, how)
    answer = sign_in_with(browser, service, device)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    assert answer.json()["title"] == "This passkey does not fit.", "the same words whatever was wrong"
    assert audit.entries(service.fleet().database, 1)[0].what == "sign-in failed"


@pytest.mark.parametrize(
    "how", [each for each in LIES if each not in ("another key", "an unknown device", "another account's")]
)
def test_a_device_that_does_not_fit_joins_nothing(
    browser: TestClient, service: Service, device: Authenticator, how: str
) -> None:
    token = joining.invite(service.fleet(), Join(rights=(("owner", "school"),)), now=service.now())
    begun = begin(browser, service, "/join/passkey", token=token, name="Ana")
    _lie(device, how)
    body = {"ceremony": begun["ceremony"], "credential": device.create(begun["options"])}
    assert post(browser, service, "/join/passkey", body).status_code == 422
    assert accounts.people(service.fleet()) == (), "nothing is half made"
    assert joining.invitation(service.fleet(), token, now=service.now()), "and the link is still good"


@pytest.mark.parametrize(
    "credential",
    [
        {}, {"id": "x"}, {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "!!", "attestationObject": "oA"}},
        {"id": 7, "rawId": [], "type": None, "response": "x"},
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_words(
    browser: TestClient, service: Service, credential: dict[str, Any]
) -> None:
    begun = begin(browser, service, "/sign-in/passkey")
    body = {"ceremony": begun["ceremony"], "credential": credential}
    assert post(browser, service, "/sign-in/passkey", body).status_code == 401
    token = joining.invite(service.fleet(), Join(rights=(("owner", "school"),)), now=service.now())
    begun = begin(browser, service, "/join/passkey", token=token, name="Ana")
    body = {"ceremony": begun["ceremony"], "credential": credential}
    assert post(browser, service, "/join/passkey", body).status_code == 422


def test_an_answer_for_joining_does_not_sign_in_and_the_other_way_round(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    begun = begin(browser, service, "/sign-in/passkey")
    body = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])}
    assert post(browser, service, "/join/passkey", body).status_code == 422
    token = joining.invite(service.fleet(), Join(rights=(("operator", None),)), now=service.now())
    begun = begin(browser, service, "/join/passkey", token=token, name="Op")
    body = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])}
    assert post(browser, service, "/sign-in/passkey", body).status_code == 401


def test_a_device_whose_counter_falls_back_may_have_been_copied(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    device.counter = 7
    join_with(browser, service, device)
    device.counter = 8
    assert sign_in_with(browser, service, device).status_code == 200
    for counter in (8, 3, 0):
        device.counter = counter
        assert sign_in_with(browser, service, device).status_code == 401, counter
    device.counter = 9
    assert sign_in_with(browser, service, device).status_code == 200


def test_a_device_is_added_only_a_short_while_after_signing_in_and_taken_away_again(
    browser: TestClient, service: Service, device: Authenticator, clock: Clock
) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    begun = begin(browser, service, "/account/passkeys")
    body = {"ceremony": begun["ceremony"], "credential": device.create(begun["options"]), "name": "<b>phone"}
    assert post(browser, service, "/account/passkeys", body).json() == {"next": "/account"}
    assert "&lt;b&gt;phone" in browser.get("/account").text
    (kept,) = passkeys.passkeys(service.fleet(), accounts.people(service.fleet())[0].user)
    clock.now += sessions.FRESH_S + 60
    late = post(browser, service, "/account/passkeys/begin", {})
    assert late.status_code == 403 and "too long ago" in late.json()["title"]
    browser.cookies.clear()
    assert sign_in_with(browser, service, device).status_code == 200
    assert post(browser, service, f"/account/passkeys/{kept.passkey}/remove", {}).status_code == 200
    browser.cookies.clear()
    assert sign_in_with(browser, service, device).status_code == 401


def test_the_only_way_in_is_not_taken_away_and_anothers_is_not_there(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    other = Authenticator(ORIGIN)
    join_with(browser, service, other, "Bo")
    sign_in_with(browser, service, device)
    users = {each.name: each.user for each in accounts.people(service.fleet())}
    (mine,), (his,) = (passkeys.passkeys(service.fleet(), users[name]) for name in ("Ana", "Bo"))
    assert post(browser, service, f"/account/passkeys/{mine.passkey}/remove", {}).status_code == 422
    assert post(browser, service, f"/account/passkeys/{his.passkey}/remove", {}).status_code == 404
    browser.cookies.clear()
    assert sign_in_with(browser, service, other).status_code == 200


def test_a_link_for_somebody_who_lost_his_device_ends_the_lost_one(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    sign_in_with(browser, service, device)
    user = accounts.people(service.fleet())[0].user
    token = joining.invite(service.fleet(), Join(user=user, name="Ana"), now=service.now())
    fresh = Authenticator(ORIGIN)
    begun = begin(browser, service, "/join/passkey", token=token)
    body = {"ceremony": begun["ceremony"], "credential": fresh.create(begun["options"])}
    assert post(browser, service, "/join/passkey", body).status_code == 200
    assert browser.get("/api/v1/account").status_code == 401, "the lost device's session"
    browser.cookies.clear()
    assert sign_in_with(browser, service, device).status_code == 401
    assert sign_in_with(browser, service, fresh).status_code == 200


def test_a_closed_account_is_opened_by_no_device(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    joined(service, "Op", ("operator", None))
    join_with(browser, service, device)
    user = next(each.user for each in accounts.people(service.fleet()) if each.name == "Ana")
    accounts.close(service.fleet(), user, now=service.now())
    assert sign_in_with(browser, service, device).status_code == 401


def test_a_key_of_a_program_adds_no_device(browser: TestClient, service: Service) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    key = post(browser, service, "/keys", {"name": "script", "role": "owner", "tenant": "school"}).json()[
        "made"
    ]
    browser.cookies.clear()
    bearer = JSON | {"authorization": f"Bearer {key}"}
    assert browser.post("/account/passkeys/begin", json={}, headers=bearer).status_code == 403


def test_a_form_from_elsewhere_signs_nobody_in(
    browser: TestClient, service: Service, device: Authenticator
) -> None:
    join_with(browser, service, device)
    begun = begin(browser, service, "/sign-in/passkey")
    body = {"ceremony": begun["ceremony"], "credential": device.get(begun["options"])}
    foreign = JSON | {"origin": "https://evil.example"}
    assert browser.post("/sign-in/passkey", json=body, headers=foreign).status_code == 403
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    ("origin", "offered"),
    [
        ("https://exsweep.example.org", True),
        ("http://localhost:8420", True),
        ("http://127.0.0.1:8420", False),
        ("https://192.0.2.1", False),
        ("http://exsweep.example.org", False),
        ("", False),
    ],
)
def test_passkeys_are_offered_where_browsers_can_have_them(
    tmp_path: Path, origin: str, offered: bool
) -> None:
    assert (passkeys.missing(origin) is None) is offered
    service = Service(settings(tmp_path, accounts=True, origin=origin), clock=lambda: NOW)
    with TestClient(application(service), base_url=f"https://{HOST}") as browser:
        assert ("passkey" in browser.get("/sign-in").text) is offered
        if not offered:
            assert browser.post("/sign-in/passkey/begin", json={}, headers=JSON).status_code == 404
