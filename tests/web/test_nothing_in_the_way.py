"""On one's own computer nothing of accounts is in the way: the printed address opens every page, and nothing else is needed."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from exsweep.cli import serve
from exsweep.errors import UsageError
from exsweep.knowledge.access import access
from exsweep.model import Level
from exsweep.web.routes import PUBLIC, SIGNED_IN
from exsweep.web.service import Service
from tests.fleet.build import assessed
from tests.web.conftest import keep
from tests.web.test_matrix import TABLE

FOR_TEAMS = {each.name for each in TABLE if each.may in (SIGNED_IN, "system.accounts")} | {
    "sign_in", "sign_in_form", "join", "join_form", "organisation", "organisation_back", "passkey_sign_in",
    "passkey_sign_in_begin", "passkey_join", "passkey_join_begin",
}  # fmt: skip
PLAIN = [
    each
    for each in TABLE
    if each.method == "GET"
    and each.html
    and "{" not in each.path
    and each.name not in FOR_TEAMS
    and (each.may == PUBLIC or each.may in access().local)  # a second person is nobody here
]


@pytest.mark.parametrize(
    "route", [each for each in PLAIN if each.name not in ("start", "hurry")], ids=lambda route: route.name
)
def test_the_printed_address_opens_every_page(client: TestClient, service: Service, route: object) -> None:
    keep(service, assessed(Level.BROKEN_INTO))
    answer = client.get(route.path, headers={"accept": "text/html"}, follow_redirects=False)  # type: ignore[attr-defined]
    assert answer.status_code in (200, 422), answer.text  # 422: it wants a parameter
    assert "/sign-in" not in answer.text and "asskey" not in answer.text


def test_without_it_a_page_says_how_to_open_it_and_asks_for_no_password(visitor: TestClient) -> None:
    answer = visitor.get("/", headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code == 401 and "password" not in answer.text.lower()


@pytest.mark.parametrize("name", sorted(FOR_TEAMS - {"account"}))
def test_what_is_for_teams_is_not_there(client: TestClient, name: str) -> None:
    route = next(each for each in TABLE if each.name == name)
    path = route.path.replace("{user}", "usr_0123456789ab").replace("{key}", "key_0123456789ab")
    path = path.replace("{passkey}", "pky_0123456789ab")
    body = {
        "token": "x",
        "name": "x",
        "password": "x",
        "code": "x",
        "secret": "A" * 32,
        "ceremony": "x",
        "credential": {},
    }
    known = set(route.params.__struct_fields__)
    body |= {"role": "owner", "on": True}
    given = {key: value for key, value in body.items() if key in known and "{" + key + "}" not in route.path}
    headers = {"accept": "application/json"}
    if route.method == "GET":
        answer = client.get(
            path, params={k: str(v) for k, v in given.items()}, headers=headers, follow_redirects=False
        )
    else:
        answer = client.post(path, json=given, headers=headers)
    assert answer.status_code in (403, 404), (name, answer.status_code, answer.text)


def test_the_pages_need_none_of_the_packages_of_teams(tmp_path: Path) -> None:
    """Passkeys, OIDC and PostgreSQL are extras: a service starts without them, and one with accounts does too."""
    program = f"""
        import sys
        class Missing:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in {{"fido2", "joserfc", "cryptography", "psycopg"}}:
                    raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Missing())
        import importlib.util
        found = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *a: None if name in ("fido2", "joserfc") else found(name, *a)
        from pathlib import Path
        from starlette.testclient import TestClient
        from exsweep.web.application import application
        from exsweep.web.service import Service, Settings
        for number, accounts in enumerate((False, True)):
            folder = Path({str(tmp_path)!r}) / str(number)
            service = Service(Settings(store=str(folder / "fleet.db"), folder=folder, hosts=frozenset({{"testserver"}}),
                                       accounts=accounts, origin="https://exsweep.example.org"))
            with TestClient(application(service)) as client:
                token = service.start_token
                assert client.get("/start", params={{"token": token}}).status_code == (401 if accounts else 200)
                page = client.get("/sign-in")
                assert page.status_code == (200 if accounts else 404)
                assert "asskey" not in page.text
        print("served")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "served\n", done.stderr


def test_oidc_without_its_package_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exsweep.cli.serve.find_spec", lambda _: None)
    with pytest.raises(UsageError) as stopped:
        serve._provider(tmp_path / "oidc.yml")
    assert "exsweep[sign-in]" in (stopped.value.tip or "")
