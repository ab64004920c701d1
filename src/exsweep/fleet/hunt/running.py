"""A hunt from start to end: kept in the store as it goes, so that it can be stopped, looked at, and gone on with."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import moment
from exsweep.fleet.hunt.engines import engine_named
from exsweep.fleet.hunt.looking import Looked, Looker, packed
from exsweep.fleet.hunt.question import rules_of
from exsweep.fleet.hunt.records import (
    Hit,
    Missed,
    Progress,
    Question,
    Report,
    RunLine,
    Sample,
    Scope,
    as_kept,
)
from exsweep.fleet.hunt.where_to import YARA, May, Target, targets
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored

T = TypeVar("T")
_GROUP = 64
"""Servers of one step: what a stop loses."""
_MOST_SAMPLES = 60_000


def start(
    fleet: Fleet,
    question: Question,
    scope: Scope,
    *,
    now: int,
    may: May = None,
    engine: str = "duckdb",
    hunt: int | None = None,
    numbers: Sequence[int] | None = None,
) -> str:
    """Note a run and every server of its scope; returns its id, for `run`. `numbers`: of these sets of events only.

    Raises:
        UsageError: nothing is asked, the scope names what is not there, or there is no such engine.
    """
    engine_named(engine)
    rules, problems = rules_of(question)
    found = targets(fleet, rules, scope, may=may, numbers=numbers)
    if question.yara:
        problems = (*problems, YARA)
    if not rules:
        why = YARA if question.yara else "Nothing of the question can be asked."
        for each in found:
            each.why, each.files = why, []
    public = f"run_{secrets.token_hex(6)}"
    with fleet.act("hunt", public, time=now, detail=_title(question)):
        row = fleet.database.one(
            "INSERT INTO hunt_run (public_id, hunt_id, who, started, state, asked, scope, may, engine, problems) "
            "VALUES (?,?,?,?,?,?,?,?,?,?) RETURNING id",
            (
                public, hunt, fleet.who, now, "running", as_kept(question), as_kept(scope), packed_may(may), engine,
                as_kept(problems),
            ),
        )  # fmt: skip
        number = int(row[0]) if row else 0
        fleet.database.many(
            "INSERT INTO hunt_server (run_id, server_id, state, why) VALUES (?,?,?,?)",
            [(number, one.server, "waiting" if one.files else "could_not", one.why) for one in found],
        )
    return public


def run(
    fleet: Fleet,
    lake: Lake,
    name: str,
    *,
    now: int,
    may: May = None,
    numbers: Sequence[int] | None = None,
    seen: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Go on with a run until it is done or `stop` says so; then `run` goes on again where this one ended.

    `numbers`: as given to `start`. Ctrl-C loses at most the step in hand.

    Raises:
        UsageError: no such run.
    """
    number, question, scope, own, engine = _run(fleet, name, may)
    rules, _ = rules_of(question) if _asks(question) else ((), ())
    waiting = {
        int(row[0])
        for row in fleet.database.run(
            "SELECT server_id FROM hunt_server WHERE run_id = ? AND state = 'waiting'", (number,)
        )
    }
    fleet.database.run("UPDATE hunt_run SET state = 'running', ended = NULL WHERE id = ?", (number,))
    left = [one for one in targets(fleet, rules, scope, may=own, numbers=numbers) if one.server in waiting]
    looker = Looker(lake, rules, scope, engine_named(engine))
    state = "stopped"
    try:
        for group in (left[at : at + _GROUP] for at in range(0, len(left), _GROUP)):
            if stop():
                break
            _keep(fleet, number, group, looker.look(group))
            seen(_progress(fleet, number, name))
        else:
            state = "done"
            _forget_waiting(fleet, number)
    finally:
        ended = now if state == "done" else None
        fleet.database.run("UPDATE hunt_run SET state = ?, ended = ? WHERE id = ?", (state, ended, number))
    return report(fleet, name, may=may)


def _asks(question: Question) -> bool:
    return bool(question.query.strip() or question.indicators or question.sigma)


