"""The internet at the door: scanners, password guessers, researchers and a CERT, none of whom gets in."""

import random
from datetime import date

from example.request import Request
from example.scene import FQDN, MACHINE, SERVER_IP, WEBKIT, WINDOWS, User, day_start, ms
from example.server import Server

NMAP = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13_6) {WEBKIT} Chrome/69.0.3497.81 Safari/537.36"
RESEARCH = "Mozilla/5.0 (compatible; InternetResearchScan/1.1; +https://scan.example/)"
CERT = "Mozilla/5.0 (compatible; NationalCERT-scan/1.0; +https://cert.example/exchange)"
JUNK = (
    "/.env",
    "/wp-login.php",
    "/phpmyadmin/index.php",
    "/boaform/admin/formLogin",
    "/cgi-bin/luci",
    "/actuator/health",
    "/solr/admin/info/system",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
)
AGENTS = (
    "Mozilla/5.0 zgrab/0.x",
    "Go-http-client/1.1",
    "curl/7.68.0",
    "python-requests/2.25.1",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; rv:40.0) Gecko/20100101 Firefox/40.1",
    "-",
)
WANTED_PAGES = (
    "/owa/auth/RedirSuiteServerProxy.aspx",
    "/owa/auth/OutlookEN.aspx",
    "/owa/auth/errorEE.aspx",
    "/aspnet_client/discover.aspx",
    "/aspnet_client/supp0rt.aspx",
    "/aspnet_client/shell.aspx",
    "/owa/auth/8Lw7tAhF9i1pJnRo.aspx",
    "/ecp/auth/help.aspx",
    "/aspnet_client/system_web/log.aspx",
)


def background(server: Server, rng: random.Random, day: date) -> None:
    """Thirty or so odd requests a day."""
    for _ in range(rng.randrange(18, 42)):
        t = day_start(day) + rng.randrange(86_400_000)
        ip, agent = (
            f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.choice((9, 31, 58, 117, 171))}",
            rng.choice(AGENTS),
        )
        draw = rng.random()
        if draw < 0.55:
            server.serve(
                Request(
                    time_ms=t, stem=rng.choice(JUNK), ip=ip, agent=agent, host=SERVER_IP, status=404, win32=2
                )
            )
        elif draw < 0.75:
            server.serve(Request(time_ms=t, stem="/", ip=ip, agent=agent, host=SERVER_IP, status=302))
        elif draw < 0.9:
            server.serve(
                Request(
                    time_ms=t,
                    stem="/owa/auth/logon.aspx",
                    query="replaceCurrent=1&url=https%3a%2f%2f192.0.2.10%2fowa%2f",
                    protocol="Owa",
                    ip=ip,
                    agent=agent,
                    host="192.0.2.10",
                    auth="FBA",
                )
            )
        else:
            server.challenge(
                Request(time_ms=t, stem="/rpc/", protocol="RpcHttp", ip=ip, agent=agent, host="192.0.2.10")
            )


def guessing(server: Server, rng: random.Random, day: date, users: tuple[User, ...]) -> None:
    """Some nights somebody tries passwords over the logon page or EWS."""
    if rng.random() > 0.4:
        return
    t, ip = day_start(day) + rng.randrange(80_000_000), f"198.51.100.{rng.choice((18, 64, 90))}"
    by_page = rng.random() < 0.5
    for _ in range(rng.randrange(12, 60)):
        t += rng.randrange(2000, 9000)
        if by_page:
            server.serve(
                Request(
                    time_ms=t,
                    stem="/owa/auth.owa",
                    method="POST",
                    protocol="Owa",
                    ip=ip,
                    agent=AGENTS[4],
                    status=302,
                    auth="FBA",
                )
            )
        else:
            server.serve(
                Request(
                    time_ms=t,
                    stem="/EWS/Exchange.asmx",
                    method="POST",
                    protocol="Ews",
                    ip=ip,
                    agent="ExchangeServicesClient/15.00.0913.015",
                    status=401,
                    substatus=1,
                    win32=1326,
                    auth="Basic",
                    generic_error=f"LogonFailed={rng.choice(users).name}",
                )
            )


def ssrf_request(
    t: int,
    ip: str,
    agent: str,
    path: str,
    *,
    stem: str = "/ecp/y.js",
    method: str = "POST",
    host: str = f"a]@{FQDN}:444",
    status: int = 200,
    label: str = "",
) -> Request:
    """A request whose cookie chose the back end `host` and its `path`; what the server logs about it.

    Where the back end answered, its own site logs the path under the name of the computer account.
    """
    refused = status >= 400
    protocol = "Owa" if stem.startswith("/owa") else "Ecp"
    request = Request(
        time_ms=t,
        stem=stem,
        method=method,
        protocol=protocol,
        ip=ip,
        agent=agent,
        auth="FBA",
        anchor=f"ServerInfo~{host}{path}",
        target=host.split(":")[0],
        target_version="0.00.0003.000" if refused else "",
        routing_type="CrossRegion",
        routing_hint="X-AnonResource-Backend-Cookie" if protocol == "Owa" else "X-BEResource-Cookie",
        status=status,
        taken_ms=380 if refused else 212,
        generic_error="System.Net.WebException: The remote name could not be resolved, see inner"
        if refused
        else "",
        truth=label,
    )
    if not refused:
        request.back_stem, _, request.back_query = path.rstrip("#").partition("?")
        request.back_user = MACHINE
    return request


