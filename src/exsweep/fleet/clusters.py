"""Servers that one intruder was on: linked by rare things that they share, with the reasons kept.

Weight of a shared key = factor of its kind * ln(servers in the fleet / servers that have it); two servers are linked when
the weights of all they share add up to the threshold (`data/fleet/links.yml`). Clusters are what hangs together.
"""

from collections.abc import Iterator

import msgspec

from exsweep.fleet.grouping import group, is_own, weight_of
from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.sectors import SMALL
from exsweep.fleet.store import Fleet
from exsweep.knowledge.fleet import Links, links

_MOST_REASONS = 20


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One shared thing. The value is hostile text; secret words are keyed hashes."""

    kind: str
    title: str
    value: str
    servers: int
    """Of the cluster (or of the two asked about) that have it."""
    elsewhere: int
    """Servers outside of the cluster that have it."""
    weight: float
    own: bool = False
    """Enough servers of this cluster have it, and hardly one of another: it alone ties a server to the cluster."""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Servers that hang together."""

    cluster: str
    """`C-0001`: the largest first."""
    title: str
    servers: int
    reasons: tuple[Reason, ...]


def compute(fleet: Fleet, now: int) -> int:
    """Cluster the whole fleet anew; returns the number of clusters of two or more."""
    database, rules = fleet.database, links()
    size = database.number("SELECT COUNT(*) FROM server")
    alone = sorted(rules.lone_witnesses)
    rows = [
        (int(server), str(kind), str(value))
        for server, kind, value in database.run(
            f"SELECT server_id, kind, value FROM link l WHERE kind IN ({', '.join('?' * len(alone))}) OR EXISTS "
            "(SELECT 1 FROM link o WHERE o.kind = l.kind AND o.value = l.value AND o.server_id <> l.server_id)",
            alone,
        )
    ]
    grouped = group(rows, size, rules)
    members: dict[int, list[int]] = {}
    for server, label in zip(grouped.servers, grouped.labels, strict=True):
        members.setdefault(label, []).append(server)
    found = sorted(
        (each for each in members.values() if len(each) > 1), key=lambda each: (-len(each), each[0])
    )
    of = {server: at for at, each in enumerate(found) for server in each}
    inside: list[dict[tuple[str, str], int]] = [{} for _ in found]
    everywhere: dict[tuple[str, str], int] = {}
    for server, kind, value in rows:
        everywhere[kind, value] = everywhere.get((kind, value), 0) + 1
        if server in of:
            counts = inside[of[server]]
            counts[kind, value] = counts.get((kind, value), 0) + 1
    with fleet.act("clusters", f"{len(found)} clusters", time=now):
        for table in ("cluster_key", "cluster_server", "cluster"):
            database.run(f"DELETE FROM {table}")
        for at, each in enumerate(found):
            _write(fleet, at + 1, each, _reasons(inside[at], everywhere, size, rules), now)
    return len(found)


def _reasons(
    inside: dict[tuple[str, str], int], everywhere: dict[tuple[str, str], int], size: int, rules: Links
) -> list[Reason]:
    found = [
        Reason(
            kind=kind,
            title=rules.kinds[kind].title,
            value=value,
            servers=count,
            elsewhere=everywhere[kind, value] - count,
            weight=round(weight_of(kind, everywhere[kind, value], size, rules), 2),
            own=_own(kind, count, everywhere[kind, value], rules),
        )
        for (kind, value), count in inside.items()
        if count > 1 and kind in rules.kinds
    ]
    found.sort(key=lambda each: (-each.servers * each.weight, each.kind, each.value))
    return found[:_MOST_REASONS]


def _write(fleet: Fleet, number: int, servers: list[int], reasons: list[Reason], now: int) -> None:
    title = f"{len(servers)} servers: {reasons[0].title}" if reasons else f"{len(servers)} servers"
    fleet.database.run(
        "INSERT INTO cluster (id, public_id, title, servers, computed) VALUES (?,?,?,?,?)",
        (number, f"C-{number:04}", title, len(servers), now),
    )
    fleet.database.many(
        "INSERT INTO cluster_server (cluster_id, server_id) VALUES (?,?)",
        [(number, each) for each in servers],
    )
    fleet.database.many(
        "INSERT INTO cluster_key (cluster_id, place, kind, value, servers, elsewhere, weight) VALUES (?,?,?,?,?,?,?)",
        [
            (number, at, each.kind, each.value, each.servers, each.elsewhere, each.weight)
            for at, each in enumerate(reasons)
        ],
    )


