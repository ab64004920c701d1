"""Jobs: rows of the store that workers claim for a while; whoever dies over one gives it back, three deaths set it aside.

A job's work is idempotent: the same evidence, knowledge and moment (`created`) give the same assessment, which the store
keeps once, however often and wherever it was made (F28). Every write of a worker says whose claim it is.
"""

import os
import platform
import secrets
from typing import Literal

import msgspec

from exsweep.errors import StoreError
from exsweep.fleet.body import unpack
from exsweep.fleet.dialect import Database
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.model import Assessment
from exsweep.web.early import is_news
from exsweep.web.evidence import new_id
from exsweep.web.problem import Problem

LEASE_S = 60
"""A worker that was not heard of for so long is dead."""
MOST_DEATHS = 3
"""Of readers under a worker that lives: the evidence did it."""
MOST_INTERRUPTED = 20
"""Of whole workers: mostly a computer that was switched off, but hardly so often."""
OVER = frozenset({"done", "failed", "stopped", "quarantined"})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list of what was read."""

    state: str
    """done | now | gap."""
    title: str
    files: int = 0
    records: int = 0
    first: str | None = None
    """Day."""
    last: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One server of what was sent."""

    server: str
    """Public id."""
    name: str | None


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """A watching hunt that matched what was sent, or could not be asked of it."""

    hunt: str
    name: str
    run: str | None = None
    records: int = 0
    servers: int = 0
    new: bool = False
    """No earlier run of the hunt hit one of these servers."""
    why_not: str = ""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is, as its worker wrote it last."""

    steps: tuple[Step, ...] = ()
    share: float | None = None
    """0 to 1, of the bytes; None before they are counted."""
    files: int = 0
    """Read so far."""
    planned: int = 0
    """Files in all; 0 before they are counted."""
    found: int = 0
    """Records that a rule names so far."""
    cases: tuple[Case, ...] = ()
    """Of several servers: each, worst first; else empty."""
    watched: tuple[Match, ...] = ()


class Early(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said while the rest is still being read."""

    level: str
    confidence: str
    headline: str
    findings: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as people and programs see it."""

    job: str
    kind: str
    """triage | scan."""
    state: str
    """waiting | running | stopping | done | failed | stopped | quarantined."""
    over: bool
    words: str
    """One sentence: what is being done, or why it ended."""
    steps: tuple[Step, ...]
    share: float | None
    files: int
    """Read so far."""
    planned: int
    """Files in all; 0 before they are counted."""
    found: int
    early: Early | None
    """None while nothing that was found is worse than `attacked`: anything milder is no news before the end."""
    report: str | None
    """Page with what was found so far; None before anything is to be said."""
    server: str | None
    """Of several servers the one that is worst off."""
    cases: tuple[Case, ...]
    """Of several servers: each, worst first; else empty."""
    watched: tuple[Match, ...]
    """Watching hunts of those whom one may see that matched."""
    deaths: int
    """How often reading was cut off: its reader died, or the whole worker."""
    sending: str | None


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs to know of its job."""

    number: int
    job: str
    kind: str
    asked: str
    tenant: str
    sending: str | None
    server: int | None
    name: str | None
    organisation: str | None
    sector: str | None
    created: int


def create(
    fleet: Fleet, *, kind: str, tenant: int, who: str, now: int, sending: int | None = None, asked: str = "{}"
) -> str:
    """Queue a job. A sending is read by one job only: asked twice, it is the same."""
    public_id = new_id("job")
    with fleet.act(f"job {kind}", public_id, time=now):
        if sending is not None:
            there = fleet.database.one("SELECT public_id FROM job WHERE sending_id = ?", (sending,))
            if there is not None:
                return str(there[0])
            fleet.database.run("UPDATE sending SET state = 'reading' WHERE id = ?", (sending,))
        fleet.database.run(
            "INSERT INTO job (public_id, tenant_id, sending_id, kind, asked, who, state, created, words) "
            "VALUES (?,?,?,?,?,?,'waiting',?,?)",
            (public_id, tenant, sending, kind, asked, stored(who, 300), now, "Waiting for its turn"),
        )
    return public_id


def claim(database: Database, worker: str, now: int) -> Claimed | None:
    """Take the next job for this worker: tenants with fewest running jobs first, then the oldest. None: nothing waits."""
    with database.transaction():
        reap(database, now)
        row = database.one(
            "SELECT j.id FROM job j WHERE j.state = 'waiting' ORDER BY (SELECT COUNT(*) FROM job r WHERE "
            "r.tenant_id = j.tenant_id AND r.state = 'running'), j.id LIMIT 1"
        )
        if row is None:
            return None
        database.run(
            "UPDATE job SET state = 'running', worker = ?, lease = ?, words = 'Starting' WHERE id = ?",
            (worker, now + LEASE_S, row[0]),
        )
    return claimed(database, int(row[0]))


