"""The server watches itself: Managed Availability probes, the majority of rows on a small server."""

import random
from datetime import date

from example.backoffice import cmdlet
from example.request import Request
from example.scene import (
    DATABASES,
    DOMAIN,
    FQDN,
    NETBIOS,
    OUTAGES,
    SERVER_LINK_LOCAL,
    SID_BASE,
    User,
    day_start,
    guid,
)
from example.server import Server

AM = "AMProbe/Local/ClientAccess"
MONITOR = "Mozilla/4.0 (compatible; MSIE 9.0; Windows NT 6.1; MSEXCHMON; ACTIVEMONITORING; OWACTP)"


def health_mailboxes(rng: random.Random) -> tuple[User, ...]:
    """The mailboxes that probes log on to."""
    return tuple(
        User(
            name=f"HealthMailbox{rng.getrandbits(128):032x}",
            sid=f"{SID_BASE}-{1142 + n}",
            mailbox=guid(rng),
            database=DATABASES[n % 2],
            desk_ip="127.0.0.1",
            away_ip="::1",
            outlook="MapiHttpClient",
            phone="TestActiveSyncConnectivity",
            phone_id="EASProbeDeviceId141",
            browser=MONITOR,
        )
        for n in range(4)
    )


def probe_day(server: Server, rng: random.Random, day: date, mailboxes: tuple[User, ...]) -> None:
    """About 450 probe requests, evenly over the day; rare ones every eight hours."""
    midnight = day_start(day)
    for hour in range(24):
        start = midnight + hour * 3_600_000
        for minute in (4, 24, 44):
            box = rng.choice(mailboxes)
            _mapi(server, rng, start + minute * 60_000 + rng.randrange(9000), box)
            _owa(server, start + minute * 60_000 + 11_000 + rng.randrange(9000), box)
            _eas(server, start + minute * 60_000 + 31_000 + rng.randrange(9000), box)
        if hour % 3 == 0:
            _ews(server, start + 9 * 60_000 + rng.randrange(9000), rng.choice(mailboxes))
            _autodiscover(server, start + 12 * 60_000 + rng.randrange(9000), rng.choice(mailboxes))
        if hour % 8 == 1:
            _rare(server, start + 17 * 60_000 + rng.randrange(9000), rng.choice(mailboxes))


def after_restart(server: Server, rng: random.Random, mailboxes: tuple[User, ...]) -> None:
    """Every service is asked once within minutes of each start: the first rows under the new build."""
    for _, end in OUTAGES:
        for number, ask in enumerate((_owa, _eas, _ews, _autodiscover, _rare)):
            ask(server, end + 25_000 + number * 31_000, mailboxes[number % len(mailboxes)])
        _mapi(server, rng, end + 190_000, mailboxes[0])


def _mapi(server: Server, rng: random.Random, t: int, box: User) -> None:
    session, connection = guid(rng), guid(rng)
    for number, kind in enumerate(("Connect", "Execute", "Disconnect"), start=1):
        server.as_user(
            Request(
                time_ms=t + number * 17,
                stem="/mapi/emsmdb/",
                method="POST",
                query=f"mailboxId={box.mailbox}@{DOMAIN}",
                protocol="Mapi",
                host=FQDN,
                ip=SERVER_LINK_LOCAL,
                agent="MapiHttpClient",
                anchor=f"MailboxGuid~{box.mailbox}",
                organisation=DOMAIN,
                routing_hint="MailboxGuidWithDomain",
                taken_ms=6 + number * 4,
                client_request=f"R:{session}:{number};RT:{kind};CI:{connection}:1;CID:{guid(rng)}",
            ),
            box,
        )


def _owa(server: Server, t: int, box: User) -> None:
    server.serve(
        Request(
            time_ms=t,
            stem="/owa/auth/logon.aspx",
            query="replaceCurrent=1",
            protocol="Owa",
            host="localhost",
            ip="127.0.0.1",
            agent=AM,
            auth="FBA",
            taken_ms=3,
        )
    )
    server.as_user(
        Request(
            time_ms=t + 140,
            stem="/owa/",
            protocol="Owa",
            host="localhost",
            ip="127.0.0.1",
            agent=MONITOR,
            taken_ms=31,
        ),
        box,
        "FBA",
    )


def _eas(server: Server, t: int, box: User) -> None:
    server.as_user(
        Request(
            time_ms=t,
            stem="/Microsoft-Server-ActiveSync/default.eas",
            method="OPTIONS",
            protocol="Eas",
            host="localhost",
            ip="127.0.0.1",
            agent=box.phone,
            taken_ms=9,
        ),
        box,
        "Basic",
        "/Microsoft-Server-ActiveSync/Proxy/default.eas",
    )


def _ews(server: Server, t: int, box: User) -> None:
    for late, soap in ((0, "GetFolder"), (200, "ConvertId")):
        server.as_user(
            Request(
                time_ms=t + late,
                stem="/EWS/Exchange.asmx",
                method="POST",
                protocol="Ews",
                host="localhost",
                ip="::1",
                agent="Ews_AM_Probe/Local (ExchangeServicesClient/15.01.2106.002)",
                soap=soap,
                taken_ms=17,
            ),
            box,
        )


def _autodiscover(server: Server, t: int, box: User) -> None:
    common = Request(
        time_ms=t,
        stem="/autodiscover/autodiscover.xml",
        method="POST",
        protocol="Autodiscover",
        host="localhost",
        ip="127.0.0.1",
        agent="Autodiscover_AM_Probe/Local",
    )
    server.challenge(common, "Negotiate")
    server.as_user(
        Request(
            time_ms=t + 30,
            stem=common.stem,
            method="POST",
            protocol="Autodiscover",
            host="localhost",
            ip="127.0.0.1",
            agent=common.agent,
            taken_ms=13,
        ),
        box,
    )


def _rare(server: Server, t: int, box: User) -> None:
    for number, (protocol, stem) in enumerate(
        (
            ("Ecp", "/ecp/ReportingWebService/"),
            ("Oab", "/oab/"),
            ("Rest", "/api/"),
            ("RpcHttp", "/rpc/"),
            ("Ews", "/ews/"),
        )
    ):
        server.as_user(
            Request(
                time_ms=t + number * 1500,
                stem=stem,
                protocol=protocol,
                host="localhost",
                ip="127.0.0.1",
                agent=AM,
                taken_ms=2,
            ),
            box,
        )
    call = Request(
        time_ms=t + 20_000,
        stem="/powershell",
        method="POST",
        query="clientApplication=ActiveMonitor;PSVersion=5.1.14393.3471",
        protocol="PowerShell",
        host="localhost",
        port=80,
        ip="::1",
        agent="Microsoft WinRM Client",
        action="Get-Mailbox:Command",
        taken_ms=15,
    )
    cmdlet(
        server,
        server.as_user(call, box, "Kerberos"),
        "Get-Mailbox",
        '-ResultSize "1"',
        f"{NETBIOS}\\{box.name}",
        "ActiveMonitor",
    )
