"""What there is to tell other programs: cases, ends of jobs, hits of hunts that watch, re-checks. Ids, levels and counts only.

Worked out from what the store keeps, for each receiver by itself: cases in the order of their assessments, behind a number;
the rest by the time of the thing itself, without what stands in the table of what was told.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet import recheck
from exsweep.fleet.clock import DAY, moment
from exsweep.fleet.hunt.running import unpacked_may
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.store import Fleet
from exsweep.model import Level

_BATCH = 100
LONGEST_S = 30 * DAY
"""What is older is not told any more, nor is it remembered that it was."""

Event = Literal[
    "case.new", "case.worse", "case.better", "job.done", "job.failed", "hunt.hit", "recheck.due", "recheck.came_back"
]  # fmt: skip
EVENTS: tuple[Event, ...] = (
    "case.new", "case.worse", "case.better", "job.done", "job.failed", "hunt.hit", "recheck.due", "recheck.came_back",
)  # fmt: skip


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is new, worse or better."""

    server: str
    tenant: str
    level: str
    before: str | None
    from_outside: bool
    address: str
    """Page to read on."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Reading or looking ended; `state` failed: nothing came of it, or quarantined: it killed its readers."""

    job: str
    kind: str
    tenant: str
    state: str
    server: str | None
    address: str


class Hunted(msgspec.Struct, frozen=True, kw_only=True):
    """A hunt that watches was hit where it was not before."""

    hunt: str
    run: str
    servers: int
    address: str


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """A cleaned server is due to be looked at, or something is back. `things`: how many came back."""

    server: str
    tenant: str
    week: int | None = None
    things: int | None = None
    address: str


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a call."""

    type: Event
    timestamp: str
    data: Case | Job | Hunted | Again


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was not told yet."""

    name: str
    """Id of the notice, the same whenever it is tried."""
    at: int
    notice: Notice | None
    """None: nobody has to hear of it; only that it was seen is to be remembered."""
    number: int | None = None
    """Of the assessment; such things are remembered by the last number alone."""
    object: str = ""


def cases(fleet: Fleet, wanted: tuple[Event, ...], tenants: Tenants, last: int, origin: str) -> Iterator[Pending]:  # fmt: skip
    """One for each assessment after the last one that was told, in order."""
    rows = fleet.database.run(
        "SELECT a.id, a.received, a.level, a.outside, s.public_id, t.id, t.name, (SELECT b.level FROM assessment b WHERE "
        "b.server_id = a.server_id AND b.id < a.id ORDER BY b.id DESC LIMIT 1) FROM assessment a "
        "JOIN server s ON s.id = a.server_id JOIN tenant t ON t.id = s.tenant_id WHERE a.id > ? ORDER BY a.id LIMIT ?",
        (last, _BATCH),
    )
    for number, received, level, outside, server, tenant, name, before in rows:
        event = _change(str(level), before)
        case = Case(
            server=server, tenant=name, level=level, before=before, from_outside=bool(outside),
            address=f"{origin}/cases/{server}",
        )  # fmt: skip
        told = event in wanted and (tenants is None or int(tenant) in tenants)
        notice = _notice(event, int(received), case) if event and told else None
        yield Pending(
            name=f"case_{number}", at=int(received), notice=notice, number=int(number), object=server
        )


def others(
    fleet: Fleet,
    wanted: tuple[Event, ...],
    tenants: Tenants,
    since: int,
    receiver: str,
    now: int,
    origin: str,
) -> Iterator[Pending]:
    """Jobs, hunts and re-checks from that moment on that this receiver was not told of."""
    since = max(since, now - LONGEST_S)
    known = {
        str(row[0]) for row in fleet.database.run("SELECT what FROM told WHERE receiver = ?", (receiver,))
    }
    for found in (
        _jobs(fleet, tenants, since, origin),
        _hits(fleet, tenants, since, origin),
        _due(fleet, tenants, since, now, origin),
        _back(fleet, tenants, since, known, origin),
    ):
        for each in found:
            if each.name not in known:
                unwanted = each.notice is not None and each.notice.type not in wanted
                yield msgspec.structs.replace(each, notice=None) if unwanted else each