def _forget_waiting(fleet: Fleet, number: int) -> None:
    """Servers whose events went away while the run stood still."""
    fleet.database.run(
        "UPDATE hunt_server SET state = 'could_not', why = ? WHERE run_id = ? AND state = 'waiting'",
        ("Its events were removed while the hunt stood still.", number),
    )


def _keep(fleet: Fleet, number: int, group: Sequence[Target], answers: dict[int, Looked]) -> None:
    database = fleet.database
    with database.transaction():
        hunt = database.number("SELECT hunt_id FROM hunt_run WHERE id = ?", (number,))
        for one in group:
            answer = answers[one.server]
            state = "could_not" if answer.why and not answer.events else "looked"
            why = "; ".join(sorted(set(answer.why)))[:1_000]
            database.run(
                "UPDATE hunt_server SET state = ?, why = ? WHERE run_id = ? AND server_id = ?",
                (state, stored(why), number, one.server),
            )
            for rule, found in sorted(answer.found.items()):
                before = hunt and database.one(
                    "SELECT 1 FROM hunt_hit h JOIN hunt_run r ON r.id = h.run_id WHERE r.hunt_id = ? AND r.id <> ? "
                    "AND h.server_id = ? AND h.rule = ?",
                    (hunt, number, one.server, rule),
                )
                database.run(
                    "INSERT INTO hunt_hit (run_id, server_id, rule, title, first_seen, last_seen, events, kinds, samples, "
                    "fresh) VALUES (?,?,?,?,?,?,?,?,?,?)",
                    (
                        number, one.server, stored(rule, 200), stored(found.rule.title, 300),
                        None if found.first is None else found.first // 1000,
                        None if found.last is None else found.last // 1000,
                        found.count, ",".join(sorted(found.kinds)), packed(found.samples, _MOST_SAMPLES),
                        int(not before),
                    ),
                )  # fmt: skip
        database.run(
            "UPDATE hunt_run SET events = events + ? WHERE id = ?",
            (sum(each.events for each in answers.values()), number),
        )


def _progress(fleet: Fleet, number: int, name: str) -> Progress:
    counted = fleet.database.run(
        "SELECT state, COUNT(*) FROM hunt_server WHERE run_id = ? GROUP BY state", (number,)
    )
    states: Counter[str] = Counter({str(state): int(count) for state, count in counted})
    hits = fleet.database.number("SELECT COUNT(DISTINCT server_id) FROM hunt_hit WHERE run_id = ?", (number,))
    return Progress(run=name, done=states.total() - states["waiting"], of=states.total(), hits=hits)


def _run(fleet: Fleet, name: str, may: May) -> tuple[int, Question, Scope, May, str]:
    row = fleet.database.one(
        "SELECT id, asked, scope, may, engine FROM hunt_run WHERE public_id = ?", (stored(name, 60) or "",)
    )
    if row is None:
        raise UsageError(f"There is no run {name!r}.", tip="See `exsweep hunt --runs`.")
    own = unpacked_may(row[3])
    if may is not None and (own is None or not own <= may):
        raise UsageError(f"There is no run {name!r}.", tip="See `exsweep hunt --runs`.")
    return int(row[0]), _decode(row[1], Question), _decode(row[2], Scope), own, str(row[4])


def report(fleet: Fleet, name: str, *, may: May = None) -> Report:
    """A run, as far as it is.

    Raises:
        UsageError: no such run, or of tenants that one may not see.
    """
    number, question, scope, _, _ = _run(fleet, name, may)
    row = fleet.database.one(
        "SELECT r.state, r.started, r.ended, r.problems, r.events, h.public_id FROM hunt_run r "
        "LEFT JOIN hunt h ON h.id = r.hunt_id WHERE r.id = ?",
        (number,),
    )
    state, started, ended, problems, events, hunt = row or ("", None, None, "[]", 0, None)
    how = _progress(fleet, number, name)
    missed = fleet.database.run(
        "SELECT s.public_id, s.name, m.why FROM hunt_server m JOIN server s ON s.id = m.server_id "
        "WHERE m.run_id = ? AND m.state <> 'waiting' AND m.why <> '' ORDER BY s.id",
        (number,),
    )
    looked = fleet.database.number(
        "SELECT COUNT(*) FROM hunt_server WHERE run_id = ? AND state = 'looked'", (number,)
    )
    return Report(
        run=name,
        hunt=hunt,
        state=state,
        question=question,
        scope=scope,
        started=moment(started),
        ended=moment(ended),
        done=how.done,
        of=how.of,
        looked=looked,
        events=int(events),
        hits=tuple(_hits(fleet, number)),
        could_not_check=tuple(Missed(server=one, name=called, why=why) for one, called, why in missed),
        problems=msgspec.json.decode(problems, type=tuple[str, ...]),
    )


