"""What each kind of server answers, written anew from the facts of the research (its section 4)."""

import asyncio
import gzip
import uuid
from collections.abc import Callable

from tests.scan.double.server import Handler, Raw, Request, http

Headers = list[tuple[str, str]]
MARK = "<!-- EXSWEEP-INERT-FIXTURE -->"
LOGON = "/owa/auth/logon.aspx"
MANIFEST = "/ecp/Current/exporttool/microsoft.exchange.ediscovery.exporttool.application"


def page(theme: str | None, title: str = "Outlook") -> bytes:
    """A logon page: the addresses of its pictures stand some 400 bytes from the start, much text follows."""
    icon = (
        f'<link rel="shortcut icon" href="/owa/auth/{theme}/themes/resources/favicon.ico" type="image/x-icon">'
        if theme
        else ""
    )
    head = "<!DOCTYPE HTML>\r\n<!-- Copyright -->\r\n<!-- OwaPage = ASP.auth_logon_aspx -->\r\n" + " " * 300
    guid = "<!-- {57A118C6-2DA9-419d-BE9A-F92B0F9A418B} -->"
    return f"{head}\r\n{guid}\r\n{icon}<title>{title}</title>{MARK}{'<p>text</p>' * 2500}".encode()


def exchange(
    build: str | None,
    theme: str | None,
    *,
    front_ends: tuple[str, ...] = ("EXCH01",),
    server: str = "Microsoft-IIS/10.0",
    blank: bool = False,
    manifest: str | None = None,
    extra: Headers | None = None,
    pages: dict[str, bytes] | None = None,
    by_connection: bool = False,
) -> Handler:
    """An ordinary server. `build` in the header of every answer but the logon page; `theme` in that page."""

    def common(request: Request, *, version: bool = True) -> Headers:
        at = request.connection if by_connection else request.count
        front = front_ends[at % len(front_ends)]
        if blank:
            return [("Server", ""), ("X-FEServer", ""), ("X-AspNet-Version", ""), ("X-OWA-Version", "")]
        found = [
            ("Server", server),
            ("request-id", str(uuid.uuid4())),
            ("X-FEServer", front),
            ("X-Powered-By", "ASP.NET"),
        ]
        if version and build:
            found.append(("X-OWA-Version", build))
        return [*found, *(extra or [])]

    def answer(request: Request) -> bytes:
        path = request.path.partition("?")[0]
        if pages and path in pages:
            return pages[path]
        host = request.header("host") or ""
        if path in ("/owa", "/owa/"):
            where = f"https://{host}{LOGON}?url=https%3a%2f%2f{host}%2fowa%2f&reason=0"
            return http(302, [*common(request), ("Location", where)], b"<html>Object moved</html>")
        if path == LOGON:
            return http(
                200, [*common(request, version=False), ("X-Frame-Options", "SAMEORIGIN")], page(theme)
            )
        if path == "/":
            return http(302, [*common(request, version=False), ("Location", f"https://{host}/owa/")])
        if path == "/owa/auth/errorFE.aspx":
            return http(200, common(request), b"<!-- OwaPage = ASP.auth_errorfe_aspx -->")
        if path.lower().startswith("/owa/auth/"):
            return http(
                302, [*common(request), ("Location", f"https://{host}/owa/auth/errorFE.aspx?httpCode=404")]
            )
        if path in ("/EWS/Exchange.asmx", "/autodiscover/autodiscover.xml"):
            ways = [("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM")]
            return http(
                401, [*common(request), *ways, ("X-SOAP-Enabled", "True"), ("X-WSSecurity-Enabled", "True")]
            )
        if path == "/Microsoft-Server-ActiveSync":
            return http(401, [*common(request), ("WWW-Authenticate", f'Basic realm="{host}"')])
        if path == "/owa/healthcheck.htm":
            return http(200, common(request, version=False), b"200 OK<br/>EXCH01.corp.local")
        if path == MANIFEST and manifest:
            return http(200, common(request), _manifest(manifest))
        if path.lower().startswith("/aspnet_client/"):
            return http(404, [("Server", server)], b"<h2>404 - File or directory not found.</h2>")
        return http(302, [*common(request), ("Location", f"https://{host}/owa{path}")])

    return answer