def clusters(fleet: Fleet, limit: int = 50, *, tenants: Tenants = None) -> tuple[Cluster, ...]:
    """The largest clusters, as last computed.

    For `tenants`: those that one of their servers is in, and of the reasons those that their own servers show. Servers of
    others are counted where they are five or more, and never named.
    """
    if tenants is not None:
        return tuple(_as_seen_by(fleet, tenants, limit))
    rows = fleet.database.run(
        "SELECT id, public_id, title, servers FROM cluster ORDER BY servers DESC, id LIMIT ?", (limit,)
    )
    return tuple(
        Cluster(cluster=name, title=title, servers=int(servers), reasons=_kept(fleet, int(number)))
        for number, name, title, servers in rows
    )


def _as_seen_by(fleet: Fleet, tenants: Tenants, limit: int) -> Iterator[Cluster]:
    ours, values = within(tenants, "s.tenant_id")
    rows = fleet.database.run(
        "SELECT c.id, c.public_id, c.servers, COUNT(*) FROM cluster c JOIN cluster_server m ON m.cluster_id = c.id "
        f"JOIN server s ON s.id = m.server_id AND {ours} "
        "GROUP BY c.id, c.public_id, c.servers ORDER BY COUNT(*) DESC, c.id LIMIT ?",
        (*values, limit),
    )
    for number, name, servers, own in rows:
        shown = {
            (str(kind), str(value))
            for kind, value in fleet.database.run(
                "SELECT DISTINCT l.kind, l.value FROM link l JOIN cluster_server m ON m.server_id = l.server_id "
                f"JOIN server s ON s.id = m.server_id AND {ours} WHERE m.cluster_id = ?",
                (*values, number),
            )
        }
        others = int(servers) - int(own)
        count = int(own) + (others if others >= SMALL else 0)
        reasons = tuple(
            msgspec.structs.replace(
                each,
                servers=min(each.servers, count),
                elsewhere=each.elsewhere if each.elsewhere >= SMALL else 0,
            )
            for each in _kept(fleet, int(number))
            if (each.kind, each.value) in shown
        )
        title = f"{count} servers: {reasons[0].title}" if reasons else f"{count} servers"
        yield Cluster(cluster=name, title=title, servers=count, reasons=reasons)


def _kept(fleet: Fleet, cluster: int) -> tuple[Reason, ...]:
    rows = fleet.database.run(
        "SELECT kind, value, servers, elsewhere, weight FROM cluster_key WHERE cluster_id = ? ORDER BY place",
        (cluster,),
    )
    kinds = links().kinds
    return tuple(
        Reason(
            kind=kind,
            title=kinds[kind].title if kind in kinds else kind,
            value=value,
            servers=int(servers),
            elsewhere=int(elsewhere),
            weight=float(weight),
            own=_own(kind, int(servers), int(servers) + int(elsewhere), links()),
        )
        for kind, value, servers, elsewhere, weight in rows
    )


def _own(kind: str, inside: int, everywhere: int, rules: Links) -> bool:
    return kind in rules.own_kinds and is_own(inside, everywhere, everywhere, rules)


def why(fleet: Fleet, one: int, other: int, *, tenants: Tenants = None) -> tuple[Reason, ...]:
    """What two servers share, heaviest first. They are linked directly when the weights reach the threshold, or when one
    of the things is their cluster's own; in one cluster with less, they hang together through others.

    For `tenants` others that have it too are counted where they are five or more, and never named.
    """
    with fleet.database.seeing(None):
        found = _why(fleet, one, other)
    if tenants is None:
        return found
    return tuple(
        msgspec.structs.replace(each, elsewhere=each.elsewhere if each.elsewhere >= SMALL else 0)
        for each in found
    )


def _why(fleet: Fleet, one: int, other: int) -> tuple[Reason, ...]:
    size = fleet.database.number("SELECT COUNT(*) FROM server")
    rows = fleet.database.run(
        "SELECT a.kind, a.value, (SELECT COUNT(*) FROM link c WHERE c.kind = a.kind AND c.value = a.value), "
        "(SELECT COUNT(*) FROM link c JOIN cluster_server m ON m.server_id = c.server_id JOIN cluster_server x "
        "ON x.cluster_id = m.cluster_id WHERE c.kind = a.kind AND c.value = a.value AND x.server_id = a.server_id) "
        "FROM link a JOIN link b ON b.kind = a.kind AND b.value = a.value WHERE a.server_id = ? AND b.server_id = ?",
        (one, other),
    )
    together = fleet.database.one(
        "SELECT 1 FROM cluster_server a JOIN cluster_server b ON b.cluster_id = a.cluster_id WHERE a.server_id = ? "
        "AND b.server_id = ?",
        (one, other),
    )
    rules = links()
    found = [
        Reason(
            kind=kind,
            title=rules.kinds[kind].title,
            value=value,
            servers=2,
            elsewhere=int(having) - 2,
            weight=round(weight_of(kind, int(having), size, rules), 2),
            own=together is not None and _own(kind, int(inside), int(having), rules),
        )
        for kind, value, having, inside in rows
        if kind in rules.kinds
    ]
    return tuple(sorted(found, key=lambda each: (-each.weight, each.kind, each.value)))
