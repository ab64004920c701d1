"""Every row of the research's table of answers, and of hostile ones: who answers, and what a scan must say."""

from dataclasses import dataclass, field

from exsweep.scan import Kind
from exsweep.scan.replies import Failure
from tests.scan.double.server import Manners, Request, http
from tests.scan.double.sites import (
    LOGON,
    command_server,
    drips,
    exchange,
    hangs_up,
    new_honeypot,
    old_honeypot,
    online,
    page,
    same,
    stalls,
    table,
    zipped,
)


@dataclass(frozen=True)
class Row:
    """One server, and the expected answer about it."""

    name: str
    manners: Manners | None
    kind: Kind
    build: str | None = None
    failure: Failure | None = None
    product: str | None = None
    certain: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    hybrid: bool = False
    pool: int = 0
    front: str | None = None
    requests: int | None = None
    site_name: str | None = None
    """The name that goes with the address in the list."""
    tls: str | None = None
    says: str = ""
    """Part of `why`."""
    more: dict[str, str] = field(default_factory=dict)


LOGGED = "CVE-2021-26855"
SHELL = "CVE-2021-34473"
NOT_SHELL = "CVE-2022-41040"
FE = ("X-FEServer", "EXCH01")
IIS = ("Server", "Microsoft-IIS/10.0")
_HYBRID = 'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="00000001-0000-0000-c000-000000000000@0a1b2c3d-0000-0000-0000-000000000000"'
_BROKEN = http(302, [IIS, FE, ("Location", "/owa/auth/errorFE.aspx?httpCode=500")], b"Object moved")
_PORTAL = http(302, [("Location", "/my.policy"), ("Set-Cookie", "TS01a32329=1")])
_KEMP = http(200, [], b'<form action="/lm_auth_proxy?LMLogon">LoadMaster ESP Login</form>')
_ADFS = http(302, [("Location", "https://sts.example.org/adfs/ls/?wa=wsignin1.0")])
_EXTRA = {"/owa/": _ADFS, LOGON: _ADFS}
_H8 = http(200, [("Server", "Microsoft-IIS/7.0")], b'<link href="/owa/8.3.485.1/themes/base/logon.css">')
_H10 = http(
    200,
    [("Server", "Microsoft-IIS/7.5"), ("X-OWA-Version", "14.3.513.0")],
    b"/owa/14.3.513.0/themes/resources/",
)
_R10 = http(302, [("Server", "Microsoft-IIS/7.5"), ("X-OWA-Version", "14.3.513.0"), ("Location", LOGON)])
_OLD = http(200, [("Server", "Microsoft-IIS/6.0")], b"<title>Exchange Server 2003</title><!-- 6944.1 -->")
_BAD_BUILD = [FE, IIS]


def _named(inside: object) -> Manners:
    served = exchange("15.2.1748.39", "15.2.1748")
    return Manners(
        tls="named",
        answer=lambda request: (
            served(request) if "mail.example.org" in (request.header("host") or "") else http(404, [IIS])
        ),
    )


def _two_builds(request: Request) -> bytes:
    """A balancer that turns with each request; one server behind it was forgotten."""
    return (_NEW if request.count % 2 == 0 else _FORGOTTEN)(request)


_NEW = exchange("15.2.1748.39", "15.2.1748", front_ends=("EXCH01",))
_FORGOTTEN = exchange("15.2.1118.7", "15.2.1118", front_ends=("EXCH02",))

