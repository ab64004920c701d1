"""The queue: who needs help first, and why. Read from columns that were written when the evidence came."""

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import DAY, HOUR, said
from exsweep.fleet.dialect import Row, Value
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.knowledge.fleet import fleet_words, queue_rules

BANDS = {
    0: "in_use",
    1: "broken_into",
    2: "broken_into",
    3: "suspicious",
    4: "no_signs",
    5: "unknown",
    6: "no_signs",
}
"""Tier -> one of the five numbers that add up to all servers; see `_band`."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the queue. Names are hostile text."""

    server: str
    """`srv_...`."""
    name: str | None
    organisation: str | None
    sector: str
    tier: str
    why: str
    points: float
    """Score and days of waiting together."""
    waiting_days: float
    level: str
    bod: str | None
    ssvc: str | None
    contact_state: str
    pinned: bool = False
    pin_why: str = ""
    """The sentence about the pin, with which `why` begins."""


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Five numbers that add up to the total."""

    total: int
    in_use: int = 0
    broken_into: int = 0
    suspicious: int = 0
    no_signs: int = 0
    unknown: int = 0


_COLUMNS = (
    "s.public_id, s.name, s.organisation, s.sector, s.tier, s.why, s.place, s.tier_since, s.level, s.bod, s.ssvc, "
    "s.contact_state"
)


def queue(
    fleet: Fleet,
    now: int,
    *,
    limit: int = 50,
    tier: int | None = None,
    sector: str | None = None,
    tenant: str | None = None,
    tenants: Tenants = None,
) -> tuple[Waiting, ...]:
    """The first `limit` servers: pinned ones, then by tier, points and time of waiting; of `tenants` only."""
    pinned = _pins(fleet, now)
    conditions, values = _filter(tier, sector, tenant, tenants)
    rows = fleet.database.run(
        f"SELECT s.id, {_COLUMNS} FROM server s WHERE {conditions} ORDER BY s.tier, s.place DESC, s.id LIMIT ?",
        (*values, limit + len(pinned)),
    )
    rest = [_waiting(row[1:], now) for row in rows if int(row[0]) not in pinned]
    first = [
        _waiting(row[1:], now, pin=pinned[int(row[0])])
        for number in pinned
        for row in fleet.database.run(
            f"SELECT s.id, {_COLUMNS} FROM server s WHERE s.id = ? AND {conditions}", (number, *values)
        )
    ]
    return tuple((first + rest)[:limit])


def numbers(fleet: Fleet, *, tenants: Tenants = None) -> Numbers:
    """The whole fleet (or what of it belongs to `tenants`) in five numbers; none is hidden."""
    condition, values = within(tenants)
    found = {"in_use": 0, "broken_into": 0, "suspicious": 0, "no_signs": 0, "unknown": 0}
    rows = fleet.database.run(
        f"SELECT tier, level, covered, COUNT(*) FROM server WHERE {condition} GROUP BY tier, level, covered",
        values,
    )
    for tier, level, covered, count in rows:
        found[_band(int(tier), str(level), bool(covered))] += int(count)
    return Numbers(total=sum(found.values()), **found)


def _band(tier: int, level: str, covered: bool) -> str:
    """Open servers that nobody could look into, or whose days cannot be seen, are not known; so are those of T3."""
    if tier == 3 and level in ("no_signs", "cannot_tell", "attacked"):
        return "unknown"
    if tier == 4 and not covered:
        return "unknown"
    return BANDS[tier]


def pin(fleet: Fleet, server: int, *, who: str, reason: str, hours: float, now: int) -> None:
    """Put a server on top of the queue, for at most 48 hours, under a name and with a reason.

    Raises:
        UsageError: no name, no reason, or longer than allowed.
    """
    rules = queue_rules()
    if not (who.strip() and reason.strip()):
        raise UsageError(
            "A server is put on top under a name and with a reason.", tip="Add --who and --reason."
        )
    if not 0 < hours <= rules.override_hours:
        raise UsageError(
            f"It can stay on top for up to {rules.override_hours} hours.", tip="Choose fewer --hours."
        )
    with fleet.act("pin", fleet.public_id(server), time=now, detail=f"{who}: {reason} ({hours:g} h)"):
        fleet.database.run(
            "INSERT INTO pin (server_id, who, reason, made, until) VALUES (?,?,?,?,?)",
            (server, stored(who, 200), stored(reason, 1_000), now, now + int(hours * HOUR)),
        )


def _pins(fleet: Fleet, now: int) -> dict[int, tuple[str, str, int]]:
    rows = fleet.database.run(
        "SELECT server_id, who, reason, until FROM pin WHERE until > ? AND made <= ? ORDER BY made, id",
        (now, now),
    )
    return {int(server): (str(who), str(reason), int(until)) for server, who, reason, until in rows}


def _filter(
    tier: int | None, sector: str | None, tenant: str | None, tenants: Tenants
) -> tuple[str, list[Value]]:
    condition, values = within(tenants, "s.tenant_id")
    conditions = [condition]
    for condition, value in (
        ("s.tier = ?", tier),
        ("s.sector = ?", sector),
        ("s.tenant_id = (SELECT id FROM tenant WHERE name = ?)", tenant),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return " AND ".join(conditions), values


def _waiting(row: Row, now: int, pin: tuple[str, str, int] | None = None) -> Waiting:
    server, name, organisation, sector, tier, why, place, since, level, bod, ssvc, contact = row
    pin_why = ""
    if pin is not None:
        pin_why = fleet_words().why["pinned"].format(who=pin[0], reason=pin[1], until=said(pin[2]))
        why = f"{pin_why} {why}"
    return Waiting(
        server=server,
        name=name,
        organisation=organisation,
        sector=sector,
        tier=f"T{tier}",
        why=why,
        points=round(place + now / DAY, 2),
        waiting_days=round(max(0, now - since) / DAY, 2),
        level=level,
        bod=bod,
        ssvc=ssvc,
        contact_state=contact,
        pinned=pin is not None,
        pin_why=pin_why,
    )
