"""Which servers hang together: rows of (server, kind, value) in, one label for each server out. Knows no store."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from exsweep.knowledge.fleet import Links

_MOST_PAIRS = 20_000_000
_SEVERAL = 2
Numbers = npt.NDArray[np.int64]


class Grouped(msgspec.Struct, frozen=True):
    """Result of `group`: one label for each server that shares anything; same label = one cluster."""

    servers: list[int]
    labels: list[int]


def group(rows: list[tuple[int, str, str]], fleet_size: int, rules: Links) -> Grouped:
    """Cluster (server, kind, value) rows. Time grows with the rows and with the pairs of keys that few servers share."""
    public = public_keys(rows, fleet_size, rules)
    own = [row for row in rows if row[1:] not in public]
    return _joined_by_own_keys(own, _group(own, fleet_size, rules), rules)


def public_keys(rows: list[tuple[int, str, str]], fleet_size: int, rules: Links) -> set[tuple[str, str]]:
    """Keys that unlike intruders share: a page that can be had by anyone says nothing of who left it, nor does an exit
    that anyone can hire say who came through it.

    Only what speaks against a key makes it public: groups that other kinds of keys make. Servers whose other keys nobody
    shares are witnesses only beside two such groups: an intruder may leave another word on each server.
    """
    hired = {value.split("|", 1)[0] for _, value in _by_witnesses(rows, rules.hired, fleet_size, rules)}
    exits = {row[1:] for row in rows if row[1] in rules.hired and row[2].split("|", 1)[0] in hired}
    left = [row for row in rows if row[1:] not in exits]
    pages = _by_witnesses(left, rules.passed_on, fleet_size, rules)
    others = [row for row in left if row[1] not in rules.passed_on]
    for key, counts in _spread(left, rules.passed_on, others, fleet_size, rules):
        # One intruder may come from many addresses: only where hardly two servers agree.
        if len(counts) >= rules.public_share * counts.total():
            pages.add(key)
    return exits | pages


def _by_witnesses(
    rows: list[tuple[int, str, str]], asked: frozenset[str], fleet_size: int, rules: Links
) -> set[tuple[str, str]]:
    """Keys of these kinds that are spread over groups which the witnesses of other kinds make, one family at a time: if
    one is misled (everyone has the page), another is not."""
    found: set[tuple[str, str]] = set()
    for family in rules.witnesses:
        kinds = asked - family
        witnesses = [row for row in rows if row[1] in family]
        for key, counts in _spread(rows, kinds, witnesses, fleet_size, rules):
            alike = sum(count * count for count in counts.values()) / counts.total() ** 2
            if len(counts) >= rules.public_share * counts.total() or 1 / alike >= rules.public_unlike:
                found.add(key)
    return found


def _spread(
    rows: list[tuple[int, str, str]],
    asked: frozenset[str],
    witnesses: list[tuple[int, str, str]],
    fleet_size: int,
    rules: Links,
) -> Iterator[tuple[tuple[str, str], Counter[int]]]:
    """Keys of the kinds `asked` whose servers fall into several groups of the witnesses, with the servers of each."""
    # Half the threshold: rather see two groups as one than take one intruder's own page for a public one.
    easy = msgspec.structs.replace(rules, threshold=rules.threshold / 2)
    label = _labels(_group(witnesses, fleet_size, easy))
    known = {server for server, kind, _ in witnesses if kind in rules.lone_witnesses}
    groups: dict[tuple[str, str], Counter[int]] = {}
    alone: dict[tuple[str, str], Counter[int]] = {}
    for server, kind, value in rows:
        if kind not in asked:
            continue
        if server in label:
            groups.setdefault((kind, value), Counter())[label[server]] += 1
        elif server in known:
            alone.setdefault((kind, value), Counter())[-1 - server] += 1  # a group of its own
    for key, counts in groups.items():
        if len(counts) >= _SEVERAL:
            counts = counts + alone.get(key, Counter())
        if len(counts) >= rules.public_groups:
            yield key, counts


def _labels(grouped: Grouped) -> dict[int, int]:
    """Label of each server that is not alone."""
    sizes = Counter(grouped.labels)
    return {
        server: each for server, each in zip(grouped.servers, grouped.labels, strict=True) if sizes[each] > 1
    }


def _joined_by_own_keys(rows: list[tuple[int, str, str]], grouped: Grouped, rules: Links) -> Grouped:
    """Servers that are alone join the cluster that alone has one of their keys.

    A name on a hundred servers weighs too little to tie two of them; but where a cluster that other keys made has it, and
    no other cluster, it is that intruder's.
    """
    label = _labels(grouped)
    having: dict[tuple[str, str], Counter[int]] = {}
    for server, kind, value in rows:
        if server in label and kind in rules.own_kinds:
            having.setdefault((kind, value), Counter())[label[server]] += 1
    everywhere = Counter(row[1:] for row in rows)
    belongs = {
        key: cluster
        for key, counts in having.items()
        for cluster, most in counts.most_common(1)
        if is_own(most, counts.total(), everywhere[key], rules)
    }
    votes: dict[int, Counter[int]] = {}
    for server, kind, value in rows:
        if server not in label and (cluster := belongs.get((kind, value))) is not None:
            votes.setdefault(server, Counter())[cluster] += 1
    joins = {server: min(each, key=lambda one: (-each[one], one)) for server, each in votes.items()}
    return Grouped(
        grouped.servers,
        [joins.get(server, one) for server, one in zip(grouped.servers, grouped.labels, strict=True)],
    )


def is_own(inside: int, clustered: int, everywhere: int, rules: Links) -> bool:
    """Is a key a cluster's own: enough of its servers have it, hardly one of another cluster, and most of all that do?"""
    return (
        inside >= rules.own_servers
        and inside >= rules.own_share * clustered
        and inside >= rules.own_seen * everywhere
    )


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
