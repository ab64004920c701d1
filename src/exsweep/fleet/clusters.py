"""Servers that one intruder was on: linked by rare things that they share, with the reasons kept.

Weight of a shared key = factor of its kind * ln(servers in the fleet / servers that have it); two servers are linked when
the weights of all they share add up to the threshold (`data/fleet/links.yml`). Clusters are what hangs together.
"""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from exsweep.fleet.reach import Tenants, within
from exsweep.fleet.sectors import SMALL
from exsweep.fleet.store import Fleet
from exsweep.knowledge.fleet import Links, links

_MOST_REASONS = 20
_MOST_PAIRS = 20_000_000
Numbers = npt.NDArray[np.int64]


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


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Servers that hang together."""

    cluster: str
    """`C-0001`: the largest first."""
    title: str
    servers: int
    reasons: tuple[Reason, ...]


class Grouped(msgspec.Struct, frozen=True):
    """Result of `group`: one label for each server that shares anything; same label = one cluster."""

    servers: list[int]
    labels: list[int]


def group(rows: list[tuple[int, str, str]], fleet_size: int, rules: Links) -> Grouped:
    """Cluster (server, kind, value) rows. Time grows with the rows and with the pairs of keys that few servers share."""
    public = public_keys(rows, fleet_size, rules)
    return _group([row for row in rows if row[1:] not in public], fleet_size, rules)


def public_keys(rows: list[tuple[int, str, str]], fleet_size: int, rules: Links) -> set[tuple[str, str]]:
    """Keys that unlike intruders share: a page that can be had by anyone says nothing of who left it.

    Only what speaks against a key makes it public. Servers that share nothing else are no witnesses.
    """
    own = [row for row in rows if row[1] not in rules.passed_on]
    # Half the threshold: rather see two groups as one than take one intruder's own page for a public one.
    easy = msgspec.structs.replace(rules, threshold=rules.threshold / 2)
    first = _group(own, fleet_size, easy)
    sizes = Counter(first.labels)
    label = {
        server: each for server, each in zip(first.servers, first.labels, strict=True) if sizes[each] > 1
    }
    groups: dict[tuple[str, str], Counter[int]] = {}
    for server, kind, value in rows:
        if kind in rules.passed_on and server in label:
            groups.setdefault((kind, value), Counter())[label[server]] += 1
    return {
        key
        for key, counts in groups.items()
        if len(counts) >= rules.public_groups and len(counts) >= rules.public_share * counts.total()
    }


def _group(rows: list[tuple[int, str, str]], fleet_size: int, rules: Links) -> Grouped:
    servers = sorted({row[0] for row in rows})
    index = {server: at for at, server in enumerate(servers)}
    by_key: dict[tuple[str, str], list[int]] = {}
    for server, kind, value in rows:
        by_key.setdefault((kind, value), []).append(index[server])
    union = _Union(len(servers))
    pairs: list[Numbers] = []
    weights: list[npt.NDArray[np.float64]] = []
    count = 0
    for key in sorted(by_key, key=lambda name: (len(by_key[name]), name)):
        members = sorted(set(by_key[key]))
        weight = weight_of(key[0], len(members), fleet_size, rules)
        if weight >= rules.threshold:
            for one, other in pairwise(members):
                union.join(one, other)
        elif weight > 0 and len(members) <= rules.pairs_up_to:
            count += len(members) * (len(members) - 1) // 2
            if count > _MOST_PAIRS:
                break  # the rarest came first; what is left is common and weighs little
            places = np.array(members, np.int64)
            first, second = np.triu_indices(len(members), 1)
            pairs.append(places[first] * len(servers) + places[second])
            weights.append(np.full(len(first), weight))
    if pairs:
        both, inverse = np.unique(np.concatenate(pairs), return_inverse=True)
        total = np.bincount(inverse, np.concatenate(weights))
        for pair in both[total >= rules.threshold].tolist():
            union.join(*divmod(pair, len(servers)))
    return Grouped(servers, [union.find(at) for at in range(len(servers))])


def weight_of(kind: str, having: int, fleet_size: int, rules: Links) -> float:
    """Weight of a key that `having` servers share; 0 for one that ties nobody, or half of the fleet."""
    if (
        having < 2
        or kind not in rules.kinds
        or (fleet_size > 20 and having > rules.common_share * fleet_size)
    ):
        return 0.0
    # A small fleet has no rare things: the whole world is larger than what one store holds.
    return rules.kinds[kind].factor * math.log(max(fleet_size, rules.smallest_fleet) / having)


def compute(fleet: Fleet, now: int) -> int:
    """Cluster the whole fleet anew; returns the number of clusters of two or more."""
    database, rules = fleet.database, links()
    size = database.number("SELECT COUNT(*) FROM server")
    rows = [
        (int(server), str(kind), str(value))
        for server, kind, value in database.run(
            "SELECT server_id, kind, value FROM link l WHERE EXISTS (SELECT 1 FROM link o WHERE o.kind = l.kind "
            "AND o.value = l.value AND o.server_id <> l.server_id)"
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
    member = f"cluster_server m JOIN server s ON s.id = m.server_id AND {ours}"
    rows = fleet.database.run(
        f"SELECT c.id, c.public_id, c.servers, COUNT(*) FROM cluster c JOIN {member} ON m.cluster_id = c.id "
        "GROUP BY c.id, c.public_id, c.servers ORDER BY COUNT(*) DESC, c.id LIMIT ?",
        (*values, limit),
    )
    for number, name, servers, own in rows:
        shown = {
            (str(kind), str(value))
            for kind, value in fleet.database.run(
                f"SELECT DISTINCT l.kind, l.value FROM link l JOIN {member} ON m.server_id = l.server_id "
                "WHERE m.cluster_id = ?",
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
        )
        for kind, value, servers, elsewhere, weight in rows
    )


def why(fleet: Fleet, one: int, other: int) -> tuple[Reason, ...]:
    """What two servers share, heaviest first. They are linked directly when the weights reach the threshold; in one
    cluster with less, they hang together through others."""
    size = fleet.database.number("SELECT COUNT(*) FROM server")
    rows = fleet.database.run(
        "SELECT a.kind, a.value, (SELECT COUNT(*) FROM link c WHERE c.kind = a.kind AND c.value = a.value) "
        "FROM link a JOIN link b ON b.kind = a.kind AND b.value = a.value WHERE a.server_id = ? AND b.server_id = ?",
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
        )
        for kind, value, having in rows
        if kind in rules.kinds
    ]
    return tuple(sorted(found, key=lambda each: (-each.weight, each.kind, each.value)))


class _Union:
    """Disjoint sets of places, by size, with halved paths."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._size = [1] * count

    def find(self, at: int) -> int:
        parent = self._parent
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    def join(self, one: int, other: int) -> None:
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        if self._size[one] < self._size[other]:
            one, other = other, one
        self._parent[other] = one
        self._size[one] += self._size[other]
