"""The whole fleet on one screen, and the lists and tables behind each of its numbers."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet import clusters, curves, lists, patching, people, queue, recheck, sectors
from exsweep.fleet.clock import DAY, moment
from exsweep.fleet.clusters import Cluster
from exsweep.fleet.curves import Curve
from exsweep.fleet.lists import GrowthDay, Listed, Wanted
from exsweep.fleet.patching import Patching
from exsweep.fleet.people import Question
from exsweep.fleet.queue import Numbers, Waiting
from exsweep.fleet.reach import within
from exsweep.fleet.recheck import Due
from exsweep.fleet.sectors import Group
from exsweep.knowledge.campaigns import campaigns
from exsweep.web.answers import Download
from exsweep.web.ask import Ask
from exsweep.web.problem import Problem, not_found
from exsweep.web.routes import Nothing, route, url

_TOP = 12
_CLUSTERS = 8


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a list can be cut by."""

    value: str
    title: str
    servers: int | None = None


class FleetView(msgspec.Struct, frozen=True, kw_only=True):
    """The screen. Names are hostile text."""

    updated: datetime | None
    numbers: Numbers
    queue: tuple[Waiting, ...]
    curve: Curve
    sectors: tuple[Group, ...]
    regions: tuple[Group, ...]
    clusters: tuple[Cluster, ...]
    due: int
    """Re-checks whose day has come."""
    questions: int
    """Pairs that may be one server."""
    seeing: int
    """Servers whose records reach back to the day the mass attacks began."""
    looked_into: int
    since: date | None
    """That day."""


