"""Signing in: one link for the first, three things each time, and nothing that a stranger can plant or guess."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from starlette.testclient import TestClient

from exsweep.errors import UsageError
from exsweep.fleet import audit
from exsweep.fleet.store import Fleet
from exsweep.model import Level
from exsweep.web import accounts, jobs, joining, proofs
from exsweep.web.application import application
from exsweep.web.joining import Join
from exsweep.web.places import known_place
from exsweep.web.recognise import csrf_of
from exsweep.web.service import Service
from tests.fleet.build import NOW, assessed
from tests.web.conftest import HOST, keep, settings
from tests.web.test_languages import english_in

PASSWORD = "correct horse battery staple"
COOKIE = "__Host-exsweep"


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> Service:
    return Service(settings(tmp_path, accounts=True, secure=True), clock=clock)


@pytest.fixture
def browser(service: Service) -> Iterator[TestClient]:
    with TestClient(application(service), base_url=f"https://{HOST}", raise_server_exceptions=False) as made:
        yield made


def joined(service: Service, name: str, *rights: tuple[str, str | None]) -> str:
    """Somebody with an account; gives the secret of his app."""
    secret = proofs.new_secret()
    with Fleet.open(service.settings.store, who="tester") as fleet:
        token = joining.invite(fleet, Join(name=name, rights=rights), now=service.now())
        code = pyotp.TOTP(secret).at(service.now() - 60 * 60)
        joining.join(
            fleet, token, name=name, password=PASSWORD, secret=secret, code=code, now=service.now() - 60 * 60
        )
    return secret


def signing_in(browser: TestClient, service: Service, name: str, secret: str, **other: str):  # type: ignore[no-untyped-def]  # a response
    fields = {"name": name, "password": PASSWORD, "code": pyotp.TOTP(secret).at(service.now())} | other
    headers = {"x-csrf-token": token_of(browser, service)}
    return browser.post("/sign-in", data=fields, headers=headers, follow_redirects=False)


def token_of(browser: TestClient, service: Service) -> str:
    cookie = browser.cookies.get(COOKIE)
    with Fleet.open(service.settings.store, who="tester") as fleet:
        return csrf_of(service, cookie, fleet.secret) if cookie else ""


def test_the_first_start_makes_one_operator_by_one_link(browser: TestClient, service: Service) -> None:
    token = joining.first_token(service.fleet(), now=service.now())
    assert token
    form = browser.get("/join", params={"token": token}, headers={"accept": "application/json"}).json()
    code = pyotp.TOTP(form["secret"]).at(service.now())
    fields = {"token": token, "secret": form["secret"], "name": "Op", "password": PASSWORD, "code": code}
    assert browser.post("/join", data=fields | {"code": "000000"}, follow_redirects=False).status_code == 422
    assert (
        browser.post("/join", data=fields | {"password": "short"}, follow_redirects=False).status_code == 422
    )
    assert browser.post("/join", data=fields, follow_redirects=False).headers["location"] == "/sign-in"
    assert browser.post("/join", data=fields | {"name": "Op2"}, follow_redirects=False).status_code == 401, (
        "used up"
    )
    assert joining.first_token(service.fleet(), now=service.now()) is None
    assert [each.name for each in accounts.people(service.fleet())] == ["Op"]


def test_password_and_code_open_and_each_code_opens_once(
    browser: TestClient, service: Service, clock: Clock
) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    answer = signing_in(browser, service, "Ana", secret, next="/cases")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")
    cookie = answer.headers["set-cookie"].lower()
    assert (
        cookie.startswith("__host-exsweep=")
        and "secure" in cookie
        and "httponly" in cookie
        and "samesite=lax" in cookie
    )
    assert browser.get("/api/v1/account").json()["name"] == "Ana"
    browser.cookies.clear()
    assert signing_in(browser, service, "Ana", secret).status_code == 401, "the same code again"
    clock.now += 30
    assert signing_in(browser, service, "Ana", secret).status_code == 303


def test_a_session_that_was_planted_never_becomes_ones_own(
    browser: TestClient, service: Service, clock: Clock
) -> None:
    secret = joined(service, "Ana", ("owner", "school"))

    def sign_in_with(planted: str) -> str:
        fields = {"name": "Ana", "password": PASSWORD, "code": pyotp.TOTP(secret).at(service.now())}
        browser.cookies.clear()
        form = browser.get("/sign-in", headers={"cookie": f"{COOKIE}={planted}"}).text
        csrf = form.partition('name="csrf" content="')[2].partition('"')[0]
        headers = {"cookie": f"{COOKIE}={planted}", "x-csrf-token": csrf}
        answer = browser.post("/sign-in", data=fields, headers=headers, follow_redirects=False)
        return str(answer.headers["set-cookie"].partition("=")[2].partition(";")[0])

    first = sign_in_with("planted")
    assert first != "planted"
    clock.now += 30
    second = sign_in_with(first)
    browser.cookies.clear()
    assert second != first
    assert browser.get("/api/v1/account", headers={"cookie": f"{COOKIE}={first}"}).status_code == 401, (
        "ended by signing in"
    )
    assert browser.get("/api/v1/account", headers={"cookie": f"{COOKIE}={second}"}).status_code == 200


def test_guessing_is_slowed_down_for_the_name_and_the_address_together(
    browser: TestClient, service: Service, clock: Clock
) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    for _ in range(5):
        assert signing_in(browser, service, "Ana", secret, password="wrong horse battery").status_code == 401
    slowed = signing_in(browser, service, "Ana", secret)
    assert slowed.status_code == 429 and int(slowed.headers["retry-after"]) >= 1
    clock.now += 60
    assert signing_in(browser, service, "Ana", secret).status_code == 303


def test_h71_what_fails_says_the_same_whether_the_name_is_there_or_not(
    browser: TestClient, service: Service
) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    wrong = signing_in(browser, service, "Ana", secret, password="wrong horse battery")
    nobody = signing_in(browser, service, "No\r\nbody", secret)
    assert wrong.status_code == nobody.status_code == 401
    told = re.compile(r'<input name="name"[^>]*>')
    assert told.sub("", wrong.text) == told.sub("", nobody.text), "but for the name that was typed"
    names = [each.object for each in audit.entries(service.fleet().database, 5)]
    assert "'No\\r\\nbody'" in names, "line ends of a name are quoted in the log (H71)"


def test_whoever_reads_evidence_stands_in_the_audit_log_with_what_was_read(
    browser: TestClient, service: Service
) -> None:
    keep(service, assessed(Level.BROKEN_INTO), tenant="school")
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    (row,) = service.fleet().database.run("SELECT public_id FROM server")
    assert browser.get(f"/api/v1/cases/{row[0]}/timeline").status_code == 200
    assert browser.get(f"/api/v1/cases/{row[0]}/export?format=json").status_code == 200
    assert browser.get(f"/api/v1/cases/{row[0]}/findings/nothing").status_code == 404
    new = [
        one for one in audit.entries(service.fleet().database, 100) if one.what.startswith("read evidence")
    ]
    assert sorted((each.what, each.object, each.detail) for each in new) == [
        ("read evidence: case_export", row[0], "format json"),
        ("read evidence: timeline", row[0], ""),
    ]
    assert all("Ana" in each.who for each in new)


def test_a_form_from_elsewhere_changes_nothing(browser: TestClient, service: Service) -> None:
    keep(service, assessed(Level.BROKEN_INTO), tenant="school")
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    (row,) = service.fleet().database.run("SELECT public_id FROM server")
    path, body = f"/api/v1/cases/{row[0]}/steps", {"step": "isolate", "done": True}
    good = {"x-csrf-token": token_of(browser, service)}
    assert browser.post(path, json=body).status_code == 403, "no token"
    assert browser.post(path, json=body, headers={"x-csrf-token": "0" * 64}).status_code == 403
    for origin in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        assert browser.post(path, json=body, headers=good | origin).status_code == 403
    assert browser.post(path, json=body, headers=good | {"origin": f"https://{HOST}"}).status_code == 200


def test_h69_what_was_not_asked_for_is_refused(browser: TestClient, service: Service) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    headers = {"x-csrf-token": token_of(browser, service)}
    for extra in ({"tenant_id": 1}, {"is_admin": True}, {"file_path": "/etc/passwd"}, {"state": "received"}):
        answer = browser.post("/api/v1/sendings", json={"name": "x"} | extra, headers=headers)
        assert answer.status_code == 422, extra
    assert browser.post("/api/v1/sendings", json={"tenant": "other"}, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "/cases\r\nX: y",
        "\t//e",
        "/nowhere/at/all",
    ],
)
def test_h71_after_signing_in_one_goes_nowhere_else(wanted: str) -> None:
    assert known_place(wanted) == "/"


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_who_has_no_cases_begins_at_his_own_page(browser: TestClient, service: Service, role: str) -> None:
    secret = joined(service, "Op", (role, None))
    signing_in(browser, service, "Op", secret)
    answer = browser.get("/", headers={"accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


def test_people_who_did_not_sign_in_are_led_to_the_form(browser: TestClient) -> None:
    answer = browser.get("/cases?tier=1", headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert (where.path, parse_qs(where.query)["next"]) == ("/sign-in", ["/cases?tier=1"])
    assert browser.get("/api/v1/cases").status_code == 401


def test_h70_a_key_does_one_thing_for_one_tenant_and_ends_with_its_makers_right(
    browser: TestClient, service: Service, clock: Clock
) -> None:
    keep(service, assessed(Level.BROKEN_INTO, name="a.example.org"), tenant="school")
    keep(service, assessed(Level.BROKEN_INTO, name="b.example.org"), tenant="clinic")
    secret = joined(service, "Ana", ("helper", "school"), ("helper", "clinic"))
    joined(service, "Op", ("operator", None))
    signing_in(browser, service, "Ana", secret)
    headers = {"x-csrf-token": token_of(browser, service), "accept": "application/json"}
    new = {"name": "script", "role": "helper", "tenant": "school", "days": 1}
    too_much = browser.post("/keys", json=new | {"role": "coordinator", "tenant": None}, headers=headers)
    assert too_much.status_code == 422
    key = browser.post("/keys", json=new, headers=headers).json()["made"]
    fleet = service.fleet()
    assert not fleet.database.run("SELECT 1 FROM api_key WHERE hash = ?", (key,)), "only its hash is kept"
    browser.cookies.clear()
    bearer = {"authorization": f"Bearer {key}"}
    of = {name: public for public, name in fleet.database.run("SELECT public_id, name FROM server")}
    assert browser.get(f"/api/v1/cases/{of['a.example.org']}/desk", headers=bearer).status_code == 200
    assert browser.get(f"/api/v1/cases/{of['b.example.org']}/desk", headers=bearer).status_code == 404
    assert browser.post("/keys", json=new, headers=bearer).status_code in (401, 403), "a key makes no keys"
    user = next(each.user for each in accounts.people(fleet) if each.name == "Ana")
    accounts.give(fleet, user, "helper", "school", on=False, now=service.now())
    assert browser.get(f"/api/v1/cases/{of['a.example.org']}/desk", headers=bearer).status_code == 401
    accounts.give(fleet, user, "helper", "school", on=True, now=service.now())
    clock.now += 2 * 86_400
    assert browser.get(f"/api/v1/cases/{of['a.example.org']}/desk", headers=bearer).status_code == 401, (
        "too old"
    )


def test_someone_can_always_give_rights(service: Service) -> None:
    joined(service, "Op", ("operator", None))
    fleet = service.fleet()
    (op,) = accounts.people(fleet)
    with pytest.raises(UsageError, match="Nobody could give rights"):
        accounts.close(fleet, op.user, now=NOW)
    with pytest.raises(UsageError, match="Nobody could give rights"):
        accounts.give(fleet, op.user, "operator", None, on=False, now=NOW)
    assert not accounts.people(fleet)[0].closed


def test_a_closed_account_is_out_at_once(browser: TestClient, service: Service) -> None:
    joined(service, "Op", ("operator", None))
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    user = next(each.user for each in accounts.people(service.fleet()) if each.name == "Ana")
    accounts.close(service.fleet(), user, now=service.now())
    assert browser.get("/api/v1/account").status_code == 401
    browser.cookies.clear()
    assert signing_in(browser, service, "Ana", secret).status_code == 401


def test_a_coordinator_sees_the_verdict_and_no_evidence(browser: TestClient, service: Service) -> None:
    keep(service, assessed(Level.BROKEN_INTO), tenant="school")
    secret = joined(service, "Co", ("coordinator", None))
    signing_in(browser, service, "Co", secret)
    (row,) = service.fleet().database.run("SELECT public_id FROM server")
    assert browser.get(f"/cases/{row[0]}/report").status_code == 403
    assert browser.get(f"/api/v1/cases/{row[0]}/export").status_code == 403
    assert browser.get(f"/api/v1/cases/{row[0]}").status_code == 200


def test_the_forms_are_pages_that_work_without_script(browser: TestClient, service: Service) -> None:
    token = joining.first_token(service.fleet(), now=service.now())
    form = browser.get("/join", params={"token": token or ""}).text
    fields = dict(re.findall(r'name="(token|secret)" value="([^"]+)"', form))
    code = pyotp.TOTP(fields["secret"]).at(service.now() - 30)
    browser.post("/join", data=fields | {"name": "Op", "password": PASSWORD, "code": code})
    assert 'action="/sign-in"' in browser.get("/sign-in").text
    signing_in(browser, service, "Op", fields["secret"])
    assert "Operator" in browser.get("/account").text
    headers = {"x-csrf-token": token_of(browser, service)}
    page = browser.post(
        "/people/invite", data={"role": "owner", "tenant": '"><script>x'}, headers=headers
    ).text
    link = re.search(r"/join\?token=[\w-]+", page)
    assert link and "Owner of a server" in browser.get(link[0]).text
    assert "<script>x" not in browser.get(link[0]).text
    for path in ("/people", "/keys", "/health"):
        assert browser.get(path).status_code == 200


def test_what_is_shown_once_is_kept_nowhere_even_for_a_request_that_is_sent_again(
    browser: TestClient, service: Service
) -> None:
    secret = joined(service, "Op", ("operator", None), ("owner", "school"))
    signing_in(browser, service, "Op", secret)
    headers = {"x-csrf-token": token_of(browser, service), "accept": "application/json"}
    user = accounts.people(service.fleet())[0].user
    asked = {
        "/keys": {"name": "script", "role": "owner", "tenant": "school"},
        "/people/invite": {"role": "owner", "tenant": "school"},
        f"/people/{user}/again": {},
    }
    shown = []
    for number, (path, body) in enumerate(asked.items()):
        again = headers | {"idempotency-key": f"k{number}"}
        first = browser.post(path, json=body, headers=again).json()
        shown.append((first.get("made") or first["link"].partition("=")[2]).removeprefix("exs_"))
        second = browser.post(path, json=body, headers=again)
        assert (second.status_code, second.json()["title"]) == (409, "This was done already.")
    assert len(browser.get("/keys", headers=headers).json()["keys"]) == 1, "and it was done once"
    kept = (Path(service.settings.store)).read_bytes() + Path(f"{service.settings.store}-wal").read_bytes()
    assert all(len(each) > 20 and each.encode() not in kept for each in shown)


def test_pages_of_accounts_speak_the_language_of_the_reader(browser: TestClient, service: Service) -> None:
    spanish = {"accept": "text/html", "accept-language": "es"}
    token = joining.first_token(service.fleet(), now=service.now())
    pages = [
        browser.get("/join", params={"token": token}, headers=spanish),
        browser.get("/sign-in", headers=spanish),
    ]
    secret = joined(service, "Ana", ("owner", "school"), ("operator", None))
    assert signing_in(browser, service, "Ana", secret).status_code in (200, 303)
    pages += [browser.get(path, headers=spanish) for path in ("/account", "/keys", "/people", "/health")]
    assert [page.status_code for page in pages] == [200] * 6
    assert [english_in(page.text) for page in pages] == [[]] * 6
    assert "Operador de este servicio" in pages[2].text


def shown(answer) -> dict[str, str]:  # type: ignore[no-untyped-def]  # a response
    """Name -> value of the fields of the page's first form."""
    form = answer.text.partition('<form method="post"')[2].partition("</form>")[0]
    inputs = re.findall(r"<input [^>]*>", form)
    pairs = ((re.search(r'name="([^"]*)"', each), re.search(r'value="([^"]*)"', each)) for each in inputs)
    return {name[1]: value[1] if value else "" for name, value in pairs if name}


