"""Sessions of people who signed in, by whatever way: a random secret in a cookie, of which only the hash is kept."""

import hashlib
import secrets

from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored

IDLE_S = 8 * 3_600
LONGEST_S = 24 * 3_600
FRESH_S = 15 * 60
"""For how long after signing in one may change what opens the account."""


def digest(secret: str) -> str:
    """How a random secret is kept. It is long and random: a plain hash gives nothing away."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(fleet: Fleet, account: int, *, address: str, now: int) -> str:
    """A new session's secret. Belongs into the transaction that says who signed in."""
    token = secrets.token_urlsafe(32)
    fleet.database.run("DELETE FROM session WHERE until < ? OR seen < ?", (now, now - IDLE_S))
    fleet.database.run(
        "INSERT INTO session (hash, account_id, whole, made, seen, until, address) VALUES (?,?,1,?,?,?,?)",
        (digest(token), account, now, now, now + LONGEST_S, stored(address, 100)),
    )
    return token


def whose(fleet: Fleet, token: str, *, now: int) -> tuple[str, int, str, str] | None:
    """(hash of the session, number, id and name of its account) of a cookie; None where it is over."""
    row = fleet.database.one(
        "SELECT s.hash, s.seen, a.id, a.public_id, a.name FROM session s JOIN account a ON a.id = s.account_id "
        "WHERE s.hash = ? AND s.until >= ? AND s.seen >= ? AND a.closed IS NULL",
        (digest(token), now, now - IDLE_S),
    )
    if row is None:
        return None
    hashed, seen, account, user, name = row
    if now - int(seen) > 60:
        fleet.database.run("UPDATE session SET seen = ? WHERE hash = ?", (now, hashed))
    return str(hashed), int(account), str(user), str(name)


def fresh(fleet: Fleet, session: str, *, now: int) -> bool:
    """Whether somebody signed in for this session (its hash) a moment ago."""
    return fleet.database.number("SELECT made FROM session WHERE hash = ?", (session,)) >= now - FRESH_S


def end(fleet: Fleet, session: str, user: str, *, everywhere: bool, now: int) -> None:
    """End this session (its hash), or all of the account."""
    with fleet.act("signed out", user, time=now, detail="everywhere" if everywhere else ""):
        if everywhere:
            end_all(fleet, user)
        fleet.database.run("DELETE FROM session WHERE hash = ?", (session,))


def end_all(fleet: Fleet, user: str) -> None:
    """End every session of an account."""
    fleet.database.run(
        "DELETE FROM session WHERE account_id = (SELECT id FROM account WHERE public_id = ?)", (user,)
    )
