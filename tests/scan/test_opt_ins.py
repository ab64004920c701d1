"""What is asked only when wished and allowed: security.txt and the mail service; and what is never sent at all."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.errors import ScanRefused
from exsweep.knowledge.scanning import checks
from exsweep.scan import Kind, Target, Wishes, scope_in
from exsweep.scan.asks import as_bytes, of_check, of_page
from exsweep.scan.replies import Failure
from exsweep.scan.smtp import QUIT, SmtpReply, hello, smtp_of
from exsweep.scan.webshells import pages
from tests.scan.conftest import NOW, SCOPE, run_scan, scope_for
from tests.scan.double.rows import ROWS, address_of
from tests.scan.double.server import Double, Manners, http
from tests.scan.double.sites import exchange, same

EXCHANGE_MAIL = (
    b"220 EXCH01.corp.local Microsoft ESMTP MAIL Service ready at Fri, 20 Nov 2026 12:00:00 +0000\r\n",
    b"250-EXCH01.corp.local Hello [127.0.0.1]\r\n250-SIZE 37748736\r\n250-X-ANONYMOUSTLS\r\n250-AUTH NTLM\r\n250 XRDST\r\n",
)
FILE = "Contact: mailto:soc@example.net\nExpires: 2027-01-01T00:00:00Z\n"


def _never(sent: str, head_only: bool = True) -> list[str]:
    """What of the list of things that are never sent this request shows; our own contact lines aside."""
    rows = [row for row in sent.split("\r\n") if not row.startswith(("User-Agent:", "X-Scan-Contact:"))]
    text = "\r\n".join(rows)
    return [never.what for never in checks().never for mark in never.marks if mark.lower() in text.lower()]


def test_the_checks_are_those_of_the_research_and_only_these_are_opt_in() -> None:
    by_default = {check.number for check in checks().checks if check.opt_in is None}
    assert by_default == {
        0,
        1,
        2,
        3,
        4,
        5,
        7,
        10,
        11,
    }  # 6 is the page of 5 on old servers, 12 the certificate, 16 any answer
    assert {(check.number, check.opt_in) for check in checks().checks if check.opt_in} == {
        (8, "manifest"),
        (0, "contacts"),
    }
    assert checks().smtp_port == 25  # 13


def test_nothing_that_is_never_shipped_stands_in_any_request_that_can_be_made() -> None:
    asks = [of_check(check.id, canary="0123456789ab") for check in checks().checks]
    asks += [of_page("webshell", path) for path in pages()]
    for ask in asks:
        for host in ("mail.example.org", "[2001:db8::1]:8443"):
            assert _never(as_bytes(ask, host, scope_for(443)).decode()) == [], ask.path
    assert _never(hello("https://example.org/scan").decode() + QUIT.decode()) == []
    for never in checks().never:
        assert never.marks, "a line that forbids nothing"


@pytest.mark.usefixtures("needs_double")
def test_nothing_that_is_never_shipped_reached_any_server_of_the_double(tmp_path: Path) -> None:
    sites = {
        address_of(n): row.manners
        for n, row in enumerate(ROWS)
        if row.manners and row.manners.answer and row.manners.tls == "modern"
    }
    with Double(tmp_path, sites) as double:  # type: ignore[arg-type]
        wishes = Wishes(manifest=True, webshells=True, contacts=True)
        run_scan(
            scope_for(double.port, ALL), [Target(address=each, port=double.port) for each in sites], wishes
        )
        sent = [request.raw.decode("latin-1") for asked in double.requests.values() for request in asked]
    assert len(sent) > len(sites)
    assert [row for row in sent if _never(row)] == []


ALL = SCOPE.replace(
    "allow: [identify, manifest, webshells]", "allow: [identify, manifest, webshells, contacts, smtp]"
)


@pytest.mark.usefixtures("needs_double")
def test_security_txt_is_asked_for_last_only_when_wished_and_not_of_the_cloud_or_pretenders(
    tmp_path: Path,
) -> None:
    file = http(200, [("Content-Type", "text/plain")], FILE.encode())
    with_file = exchange("15.2.1748.39", "15.2.1748", pages={"/.well-known/security.txt": file})
    plain_site = same(http(404))
    sites = {"127.77.1.1": Manners(with_file), "127.77.2.1": Manners(plain_site)}
    rows = {row.name: row for row in ROWS}
    sites |= {
        "127.77.3.1": rows["Exchange Online"].manners,
        "127.77.4.1": rows["command server in disguise"].manners,
    }  # type: ignore[dict-item]
    with Double(tmp_path, sites) as double:
        targets = [Target(address=each, port=double.port) for each in sites]
        run_scan(scope_for(double.port, ALL), targets)
        assert not any("security" in request.path for asked in double.requests.values() for request in asked)
        found = {
            one.address: one for one in run_scan(scope_for(double.port, ALL), targets, Wishes(contacts=True))
        }
        asked = {where: [request.path for request in all_] for where, all_ in double.requests.items()}
    assert found["127.77.1.1"].security_txt is not None
    assert found["127.77.1.1"].security_txt.mails == ("soc@example.net",)
    assert found["127.77.2.1"].security_txt is None
    assert asked["127.77.1.1"][-1] == asked["127.77.2.1"][-1] == "/.well-known/security.txt"
    assert not any("security" in path for path in asked["127.77.3.1"] + asked["127.77.4.1"])


async def _served(
    parts: tuple[bytes, ...], said: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    for part in parts:
        writer.write(part)
        said.append(await reader.readline())
    said.append(await reader.read())
    writer.close()


@pytest.mark.usefixtures("needs_double")
@pytest.mark.parametrize(
    ("parts", "exchange_there", "failure"),
    [
        (EXCHANGE_MAIL, True, None),
        ((b"220 mx.example.org ESMTP Postfix\r\n", b"250-mx.example.org\r\n250 8BITMIME\r\n"), False, None),
        ((b"554 go away\r\n",), False, None),
        ((b"HTTP/1.1 400 Bad\r\n",), False, Failure.NOT_SMTP),
        ((b"220-" + b"x" * 9_000,), False, Failure.NOT_SMTP),
    ],
    ids=["exchange", "postfix", "refuses", "another protocol", "endless line"],
)
def test_the_mail_service_is_greeted_and_left_only_where_the_web_shows_no_exchange(
    tmp_path: Path, parts: tuple[bytes, ...], exchange_there: bool, failure: Failure | None
) -> None:
    said: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _served(parts, said, reader, writer)

    shown = Manners(exchange("15.2.1748.39", "15.2.1748"))
    sites = {"127.77.1.1": Manners(same(http(403))), "127.77.2.1": shown}
    with (
        Double(tmp_path, {"127.77.1.1": Manners(plain=True, raw=serve)}) as mail,
        Double(tmp_path, sites) as double,
    ):
        scope = scope_for(double.port, ALL + f"smtp_port: {mail.port}\n")
        targets = [Target(address=each, port=double.port) for each in sites]
        found = {one.address: one for one in run_scan(scope, targets, Wishes(smtp=True))}
        assert dict(mail.connections) == {"127.77.1.1": 1}
    one = found["127.77.1.1"]
    assert found["127.77.2.1"].smtp is None, "its build was seen: its mail service is left alone"
    assert one.smtp is not None
    assert (one.smtp.exchange, one.smtp.failure) == (exchange_there, failure)
    assert one.kind is (Kind.HIDDEN if exchange_there else Kind.FRONTED)
    if exchange_there:
        assert b"".join(said) == b"EHLO example.org\r\nQUIT\r\n"
        assert one.opinion is not None and not one.opinion.judged
        assert any("mail service" in why for why in one.identity.why)


@pytest.mark.usefixtures("needs_double")
def test_a_closed_mail_port_is_said_and_changes_nothing(tmp_path: Path) -> None:
    with Double(tmp_path, {"127.77.1.1": Manners(same(http(403)))}) as double:
        scope = scope_for(double.port, ALL + "smtp_port: 1\n")
        (one,) = run_scan(scope, [Target(address="127.77.1.1", port=double.port)], Wishes(smtp=True))
    assert one.smtp is not None
    assert one.smtp.failure is Failure.CONNECT_REFUSED
    assert one.kind is Kind.FRONTED


@settings(max_examples=60)
@given(st.binary(max_size=300), st.integers(1, 40))
def test_h61_any_bytes_of_a_mail_service_in_any_pieces_end_and_are_read_alike(data: bytes, size: int) -> None:
    whole, pieces = SmtpReply(), SmtpReply()
    whole.feed(data)
    for at in range(0, len(data), size):
        pieces.feed(data[at : at + size])
    assert (whole.code, whole.lines) == (pieces.code, pieces.lines)
    smtp_of(25, whole, None)


@pytest.mark.parametrize("page", ["https://a b/", "https:///x", "https://-a/", "x\r\nMAIL FROM:<a>"])
def test_a_page_without_a_host_is_never_said_to_a_mail_service(page: str) -> None:
    with pytest.raises(ValueError):
        hello(page)


@pytest.mark.parametrize("wish", ["contacts", "smtp", "manifest", "webshells"])
def test_an_opt_in_needs_the_word_of_the_scope_too(tmp_path: Path, wish: str) -> None:
    file = tmp_path / "scope.yml"
    file.write_text(
        SCOPE.format(ports=443)
        .replace("[identify, manifest, webshells]", "[identify]")
        .replace("2026-12-01", "2040-01-01")
    )
    with pytest.raises(ScanRefused, match=wish):
        scope_in(file, Wishes(**{wish: True}), now=NOW)
