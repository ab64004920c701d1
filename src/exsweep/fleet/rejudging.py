"""Judging the whole fleet anew: today's rules over the saved events of every server, and what that changed.

The evidence is the same and so is the moment that is taken for the present, that of the first judgement: what differs differs
because of the rules. Resumable by nature: what was judged with these rules already is passed over.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

import msgspec

import exsweep
from exsweep.assess import Settings
from exsweep.assess import rejudge as judge_again
from exsweep.assess.pool import MOST
from exsweep.errors import ExsweepError
from exsweep.fleet import intake
from exsweep.fleet.clock import moment
from exsweep.fleet.lake import Lake, sets
from exsweep.fleet.recheck import Change, Item, diff
from exsweep.fleet.store import Fleet
from exsweep.knowledge import version
from exsweep.model import Assessment, Server, decode, encode


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One server of which today's rules say something else."""

    server: str
    name: str | None
    before: str
    """Level of this evidence before."""
    after: str
    tier_before: int
    """Of the server, over all that is kept of it."""
    tier_after: int
    items: tuple[Item, ...]
    """What is new or gone, because of rules; came back: seen after the server was cleaned."""


class Rejudged(msgspec.Struct, frozen=True, kw_only=True):
    """What one go over the fleet did."""

    judged: int
    already: int
    """Judged with these rules before."""
    failed: tuple[tuple[str, str], ...]
    """(server, why)."""
    unkept: int
    """Servers with an assessment from inside and no events: they can only be judged anew from their evidence."""
    changed: tuple[Changed, ...]
    """Most urgent first."""


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    server: int
    public: str
    tenant: str
    before: int
    settings: Settings


def rejudge(
    fleet: Fleet,
    lake: Lake,
    *,
    now: int,
    jobs: int = 1,
    servers: Sequence[int] | None = None,
    seen: Callable[[int, int], None] = lambda _, __: None,
) -> Rejudged:
    """Judge every kept set of events that these rules have not judged; each judgement is kept like any other.

    Args:
        jobs: processes that judge; one writes.
        servers: only these.
        seen: is told (sets judged, sets to judge).
    """
    todo, already = _todo(fleet, lake, servers)
    failed: list[tuple[str, str]] = []
    changed: list[Changed] = []
    for at, (job, made) in enumerate(_judged(todo, jobs), start=1):
        if isinstance(made, str):
            failed.append((job.public, made))
        elif (one := _keep(fleet, job, decode(made), now)) is not None:
            changed.append(one)
        seen(at, len(todo))
    changed.sort(key=lambda one: (one.tier_after, one.tier_before, one.server))
    return Rejudged(
        judged=len(todo) - len(failed),
        already=already,
        failed=tuple(failed),
        unkept=fleet.database.number(
            "SELECT COUNT(*) FROM server s WHERE s.inside_id IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM event_set e WHERE e.server_id = s.id AND e.removed IS NULL)"
        ),
        changed=tuple(changed),
    )


def _todo(fleet: Fleet, lake: Lake, servers: Sequence[int] | None) -> tuple[list[_Job], int]:
    jobs: list[_Job] = []
    already = 0
    for one in sets(fleet, servers):
        first = fleet.database.one(
            "SELECT a.id, a.manifest, s.public_id, t.name FROM event_set e JOIN assessment a ON a.id = e.assessment_id "
            "JOIN server s ON s.id = e.server_id JOIN tenant t ON t.id = s.tenant_id WHERE e.id = ?",
            (one.number,),
        )
        if first is None:
            continue
        number, manifest, public, tenant = first
        last = fleet.database.one(
            "SELECT id, version, knowledge FROM assessment WHERE server_id = ? AND outside = 0 AND manifest = ? "
            "ORDER BY received DESC, id DESC LIMIT 1",
            (one.server, manifest),
        )
        before, program, rules = last or (number, "", "")
        if (program, rules) == (exsweep.__version__, version()):
            already += 1
            continue
        of = fleet.assessment(int(number))
        present = of.run.started or datetime.fromtimestamp(one.received, UTC)
        jobs.append(
            _Job(
                server=one.server, public=public, tenant=tenant, before=int(before),
                settings=Settings(
                    evidence=(lake.folder / one.folder,), now=present, jobs=1, command="exsweep fleet rejudge",
                    server=Server(
                        name=of.server.name, organisation=of.server.organisation, sector=of.server.sector
                    ),
                ),
            )
        )  # fmt: skip
    return jobs, already


def _judged(todo: Sequence[_Job], jobs: int) -> Iterator[tuple[_Job, bytes | str]]:
    if jobs <= 1 or len(todo) < 2:
        for one in todo:
            yield one, _judge(one.settings)
        return
    with ProcessPoolExecutor(min(jobs, len(todo), MOST), mp_context=get_context("spawn")) as pool:
        yield from zip(todo, pool.map(_judge, [one.settings for one in todo]), strict=True)


def _judge(settings: Settings) -> bytes | str:
    """The new assessment, or why there is none."""
    try:
        return encode(judge_again(settings))
    except ExsweepError as error:
        return error.message


def _keep(fleet: Fleet, job: _Job, after: Assessment, now: int) -> Changed | None:
    before = fleet.assessment(job.before)
    row = fleet.database.one("SELECT tier, cleaned_at, name FROM server WHERE id = ?", (job.server,))
    tier, cleaned, name = row or (9, None, None)
    intake.add(fleet, [("rejudged", after)], now=now, tenant=job.tenant, server=job.server)
    new_tier = fleet.database.number("SELECT tier FROM server WHERE id = ?", (job.server,))
    told = diff(before, after, cleaned=moment(cleaned))
    items = tuple(each for each in told.items if each.change is not Change.STILL_THERE)
    if told.before == told.after and int(tier) == new_tier and not items:
        return None
    return Changed(
        server=job.public, name=name, before=told.before, after=told.after, tier_before=int(tier), tier_after=new_tier,
        items=items,
    )  # fmt: skip
