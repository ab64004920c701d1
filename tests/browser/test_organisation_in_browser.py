"""Through the organisation in a real browser: there and back between two sites, with the cookies that browsers really send."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.provider import Issuer, issuing

pytestmark = pytest.mark.browser


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Issuer]]:
    """`exsweep serve --oidc` as an operator starts it, beside an issuer on another site."""
    with issuing() as issuer:
        (tmp_path / "secret").write_text(issuer.secret, encoding="utf-8")
        (tmp_path / "oidc.yml").write_text(
            f"issuer: {issuer.address}\nclient_id: {issuer.client}\nclient_secret_file: secret\ntitle: Example CERT\n"
            "rights:\n  - {value: admins, role: operator}\n",
            encoding="utf-8",
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "exsweep",
            "serve",
            "--host",
            "localhost",
            "--jobs",
            "0",
            "--port",
            str(port),
        ]
        command += ["--store", str(tmp_path / "fleet.db"), "--oidc", str(tmp_path / "oidc.yml")]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
        assert process.stdout is not None
        next(line for line in process.stdout if "Press Ctrl-C" in line)
        yield f"http://localhost:{port}", issuer
        process.send_signal(signal.SIGINT)
        process.wait(30)


def test_a_person_goes_to_the_organisation_and_comes_back_signed_in(
    chromium: Any, served: tuple[str, Issuer]
) -> None:
    address, issuer = served
    context = chromium.new_context()
    page = context.new_page()
    issuer.groups = ["admins"]
    page.goto(f"{address}/people")
    page.get_by_role("link", name="Sign in with Example CERT").click()
    page.wait_for_url("**/people")
    assert page.get_by_text("Ana").first.is_visible()
    cookies = {each["name"]: each for each in context.cookies()}
    (session,) = (each for name, each in cookies.items() if re.fullmatch(r"exsweep-\d+", name))
    assert session["httpOnly"] and session["sameSite"] == "Lax"
    assert not [name for name in cookies if name.endswith("-asked")], "what carried the question is gone"
    context.close()


def test_who_has_no_group_reads_what_to_do(chromium: Any, served: tuple[str, Issuer]) -> None:
    address, _ = served
    page = chromium.new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_role("link", name="Sign in with Example CERT").click()
    page.get_by_text("Ask your operator for one of the groups.").wait_for()
    page.close()
