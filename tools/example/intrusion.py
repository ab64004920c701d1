"""The break-in, step by step, as logs see it. Nothing here works: the only script text is a comment."""

import random

from example.backoffice import ecp_event
from example.request import Request
from example.scene import DOMAIN, SERVER, WEBKIT, canary, ms
from example.server import Server
from example.strangers import ssrf_request

ENTRY_IP = "203.0.113.77"
ENTRY_AGENT = "ExchangeServicesClient/0.0.0.0"
USE_IP = "198.51.100.142"
USE_AGENT = f"Mozilla/5.0 (Windows NT 10.0; WOW64) {WEBKIT} Chrome/79.0.3945.130 Safari/537.36"
INERT = '<script language="JScript" runat="server">/*EXSWEEP-INERT-FIXTURE*/</script>'
VICTIMS = ("superintendent", "payroll")
OAB = f"{SERVER}\\OAB (Default Web Site)"


def shell_path(rng: random.Random) -> str:
    """Below `/aspnet_client/`, eight random letters."""
    return (
        "/aspnet_client/"
        + "".join(rng.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", k=8))
        + ".aspx"
    )


def archive_path(rng: random.Random) -> str:
    return "/owa/auth/" + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=6)) + ".zip"


def break_in(server: Server, rng: random.Random, shell: str) -> None:
    """The probe of 27 February and the chain of 28 February."""
    server.serve(_forwarded("2021-02-27T21:17:48.612", "/autodiscover/autodiscover.xml?#", "probe"))
    token = canary(rng)
    server.serve(
        _forwarded("2021-02-28T04:10:21.334", "/autodiscover/autodiscover.xml?#", "chain-autodiscover")
    )
    server.serve(_forwarded("2021-02-28T04:10:21.902", "/mapi/emsmdb/?#", "chain-mapi"))
    server.serve(
        _forwarded("2021-02-28T04:10:22.771", "/ecp/proxyLogon.ecp?#", "chain-proxylogon", status=241)
    )
    ddi = "/ecp/DDI/DDIService.svc"
    read = f"msExchEcpCanary={token}&schema=OABVirtualDirectory"
    call = server.serve(
        _forwarded("2021-02-28T04:10:24.118", f"{ddi}/GetObject?{read}#", "chain-getobject", taken_ms=604)
    )
    ecp_event(server, call.time_ms - 2, call, "Get-OabVirtualDirectory")
    call = server.serve(
        _forwarded("2021-02-28T04:10:26.540", f"{ddi}/SetObject?{read}#", "chain-setobject", taken_ms=1188)
    )
    ecp_event(
        server,
        call.time_ms - 2,
        call,
        f"Set-OabVirtualDirectory.ExternalUrl='http://f/{INERT}'.Identity='{OAB}'",
    )
    reset = f"msExchEcpCanary={token}&schema=ResetOABVirtualDirectory"
    call = server.serve(
        _forwarded("2021-02-28T04:10:29.205", f"{ddi}/SetObject?{reset}#", "chain-reset", taken_ms=1711)
    )
    ecp_event(server, call.time_ms - 902, call, f"Remove-OABVirtualDirectory.Force=$true.Identity='{OAB}'")
    ecp_event(
        server,
        call.time_ms - 2,
        call,
        f"New-OABVirtualDirectory.WebSiteName='Default Web Site'.Server='{SERVER}'",
    )
    visit = Request(
        time_ms=ms("2021-02-28T04:10:41.050"),
        stem=shell,
        ip=ENTRY_IP,
        agent=ENTRY_AGENT,
        taken_ms=1893,
        truth="shell-visit",
    )
    server.serve(visit)


def _forwarded(text: str, path: str, label: str, *, status: int = 200, taken_ms: int = 190) -> Request:
    request = ssrf_request(ms(text), ENTRY_IP, ENTRY_AGENT, path, status=status, label=label)
    request.taken_ms = taken_ms
    request.notes["url"] = path.rstrip("#")
    return request


def read_mail(server: Server) -> None:
    """1 March: two mailboxes read through the same hole, no file needed."""
    t = ms("2021-03-01T02:31:10.480")
    for victim in VICTIMS:
        for soap, size in (
            ("FindItem", 48_112),
            ("GetItem", 231_907),
            ("GetItem", 198_455),
            ("GetAttachment", 1_884_210),
        ):
            request = _forwarded(
                "2021-03-01T00:00:00", "/ews/exchange.asmx?#", f"mail-{victim}", taken_ms=340 + size // 2000
            )
            request.time_ms, request.soap, request.sent_bytes = t, soap, size
            request.acting_for = f"{victim}@{DOMAIN}"
            server.serve(request)
            t += 7_310 + size // 90


USES = (
    ("2021-02-28T04:31:55.720", 5, "use-0228"),
    ("2021-03-02T22:07:13.010", 7, "use-0302"),
    ("2021-03-05T01:48:30.660", 6, "use-0305"),
    ("2021-03-08T22:41:09.150", 4, "use-0308"),
)
"""Begin, number of requests with input, label. The last two lie after the update."""


def use_shell(server: Server, rng: random.Random, shell: str, archive: str) -> None:
    """The second address sends input in request bodies; on 5 March it fetches what was packed."""
    for text, count, label in USES:
        t = ms(text)
        for _ in range(count):
            server.serve(
                Request(
                    time_ms=t,
                    stem=shell,
                    method="POST",
                    ip=USE_IP,
                    agent=USE_AGENT,
                    taken_ms=rng.randrange(80, 2900),
                    truth=label,
                )
            )
            t += rng.randrange(4_000, 70_000)
    fetched = ms("2021-03-05T02:03:44.870")
    server.serve(
        Request(
            time_ms=fetched,
            stem=archive,
            protocol="Owa",
            ip=USE_IP,
            agent=USE_AGENT,
            auth="FBA",
            taken_ms=412_655,
            sent_bytes=318_767_104,
            truth="archive-download",
        )
    )


def come_again(server: Server) -> None:
    """6 March: the entry address tries the hole once more and the update refuses it."""
    t = ms("2021-03-06T05:28:57.010")
    for path in ("/autodiscover/autodiscover.xml?#", "/mapi/emsmdb/?#"):
        server.serve(ssrf_request(t, ENTRY_IP, ENTRY_AGENT, path, status=500, label="entry-again"))
        t += 1_204
