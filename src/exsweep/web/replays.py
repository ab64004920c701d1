"""A POST that is sent again with the same `Idempotency-Key` gets the answer of the first; nothing is done twice.

An answer that holds a secret (`shown_once`) is not kept: who asks again is told that it was done.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exsweep.fleet.text import stored
from exsweep.web.ask import Ask
from exsweep.web.problem import Problem
from exsweep.web.replies import Reply
from exsweep.web.viewer import NOBODY

if TYPE_CHECKING:
    from exsweep.web.gate import Received

_KEPT_S = 24 * 3_600
_HANGS_S = 600
"""After so long, whoever began and never ended is taken for dead."""
_LARGEST = 1 << 20


@dataclass
class Earlier:
    reply: Reply | None = None


@contextmanager
def once(ask: Ask, received: "Received") -> Iterator[Earlier]:
    """The answer of the same request before, or room for the one that is to be kept.

    Raises:
        Problem: 409 while the first is still being answered; 422 for a key that was used for something else.
    """
    key = stored(received.headers.get("idempotency-key"), 200)
    if not key or not received.api or received.method != "POST" or ask.viewer == NOBODY:
        yield Earlier()
        return
    # A key of somebody is not that somebody: it may do less.
    database, who = ask.fleet.database, f"{ask.viewer.user or ''} {ask.viewer.name}"
    asked = hashlib.sha256(f"{received.path}?{received.raw_query}\n".encode() + received.body).hexdigest()
    with database.transaction():
        database.run(
            "DELETE FROM replay WHERE made < ? OR (status = 0 AND made < ?)",
            (ask.now - _KEPT_S, ask.now - _HANGS_S),
        )
        row = database.one("SELECT asked, status, body FROM replay WHERE who = ? AND key = ?", (who, key))
        if row is None:
            database.run(
                "INSERT INTO replay (who, key, asked, status, made) VALUES (?,?,?,0,?)",
                (who, key, asked, ask.now),
            )
    if row is not None:
        if row[0] != asked:
            raise Problem(422, "This Idempotency-Key was used for something else.", tip="Take a new key.")
        if not row[1]:
            raise Problem(409, "The same request is being worked on.", tip="Ask again in a moment.")
        if ask.route.shown_once:
            raise Problem(
                409,
                "This was done already.",
                tip="Its answer was shown once. If it is lost, take it back and begin anew.",
            )
        headers = {"content-type": "application/json", "idempotent-replayed": "true"}
        yield Earlier(Reply(status=int(row[1]), headers=headers, body=bytes(row[2] or b"")))
        return
    room = Earlier()
    kept = False
    try:
        yield room
        body = room.reply.body if room.reply else None
        if room.reply and isinstance(body, bytes) and len(body) <= _LARGEST:
            database.run(
                "UPDATE replay SET status = ?, body = ? WHERE who = ? AND key = ?",
                (room.reply.status, None if ask.route.shown_once else body, who, key),
            )
            kept = True
    finally:
        if not kept:
            database.run("DELETE FROM replay WHERE who = ? AND key = ?", (who, key))