PROBES = (
    ("2021-03-01T11:52:07.301", 9, "python-requests/2.25.1", 200),
    (
        "2021-03-01T18:20:44.118",
        31,
        f"{WINDOWS} {WEBKIT} Chrome/88.0.4324.190 Safari/537.36",
        200,
    ),
    ("2021-03-02T23:41:15.904", 58, "ExchangeServicesClient/0.0.0.0", 200),
    ("2021-03-03T04:23:22.370", 117, "python-requests/2.24.0", 200),
    ("2021-03-03T14:59:37.707", 171, "ExchangeServicesClient/0.0.0.0", 500),
    ("2021-03-05T06:49:04.896", 188, "python-requests/2.25.1", 500),
    ("2021-03-07T03:38:32.487", 199, "Mozilla/5.0 zgrab/0.x", 500),
)
"""Others who tried the same hole and reached Autodiscover only: answered before the update, refused after."""


def proxylogon_visitors(server: Server) -> None:
    """Probes of others, a chain that the update stopped, Microsoft's test script, researchers, a CERT."""
    for text, octet, agent, status in PROBES:
        server.serve(
            ssrf_request(
                ms(text),
                f"192.0.2.{octet}",
                agent,
                "/autodiscover/autodiscover.xml?#",
                status=status,
                label="other-probe",
            )
        )
    t = ms("2021-03-04T03:37:04.919")
    for path in ("/autodiscover/autodiscover.xml?#", "/mapi/emsmdb/?#", "/ecp/proxyLogon.ecp?#"):
        server.serve(
            ssrf_request(
                t, "192.0.2.205", "python-requests/2.25.1", path, status=500, label="other-chain-failed"
            )
        )
        t += 5765
    for text, octet in (
        ("2021-03-06T10:36:34.479", 219),
        ("2021-03-06T18:48:25.164", 233),
        ("2021-03-07T14:19:57.268", 219),
        ("2021-03-08T12:29:06.447", 240),
    ):
        for late, path in ((0, "/owa/auth/logon.aspx?"), (411, "/ecp/default.flt?")):
            server.serve(
                ssrf_request(
                    ms(text) + late,
                    f"203.0.113.{octet}",
                    NMAP,
                    path,
                    stem="/owa/auth/x.js",
                    method="GET",
                    host="localhost",
                    status=500,
                    label="nmap-script",
                )
            )
    for text in ("2021-03-06T21:02:11.020", "2021-03-08T21:04:52.733"):
        server.serve(
            ssrf_request(
                ms(text),
                "198.51.100.199",
                CERT,
                "/ecp/default.flt?",
                stem="/owa/auth/x.js",
                method="GET",
                host="localhost",
                status=500,
                label="cert-scan",
            )
        )
    for day in range(4, 10):
        t = ms(f"2021-03-{day:02d}T02:14:09.500") + day * 1_234_567
        server.serve(
            Request(
                time_ms=t,
                stem="/owa/auth/logon.aspx",
                protocol="Owa",
                ip="198.51.100.240",
                agent=RESEARCH,
                auth="FBA",
                truth="research-scan",
            )
        )
        server.serve(
            Request(
                time_ms=t + 900,
                stem="/aspnet_client/supp0rt.aspx",
                ip="198.51.100.240",
                agent=RESEARCH,
                status=404,
                win32=2,
                truth="research-scan",
            )
        )


def shell_seekers(server: Server, shell: str) -> None:
    """Others look for shells by well-known names and for the intruder's name in a wrong folder: no page."""
    for text, ip in (
        ("2021-03-05T03:06:40.100", "192.0.2.219"),
        ("2021-03-06T17:27:02.900", "198.51.100.188"),
        ("2021-03-08T20:37:33.250", "192.0.2.240"),
    ):
        t = ms(text)
        for stem in (*WANTED_PAGES, "/owa/auth/" + shell.rsplit("/", 1)[1]):
            t += 740
            missing = stem.startswith("/aspnet_client")
            protocol = "" if missing else "Ecp" if stem.startswith("/ecp") else "Owa"
            server.serve(
                Request(
                    time_ms=t,
                    stem=stem,
                    protocol=protocol,
                    ip=ip,
                    agent="Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0",
                    status=404 if missing else 302,
                    win32=2 if missing else 0,
                    auth="" if missing else "FBA",
                    truth="shell-seeker",
                )
            )