def test_a_form_to_join_that_was_wrong_comes_back_with_the_name_and_the_secret_that_the_app_has(
    browser: TestClient, service: Service
) -> None:
    token = joining.first_token(service.fleet(), now=service.now())
    form = shown(browser.get("/join", params={"token": token or ""}))
    fields = form | {"name": "Olga", "password": PASSWORD}
    wrong = browser.post("/join", data=fields | {"code": "000000"})
    assert wrong.status_code == 422
    assert "The code does not fit." in wrong.text
    again = shown(wrong)
    assert (again["token"], again["secret"], again["name"]) == (token, form["secret"], "Olga")
    assert PASSWORD not in wrong.text
    code = pyotp.TOTP(again["secret"]).at(service.now())
    sent = browser.post("/join", data=again | {"password": PASSWORD, "code": code}, follow_redirects=False)
    assert sent.headers["location"] == "/sign-in"
    used = browser.post("/join", data=again | {"password": PASSWORD, "code": code})
    assert used.status_code == 401 and "no longer good" in used.text and 'name="secret"' not in used.text


def test_a_sign_in_that_was_wrong_comes_back_with_the_name_and_leads_where_one_wanted(
    browser: TestClient, service: Service
) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    wrong = signing_in(browser, service, "Ana", secret, password="not this one", next="/cases?find=x")
    assert wrong.status_code == 401
    assert "Name, password or code do not fit." in wrong.text and "not this one" not in wrong.text
    again = shown(wrong)
    assert (again["name"], again["next"]) == ("Ana", "/cases?find=x")
    hostile = signing_in(browser, service, '"><script>x', secret, next="//evil.example")
    assert "<script>x" not in hostile.text and shown(hostile)["next"] == "/"
    spanish = browser.post(
        "/sign-in",
        data={"name": "Ana", "password": "x", "code": "1"},
        headers={"accept-language": "es", "x-csrf-token": token_of(browser, service)},
    )
    assert "no son los que deben ser" in spanish.text and english_in(spanish.text) == []
    for _ in range(6):
        last = signing_in(browser, service, "Ana", secret, password="guess")
    assert last.status_code == 429 and "Too many attempts." in last.text and shown(last)["name"] == "Ana"
    program = browser.post("/sign-in", json={"name": "Ana", "password": "x", "code": "1"})
    assert "<html" not in program.text or program.status_code in (401, 429)