def _jobs(fleet: Fleet, tenants: Tenants, since: int, origin: str) -> Iterator[Pending]:
    ours, values = within(tenants, "j.tenant_id")
    for job, kind, state, ended, tenant, server in fleet.database.run(
        "SELECT j.public_id, j.kind, j.state, j.ended, t.name, s.public_id FROM job j JOIN tenant t ON t.id = j.tenant_id "
        "LEFT JOIN server s ON s.id = j.server_id WHERE j.state IN ('done', 'failed', 'quarantined') AND j.ended >= ? AND "
        f"{ours} ORDER BY j.ended, j.id",
        (since, *values),
    ):
        said = Job(
            job=job, kind=kind, tenant=tenant, state=state, server=server, address=f"{origin}/jobs/{job}"
        )
        event: Event = "job.done" if state == "done" else "job.failed"
        # A job that failed and was told to go on ends a second time.
        yield Pending(name=f"{job}_{ended}", at=int(ended), notice=_notice(event, int(ended), said), object=job)  # fmt: skip


def _hits(fleet: Fleet, tenants: Tenants, since: int, origin: str) -> Iterator[Pending]:
    """Of hunts whose maker may look nowhere but at what the receiver may hear of."""
    ours, values = within(tenants, "s.tenant_id")
    for hunt, run, ended, may, servers in fleet.database.run(
        "SELECT h.public_id, r.public_id, r.ended, h.may, COUNT(DISTINCT x.server_id) FROM hunt_run r "
        "JOIN hunt h ON h.id = r.hunt_id JOIN hunt_hit x ON x.run_id = r.id JOIN server s ON s.id = x.server_id "
        f"WHERE h.watch = 1 AND r.state = 'done' AND r.ended >= ? AND x.fresh = 1 AND {ours} "
        "GROUP BY h.public_id, r.public_id, r.ended, h.may, r.id ORDER BY r.ended, r.id",
        (since, *values),
    ):
        seen = unpacked_may(may)
        if tenants is None or (seen is not None and seen <= set(tenants)):
            said = Hunted(hunt=hunt, run=run, servers=int(servers), address=f"{origin}/hunt/{run}")
            yield Pending(name=run, at=int(ended), notice=_notice("hunt.hit", int(ended), said), object=run)


def _due(fleet: Fleet, tenants: Tenants, since: int, now: int, origin: str) -> Iterator[Pending]:
    for each in recheck.due(fleet, now, limit=10_000, tenants=tenants, since=since):
        if each.due is None:
            continue
        at = int(each.due.timestamp())
        address = f"{origin}/cases/{each.server}"
        said = Again(server=each.server, tenant=each.tenant, week=each.week, address=address)
        yield Pending(
            name=f"recheck_{each.server}_{at}",
            at=at,
            notice=_notice("recheck.due", at, said),
            object=each.server,
        )


def _back(fleet: Fleet, tenants: Tenants, since: int, known: set[str], origin: str) -> Iterator[Pending]:
    """Looked at again after it was cleaned: what came back?"""
    ours, values = within(tenants, "s.tenant_id")
    rows = fleet.database.run(
        "SELECT MAX(a.id), MAX(a.received), s.id, s.public_id, t.name FROM server s JOIN assessment a ON a.server_id = s.id "
        "JOIN tenant t ON t.id = s.tenant_id WHERE s.cleaned_at IS NOT NULL AND a.outside = 0 AND a.received >= ? AND "
        f"a.evidence_end > s.cleaned_at AND {ours} GROUP BY s.id, s.public_id, t.name ORDER BY 1",
        (since, *values),
    )
    for number, received, server, public, tenant in rows:
        name = f"again_{number}"
        if name in known:
            continue
        things = _came_back(fleet, int(server))
        said = Again(server=public, tenant=tenant, things=things, address=f"{origin}/cases/{public}")
        notice = _notice("recheck.came_back", int(received), said) if things else None
        yield Pending(name=name, at=int(received), notice=notice, object=public)


def _came_back(fleet: Fleet, server: int) -> int:
    try:
        items = recheck.of_server(fleet, server).items
    except UsageError:
        return 0  # looked at once only: nothing to compare it with
    return sum(each.change is recheck.Change.CAME_BACK for each in items)


def _notice(event: Event, at: int, data: Case | Job | Hunted | Again) -> Notice:
    time = moment(at)
    return Notice(type=event, timestamp=time.isoformat() if time else "", data=data)


def _change(level: str, before: str | None) -> Event | None:
    if before is None:
        return "case.new"
    change = Level(level).rank - Level(before).rank
    return "case.worse" if change > 0 else "case.better" if change < 0 else None
