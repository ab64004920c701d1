"""Signing in through one's organisation: one issuer, one question, one answer, in one browser; whatever else comes is refused."""

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from exsweep.errors import UsageError
from exsweep.fleet import audit
from exsweep.model import Level
from exsweep.web import accounts, api_keys, joining, oidc, outside
from exsweep.web.application import application
from exsweep.web.joining import Join
from exsweep.web.oidc_settings import Mapped, Provider, provider
from exsweep.web.service import Service
from tests.fleet.build import assessed
from tests.web.conftest import HOST, keep, settings
from tests.web.provider import Issuer, issuing
from tests.web.test_accounts import COOKIE, Clock, joined, token_of

ORIGIN = f"https://{HOST}"
BACK = "/sign-in/organisation/back"
RIGHTS = (
    Mapped(value="exsweep-school", role="owner", tenant="school"),
    Mapped(value="exsweep-clinic", role="helper", tenant="clinic"),
    Mapped(value="cert", role="coordinator"),
    Mapped(value="admins", role="operator"),
)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as made:
        yield made


@pytest.fixture
def clock(issuer: Issuer) -> Clock:
    made = Clock()
    issuer.now = int(made.now)
    return made


@pytest.fixture
def service(tmp_path: Path, clock: Clock, issuer: Issuer) -> Service:
    how = Provider(
        issuer=issuer.address,
        client_id=issuer.client,
        secret=issuer.secret,
        rights=RIGHTS,
        title="Example CERT",
    )
    return Service(settings(tmp_path, accounts=True, secure=True, origin=ORIGIN, oidc=how), clock=clock)


@pytest.fixture
def browser(service: Service) -> Iterator[TestClient]:
    with TestClient(application(service), base_url=ORIGIN, raise_server_exceptions=False) as made:
        yield made