def test_a_link_to_join_can_be_passed_on_as_it_stands(tmp_path: Path, clock: Clock) -> None:
    made = settings(tmp_path, accounts=True, secure=True, origin=f"https://{HOST}")
    service = Service(made, clock=clock)
    with TestClient(application(service), base_url=f"https://{HOST}") as browser:
        signing_in(browser, service, "Op", joined(service, "Op", ("operator", None)))
        headers = {"x-csrf-token": token_of(browser, service), "accept": "application/json"}
        asked = {"role": "owner", "tenant": "school"}
        link = browser.post("/people/invite", json=asked, headers=headers).json()["link"]
        assert link.startswith(f"https://{HOST}/join?token=")
        assert "Owner of a server" in browser.get(link, headers={"accept": "text/html"}).text
        assert 'href="/people"' in browser.get("/account").text, "operators find the page of people"


def test_who_acts_for_several_organisations_says_for_which_he_sends(
    browser: TestClient, service: Service
) -> None:
    secret = joined(service, "Hel", ("helper", "school-a"), ("helper", "school-b"), ("lead", "school-b"))
    signing_in(browser, service, "Hel", secret)
    start = browser.get("/").text
    chooser = start.partition('<select name="tenant"')[2].partition("</select>")[0]
    assert re.findall(r'value="([^"]*)"', chooser) == ["", "school-a", "school-b"]
    csrf = token_of(browser, service)
    sent = browser.post(
        "/send",
        data={"csrf": csrf, "tenant": "school-b", "name": "EX1"},
        files={"files": ("a.log", b"#Fields: date time\n")},
    )
    assert sent.status_code == 200
    rows = service.fleet().database.run(
        "SELECT t.name, s.name FROM sending s JOIN tenant t ON t.id = s.tenant_id"
    )
    assert [tuple(row) for row in rows] == [("school-b", "EX1")]
    foreign = browser.post(
        "/send", data={"csrf": csrf, "tenant": "school-c"}, files={"files": ("a.log", b"x")}
    )
    assert foreign.status_code == 404


