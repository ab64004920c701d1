"""The same on PostgreSQL: a person joins, signs in, makes a key, and a program sends evidence with it."""

from importlib import import_module
from pathlib import Path

import pyotp
from starlette.testclient import TestClient

from exsweep.web import joining, proofs
from exsweep.web.application import application
from exsweep.web.joining import Join
from exsweep.web.recognise import csrf_of
from exsweep.web.service import Service
from tests.fleet.build import NOW
from tests.fleet.conftest import postgres  # noqa: F401 - a fixture
from tests.web.conftest import HOST, send, settings


def test_a_person_and_a_program_work_on_postgres(tmp_path: Path, postgres: str) -> None:  # noqa: F811
    with import_module("psycopg").connect(postgres, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    service = Service(settings(tmp_path, store=postgres, accounts=True, secure=True), clock=lambda: NOW)
    with TestClient(
        application(service), base_url=f"https://{HOST}", raise_server_exceptions=False
    ) as browser:
        fleet, secret, password = service.fleet(), proofs.new_secret(), "correct horse battery staple"
        code = pyotp.TOTP(secret)
        token = joining.invite(fleet, Join(name="Ana", rights=(("owner", "school"),)), now=NOW)
        joining.join(
            fleet, token, name="", password=password, secret=secret, code=code.at(NOW - 60), now=NOW - 60
        )
        fields = {"name": "Ana", "password": password, "code": code.at(NOW)}
        cookie = browser.post("/sign-in", data=fields, follow_redirects=False).cookies["__Host-exsweep"]
        headers = {"x-csrf-token": csrf_of(service, cookie, fleet.secret), "accept": "application/json"}
        new = {"name": "script", "role": "owner", "tenant": "school"}
        key = browser.post("/keys", json=new, headers=headers).json()["made"]
        browser.cookies.clear()
        browser.headers["authorization"] = f"Bearer {key}"
        sending = send(browser, {"a.log": b"x", "b\x00.log": b""}, name="MAIL\x0001")
        job = browser.post(
            f"/api/v1/sendings/{sending}/read", json={}, headers={"idempotency-key": "1"}
        ).json()
        assert job["state"] == "waiting"
        again = browser.post(f"/api/v1/sendings/{sending}/read", json={}, headers={"idempotency-key": "1"})
        assert again.json() == job
    service.forget()
