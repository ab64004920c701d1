"""What the wire saw of a whole scan: TCP to the targets of the list and to nothing else."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ALONE = ["unshare", "--user", "--map-root-user", "--net"]
SYN, ACK = 2, 16


@pytest.fixture(scope="module")
def capture(needs_double: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if (
        shutil.which("unshare") is None
        or subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this computer does not let us make a network of our own (unshare --net)")
    folder = tmp_path_factory.mktemp("capture")
    command = [*ALONE, sys.executable, "-m", "tests.scan.double.capture", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["results"] == len(found["targets"])
    assert len(found["packets"]) > 10 * len(found["targets"])
    return found


def _asked(capture: dict[str, Any]) -> list[dict[str, Any]]:
    """Packets that the scanner sent: those to the ports of the list."""
    ports = {capture["port"], capture["mail_port"]}
    return [each for each in capture["packets"] if each.get("target") in ports]


def test_every_packet_is_tcp_between_the_scanner_and_a_target_of_the_list(capture: dict[str, Any]) -> None:
    ports = {capture["port"], capture["mail_port"]}
    assert "lo" in capture["devices"]
    for each in capture["packets"]:
        assert each.get("protocol") == 6, f"something else than TCP: {each}"
        assert each["device"] == "lo"
        asked, answered = each["target"] in ports, each["source"] in ports
        assert asked or answered, each
        assert (each["to"] if asked else each["from"]) in capture["targets"], each


def test_connections_are_as_many_as_the_servers_counted_and_one_for_a_closed_port(
    capture: dict[str, Any],
) -> None:
    opened = Counter(
        each["to"]
        for each in _asked(capture)
        if each["flags"] & (SYN | ACK) == SYN and each["target"] == capture["port"]
    )
    for where in capture["targets"]:
        assert opened[where] == capture["connections"].get(where, 1), where


def test_each_connection_begins_with_tls_and_the_mail_service_hears_two_lines(
    capture: dict[str, Any],
) -> None:
    first: dict[tuple[str, int], bytes] = {}
    said = b""
    for each in _asked(capture):
        payload = bytes.fromhex(each["payload"])
        if payload and each["target"] == capture["mail_port"]:
            said += payload
        elif payload:
            first.setdefault((each["to"], each["source"]), payload)
    assert {payload[:2] for payload in first.values()} == {b"\x16\x03"}, (
        "a TLS handshake, and nothing in the clear"
    )
    assert said == b"EHLO example.org\r\nQUIT\r\n"