def go(browser: TestClient, next_: str = "/cases") -> str:
    """Press the button: the address at the issuer."""
    answer = browser.get("/sign-in/organisation", params={"next": next_}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(browser: TestClient, query: dict[str, str]) -> Any:
    return browser.get(BACK, params=query, follow_redirects=False)


def sign_in(browser: TestClient, issuer: Issuer, subject: str = "u-1", **claims: Any) -> Any:
    return come_back(browser, issuer.consent(go(browser), subject, **claims))


def refused(service: Service, browser: TestClient, answer: Any, why: str) -> None:
    """Nobody is signed in; the page gives nothing away, the audit log says why."""
    assert answer.status_code == 401 and "Begin again" in answer.text, answer.text
    assert COOKIE not in answer.cookies
    assert browser.get("/api/v1/account").status_code == 401
    last = audit.entries(service.fleet().database, 1)[0]
    assert last.what == "sign-in failed" and why in last.detail, last.detail
    assert not why or why not in answer.text
    assert accounts.people(service.fleet()) == ()


def test_a_person_signs_in_with_the_rights_of_his_groups(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    keep(service, assessed(Level.BROKEN_INTO, name="a.example.org"), tenant="school")
    keep(service, assessed(Level.BROKEN_INTO, name="b.example.org"), tenant="other")
    assert "Sign in with Example CERT" in browser.get("/sign-in").text
    answer = sign_in(browser, issuer, name="Ana", groups=["staff", "exsweep-school"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(f"{COOKIE}="))
    assert "secure" in cookie.lower() and "httponly" in cookie.lower() and "samesite=lax" in cookie.lower()
    seen = browser.get("/api/v1/account").json()
    assert (seen["name"], [(each["role"], each["tenant"]) for each in seen["roles"]]) == (
        "Ana",
        [("owner", "school")],
    )
    listed = browser.get("/api/v1/cases").text
    assert "a.example.org" in listed and "b.example.org" not in listed


def test_rights_are_those_of_the_last_sign_in(browser: TestClient, service: Service, issuer: Issuer) -> None:
    sign_in(browser, issuer, name="Ana", groups=["exsweep-school", "cert"])
    sign_in(browser, issuer, name="Ana B.", groups=["exsweep-clinic"])
    (one,) = accounts.people(service.fleet())
    assert (one.name, [(each.role, each.tenant) for each in one.roles]) == ("Ana B.", [("helper", "clinic")])


def test_who_is_in_no_group_has_no_account(browser: TestClient, service: Service, issuer: Issuer) -> None:
    for claims in (
        {},
        {"groups": []},
        {"groups": ["staff"]},
        {"groups": 7},
        {"groups": {"cert": True}},
        {"groups": ["Cert", " cert"]},
    ):
        answer = sign_in(browser, issuer, name="Bo", **claims)
        assert answer.status_code == 403 and "no right here" in answer.text, claims
    assert accounts.people(service.fleet()) == ()


def test_a_claim_may_be_one_text(browser: TestClient, service: Service, issuer: Issuer) -> None:
    assert sign_in(browser, issuer, groups="cert").status_code == 303


def test_a_name_is_no_credential(browser: TestClient, service: Service, issuer: Issuer) -> None:
    joined(service, "Op", ("operator", None))
    sign_in(browser, issuer, "u-9", name="Op", email="op@example.org", groups=["exsweep-school"])
    mine, his = accounts.people(service.fleet())
    assert (mine.name, [each.role for each in mine.roles]) == ("Op", ["operator"])
    assert his.name != "Op" and [each.role for each in his.roles] == ["owner"]
    sign_in(browser, issuer, "u-10", name="Op", groups=["exsweep-school"])
    assert len({each.name for each in accounts.people(service.fleet())}) == 3


def test_a_name_full_of_markup_and_line_ends_is_text(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    sign_in(browser, issuer, name="<script>x\r\nEvil\x00", groups=["admins"])
    page = browser.get("/people").text
    assert "<script>x" not in page and "&lt;script&gt;x" in page
    assert all("\n" not in each.object for each in audit.entries(service.fleet().database, 5))


def test_a_closed_account_stays_closed(browser: TestClient, service: Service, issuer: Issuer) -> None:
    joined(service, "Op", ("operator", None))
    sign_in(browser, issuer, name="Ana", groups=["cert"])
    user = next(each.user for each in accounts.people(service.fleet()) if each.name == "Ana")
    accounts.close(service.fleet(), user, now=service.now())
    answer = sign_in(browser, issuer, name="Ana", groups=["cert"])
    assert answer.status_code == 403
    assert browser.get("/api/v1/account").status_code == 401


def test_an_account_of_the_organisation_gets_no_password_here(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    sign_in(browser, issuer, name="Ana", groups=["admins"])
    (one,) = accounts.people(service.fleet())
    page = browser.get("/people").text
    assert "signs in through the organisation" in page and "New link" not in page
    assert "Your organisation signs you in." in browser.get("/account").text
    with pytest.raises(UsageError, match="organisation"):
        joining.invite(service.fleet(), Join(user=one.user, name="Ana"), now=service.now())
    headers = {"x-csrf-token": token_of(browser, service), "accept": "application/json"}
    assert browser.post("/account/passkeys/begin", json={}, headers=headers).status_code in (403, 404, 422)


def test_a_key_ends_when_its_maker_was_not_seen_for_long(
    browser: TestClient, service: Service, issuer: Issuer, clock: Clock
) -> None:
    sign_in(browser, issuer, name="Ana", groups=["exsweep-school"])
    headers = {"x-csrf-token": token_of(browser, service), "accept": "application/json"}
    new = {"name": "script", "role": "owner", "tenant": "school", "days": 300}
    key = browser.post("/keys", json=new, headers=headers).json()["made"]
    browser.cookies.clear()
    bearer = {"authorization": f"Bearer {key}"}
    assert browser.get("/api/v1/cases", headers=bearer).status_code == 200
    clock.now += api_keys.TRUST_S + 1
    assert browser.get("/api/v1/cases", headers=bearer).status_code == 401
    issuer.now = int(clock.now)
    sign_in(browser, issuer, name="Ana", groups=["exsweep-school"])
    browser.cookies.clear()
    assert browser.get("/api/v1/cases", headers=bearer).status_code == 200


# --- what hostile visitors bring --------------------------------------------------------------------------------------


def test_h71_an_answer_is_good_once(browser: TestClient, service: Service, issuer: Issuer) -> None:
    query = issuer.consent(go(browser), groups=[])
    assert come_back(browser, query).status_code == 403
    refused(service, browser, come_back(browser, query), "answered already")


def test_h71_an_answer_is_good_in_the_browser_that_asked(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    """Else somebody could have a victim work in an account that is not his."""
    query = issuer.consent(go(browser), groups=["cert"])
    browser.cookies.clear()
    refused(service, browser, come_back(browser, query), "another browser asked")


def test_h71_a_state_that_nobody_was_given_is_none(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    go(browser)
    for state in ("", "x" * 43, "'; DROP TABLE pending; --"):
        refused(service, browser, come_back(browser, {"code": "c", "state": state}), "nobody asked")


def test_an_answer_that_comes_late_is_refused(
    browser: TestClient, service: Service, issuer: Issuer, clock: Clock
) -> None:
    query = issuer.consent(go(browser), groups=["cert"])
    clock.now += oidc.ASKED_S + 1
    refused(service, browser, come_back(browser, query), "nobody asked")


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "/nowhere"],
)
def test_h71_after_signing_in_one_goes_nowhere_else(browser: TestClient, issuer: Issuer, wanted: str) -> None:
    answer = come_back(browser, issuer.consent(go(browser, wanted), groups=["cert"]))
    assert answer.headers["location"] == "/"


def test_the_issuer_that_says_no_is_not_quoted(browser: TestClient, service: Service, issuer: Issuer) -> None:
    state = parse_qs(urlsplit(go(browser)).query)["state"][0]
    query = {
        "state": state,
        "error": "access_denied",
        "error_description": "<script>call 555",
        "error_uri": "https://evil.example",
    }
    answer = come_back(browser, query)
    refused(service, browser, answer, "access_denied")
    assert "555" not in answer.text and "evil" not in answer.text


def test_an_answer_of_another_issuer_is_refused(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    query = issuer.consent(go(browser), groups=["cert"]) | {"iss": "https://evil.example"}
    refused(service, browser, come_back(browser, query), "names another issuer")


def test_an_issuer_that_always_names_itself_is_held_to_it(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    issuer.document = {"authorization_response_iss_parameter_supported": True}
    query = issuer.consent(go(browser), groups=["cert"])
    refused(
        service,
        browser,
        come_back(browser, {k: v for k, v in query.items() if k != "iss"}),
        "names another issuer",
    )


def test_the_code_is_useless_to_whoever_did_not_ask(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    """PKCE: somebody else's code put into one's own answer."""
    stolen = issuer.consent(go(browser), "victim", groups=["cert"])
    mine = issuer.consent(go(browser), "me", groups=["cert"])
    refused(service, browser, come_back(browser, mine | {"code": stolen["code"]}), "did not take the code")


# --- what a hostile or broken issuer says -----------------------------------------------------------------------------


def _b64(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_b64({'alg': 'none', 'kid': header['kid']})}.{_b64(claims)}."


def _without_signature(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_b64(header)}.{_b64(claims)}."


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"aud": "other"}, "another service"),
        ({"aud": None}, "another service"),
        ({"aud": ["other", "exsweep"]}, "several services"),
        ({"aud": ["exsweep"], "azp": "other"}, "another service"),
        ({"nonce": "x"}, "another question"),
        ({"nonce": None}, "another question"),
        ({"nonce": ["x"]}, "another question"),
        ({"exp": 1}, "is over"),
        ({"exp": None}, "is over"),
        ({"exp": "soon"}, "is over"),
        ({"exp": True}, "is over"),
        ({"exp": float("nan")}, "is over"),
        ({"exp": float("inf")}, "is over"),
        ({"iat": 1}, "not made just now"),
        ({"iat": 99_999_999_999}, "not made just now"),
        ({"iat": None}, "not made just now"),
        ({"nbf": 99_999_999_999}, "does not hold yet"),
        ({"sub": None}, "names nobody"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 7}, "names nobody"),
        ({"sub": "x" * 256}, "names nobody"),
    ],
)
def test_a_token_that_does_not_fit_is_refused(
    browser: TestClient, service: Service, issuer: Issuer, claims: dict[str, Any], why: str
) -> None:
    issuer.claims = claims
    refused(service, browser, sign_in(browser, issuer, groups=["cert"]), why)


@pytest.mark.parametrize(
    "sign",
    [_unsigned, _without_signature, lambda *_: "", lambda *_: "a.b.c", lambda *_: "ä", lambda *_: ".."],
)
def test_a_token_without_a_signature_is_refused(
    browser: TestClient, service: Service, issuer: Issuer, sign: Any
) -> None:
    issuer.sign = sign
    refused(service, browser, sign_in(browser, issuer, groups=["cert"]), "not signed as it should be")


def test_a_token_that_the_public_key_signed_as_a_secret_is_refused(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    public = issuer.key.as_pem(private=False)

    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = f"{_b64(header | {'alg': 'HS256'})}.{_b64(claims)}"
        mark = hmac.new(public, text.encode(), "sha256").digest()
        return f"{text}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"

    issuer.sign = sign
    refused(service, browser, sign_in(browser, issuer, groups=["cert"]), "not signed as it should be")


def test_a_shared_secret_among_the_keys_is_no_key(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    shared = OctKey.generate_key(256, parameters={"kid": "one"})
    issuer.answers["/keys"] = (200, {}, json.dumps({"keys": [shared.as_dict(private=True)]}).encode())
    issuer.sign = lambda header, claims: jwt.encode(header | {"alg": "HS256"}, claims, shared)
    refused(service, browser, sign_in(browser, issuer, groups=["cert"]), "not signed as it should be")


def test_a_token_that_brings_its_own_key_is_refused(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    own = RSAKey.generate_key(2048, parameters={"kid": "own"})
    issuer.sign = lambda header, claims: jwt.encode(
        {"alg": "RS256", "jwk": own.as_dict(private=False), "jku": "https://evil.example/keys"}, claims, own
    )
    refused(service, browser, sign_in(browser, issuer, groups=["cert"]), "not signed as it should be")


def test_a_key_that_the_issuer_changed_is_fetched_anew_but_not_at_every_call(
    browser: TestClient, service: Service, issuer: Issuer, clock: Clock
) -> None:
    assert sign_in(browser, issuer, groups=["cert"]).status_code == 303
    issuer.key = RSAKey.generate_key(2048, parameters={"kid": "two"})
    browser.cookies.clear()
    for _ in range(3):
        assert sign_in(browser, issuer, groups=["cert"]).status_code == 401, "fetched a moment ago"
    assert issuer.asked.count("GET /keys") == 1
    clock.now += 61
    issuer.now = int(clock.now)
    assert sign_in(browser, issuer, groups=["cert"]).status_code == 303
    assert issuer.asked.count("GET /keys") == 2


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"Location": "http://127.0.0.1:1/evil"}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"{}"),
        (200, {}, b"[]"),
        (200, {}, b"\xff"),
        (200, {}, b'{"id_token": 7}'),
        (200, {}, b" " * (outside.LONGEST + 1)),
        (500, {}, b"{}"),
    ],
    ids=["redirect", "html", "empty", "list", "binary", "number", "endless", "error"],
)
@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_what_is_no_answer_signs_nobody_in(
    browser: TestClient,
    service: Service,
    issuer: Issuer,
    path: str,
    answer: tuple[int, dict[str, str], bytes],
) -> None:
    issuer.answers[path] = answer
    refused(service, browser, sign_in(browser, issuer, groups=["cert"]), "")
    assert not any("evil" in each for each in issuer.asked), "no redirect is followed"


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"issuer": "http://127.0.0.1"},
        {"token_endpoint": "https://evil.example/token"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": "http://127.0.0.1@evil.example/"},
        {"jwks_uri": 7},
    ],
)
def test_an_issuer_that_points_elsewhere_is_not_followed(
    browser: TestClient, service: Service, issuer: Issuer, document: dict[str, Any]
) -> None:
    issuer.document = document
    answer = browser.get("/sign-in/organisation", follow_redirects=False)
    assert answer.status_code == 503 and "location" not in answer.headers
    assert issuer.asked == ["GET /.well-known/openid-configuration"], "and nobody else was asked"


