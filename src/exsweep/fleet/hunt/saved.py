"""Kept hunts; those that watch are asked again of everything new."""

import secrets
from collections.abc import Sequence

import msgspec

from exsweep.errors import EvidenceError, UsageError
from exsweep.fleet.clock import moment
from exsweep.fleet.hunt.question import rules_of
from exsweep.fleet.hunt.records import Question, Saved, Scope, Watched, as_kept
from exsweep.fleet.hunt.running import packed_may, run, start, unpacked_may
from exsweep.fleet.hunt.where_to import May
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored


def save(
    fleet: Fleet, name: str, question: Question, scope: Scope, *, watch: bool, now: int, may: May = None
) -> str:
    """Keep a hunt; returns its id. A watch looks, for ever, only where its maker may look now.

    Raises:
        UsageError: nothing is asked, or it has no name.
    """
    rules_of(question)
    if not name.strip():
        raise UsageError("A kept hunt has a name.", tip="Give one with --save NAME.")
    public = f"hunt_{secrets.token_hex(6)}"
    with fleet.act("save hunt", public, time=now, detail=name):
        fleet.database.run(
            "INSERT INTO hunt (public_id, name, who, made, asked, scope, may, watch) VALUES (?,?,?,?,?,?,?,?)",
            (
                public, stored(name.strip(), 200), fleet.who, now,
                as_kept(question), as_kept(scope),
                packed_may(may), int(watch),
            ),
        )  # fmt: skip
    return public


def saved(fleet: Fleet, *, may: May = None) -> tuple[Saved, ...]:
    """Kept hunts that one may see, by name."""
    rows = fleet.database.run(
        "SELECT public_id, name, who, made, asked, scope, watch, may, (SELECT COUNT(DISTINCT x.server_id) FROM hunt_hit x "
        "JOIN hunt_run r ON r.id = x.run_id WHERE r.hunt_id = h.id) FROM hunt h WHERE removed IS NULL ORDER BY name, id"
    )
    return tuple(
        Saved(
            hunt=hunt, name=name, who=who, made=moment(made), question=msgspec.json.decode(asked, type=Question),
            scope=msgspec.json.decode(scope, type=Scope), watch=bool(watch_), servers_hit=int(hits),
        )
        for hunt, name, who, made, asked, scope, watch_, own, hits in rows
        if may is None or ((seen := unpacked_may(own)) is not None and seen <= may)
    )  # fmt: skip


def hunt_number(fleet: Fleet, word: str) -> int:
    """Number of the kept hunt with this id or name.

    Raises:
        UsageError: none, or several.
    """
    rows = fleet.database.run(
        "SELECT id FROM hunt WHERE removed IS NULL AND (public_id = ? OR name = ?) LIMIT 2", (word, word)
    )
    if len(rows) != 1:
        raise UsageError(
            f"{'More than one' if rows else 'No'} kept hunt is called {word!r}.",
            tip="See `exsweep hunt --saved`.",
        )
    return int(rows[0][0])


def forget(fleet: Fleet, word: str, *, now: int) -> None:
    """It is not asked any more; its runs stay."""
    number = hunt_number(fleet, word)
    with fleet.act("forget hunt", word, time=now):
        fleet.database.run("UPDATE hunt SET removed = ? WHERE id = ?", (now, number))


def again(fleet: Fleet, word: str, *, now: int, engine: str = "duckdb") -> str:
    """Start a kept hunt anew over all of its scope; returns the id of the run."""
    number = hunt_number(fleet, word)
    row = fleet.database.one("SELECT asked, scope, may FROM hunt WHERE id = ?", (number,))
    asked, scope, own = row or ("{}", "{}", "all")
    return start(
        fleet, msgspec.json.decode(asked, type=Question), msgspec.json.decode(scope, type=Scope), now=now,
        may=unpacked_may(own), engine=engine, hunt=number,
    )  # fmt: skip


def watch(fleet: Fleet, lake: Lake, numbers: Sequence[int], *, now: int) -> tuple[Watched, ...]:
    """Ask every watching hunt of these new sets of events: those that hit, and those that could not be asked."""
    if not numbers:
        return ()
    found: list[Watched] = []
    for number, public, name, asked, scope, own in fleet.database.run(
        "SELECT id, public_id, name, asked, scope, may FROM hunt WHERE removed IS NULL AND watch = 1 ORDER BY id"
    ):
        try:
            started = start(
                fleet, msgspec.json.decode(asked, type=Question), msgspec.json.decode(scope, type=Scope), now=now,
                may=unpacked_may(own), hunt=int(number), numbers=numbers,
            )  # fmt: skip
            done = run(fleet, lake, started, now=now, numbers=numbers)
        except (
            UsageError,
            EvidenceError,
        ) as error:  # its cluster is gone, say: the others are asked all the same
            found.append(Watched(hunt=public, name=str(name), why_not=error.message))
            continue
        if done.hits:
            found.append(Watched(hunt=public, name=str(name), run=started, hits=done.hits))
    return tuple(found)