def same(answer: bytes) -> Handler:
    """One answer to everything."""
    return lambda request: answer


def table(answers: dict[str, bytes], default: bytes) -> Handler:
    """An answer for each path."""

    def answer(request: Request) -> bytes:
        path = request.path.partition("?")[0]
        return answers.get(path) or answers.get(f"{path}/", default)

    return answer


def online() -> Handler:
    """Exchange Online: its own names, a build of the cloud."""
    names = [
        ("X-FEServer", "SN6PR16CA0066"),
        ("X-FEServer", "AM3PR05CA0056"),
        ("X-CalculatedBETarget", "BY2PR06MB549.namprd06.prod.outlook.com"),
        ("X-OWA-Version", "15.20.9000.12"),
        ("X-RUM-Validated", "1"),
    ]

    def answer(request: Request) -> bytes:
        where = ("Location", "https://login.microsoftonline.com/common/oauth2/authorize")
        return http(302, [*names, ("request-id", str(uuid.uuid4())), where])

    return answer


def command_server() -> Handler:
    """A published disguise of command servers: constant headers on every answer."""
    constant = [
        ("Server", "Microsoft-IIS/10.0"),
        ("request-id", "6cfcf35d-0680-4853-98c4-b16723708fc9"),
        ("X-CalculatedBETarget", "BY2PR06MB549.namprd06.prod.outlook.com"),
        ("X-OWA-Version", "15.1.1240.20"),
        ("X-FEServer", "CY4PR02CA0010"),
    ]
    return same(http(200, constant, b"<html>calendar</html>"))


def old_honeypot() -> Handler:
    """A frozen build on a web server that it cannot run on; a realm of another program."""
    server = [("Server", "Microsoft-IIS/7.5")]
    ask = http(401, [*server, ("WWW-Authenticate", 'Basic realm="Login Required"')])
    logon = http(200, server, page("15.1.1466"))
    return table({"/owa/": http(302, [*server, ("Location", LOGON)]), LOGON: logon}, ask)


def new_honeypot() -> Handler:
    """A pinned header, and a cookie that real servers set only after a logon."""

    def answer(request: Request) -> bytes:
        common = [
            ("Server", "Microsoft-IIS/10.0"),
            ("request-id", str(uuid.uuid4())),
            ("X-OWA-Version", "15.2.1118.7"),
        ]
        if request.path == "/owa/":
            return http(302, [*common, ("Location", LOGON)])
        return http(200, [*common, ("Set-Cookie", "cadata=abc; path=/")], page("15.2.1118"))

    return answer


def _manifest(build: str) -> bytes:
    return f'<?xml version="1.0"?><asmv1:assembly><assemblyIdentity name="x.application" version="{build}" /></asmv1:assembly>'.encode()


def zipped(body: bytes) -> bytes:
    """The logon page packed, though nobody asked for that."""
    return http(200, [("Content-Encoding", "gzip"), ("X-FEServer", "EXCH01")], gzip.compress(body))


def dump(build: str = "15.1 (Build 2106.2)") -> bytes:
    """Settings of an address book folder as text; the script in them does not show, for it ran."""
    rows = {
        "Name": "OAB (Default Web Site)",
        "PollInterval": "480",
        "OfflineAddressBooks": "",
        "MetabasePath": "IIS://EXCH01.corp.local/W3SVC/1/ROOT/OAB",
        "AdminDisplayVersion": f"Version {build}",
        "Server": "EXCH01",
        "ExternalUrl": "http://f/",
        "WhenCreatedUTC": "3/4/2021 2:17:56 AM",
    }
    return ("\r\n".join(f"{name:<32}: {value}" for name, value in rows.items()) + "\r\n" + MARK).encode()


def stalls(first: bytes = b"") -> Raw:
    """Says `first`, then nothing for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await asyncio.sleep(60)

    return serve


def drips(first: bytes, piece: bytes, every_s: float) -> Raw:
    """Says `first`, then `piece` again and again."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)

    return serve


def hangs_up(after: Callable[[asyncio.StreamReader], object] | None = None) -> Raw:
    """Closes at once."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    return serve
