"""What programs of the staff ask of the server: Outlook, phones, web mail, Macs, feeds, old machines."""

import random
from dataclasses import replace

from example.backoffice import ecp_request
from example.request import Request
from example.scene import AUTODISCOVER_HOST, DOMAIN, FQDN, NETBIOS, PUBLIC_HOST, User, build_at, canary, guid
from example.server import Server

OWA_URL = f"https://{PUBLIC_HOST}/owa/"
OWA_ACTIONS = [
    "FindItem",
    "GetItem",
    "GetConversationItems",
    "FindConversation",
    "UpdateItem",
    "CreateItem",
    "GetFileAttachment",
    "GetReminders",
]
OWA_FILES = (
    "scripts/preboot.js",
    "scripts/boot.worldwide.0.mouse.js",
    "resources/styles/0/boot.worldwide.mouse.css",
    "resources/images/0/sprite1.mouse.png",
)
ECP_CALLS = (
    ("Get-InboxRule", "/ecp/RulesEditor/InboxRules.svc/GetList"),
    ("Get-MailboxMessageConfiguration", "/ecp/PersonalSettings/EmailSignature.svc/GetObject"),
    ("Get-CalendarProcessing", "/ecp/PersonalSettings/Automation.svc/GetObject"),
    ("Get-MobileDevice", "/ecp/PersonalSettings/MobileDevices.svc/GetList"),
)
AVAILABILITY = ("GetUserAvailabilityRequest", "GetUserOofSettings")
MAC_CALLS = ("FindItem", "GetItem", "SyncFolderItems", "GetFolder")
MAC_OUTLOOK = "MacOutlook/16.46.21021202 (Intelx64 Mac OS X Version 10.15.7 (Build 19H512))"
EAS = "/Microsoft-Server-ActiveSync/default.eas"
EAS_BACK = "/Microsoft-Server-ActiveSync/Proxy/default.eas"
ADDRESS_BOOK = "/OAB/4f1c6a57-2b0d-4e8e-9a3c-d7a6b1f08c52/oab.xml"