ROWS = [
    Row("2019 CU15 behind a delivery network, four front ends",
        Manners(exchange("15.2.1748.26", "15.2.1748", server="cloudflare", front_ends=("FE1", "FE2", "FE3", "FE4"))),
        Kind.EXACT, "15.2.1748.26", pool=4, front="Cloudflare", fixed=(LOGGED, SHELL, NOT_SHELL), requests=4),
    Row("2019 CU15 direct", Manners(exchange("15.2.1748.10", "15.2.1748")), Kind.EXACT, "15.2.1748.10", requests=2),
    Row("2019 CU11 with only autodiscover published",
        Manners(table({"/autodiscover/autodiscover.xml": http(401, [("X-OWA-Version", "15.2.986.14"), FE, IIS])}, http(404, [IIS]))),
        Kind.EXACT, "15.2.986.14", fixed=(LOGGED, SHELL)),
    Row("2019 CU9 before the header came", Manners(exchange(None, "15.2.858")), Kind.INTERVAL, "15.2.858",
        certain=(NOT_SHELL,), possible=(SHELL,), fixed=(LOGGED,)),
    Row("2019 CU7 by its page", Manners(exchange(None, "15.2.721")), Kind.INTERVAL, "15.2.721",
        certain=(SHELL, NOT_SHELL), possible=(LOGGED,)),
    Row("2016 CU18 by its page", Manners(exchange(None, "15.1.2106", server="Microsoft-IIS/8.5")), Kind.INTERVAL,
        "15.1.2106", certain=(SHELL, NOT_SHELL), possible=(LOGGED,)),
    Row("2016 CU21 by its header", Manners(exchange("15.1.2308.8", "15.1.2308")), Kind.EXACT, "15.1.2308.8",
        certain=(NOT_SHELL,), fixed=(LOGGED, SHELL)),
    Row("2016 CU23 by its page", Manners(exchange(None, "15.1.2507")), Kind.INTERVAL, "15.1.2507", possible=(NOT_SHELL,)),
    Row("2013 CU21 by its page", Manners(exchange(None, "15.0.1395", server="Microsoft-IIS/8.5")), Kind.INTERVAL, "15.0.1395",
        product="Exchange Server 2013"),
    Row("2013 CU23 by its page", Manners(exchange(None, "15.0.1497", server="Microsoft-IIS/8.5")), Kind.INTERVAL, "15.0.1497",
        possible=(LOGGED, SHELL, NOT_SHELL)),
    Row("Subscription Edition", Manners(exchange("15.2.2562.17", "15.2.2562")), Kind.EXACT, "15.2.2562.17",
        product="Exchange Server SE"),
    Row("Subscription Edition by its page", Manners(exchange(None, "15.2.2562")), Kind.INTERVAL, "15.2.2562"),
    Row("a header lower than Microsoft's table", Manners(exchange("15.2.858.2", "15.2.858")), Kind.EXACT, "15.2.858.2",
        certain=(SHELL,)),
    Row("2010", Manners(table({"/owa/": _R10, LOGON: _H10}, http(404))), Kind.EXACT, "14.3.513.0", product="Exchange Server 2010"),
    Row("2007", Manners(table({"/owa/": http(400, [("Server", "Microsoft-IIS/7.0")]), LOGON: _H8}, http(400))), Kind.EXACT,
        "8.3.485.1", product="Exchange Server 2007"),
    Row("2003", Manners(table({"/exchange/logon.asp": _OLD}, http(404, [("Server", "Microsoft-IIS/6.0")]))), Kind.HIDDEN,
        product="Exchange Server 2003"),
    Row("broken mail page", Manners(table({"/owa/": _BROKEN, LOGON: _BROKEN}, http(401, [IIS, FE]))), Kind.HIDDEN, requests=4),
    Row("headers blanked, page tells", Manners(exchange("x", "15.2.1748", blank=True)), Kind.INTERVAL, "15.2.1748"),
    Row("headers blanked, page rewritten", Manners(exchange("x", None, blank=True)), Kind.HIDDEN, requests=4),
    Row("F5 in front, ActiveSync open, hybrid",
        Manners(table({"/Microsoft-Server-ActiveSync": http(401, [("X-OWA-Version", "15.2.1544.11"), FE, ("WWW-Authenticate", _HYBRID)])},
                      _PORTAL)),
        Kind.EXACT, "15.2.1544.11", hybrid=True, front="an F5 access portal"),
    Row("F5 in front of everything", Manners(same(_PORTAL)), Kind.FRONTED, front="an F5 access portal", requests=4),
    Row("Kemp logon portal", Manners(same(_KEMP)), Kind.FRONTED, front="a Kemp logon portal"),
    Row("AD FS before the mail page, EWS open", Manners(exchange("15.2.1544.33", None, pages=_EXTRA)), Kind.EXACT, "15.2.1544.33"),
    Row("zero-trust gateway that answers for missing pages",
        Manners(exchange("15.1.2308.27", "15.1.2308", pages={"/powershell/": http(200)})), Kind.EXACT, "15.1.2308.27"),
    Row("Exchange Online", Manners(online()), Kind.EXCHANGE_ONLINE, requests=1),
    Row("plain IIS", Manners(table({"/": http(200, [IIS], b"IIS Windows")}, http(404, [IIS], b"x" * 1245))), Kind.NOT_EXCHANGE,
        requests=4),
    Row("a filter that refuses everything", Manners(same(http(403, [], b"Request blocked"))), Kind.FRONTED, requests=2),
    Row("a delivery network without its server", Manners(same(http(522, [("Server", "cloudflare")]))), Kind.FRONTED,
        front="Cloudflare"),
    Row("too many requests", Manners(same(http(429, [("Retry-After", "1")]))), Kind.UNREACHABLE, failure=Failure.NOT_ASKED,
        requests=1, says="later"),
    Row("busy", Manners(same(http(503))), Kind.UNREACHABLE, failure=Failure.NOT_ASKED, requests=1),
    Row("answers everything", Manners(same(http(200, [IIS], b"<h1>Welcome</h1>"))), Kind.NOT_EXCHANGE, requests=2,
        says="every name"),
    Row("answers everything with the mail page", Manners(same(http(200, [IIS, FE], page("15.1.2507")))), Kind.IMPOSTOR),
    Row("old honeypot", Manners(old_honeypot()), Kind.IMPOSTOR),
    Row("new honeypot", Manners(new_honeypot()), Kind.IMPOSTOR),
    Row("command server in disguise", Manners(command_server()), Kind.IMPOSTOR),
    Row("cloud build on a server of one's own",
        Manners(same(http(200, [IIS, ("X-OWA-Version", "15.20.7595.016"), ("X-FEServer", "OUTLOOK-WEB-01")]))), Kind.IMPOSTOR),
    Row("takes the connection, no TLS", Manners(plain=True, raw=stalls()), Kind.UNREACHABLE, failure=Failure.TLS_TIMEOUT),
    Row("TLS, then nothing", Manners(raw=stalls()), Kind.UNREACHABLE, failure=Failure.ANSWER_TIMEOUT),
    Row("stops in the headers", Manners(raw=stalls(b"HTTP/1.1 302 Found\r\nX-FEServer: E")), Kind.UNREACHABLE,
        failure=Failure.ANSWER_TIMEOUT),
    Row("headers byte by byte", Manners(raw=drips(b"HTTP/1.1 200 OK\r\n", b"a", 0.1)), Kind.UNREACHABLE,
        failure=Failure.ANSWER_TIMEOUT),
    Row("endless body", Manners(raw=drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n", 0)),
        Kind.NOT_EXCHANGE),
    Row("endless headers", Manners(raw=drips(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1000, 0)), Kind.UNREACHABLE,
        failure=Failure.HEADER_TOO_LARGE),
    Row("not HTTP", Manners(raw=drips(b"220 mail ESMTP\r\n\r\n", b"x", 1)), Kind.UNREACHABLE, failure=Failure.NOT_HTTP),
    Row("hangs up after TLS", Manners(raw=hangs_up()), Kind.UNREACHABLE),
    Row("hangs up before TLS", Manners(plain=True, raw=hangs_up()), Kind.UNREACHABLE),
    Row("closed port", None, Kind.UNREACHABLE, failure=Failure.CONNECT_REFUSED),
    Row("page packed though not asked",
        Manners(table({"/owa/": http(302, [FE, ("Location", LOGON)]), LOGON: zipped(page("15.2.1118"))}, http(401, [FE]))),
        Kind.INTERVAL, "15.2.1118"),
    Row("packed bomb", Manners(same(zipped(b"\0" * 30_000_000))), Kind.IMPOSTOR),
    Row("only HTTP/2", Manners(tls="h2", raw=drips(b"\0\0\x06\x04\0\0\0\0\0", b"\0", 1)), Kind.UNREACHABLE),
    Row("TLS 1.0 only", Manners(exchange("15.0.1497.48", "15.0.1497", server="Microsoft-IIS/8.5"), tls="old"), Kind.EXACT,
        "15.0.1497.48", tls="TLSv1"),
    Row("a site that answers only to its name", _named(None), Kind.EXACT, "15.2.1748.39"),
    Row("a name with its address", Manners(exchange("15.2.1748.39", "15.2.1748")), Kind.EXACT, "15.2.1748.39",
        site_name="mail.example.test"),
    Row("redirect to itself", Manners(lambda request: http(302, [("Location", request.path)])), Kind.NOT_EXCHANGE),
    Row("redirect into the inside", Manners(same(http(302, [("Location", "http://169.254.169.254/latest/meta-data/")]))),
        Kind.FRONTED, says="do not follow"),
    Row("redirect to a file", Manners(same(http(302, [("Location", "file:///etc/passwd")]))), Kind.NOT_EXCHANGE),
    Row("huge cookie", Manners(same(http(302, [("Set-Cookie", "a=" + "x" * 40_000), FE]))), Kind.UNREACHABLE,
        failure=Failure.HEADER_TOO_LARGE),
    Row("two hundred headers", Manners(same(http(302, [(f"X-{n}", "1") for n in range(200)]))), Kind.UNREACHABLE,
        failure=Failure.HEADER_TOO_LARGE),
    Row("a script for a build", Manners(table({"/owa/": http(302, [*_BAD_BUILD, ("X-OWA-Version", "<script>alert(1)</script>")])},
                                              http(401, [FE, IIS]))), Kind.HIDDEN),
    Row("a build with an order behind it",
        Manners(table({"/owa/": http(302, [*_BAD_BUILD, ("X-OWA-Version", "15.1.2106.2; DROP TABLE")])}, http(401, [FE, IIS]))),
        Kind.HIDDEN),
    Row("two servers of two builds behind one address", Manners(_two_builds), Kind.EXACT, "15.2.1118.7", pool=2),
    Row("a proxy that removes the server's names", Manners(exchange(None, "15.2.1118", server="nginx", front_ends=("",))),
        Kind.INTERVAL, "15.2.1118"),
    Row("a real 2016 CU9, as old as the honeypot's page", Manners(exchange(None, "15.1.1466", server="Microsoft-IIS/8.5")),
        Kind.INTERVAL, "15.1.1466", certain=(SHELL,), possible=(LOGGED,)),
]  # fmt: skip


def address_of(number: int) -> str:
    """Loopback address of a row: each in a neighbourhood of its own, for some of them ask to be left alone."""
    return f"127.77.{number + 1}.10"
