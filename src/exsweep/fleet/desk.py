"""What people note on a case: which steps are done, remarks on findings, stars."""

from datetime import datetime

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import moment
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored

_MOST_REMARKS = 1_000


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A step that somebody did. Text is hostile."""

    who: str
    time: datetime | None
    note: str


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote. Text is hostile."""

    number: int
    finding: str | None
    who: str
    time: datetime | None
    text: str


def ticks(fleet: Fleet, server: int) -> dict[str, Tick]:
    """Step (id of a remedy) -> who did it."""
    rows = fleet.database.run(
        "SELECT step, who, time, note FROM step_done WHERE server_id = ? ORDER BY step", (server,)
    )
    return {str(step): Tick(who=who, time=moment(at), note=note) for step, who, at, note in rows}


def tick(fleet: Fleet, server: int, step: str, *, done: bool, who: str, note: str = "", now: int) -> None:
    """Note that a step is done, or that it is not. Saying it twice keeps who said it first."""
    step = stored(step, 100) or ""
    with fleet.act("step done" if done else "step not done", fleet.public_id(server), time=now, detail=step):
        if done:
            fleet.database.run(
                "INSERT INTO step_done (server_id, step, who, time, note) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
                (server, step, stored(who, 200), now, stored(note, 1_000) or ""),
            )
        else:
            fleet.database.run("DELETE FROM step_done WHERE server_id = ? AND step = ?", (server, step))


def remarks(fleet: Fleet, server: int) -> tuple[Remark, ...]:
    """All remarks, oldest first."""
    rows = fleet.database.run(
        "SELECT id, finding, who, time, text FROM remark WHERE server_id = ? ORDER BY id LIMIT ?",
        (server, _MOST_REMARKS),
    )
    return tuple(
        Remark(number=int(number), finding=finding, who=who, time=moment(at), text=text)
        for number, finding, who, at, text in rows
    )


def remark(fleet: Fleet, server: int, text: str, *, finding: str | None = None, who: str, now: int) -> None:
    """Keep a remark.

    Raises:
        UsageError: nothing was written, or there are too many.
    """
    text = (stored(text) or "").strip()
    if not text:
        raise UsageError("Nothing was written.", tip="Write a sentence, then send it.")
    if fleet.database.number("SELECT COUNT(*) FROM remark WHERE server_id = ?", (server,)) >= _MOST_REMARKS:
        raise UsageError(f"There are {_MOST_REMARKS:,} remarks already.", tip="Go on in a file of your own.")
    with fleet.act("remark", fleet.public_id(server), time=now, detail=finding or ""):
        fleet.database.run(
            "INSERT INTO remark (server_id, finding, who, time, text) VALUES (?,?,?,?,?)",
            (server, stored(finding, 64), stored(who, 200), now, text),
        )


def stars(fleet: Fleet, server: int) -> frozenset[str]:
    """Ids of the findings that somebody marked."""
    rows = fleet.database.run("SELECT finding FROM star WHERE server_id = ?", (server,))
    return frozenset(str(finding) for (finding,) in rows)


def star(fleet: Fleet, server: int, finding: str, *, on: bool, who: str, now: int) -> None:
    """Mark a finding, or take the mark away."""
    with fleet.act("star" if on else "star taken away", fleet.public_id(server), time=now, detail=finding):
        if on:
            fleet.database.run(
                "INSERT INTO star (server_id, finding, who, time) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
                (server, stored(finding, 64), stored(who, 200), now),
            )
        else:
            fleet.database.run("DELETE FROM star WHERE server_id = ? AND finding = ?", (server, finding))