class Clients:
    """Each method is one session of `user` that begins at `t` (Unix milliseconds) from the address `ip`."""

    def __init__(self, server: Server, rng: random.Random) -> None:
        self.server, self.rng = server, rng

    def _took(self) -> int:
        return int(6 / (self.rng.random() + 0.01)) + 2

    def outlook(self, t: int, user: User, ip: str) -> None:
        """Start or wake of Outlook: Autodiscover (401, then 200), a MAPI session, availability by EWS."""
        rng = self.rng
        ask = Request(
            time_ms=t, stem="/autodiscover/autodiscover.xml", method="POST", protocol="Autodiscover",
            host=AUTODISCOVER_HOST, ip=ip, agent=user.outlook,
            query=f"&ClientId={''.join(rng.choices('ABCDEFGHIJKLMNOPQRSTUVWXYZ', k=19))}",
        )  # fmt: skip
        self.server.challenge(replace(ask))
        self.server.as_user(replace(ask, time_ms=t + 160, taken_ms=self._took()), user, "NTLM")
        session, connection = guid(rng), guid(rng)
        t += 900
        kinds = ["Connect"] + ["Execute"] * rng.randrange(2, 7) + ["Disconnect"]
        for number, kind in enumerate(kinds, start=1):
            took = self._took()
            t += took + rng.randrange(40, 4000)
            request = Request(
                time_ms=t, stem="/mapi/emsmdb/", method="POST", protocol="Mapi", ip=ip, agent=user.outlook,
                query=f"mailboxId={user.mailbox}@{DOMAIN}", taken_ms=took, organisation=DOMAIN,
                anchor=f"MailboxGuid~{user.mailbox}", routing_hint="MailboxGuidWithDomain",
                client_request=f"R:{session}:{number};RT:{kind};CI:{connection}:1;CID:{guid(rng)}",
            )  # fmt: skip
            self.server.as_user(request, user)
        if rng.random() < 0.5:
            self._soap(t + 1500, user, ip, user.outlook, rng.choice(AVAILABILITY))
        if rng.random() < 0.15:
            book = Request(
                time_ms=t + 2600, stem=ADDRESS_BOOK, protocol="Oab", ip=ip, agent="Microsoft BITS/7.8"
            )
            self.server.as_user(book, user)

    def _soap(self, t: int, user: User, ip: str, agent: str, action: str) -> None:
        ask = Request(time_ms=t, stem="/EWS/Exchange.asmx", method="POST", protocol="Ews", ip=ip, agent=agent)
        self.server.challenge(replace(ask))
        self.server.as_user(replace(ask, time_ms=t + 120, soap=action, taken_ms=self._took()), user, "NTLM")

    def phone(self, t: int, user: User, ip: str) -> None:
        """A phone: Ping that waits, Sync when something came. Phones are not on the school network."""
        device = "iPhone" if "Apple" in user.phone else "Android"
        for command in ("Ping", "Sync") if self.rng.random() < 0.35 else ("Ping",):
            request = Request(
                time_ms=t, stem=EAS, method="POST", protocol="Eas", ip=user.away_ip, agent=user.phone,
                query=f"Cmd={command}&User={NETBIOS}%5C{user.name}&DeviceId={user.phone_id}&DeviceType={device}",
                taken_ms=self.rng.randrange(60_000, 900_000) if command == "Ping" else self._took() * 3,
            )  # fmt: skip
            self.server.as_user(request, user, "Basic", EAS_BACK)
            t += 300 + self.rng.randrange(900)

    def webmail(self, t: int, user: User, ip: str) -> None:
        """A logon to the web page, one in eight with a wrong password first, and some minutes of reading."""
        rng = self.rng
        page = Request(time_ms=t, stem="/owa/", protocol="Owa", ip=ip, agent=user.browser, auth="FBA")
        self.server.serve(replace(page, status=302))
        back = f"url=https%3a%2f%2f{PUBLIC_HOST}%2fowa%2f&reason=0"
        self.server.serve(replace(page, time_ms=t + 90, stem="/owa/auth/logon.aspx", query=back))
        t += rng.randrange(4000, 20000)
        for _ in range(2 if rng.random() < 0.12 else 1):
            post = replace(page, time_ms=t, stem="/owa/auth.owa", method="POST", status=302)
            self.server.serve(replace(post, referer=OWA_URL + "auth/logon.aspx"))
            t += rng.randrange(400, 6000)
        self.server.as_user(replace(page, time_ms=t, taken_ms=self._took() * 3), user, "FBA")
        build = ".".join(map(str, build_at(t)))
        page = replace(page, referer=OWA_URL)
        for name in OWA_FILES[: rng.randrange(1, 4)]:
            t += 60
            script = replace(
                page, time_ms=t, stem=f"/owa/prem/{build}/{name}", routing_hint="X-BEResource-Cookie"
            )
            self.server.as_user(script, user, "FBA")
        for number in range(rng.randrange(3, 9)):
            t += rng.randrange(300, 60_000)
            call = replace(page, time_ms=t, stem="/owa/service.svc", method="POST", taken_ms=self._took())
            query = f"action={rng.choice(OWA_ACTIONS)}&EP=1&ID=-{number + 1}&AC=1"
            self.server.as_user(replace(call, query=query), user, "FBA")
        if rng.random() < 0.3:
            off = replace(page, time_ms=t + 5000, stem="/owa/auth/logoff.aspx", query="Cmd=logoff&src=exch")
            self.server.serve(off)

    def mac(self, t: int, user: User, ip: str) -> None:
        """A Mac reads by EWS."""
        for _ in range(self.rng.randrange(1, 5)):
            self._soap(t, user, ip, MAC_OUTLOOK, self.rng.choice(MAC_CALLS))
            t += self.rng.randrange(800, 30_000)

    def feed(self, t: int, user: User, ip: str) -> None:
        """A published calendar that anybody may fetch."""
        stem = f"/owa/calendar/{user.mailbox}@{DOMAIN}/Calendar/reachcalendar.ics"
        request = Request(
            time_ms=t, stem=stem, protocol="OwaCalendar", ip=user.away_ip, agent="Google-Calendar-Importer",
            taken_ms=40, target=FQDN, anchor=f"MailboxGuid~{user.mailbox}", back_stem=stem,
            database=user.database,
        )  # fmt: skip
        self.server.serve(request)

    def options(self, t: int, user: User, ip: str) -> None:
        """Mailbox options in ECP, with the rows of ECP's own logs."""
        command, stem = self.rng.choice(ECP_CALLS)
        page = Request(
            time_ms=t, stem="/ecp/default.aspx", query="rfr=owa&p=PersonalSettings/EmailSignature",
            protocol="Ecp", ip=ip, agent=user.browser, taken_ms=self._took() * 4,
        )  # fmt: skip
        self.server.as_user(page, user, "FBA")
        query = f"msExchEcpCanary={canary(self.rng)}"
        call = Request(
            time_ms=t + 1800, stem=stem, method="POST", query=query, protocol="Ecp", ip=ip,
            agent=user.browser, taken_ms=self._took(),
        )  # fmt: skip
        ecp_request(self.server, self.server.as_user(call, user, "FBA"), command, user.login)

    def legacy(self, t: int, user: User, ip: str) -> None:
        """One old machine still speaks RPC over HTTP."""
        for method in ("RPC_IN_DATA", "RPC_OUT_DATA"):
            ask = Request(
                time_ms=t, stem="/rpc/rpcproxy.dll", method=method, query=f"{user.mailbox}@{DOMAIN}:6001",
                protocol="RpcHttp", ip=ip, agent="MSRPC",
            )  # fmt: skip
            self.server.challenge(replace(ask))
            took = self.rng.randrange(2000, 90_000)
            self.server.as_user(replace(ask, time_ms=t + 400, taken_ms=took), user, "NTLM")

    def rest(self, t: int, user: User, ip: str) -> None:
        """The phone app asks the REST face for folders."""
        request = Request(
            time_ms=t, stem="/api/v2.0/me/MailFolders", protocol="Rest", ip=user.away_ip,
            agent="Outlook-iOS-Android/1.0", taken_ms=self._took(), anchor=f"SMTP:{user.address}",
        )  # fmt: skip
        self.server.as_user(request, user, "Bearer")