def claimed(database: Database, number: int) -> Claimed:
    """The job of that number."""
    names = "number, job, kind, asked, tenant, sending, server, name, organisation, sector, created"
    row = database.one(
        "SELECT j.id, j.public_id, j.kind, j.asked, t.name, s.public_id, s.server_id, s.name, s.organisation, s.sector, "
        "j.created FROM job j JOIN tenant t ON t.id = j.tenant_id LEFT JOIN sending s ON s.id = j.sending_id WHERE j.id = ?",
        (number,),
    )
    if row is None:
        raise StoreError(f"There is no job {number}.")
    return Claimed(**dict(zip(names.split(", "), row, strict=True)))


def reap(database: Database, now: int) -> None:
    """Give back the jobs of workers that were not heard of; belongs into a transaction."""
    for number, state, worker, lease in database.run(
        "SELECT id, state, worker, lease FROM job WHERE state IN ('running', 'stopping')"
    ):
        if lease >= now and not _gone(str(worker)):
            continue
        _death(database, int(number), "stopped" if state == "stopping" else "waiting", now, of="interrupted")


def worker_name() -> str:
    """Never used twice: a worker that comes back is another one."""
    return f"{platform.node()}:{os.getpid()}:{secrets.token_hex(4)}"


def _gone(worker: str) -> bool:
    """A worker of this computer whose process is no more: nobody has to wait for its lease to end."""
    host, _, rest = worker.rpartition(":")[0].rpartition(":")
    if os.name != "posix" or host != platform.node() or not rest.isdecimal():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _death(
    database: Database, number: int, then: str, now: int, *, of: Literal["deaths", "interrupted"] = "deaths"
) -> None:
    """A reader died (`deaths`), or its whole worker is gone (`interrupted`), which says little of the evidence."""
    count = database.number(f"SELECT {of} FROM job WHERE id = ?", (number,)) + 1
    if count >= (MOST_DEATHS if of == "deaths" else MOST_INTERRUPTED):
        then = "quarantined"
    words = {
        "quarantined": "Reading it failed three times. A person has to look at it; everything that was sent is kept."
        if of == "deaths"
        else "Reading it was interrupted twenty times. A person has to look at it; everything that was sent is kept.",
        "stopped": "Stopped",
    }.get(then, "It was interrupted, and goes on from there when its turn comes")
    database.run(
        f"UPDATE job SET state = ?, {of} = ?, worker = NULL, words = ?, ended = ? WHERE id = ?",
        (then, count, words, now if then in OVER else None, number),
    )


def died(database: Database, number: int, worker: str, now: int) -> None:
    """The process that worked on it died."""
    with database.transaction():
        row = database.one(
            "SELECT state FROM job WHERE id = ? AND worker = ? AND state IN ('running', 'stopping')",
            (number, worker),
        )
        if row is not None:
            _death(database, number, "stopped" if row[0] == "stopping" else "waiting", now)


def beat(database: Database, number: int, worker: str, now: int) -> str:
    """Say that the worker lives; returns the job's state, and `lost` where it is no longer this worker's."""
    row = database.one(
        "UPDATE job SET lease = ? WHERE id = ? AND worker = ? AND state IN ('running', 'stopping') RETURNING state",
        (now + LEASE_S, number, worker),
    )
    return str(row[0]) if row else "lost"


def tell(database: Database, number: int, worker: str, words: str, progress: Progress) -> None:
    """Write how far it is."""
    database.run(
        "UPDATE job SET words = ?, progress = ? WHERE id = ? AND worker = ? AND state IN ('running', 'stopping')",
        (stored(words, 500), msgspec.json.encode(progress).decode(), number, worker),
    )


def progress(database: Database, number: int) -> Progress:
    """How far it said that it is."""
    row = database.one("SELECT progress FROM job WHERE id = ?", (number,))
    return msgspec.json.decode(row[0] if row else "{}", type=Progress)


def show_early(database: Database, number: int, worker: str, body: bytes) -> None:
    """Keep what can be said so far (a packed assessment)."""
    database.run("UPDATE job SET early = ? WHERE id = ? AND worker = ?", (body, number, worker))


