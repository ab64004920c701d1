"""The one administrator of the district at work, all of it harmless."""

import random
from datetime import date

from example.backoffice import cmdlet, ecp_event
from example.request import Request
from example.scene import DOMAIN, FQDN, SERVER, User, canary, day_start, is_school_day
from example.server import Server

ADMIN_CMDLETS = (
    ("Get-Mailbox", '-ResultSize "Unlimited"'),
    ("Get-MailboxStatistics", '-Server "MAIL01"'),
    ("Get-MessageTrackingLog", '-EventId "FAIL"'),
    ("Set-Mailbox", '-Identity "nurse" -ProhibitSendQuota "2 GB"'),
    ("Get-OabVirtualDirectory", ""),
    ("Get-ExchangeCertificate", ""),
)


def administrator_day(server: Server, rng: random.Random, day: date, admin: User) -> None:
    """A remote session now and then, and once a correction of the address book's address in ECP."""
    if is_school_day(day) and rng.random() < 0.35:
        t = day_start(day) + rng.randrange(13, 21) * 3_600_000
        for name, parameters in rng.sample(ADMIN_CMDLETS, 3):
            t += rng.randrange(8000, 90_000)
            call = Request(
                time_ms=t,
                stem="/powershell",
                method="POST",
                query="PSVersion=5.1.14393.3471",
                protocol="PowerShell",
                ip=admin.desk_ip,
                agent="Microsoft WinRM Client",
                host=FQDN,
                port=80,
                action=f"{name}:Command",
                taken_ms=rng.randrange(40, 900),
            )
            cmdlet(
                server, server.as_user(call, admin, "Kerberos"), name, parameters, admin.login, "PowerShell"
            )
    if day == date(2021, 2, 10):
        t = day_start(day) + 15 * 3_600_000 + 31_415
        call = Request(
            time_ms=t,
            stem="/ecp/DDI/DDIService.svc/SetObject",
            method="POST",
            query="schema=OABVirtualDirectory&msExchEcpCanary=" + canary(rng),
            protocol="Ecp",
            ip=admin.desk_ip,
            agent=admin.browser,
            taken_ms=733,
        )
        call = server.as_user(call, admin, "FBA")
        url = f"https://mail.{DOMAIN}/OAB"
        ecp_event(
            server,
            t,
            call,
            f"Set-OabVirtualDirectory.ExternalUrl='{url}'.Identity='{SERVER}\\OAB (Default Web Site)'",
        )