class ServersParams(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a list is cut, and which page of it."""

    after: str | None = None
    limit: int = 50


class ServersView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of servers, most urgent first."""

    wanted: Wanted
    rows: tuple[Waiting, ...]
    total: int
    next: str | None
    sectors: tuple[Choice, ...] = ()
    regions: tuple[Choice, ...] = ()
    builds: tuple[Choice, ...] = ()
    campaigns: tuple[Choice, ...] = ()


class Span(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days to show."""

    first: date | None = None
    last: date | None = None


class CurveView(msgspec.Struct, frozen=True, kw_only=True):
    """The curve as a table, and how fast servers were updated."""

    curve: Curve
    campaigns: tuple[str, ...]
    updates: Patching | None


class CurveParams(Span, frozen=True, kw_only=True, forbid_unknown_fields=True):
    updates: str | None = None
    """A campaign: how fast servers were updated against it."""


class ByParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    by: str = "sector"


class GroupsView(msgspec.Struct, frozen=True, kw_only=True):
    """Counts and rates."""

    by: str
    groups: tuple[Group, ...]
    shared: bool
    """Counts below five are hidden."""


class ClustersView(msgspec.Struct, frozen=True, kw_only=True):
    clusters: tuple[Cluster, ...]


class ClusterParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cluster: str
    after: str | None = None
    one: str | None = None
    other: str | None = None


class ClusterView(msgspec.Struct, frozen=True, kw_only=True):
    """Why its servers are linked, who they are, how it grew."""

    cluster: Cluster
    growth: tuple[GrowthDay, ...]
    members: Listed
    others: int
    """Members that belong to others: counted, not named."""
    one: str = ""
    other: str = ""
    shared: tuple[clusters.Reason, ...] | None = None
    """What two of them share."""


class RechecksView(msgspec.Struct, frozen=True, kw_only=True):
    due: tuple[Due, ...]


class QuestionsView(msgspec.Struct, frozen=True, kw_only=True):
    questions: tuple[Question, ...]


class AnswerParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: int
    same: bool


@route("GET", "/fleet", may="fleet.read")
def fleet(ask: Ask, asked: Span) -> FleetView:
    """Five numbers, the next hour, curves, sectors, clusters, and what could not be seen."""
    store, tenants = ask.fleet, ask.within("fleet.read")
    shared = tenants is not None
    curve = curves.curve(store, asked.first, asked.last, tenants=tenants)
    ours, values = within(tenants)
    since = _began()
    start = int(datetime.combine(since, time(), UTC).timestamp()) if since else 0
    looked = f"SELECT COUNT(*) FROM server WHERE inside_id IS NOT NULL AND {ours}"
    latest = store.database.number("SELECT MAX(received) FROM assessment") if tenants is None else 0
    return FleetView(
        updated=moment(latest or None),
        numbers=queue.numbers(store, tenants=tenants),
        queue=queue.queue(store, ask.now, limit=_TOP, tenants=tenants),
        curve=curve,
        sectors=sectors.groups(store, shared=shared, tenants=tenants),
        regions=sectors.groups(store, "region", shared=shared, tenants=tenants),
        clusters=clusters.clusters(store, _CLUSTERS, tenants=tenants),
        due=len(recheck.due(store, ask.now, limit=10_000, tenants=tenants)),
        questions=len(people.questions(store, tenants=tenants)),
        seeing=store.database.number(
            f"{looked} AND cover_from <= ? AND cover_to >= ?", (*values, start + DAY, start)
        ),
        looked_into=store.database.number(looked, values),
        since=since,
    )


def _began() -> date | None:
    """First day of the mass attacks that the knowledge tells of."""
    return min((each.mass_from for each in campaigns() if each.mass_from is not None), default=None)


def _wanted(asked: ServersParams) -> Wanted:
    names = Wanted.__struct_fields__
    return Wanted(**{name: getattr(asked, name) for name in names})


@route("GET", "/cases", may="case.read")
def cases(ask: Ask, asked: ServersParams) -> ServersView:
    """All servers one may see, in the order of the queue, cut as one likes."""
    store, tenants, wanted = ask.fleet, ask.within("case.read"), _wanted(asked)
    found = lists.servers(store, ask.now, wanted, tenants=tenants, after=asked.after, limit=asked.limit)
    titles = {each.name: each.title for each in sectors.groups(store, tenants=tenants)}

    def choices(column: str) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                value=value, title=titles.get(value, value) if column == "sector" else value, servers=count
            )
            for value, count in lists.values_of(store, column, tenants)
        )

    return ServersView(
        wanted=wanted,
        rows=found.rows,
        total=found.total,
        next=found.next,
        sectors=choices("sector"),
        regions=choices("region"),
        builds=choices("build"),
        campaigns=tuple(Choice(value=each.id, title=each.id) for each in campaigns()),
    )


@route("GET", "/cases.csv", may="case.read", api=False)
def cases_csv(ask: Ask, asked: ServersParams) -> Download:
    """The whole list, as a table."""
    tenants, wanted, after = ask.within("case.read"), _wanted(asked), asked.after
    rows: list[Waiting] = []
    while True:
        found = lists.servers(ask.fleet, ask.now, wanted, tenants=tenants, after=after, limit=lists.MOST)
        rows += found.rows
        after = found.next
        if after is None:
            break
    names = Waiting.__struct_fields__
    return _table("servers.csv", names, ([getattr(each, name) for name in names] for each in rows))


@route("GET", "/fleet/curve", may="fleet.read")
def curve(ask: Ask, asked: CurveParams) -> CurveView:
    """Day by day: broken into, known to us, cleaned; and how fast updates went."""
    known = tuple(each.id for each in campaigns())
    if asked.updates and asked.updates not in known:
        raise Problem(422, "There is no such campaign.", tip=f"Choose from: {', '.join(known)}.")
    everyone = ask.within("fleet.read") is None  # how fast updates went is a figure of the whole fleet
    rate = (
        patching.patching(ask.fleet, asked.updates, asked.first, asked.last)
        if asked.updates and everyone
        else None
    )
    return CurveView(
        curve=curves.curve(ask.fleet, asked.first, asked.last, tenants=ask.within("fleet.read")),
        campaigns=known,
        updates=rate,
    )


@route("GET", "/fleet/curve.csv", may="fleet.read", api=False)
def curve_csv(ask: Ask, asked: Span) -> Download:
    """The curve as a table."""
    names = curves.Day.__struct_fields__
    days = curves.curve(ask.fleet, asked.first, asked.last, tenants=ask.within("fleet.read")).days
    return _table("curve.csv", names, ([getattr(each, name) for name in names] for each in days))


@route("GET", "/fleet/groups", may="fleet.read")
def groups(ask: Ask, asked: ByParams) -> GroupsView:
    """Counts and rates by sector or region."""
    tenants = ask.within("fleet.read")
    shared = tenants is not None
    found = sectors.groups(ask.fleet, asked.by, shared=shared, tenants=tenants)
    return GroupsView(by=asked.by, groups=found, shared=shared)


@route("GET", "/fleet/groups.csv", may="fleet.read", api=False)
def groups_csv(ask: Ask, asked: ByParams) -> Download:
    """Counts and rates as a table; an empty cell is a hidden count."""
    names = Group.__struct_fields__
    tenants = ask.within("fleet.read")
    found = sectors.groups(ask.fleet, asked.by, shared=tenants is not None, tenants=tenants)
    return _table(f"{asked.by}s.csv", names, ([getattr(each, name) for name in names] for each in found))


@route("GET", "/clusters", may="fleet.read", name="clusters")
def clusters_page(ask: Ask, asked: Nothing) -> ClustersView:
    """Servers that one intruder was on, largest group first."""
    return ClustersView(clusters=clusters.clusters(ask.fleet, 200, tenants=ask.within("fleet.read")))


@route("GET", "/clusters/{cluster}", may="fleet.read")
def cluster(ask: Ask, asked: ClusterParams) -> ClusterView:
    """One group: what its servers share, who they are, how it grew."""
    store, tenants = ask.fleet, ask.within("fleet.read")
    found = next(
        (
            each
            for each in clusters.clusters(store, 100_000, tenants=tenants)
            if each.cluster == asked.cluster
        ),
        None,
    )
    if found is None:
        raise not_found()
    wanted = Wanted(cluster=asked.cluster)
    members = lists.servers(store, ask.now, wanted, tenants=tenants, after=asked.after, limit=20)
    shared = None
    if asked.one and asked.other:
        pair = [_own(ask, word) for word in (asked.one, asked.other)]
        shared = clusters.why(store, *pair, tenants=tenants)
    return ClusterView(
        cluster=found,
        growth=lists.growth(store, asked.cluster, tenants=tenants),
        members=members,
        others=max(0, found.servers - members.total),
        one=asked.one or "",
        other=asked.other or "",
        shared=shared,
    )


def _own(ask: Ask, word: str) -> int:
    """A server by id or name, as far as the viewer may see it."""
    try:
        number = ask.fleet.server(word)
    except UsageError:
        raise Problem(422, "There is no server of that name.", tip="Use its id (srv_...).") from None
    tenants = ask.within("fleet.read")
    tenant = ask.fleet.database.number("SELECT tenant_id FROM server WHERE id = ?", (number,))
    if tenants is not None and tenant not in tenants:
        raise Problem(422, "There is no server of that name.", tip="Use its id (srv_...).")
    return number


@route("GET", "/rechecks", may="fleet.read")
def rechecks(ask: Ask, asked: Nothing) -> RechecksView:
    """What is due to be looked at again."""
    return RechecksView(due=recheck.due(ask.fleet, ask.now, limit=500, tenants=ask.within("fleet.read")))


@route("GET", "/questions", may="fleet.work")
def questions(ask: Ask, asked: Nothing) -> QuestionsView:
    """Pairs of entries that may be one server."""
    found = people.questions(ask.fleet, tenants=ask.within("fleet.work"))
    return QuestionsView(questions=found)


@route("POST", "/questions/{number}", may="fleet.work", then=lambda _: url("questions"))
def answer(ask: Ask, asked: AnswerParams) -> QuestionsView:
    """Say whether two entries are one server."""
    tenants = ask.within("fleet.work")
    owner = ask.fleet.database.number(
        "SELECT s.tenant_id FROM question q JOIN server s ON s.id = q.one_id WHERE q.id = ?", (asked.number,)
    )
    if tenants is not None and owner not in tenants:
        raise not_found()
    people.answer(ask.fleet, asked.number, same=asked.same, now=ask.now)
    return questions(ask, Nothing())


def _table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Download:
    """A CSV file whose cells no spreadsheet takes for formulas."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return Download(file_name=name, media_type="text/csv; charset=utf-8", body=text.getvalue().encode())


def _cell(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