def test_who_acts_for_one_organisation_is_not_asked(browser: TestClient, service: Service) -> None:
    signing_in(browser, service, "Ana", joined(service, "Ana", ("owner", "school-a")))
    assert 'name="tenant"' not in browser.get("/").text
    assert "school-b" not in browser.get("/").text


def test_an_owner_takes_back_what_he_sent(browser: TestClient, service: Service) -> None:
    secret = joined(service, "Ana", ("owner", "school"))
    signing_in(browser, service, "Ana", secret)
    csrf = token_of(browser, service)
    page = browser.post(
        "/send", data={"csrf": csrf}, files={"files": ("C:\\logs\\<b>a.log", b"#Fields: date time\n")}
    )
    (sending,) = re.findall(r'href="(/sendings/snd_\w+)"', page.text)
    listed = browser.get(sending).text
    assert (
        "<b>a.log" not in listed
        and english_in(browser.get(sending, headers={"accept-language": "es"}).text) == []
    )
    (file,) = re.findall(r'href="(/uploads/upl_\w+/file)"', listed)
    got = browser.get(file)
    assert got.content == b"#Fields: date time\n"
    assert got.headers["content-type"] == "application/octet-stream"
    assert (
        got.headers["content-disposition"].startswith("attachment")
        and "sandbox" in got.headers["content-security-policy"]
    )
    jobs.stop(service.fleet(), page.url.path.rpartition("/")[2], service.now())
    gone = browser.post(f"{sending}/delete", data={"csrf": csrf})
    assert "The files were deleted." in gone.text and file not in gone.text
    assert browser.get(file).status_code == 404
    assert any(each.what == "read evidence: upload_file" for each in audit.entries(service.fleet().database))


def test_a_helper_may_not_delete_and_another_organisation_sees_nothing(
    browser: TestClient, service: Service
) -> None:
    signing_in(browser, service, "Ana", joined(service, "Ana", ("owner", "school")))
    page = browser.post("/send", data={"csrf": token_of(browser, service)}, files={"files": ("a.log", b"x")})
    (sending,) = re.findall(r'href="(/sendings/snd_\w+)"', page.text)
    (file,) = re.findall(r'href="(/uploads/upl_\w+/file)"', browser.get(sending).text)
    browser.cookies.clear()
    signing_in(browser, service, "Hel", joined(service, "Hel", ("helper", "school")))
    assert browser.get(file).status_code == 200 and "/delete" not in browser.get(sending).text
    browser.cookies.clear()
    signing_in(browser, service, "Ben", joined(service, "Ben", ("owner", "other")))
    assert (browser.get(file).status_code, browser.get(sending).status_code) == (404, 404)
