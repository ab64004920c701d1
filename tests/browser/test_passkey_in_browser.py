"""A person joins with a passkey, adds another, and signs in, in a real browser with its own authenticator."""

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

pytestmark = pytest.mark.browser
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    """`exsweep serve --accounts` as a user starts it; the link that makes the first operator."""
    pytest.importorskip("fido2", reason="needs exsweep[sign-in]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "exsweep", "serve", "--accounts", "--host", "localhost", "--jobs", "0"]
    command += ["--port", str(port), "--store", str(tmp_path / "fleet.db")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdout is not None
    found = next(
        match for line in process.stdout if (match := re.search(r"http://\S+/join\?token=\S+", line))
    )
    yield found[0]
    process.send_signal(signal.SIGINT)
    process.wait(30)


def test_a_passkey_opens_the_account_that_it_was_made_for(chromium: Any, axe: str, link: str) -> None:
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    first = devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    follow(page, link)
    _accessible(page, axe)
    form = page.locator("form[data-passkey]")
    form.get_by_label("Your name").fill("Ana")
    form.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/sign-in")
    assert len(devices.send("WebAuthn.getCredentials", {"authenticatorId": first})["credentials"]) == 1
    _accessible(page, axe)

    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account")
    assert page.get_by_role("heading", name="Ana").is_visible()

    # The device that holds one already is not asked twice; another one is.
    devices.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": first, "enabled": False})
    second = devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE | {"transport": "usb"}})[
        "authenticatorId"
    ]
    page.get_by_label("Name of the device").fill("Key in the safe")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_text("Key in the safe", exact=True).wait_for()
    _accessible(page, axe)
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/sign-in")

    # A device that nobody unlocks opens nothing, and the page says so.
    devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": first})
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": second, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("alert").get_by_text("Try again").wait_for()
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": second, "isUserVerified": True})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/account")
    assert wrong == []
    page.close()


def test_without_script_there_is_password_and_code(chromium: Any, link: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    follow(page, link)
    assert page.get_by_label("Password").is_visible()
    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    context.close()


def follow(page: Any, link: str) -> None:
    assert page.goto(link).status == 200


def _accessible(page: Any, axe: str) -> None:
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
