"""Views: having servers looked at from outside, where the one who runs the service has allowed it by a scope file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exsweep.errors import ScanRefused, UsageError
from exsweep.scan import Wishes, scope_in
from exsweep.web import jobs, scanning
from exsweep.web.ask import Ask
from exsweep.web.core.sending import tenant_for, tenants_of
from exsweep.web.jobs import Job
from exsweep.web.problem import Problem
from exsweep.web.routes import route, url

_NAMED = 5


class ScanView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be looked at, and by whose word."""

    allowed: bool
    why_not: str = ""
    who: str = ""
    """Who allowed it."""
    until: datetime | None = None
    contact: str = ""
    page: str = ""
    """Address of the page that explains it; every request names it."""
    ports: tuple[int, ...] = ()
    most: int = scanning.MOST
    tenants: tuple[str, ...] = ()
    """Where one may have it done for several, and none was named."""
    tenant: str | None = None


class ScanAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tenant: str | None = None
    """For whom, where one acts for several."""


class NewScan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    address: Annotated[str, Meta(max_length=300)] = ""
    lines: Annotated[str, Meta(max_length=300_000)] = ""
    """More of them, one a line."""
    authority: Literal["own", "written"]
    """`own`: it is our server; `written`: its owner asked for it in writing."""
    tenant: str | None = None


@route("GET", "/scan", may="scan.start")
def scan(ask: Ask, asked: ScanAsk) -> ScanView:
    """Have servers looked at from outside."""
    tenants = () if asked.tenant else tenants_of(ask, "scan.start")
    given = ask.service.settings.allow_scan
    if len(tenants) > 1 and given is not None and given.is_dir():
        return ScanView(allowed=False, tenants=tenants)
    try:
        file = _file(ask, asked.tenant)
        if file is None:
            return ScanView(allowed=False)
        scope = scope_in(file, Wishes(), now=_now(ask))
    except (ScanRefused, UsageError) as error:
        return ScanView(allowed=False, why_not=error.message)
    return ScanView(
        allowed=True,
        who=scope.who,
        until=scope.until,
        contact=scope.contact,
        page=scope.page,
        ports=tuple(sorted(scope.ports)),
        most=min(scanning.MOST, scope.most_addresses),
        tenants=tenants,
        tenant=asked.tenant,
    )


@route("POST", "/scan", may="scan.start", then=lambda of: url("job", job=of.job), rate="heavy")
def scan_start(ask: Ask, asked: NewScan) -> Job:
    """Look from outside: what a server shows to everybody. Nothing is asked that the scope file does not allow."""
    lines = tuple(filter(None, (line.strip() for line in (asked.address, *asked.lines.splitlines()))))
    file = _file(ask, asked.tenant)
    if file is None:
        raise Problem(
            403,
            "Looks from outside are not switched on here.",
            tip="Whoever runs this service gives `exsweep serve` a scope file: --allow-scan SCOPE.yml.",
        )
    try:
        plan = scanning.planned(file, lines, now=_now(ask))
    except ScanRefused as error:
        raise Problem(422, error.message, tip=error.tip) from error
    wanted = scanning.Wanted(lines=lines, authority=asked.authority)
    job = jobs.create(
        ask.fleet,
        kind="scan",
        tenant=tenant_for(ask, asked.tenant),
        who=ask.who,
        now=ask.now,
        asked=msgspec.json.encode(wanted).decode(),
    )
    named = ", ".join(each.host for each in plan.targets[:_NAMED])
    more = f" and {len(plan.targets) - _NAMED:,} more" if len(plan.targets) > _NAMED else ""
    ask.note("scan from outside", job, f"{named}{more}; by right: {asked.authority}; scope: {plan.scope.who}")
    return jobs.job(ask.fleet, job)


def _file(ask: Ask, tenant: str | None) -> Path | None:
    """The scope file that holds for a tenant."""
    given = ask.service.settings.allow_scan
    if given is None or not given.is_dir():
        return given
    row = ask.fleet.database.one("SELECT name FROM tenant WHERE id = ?", (tenant_for(ask, tenant),))
    return scanning.scope_for(given, str(row[0])) if row else None


def _now(ask: Ask) -> datetime:
    return datetime.fromtimestamp(ask.now, UTC)