def _hits(fleet: Fleet, number: int) -> Iterator[Hit]:
    rows = fleet.database.run(
        "SELECT s.public_id, s.name, s.organisation, s.tier, s.level, (SELECT MIN(c.public_id) FROM cluster c JOIN "
        "cluster_server m ON m.cluster_id = c.id WHERE m.server_id = s.id), h.rule, h.title, h.first_seen, h.last_seen, "
        "h.events, h.kinds, h.fresh, h.samples FROM hunt_hit h JOIN server s ON s.id = h.server_id WHERE h.run_id = ? "
        "ORDER BY s.tier, s.place DESC, s.id, h.rule",
        (number,),
    )
    for (
        server,
        name,
        organisation,
        tier,
        level,
        cluster,
        rule,
        title,
        first,
        last,
        count,
        kinds,
        new,
        kept,
    ) in rows:
        yield Hit(
            server=server, name=name, organisation=organisation, tier=int(tier), level=level, cluster=cluster, rule=rule,
            title=title, first=moment(first), last=moment(last), count=int(count), kinds=tuple(kinds.split(",")),
            new=bool(new), samples=_samples(kept),
        )  # fmt: skip


def _samples(kept: str) -> tuple[Sample, ...]:
    try:
        return msgspec.json.decode(kept, type=tuple[Sample, ...])
    except (
        msgspec.MsgspecError
    ):  # longer than the store keeps of one hit: the counts stand, the rows are in the lake
        return ()


def runs(fleet: Fleet, limit: int = 50, *, may: May = None) -> tuple[RunLine, ...]:
    """The last runs that one may see, newest first."""
    rows = fleet.database.run(
        "SELECT r.public_id, h.public_id, h.name, r.who, r.state, r.started, r.asked, r.may, "
        "(SELECT COUNT(DISTINCT server_id) FROM hunt_hit x WHERE x.run_id = r.id) FROM hunt_run r "
        "LEFT JOIN hunt h ON h.id = r.hunt_id ORDER BY r.id DESC LIMIT ?",
        (limit,),
    )
    return tuple(
        RunLine(
            run=one, hunt=hunt, name=name or _title(_decode(asked, Question)), who=who, state=state,
            started=moment(started), servers_hit=int(hit),
        )
        for one, hunt, name, who, state, started, asked, own, hit in rows
        if may is None or ((seen := unpacked_may(own)) is not None and seen <= may)
    )  # fmt: skip


def _title(question: Question) -> str:
    parts = [question.query] if question.query else []
    parts += [f"{len(question.indicators)} indicators"] if question.indicators else []
    parts += [f"{len(question.sigma)} Sigma rules"] if question.sigma else []
    return ", ".join(parts or ["YARA" if question.yara else "nothing"])[:200]


def _decode(text: str, kind: type[T]) -> T:
    return msgspec.json.decode(text, type=kind)


def tenants_of(fleet: Fleet, name: str) -> tuple[int, ...] | None:
    """Tenants that a run may look at; None: all."""
    _, _, _, own, _ = _run(fleet, name, None)
    return None if own is None else tuple(sorted(own))


def packed_may(may: May) -> str:
    """Tenants as the store keeps them."""
    return "all" if may is None else ",".join(str(one) for one in sorted(may))


def unpacked_may(text: str) -> May:
    """The inverse of `packed_may`."""
    return None if text == "all" else frozenset(int(one) for one in text.split(",") if one)
