"""Which servers a hunt is about, which of their files can answer, and why the others cannot."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from exsweep.errors import UsageError
from exsweep.fleet.clock import said, seconds
from exsweep.fleet.hunt.records import Scope
from exsweep.fleet.lake import EventFile, EventSet, sets
from exsweep.fleet.store import Fleet
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule

YARA = "Files themselves are not kept, only what was seen of them. Run triage with --yara on the evidence."
ONLY_OUTSIDE = "It was only looked at from outside."
NO_EVENTS = "Only its assessment is kept, no events. Add the folder of its triage (made without --quick)."

May = frozenset[int] | None
"""Numbers of the tenants that one may see; None: all."""


@dataclass(slots=True)
class Target:
    """One server and the files to look at, or why it cannot be checked."""

    server: int
    public: str
    name: str | None
    why: str = ""
    files: list[tuple[EventSet, EventFile]] = field(default_factory=list)


def targets(
    fleet: Fleet, rules: Sequence[Rule], scope: Scope, *, may: May, numbers: Sequence[int] | None = None
) -> list[Target]:
    """Every server of the scope, in order of its number. `numbers`: of these sets of events only."""
    chosen = _servers(fleet, scope, may)
    kinds = {kind for rule in rules for kind in rule.formats} & (
        {*scope.kinds} or {f.id for f in load_formats()}
    )
    kept: dict[int, list[EventSet]] = {}
    for each in sets(fleet, numbers=numbers):
        kept.setdefault(each.server, []).append(each)
    gone = {
        int(server): (int(at), str(why))
        for server, at, why in fleet.database.run(
            "SELECT server_id, removed, reason FROM event_set WHERE removed IS NOT NULL ORDER BY id"
        )
    }
    found = []
    for server, public, name, inside in chosen:
        one = Target(server, public, name)
        if server in kept:
            _choose(one, kept[server], kinds, scope)
        elif numbers is not None:
            continue
        elif server in gone:
            at, why = gone[server]
            one.why = f"Its events were removed on {said(at)}: {why or 'no reason given'}."
        else:
            one.why = NO_EVENTS if inside else ONLY_OUTSIDE
        found.append(one)
    return found


def _choose(one: Target, kept: Sequence[EventSet], kinds: set[str], scope: Scope) -> None:
    since, until = seconds(scope.since), seconds(scope.until)
    seen: set[str] = set()
    of_kind = False
    for each in kept:
        for file in each.files:
            if file.kind not in kinds or file.sha256 in seen:
                continue  # the same file in two sets of one server answers once
            of_kind = True
            seen.add(file.sha256)
            timed = file.first is not None and file.last is not None
            before = timed and since is not None and (file.last or 0) < since
            behind = timed and until is not None and (file.first or 0) > until
            if not before and not behind:
                one.files.append((each, file))
    if not of_kind:
        one.why = "It sent no records of the kinds that could show this."
    elif not one.files:
        one.why = "Its records do not reach into these days."


def _servers(fleet: Fleet, scope: Scope, may: May) -> list[tuple[int, str, str | None, bool]]:
    where, values = ["1 = 1"], list[str | int]()
    if may is not None:
        where.append(f"s.tenant_id IN ({', '.join('?' for _ in may) or 'NULL'})")
        values += sorted(may)
    if scope.tenants:
        where.append(f"t.name IN ({', '.join('?' for _ in scope.tenants)})")
        values += scope.tenants
    if scope.tiers:
        where.append(f"s.tier IN ({', '.join('?' for _ in scope.tiers)})")
        values += scope.tiers
    if scope.servers:
        numbers = {fleet.server(word) for word in scope.servers}
        where.append(f"s.id IN ({', '.join('?' for _ in numbers)})")
        values += sorted(numbers)
    if scope.cluster is not None:
        if fleet.database.one("SELECT 1 FROM cluster WHERE public_id = ?", (scope.cluster,)) is None:
            raise UsageError(f"There is no cluster {scope.cluster!r}.", tip="See `exsweep fleet clusters`.")
        where.append(
            "s.id IN (SELECT m.server_id FROM cluster_server m JOIN cluster c ON c.id = m.cluster_id WHERE c.public_id = ?)"
        )
        values.append(scope.cluster)
    rows = fleet.database.run(
        "SELECT s.id, s.public_id, s.name, s.inside_id FROM server s JOIN tenant t ON t.id = s.tenant_id "
        f"WHERE {' AND '.join(where)} ORDER BY s.id",
        values,
    )
    return [(int(number), public, name, inside is not None) for number, public, name, inside in rows]
