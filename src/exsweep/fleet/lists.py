"""The list behind every number: servers by what they have in common, page by page, in the order of the queue."""

import datetime as dt
from datetime import UTC, date, datetime

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import DAY, moment
from exsweep.fleet.dialect import Value
from exsweep.fleet.queue import Waiting, _waiting
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.store import Fleet

_COLUMNS = (
    "s.public_id, s.name, s.organisation, s.sector, s.tier, s.why, s.place, s.tier_since, s.level, s.bod, s.ssvc, "
    "s.contact_state"
)
MOST = 200
BANDS = {
    "in_use": "s.tier = 0",
    "broken_into": "s.tier IN (1, 2)",
    "suspicious": "s.tier = 3 AND s.level NOT IN ('no_signs', 'cannot_tell', 'attacked')",
    "no_signs": "(s.tier = 6 OR (s.tier = 4 AND s.covered = 1))",
    "unknown": "(s.tier = 5 OR (s.tier = 3 AND s.level IN ('no_signs', 'cannot_tell', 'attacked')) "
    "OR (s.tier = 4 AND s.covered = 0))",
}
"""The five numbers that add up to all, as conditions; `queue.numbers` counts by the same table (a test holds them equal)."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What the servers of a list have in common; None: anything."""

    tier: int | None = None
    band: str | None = None
    """One of the five numbers."""
    level: str | None = None
    sector: str | None = None
    region: str | None = None
    campaign: str | None = None
    """Seen open to it, and broken into through it or not."""
    cluster: str | None = None
    build: str | None = None
    contact: str | None = None
    find: str | None = None
    """Start of the id, name or organisation."""
    broken_on: date | None = None
    known_on: date | None = None
    cleaned_on: date | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list."""

    rows: tuple[Waiting, ...]
    total: int
    """Servers of the whole list."""
    next: str | None
    """Where the next page begins; None: this is the last."""


class GrowthDay(msgspec.Struct, frozen=True, kw_only=True):
    """Servers of a cluster that were broken into on this day, as far as the day is known."""

    date: dt.date
    servers: int


def servers(
    fleet: Fleet,
    now: int,
    wanted: Wanted,
    *,
    tenants: Tenants = None,
    after: str | None = None,
    limit: int = 50,
) -> Listed:
    """One page of the servers that fit, most urgent first.

    Args:
        tenants: whose servers; None: everyone's.
        after: `next` of the page before.

    Raises:
        UsageError: no such band, or a mark that no page gave.
    """
    where, values = _conditions(wanted, tenants)
    total = fleet.database.number(f"SELECT COUNT(*) FROM server s WHERE {where}", values)
    here, more = where, list(values)
    if after is not None:
        tier, place, number = _mark(after)
        here += " AND s.tier >= ? AND (s.tier > ? OR s.place < ? OR (s.place = ? AND s.id > ?))"
        more += [tier, tier, place, place, number]
    limit = max(1, min(limit, MOST))
    rows = fleet.database.run(
        f"SELECT s.id, {_COLUMNS} FROM server s WHERE {here} ORDER BY s.tier, s.place DESC, s.id LIMIT ?",
        (*more, limit + 1),
    )
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return Listed(
        rows=tuple(_waiting(row[1:], now) for row in shown),
        total=total,
        next=f"{last[5]}:{float(last[7])!r}:{last[0]}" if last else None,
    )


def _mark(after: str) -> tuple[int, float, int]:
    try:
        tier, place, number = after.split(":")
        return int(tier), float(place), int(number)
    except ValueError:
        raise UsageError(f"{after[:40]!r} is no place in a list.", tip="Begin at the first page.") from None


def _conditions(wanted: Wanted, tenants: Tenants) -> tuple[str, list[Value]]:
    parts, values = ["1 = 1"], list[Value]()

    def need(condition: str, *given: Value) -> None:
        parts.append(condition)
        values.extend(given)

    ours, whose = within(tenants, "s.tenant_id")
    need(ours, *whose)
    if wanted.band is not None:
        if wanted.band not in BANDS:
            raise UsageError(
                f"There is no group {wanted.band[:40]!r}.", tip=f"Use one of: {', '.join(BANDS)}."
            )
        need(BANDS[wanted.band])
    if wanted.tier is not None:
        need("s.tier = ?", wanted.tier)
    if wanted.region == "not known":
        need("s.region IS NULL")
    elif wanted.region is not None:
        need("s.region = ?", wanted.region)
    for column, value in (
        ("level", wanted.level),
        ("sector", wanted.sector),
        ("build", wanted.build),
        ("contact_state", wanted.contact),
    ):
        if value is not None:
            need(f"s.{column} = ?", value)
    if wanted.campaign is not None:
        need("s.id IN (SELECT server_id FROM exposure WHERE campaign = ?)", wanted.campaign)
    if wanted.cluster is not None:
        need(
            "s.id IN (SELECT m.server_id FROM cluster_server m JOIN cluster c ON c.id = m.cluster_id "
            "WHERE c.public_id = ?)",
            wanted.cluster,
        )
    if wanted.find:
        start = wanted.find.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        need(
            "(lower(s.name) LIKE ? ESCAPE '\\' OR lower(s.organisation) LIKE ? ESCAPE '\\' OR s.public_id LIKE ? "
            "ESCAPE '\\')",
            f"%{start}%",
            f"%{start}%",
            f"{start}%",
        )
    for column, day in (
        ("broken_to", wanted.broken_on),
        ("known_at", wanted.known_on),
        ("cleaned_at", wanted.cleaned_on),
    ):
        if day is not None:
            first = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
            need(f"s.{column} >= ? AND s.{column} < ?", first, first + DAY)
    return " AND ".join(parts), values


def growth(fleet: Fleet, cluster: str, *, tenants: Tenants = None) -> tuple[GrowthDay, ...]:
    """Days on which servers of a cluster that one may see were broken into, in order; days without any are left out."""
    ours, values = within(tenants, "s.tenant_id")
    rows = fleet.database.run(
        "SELECT s.broken_to / 86400, COUNT(*) FROM cluster c JOIN cluster_server m ON m.cluster_id = c.id "
        "JOIN server s ON s.id = m.server_id WHERE c.public_id = ? AND s.broken_to IS NOT NULL "
        f"AND {ours} GROUP BY s.broken_to / 86400 ORDER BY 1",
        (cluster, *values),
    )
    found = []
    for day, count in rows:
        at = moment(int(day) * DAY)
        if at is not None:
            found.append(GrowthDay(date=at.date(), servers=int(count)))
    return tuple(found)


def values_of(fleet: Fleet, column: str, tenants: Tenants) -> tuple[tuple[str, int], ...]:
    """(value, servers) of a column that lists can be cut by, most servers first; at most 60.

    Raises:
        UsageError: another column.
    """
    if column not in ("sector", "region", "build", "level", "contact_state"):
        raise UsageError(f"Lists are not cut by {column!r}.", tip="Use sector, region, build or level.")
    ours, values = within(tenants, "s.tenant_id")
    rows = fleet.database.run(
        f"SELECT s.{column}, COUNT(*) FROM server s WHERE s.{column} IS NOT NULL AND {ours} GROUP BY s.{column} "
        f"ORDER BY COUNT(*) DESC, s.{column} LIMIT 60",
        values,
    )
    return tuple((str(value), int(count)) for value, count in rows)