def end(
    database: Database, number: int, worker: str, state: str, words: str, now: int, server: int | None = None
) -> None:
    """The job is over, by this worker's word; a worker whose claim was lost says nothing any more."""
    database.run(
        "UPDATE job SET state = ?, words = ?, ended = ?, server_id = ?, worker = NULL, "
        "early = CASE WHEN CAST(? AS BIGINT) IS NULL THEN early ELSE NULL END WHERE id = ? AND worker = ?",
        (state, stored(words, 1_000), now, server, server, number, worker),
    )


def stop(fleet: Fleet, public_id: str, now: int) -> None:
    """Ask a job to stop; what was read is kept, and `resume` goes on from there."""
    with fleet.act("job stop", public_id, time=now):
        fleet.database.run(
            "UPDATE job SET state = 'stopping', words = 'Stopping' WHERE public_id = ? AND state = 'running'",
            (public_id,),
        )
        fleet.database.run(
            "UPDATE job SET state = 'stopped', words = 'Stopped', ended = ? WHERE public_id = ? AND state = 'waiting'",
            (now, public_id),
        )


def resume(fleet: Fleet, public_id: str, now: int) -> None:
    """Queue a job again that was stopped, failed or set aside.

    Raises:
        Problem: it is done, or at work.
    """
    with fleet.act("job resume", public_id, time=now):
        row = fleet.database.one(
            "UPDATE job SET state = 'waiting', deaths = 0, interrupted = 0, ended = NULL, words = 'Waiting for its turn' "
            "WHERE public_id = ? AND state IN ('stopped', 'failed', 'quarantined') RETURNING id",
            (public_id,),
        )
        if row is None:
            raise Problem(409, "It is not stopped.", tip="Load the page again.")


def job(fleet: Fleet, public_id: str) -> Job:
    """A job as it stands; the id has passed the check."""
    row = fleet.database.one(
        "SELECT j.kind, j.state, j.words, j.progress, j.early, v.public_id, j.deaths + j.interrupted, s.public_id FROM job j "
        "LEFT JOIN server v ON v.id = j.server_id LEFT JOIN sending s ON s.id = j.sending_id WHERE j.public_id = ?",
        (public_id,),
    )
    kind, state, words, progress, body, server, deaths, sending = row or (
        "",
        "failed",
        "",
        "{}",
        None,
        None,
        0,
        None,
    )
    so_far = msgspec.json.decode(progress, type=Progress)
    seen = unpack(bytes(body)) if body else None
    return Job(
        job=public_id,
        kind=kind,
        state=state,
        over=state in OVER,
        words=words,
        steps=tuple(each for each in so_far.steps if each.state != "now" or state not in OVER),
        share=1.0 if state == "done" else so_far.share,
        files=so_far.files,
        planned=so_far.planned,
        found=so_far.found,
        early=Early(
            level=seen.verdict.level.value,
            confidence=seen.verdict.confidence.value,
            headline=seen.verdict.headline,
            findings=len(seen.findings),
        )
        if seen and is_news(seen)
        else None,
        report=f"/jobs/{public_id}/so-far" if seen is not None else None,
        server=server,
        cases=so_far.cases,
        watched=so_far.watched,
        deaths=int(deaths),
        sending=sending,
    )


def early(fleet: Fleet, public_id: str) -> Assessment | None:
    """What was judged from what is read so far; None before anything is to be said. Give it through `ask.seen`."""
    row = fleet.database.one("SELECT early FROM job WHERE public_id = ?", (public_id,))
    return unpack(bytes(row[0])) if row and row[0] else None


def listed(fleet: Fleet, tenants: tuple[int, ...] | None, limit: int = 100) -> tuple[Job, ...]:
    """The newest jobs of these tenants."""
    where, values = "1 = 1", list[int]()
    if tenants is not None:
        where, values = f"tenant_id IN ({', '.join('?' * len(tenants)) or 'NULL'})", list(tenants)
    rows = fleet.database.run(
        f"SELECT public_id FROM job WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit)
    )
    return tuple(job(fleet, str(public_id)) for (public_id,) in rows)


def give_back(database: Database, number: int, worker: str) -> None:
    """The worker is told to go home: its job waits for another; nobody died."""
    database.run(
        "UPDATE job SET state = 'waiting', worker = NULL, words = 'Waiting for its turn' WHERE id = ? AND worker = ? "
        "AND state = 'running'",
        (number, worker),
    )
    database.run(
        "UPDATE job SET state = 'stopped', worker = NULL, words = 'Stopped' WHERE id = ? AND worker = ? AND state = 'stopping'",
        (number, worker),
    )