def test_an_issuer_that_is_away_is_said_so_and_the_other_ways_stay(
    browser: TestClient, service: Service, issuer: Issuer
) -> None:
    issuer.answers["/.well-known/openid-configuration"] = (500, {}, b"")
    assert browser.get("/sign-in/organisation", follow_redirects=False).status_code == 503
    assert 'name="password"' in browser.get("/sign-in").text
    del issuer.answers["/.well-known/openid-configuration"]
    assert sign_in(browser, issuer, groups=["cert"]).status_code == 303


# --- settings ---------------------------------------------------------------------------------------------------------

GOOD = """
issuer: https://login.example.org/realms/team
client_id: exsweep
client_secret_file: secret
title: Example CERT
claim: groups
rights:
  - {value: cert, role: coordinator}
  - {value: school-a, role: owner, tenant: school-a}
"""


def test_the_settings_are_a_file_and_the_secret_another(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    (tmp_path / "oidc.yml").write_text(GOOD, encoding="utf-8")
    found = provider(tmp_path / "oidc.yml")
    assert (found.secret, found.rights[1].tenant) == ("s3cret", "school-a")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("https://login", "http://login", "no https address"),
        ("https://login.example.org", "https://a:b@login.example.org", "no https address"),
        ("role: coordinator", "role: king", "no role 'king'"),
        ("role: coordinator", "role: coordinator, tenant: x", "has no tenant"),
        (", tenant: school-a", "", "needs a tenant"),
        ("title:", "titel:", "titel"),
        ("client_secret_file: secret", "client_secret_file: nowhere", "cannot be read"),
        ("client_secret_file: secret", "client_secret_file: 5", "5 is no path"),
        ("client_secret_file: secret", "secret: x", "does not belong here"),
        ("client_id: exsweep", "client_id: [", "oidc.yml"),
        ("realms/team", "realms/team?x=1", "no `?`"),
        ("title: Example CERT", "scopes: [profile]", "openid"),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "secret").write_text("s3cret\n", encoding="utf-8")
    assert old in GOOD
    (tmp_path / "oidc.yml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as stopped:
        provider(tmp_path / "oidc.yml")
    assert words in stopped.value.message


def test_without_settings_there_is_no_such_way(tmp_path: Path, clock: Clock) -> None:
    service = Service(settings(tmp_path, accounts=True, origin=ORIGIN), clock=clock)
    with TestClient(application(service), base_url=ORIGIN) as browser:
        assert "/sign-in/organisation" not in browser.get("/sign-in").text
        assert browser.get("/sign-in/organisation").status_code == 404
        assert browser.get(BACK, params={"state": "x"}).status_code == 404
