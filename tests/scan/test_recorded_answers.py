"""Real answers that others recorded, through the same reader and the same judgement."""

from pathlib import Path

import pytest

from exsweep.knowledge.scanning import checks
from exsweep.scan import Kind, Target
from exsweep.scan.asks import SHELL, SHELL_CANARY, of_check, of_page
from exsweep.scan.heard import Heard, hear
from exsweep.scan.identify import identify
from exsweep.scan.replies import Reply, read_reply
from exsweep.scan.webshells import Proof, Sight, pages_seen

PATH = "/aspnet_client/supp0rt.aspx"


def recorded(shared_data: Path, name: str) -> Reply:
    """The recording with CRLF in its head; excerpts without a head get the plainest one."""
    data = (shared_data / "http_responses" / name).read_bytes()
    if not data.startswith(b"HTTP/"):
        data = b"HTTP/1.1 200 OK\n\n" + data
    head, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = [
        line
        for line in head.split(b"\n")
        if not line.lower().startswith((b"content-length", b"transfer-encoding"))
    ]
    found = read_reply(
        b"\r\n".join(lines) + b"\r\n\r\n" + body, checks().limits, checks().limits.evidence_bytes
    )
    assert isinstance(found, Reply)
    return found


@pytest.mark.parametrize(
    ("name", "kind", "build"),
    [
        ("owa-api-15.1.1466.3.http", Kind.EXACT, "15.1.1466.3"),
        ("exchange-online-autodiscover-503.http", Kind.EXCHANGE_ONLINE, None),
        ("nginx-decoy-with-owa-headers.http", Kind.IMPOSTOR, None),
    ],
)
def test_a_recorded_answer_is_called_what_it_is(
    shared_data: Path, name: str, kind: Kind, build: str | None
) -> None:
    found = identify([hear(of_check("owa"), recorded(shared_data, name))], "mail.example.org")
    assert (found.kind, found.build) == (kind, build), found


@pytest.mark.parametrize("name", ["oab-shell-response-2016cu18.http", "oab-shell-response-lab-1591.http"])
def test_an_answer_of_an_infected_server_is_seen_with_strong_proof(shared_data: Path, name: str) -> None:
    missing = read_reply(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", checks().limits, 100)
    canaries: list[Heard] = [
        hear(of_page(SHELL_CANARY, f"/aspnet_client/{name}.aspx"), missing)
        for name in ("0123456789", "9876543210")
    ]
    heard = [*canaries, hear(of_page(SHELL, PATH), recorded(shared_data, name))]
    page = next(page for page in pages_seen(heard) if page.path == PATH)
    assert (page.sight, page.proof) == (Sight.SEEN, Proof.STRONG)
    assert page.facts["build"].startswith("Version 15.1 (Build ")
    assert Target(address="192.0.2.1").key == "192.0.2.1:443"
