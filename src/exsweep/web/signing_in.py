"""Signing in with name, password and code; who fails often waits longer each time. Each code opens once."""

from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.web import sessions
from exsweep.web.accounts import grants_of
from exsweep.web.problem import Problem
from exsweep.web.proofs import NOBODYS, counter_of, fits
from exsweep.web.sessions import digest
from exsweep.web.viewer import Viewer


def sign_in(fleet: Fleet, name: str, password: str, code: str, *, address: str, now: int) -> str:
    """A new session's secret. Every failure says the same and takes as long.

    Raises:
        Problem: 401; 429 after too many failures, for this name from this address first.
    """
    places = ((f"{name}|{address}", 5), (f"|{address}", 30), (f"{name}|", 50))
    for key, _ in places:
        row = fleet.database.one("SELECT free_at FROM throttle WHERE name = ?", (_throttle(key),))
        if row is not None and int(row[0]) > now:
            wait = int(row[0]) - now
            raise Problem(
                429,
                "Too many attempts.",
                tip=f"Try again in {wait} seconds.",
                headers={"Retry-After": str(wait)},
            )
    account = fleet.database.one(
        "SELECT id, public_id, password, totp, totp_used FROM account WHERE name = ? AND closed IS NULL AND password "
        "IS NOT NULL",
        (stored(name, 100),),
    )
    number, user, hashed, secret, used = account or (0, "", NOBODYS, "", 0)
    right = fits(password, str(hashed))
    counter = counter_of(str(secret), code, now, int(used)) if secret else None
    if account is None or not right or counter is None:
        _failed(fleet, places, name, address, now)
        raise Problem(
            401,
            "Name, password or code do not fit.",
            tip="Check all three; a code opens only once.",
        )
    with fleet.act("signed in", str(user), time=now, detail=f"from {address}"):
        # Two at the same moment with one code: only one of them finds the counter as it was.
        taken = fleet.database.one(
            "UPDATE account SET totp_used = ? WHERE id = ? AND totp_used = ? RETURNING id",
            (counter, number, used),
        )
        if taken is None:
            raise Problem(401, "This code was used already.", tip="Wait for the next one.")
        fleet.database.run("DELETE FROM throttle WHERE name = ?", (_throttle(places[0][0]),))
        return sessions.begin(fleet, int(number), address=address, now=now)


def _failed(fleet: Fleet, places: tuple[tuple[str, int], ...], name: str, address: str, now: int) -> None:
    with fleet.act("sign-in failed", repr(name)[:200], time=now, detail=f"from {address}"):
        for key, free in places:
            row = fleet.database.one(
                "INSERT INTO throttle (name, failures, free_at) VALUES (?, 1, 0) ON CONFLICT (name) DO UPDATE "
                "SET failures = throttle.failures + 1 RETURNING failures",
                (_throttle(key),),
            )
            over = int(row[0] if row else 0) - free
            if over >= 0:
                wait = min(900, 2 ** min(over + 1, 12))
                fleet.database.run(
                    "UPDATE throttle SET free_at = ? WHERE name = ?", (now + wait, _throttle(key))
                )


def _throttle(key: str) -> str:
    return digest(f"throttle {key}")


def session(fleet: Fleet, token: str, *, now: int) -> tuple[Viewer, str] | None:
    """(who, hash of the session) of a cookie; None where it is over."""
    found = sessions.whose(fleet, token, now=now)
    if found is None:
        return None
    hashed, account, user, name = found
    return Viewer(name=name, user=user, grants=grants_of(fleet, account)), hashed
