"""Links to join: each good once, for one person, for an account with the rights that stand in it.

Only the hash of a link is kept. What opens the account afterwards is a password and a code, or a passkey (`passkeys`).
"""

import secrets

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.web import sessions
from exsweep.web.accounts import add_right, check_right, of_organisation
from exsweep.web.evidence import new_id
from exsweep.web.problem import Problem
from exsweep.web.proofs import counter_of, good_password, hashed
from exsweep.web.sessions import digest

JOIN_S = 72 * 3_600


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """What a link to join gives: a new account of these rights, or (`user`) a new password and code for an old one."""

    name: str = ""
    rights: tuple[tuple[str, str | None], ...] = ()
    user: str = ""


def invite(fleet: Fleet, join: Join, *, now: int) -> str:
    """A token that lets one person join, once, within three days."""
    for role, tenant in join.rights:
        check_right(role, tenant)
    if join.user and of_organisation(fleet, join.user):
        raise UsageError("This person signs in through the organisation.", tip="Have the organisation help.")
    token = secrets.token_urlsafe(24)
    with fleet.act("invited", join.user or join.name or "anyone", time=now, detail=str(join.rights)):
        fleet.database.run("DELETE FROM pending WHERE until < ?", (now,))
        fleet.database.run(
            "INSERT INTO pending (hash, kind, body, until) VALUES (?, 'join', ?, ?)",
            (digest(token), msgspec.json.encode(join).decode(), now + JOIN_S),
        )
    return token


def first_token(fleet: Fleet, *, now: int) -> str | None:
    """A token for the first operator; None where there is an account already."""
    if fleet.database.number("SELECT COUNT(*) FROM account"):
        return None
    fleet.database.run("DELETE FROM pending WHERE kind = 'join'")  # of a start before this one
    return invite(fleet, Join(rights=(("operator", None),)), now=now)


def invitation(fleet: Fleet, token: str, *, now: int) -> Join:
    """What a token gives.

    Raises:
        Problem: used, too old, or never given.
    """
    row = fleet.database.one(
        "SELECT body FROM pending WHERE hash = ? AND kind = 'join' AND until >= ?", (digest(token), now)
    )
    if row is None:
        raise Problem(401, "This link is no longer good.", tip="Ask your operator for a new one.")
    return msgspec.json.decode(row[0], type=Join)


def wanted_name(given: Join, name: str) -> str:
    """The name that whoever joins will have.

    Raises:
        UsageError: none was chosen.
    """
    wanted = (given.name or name).strip()
    if not given.user and not 1 <= len(wanted) <= 100:
        raise UsageError("A name is missing.", tip="Choose one of up to 100 characters.")
    return wanted


def join(fleet: Fleet, token: str, *, name: str, password: str, secret: str, code: str, now: int) -> str:
    """Use an invitation with a password and a code: the account is made, or made anew; returns its id.

    Raises:
        Problem: the link is no longer good.
        UsageError: name taken, password too short or too well known, or the code does not fit.
    """
    given = invitation(fleet, token, now=now)
    wanted = wanted_name(given, name)
    good_password(password, wanted)
    counter = counter_of(secret, code, now, 0)
    if counter is None:
        raise UsageError("The code does not fit.", tip="Type the six digits that the app shows now.")
    kept, user = hashed(password), given.user or new_id("usr")
    with fleet.act("joined", user, time=now, detail=wanted):
        take_invitation(fleet, token, user, wanted, now=now)
        fleet.database.run(
            "UPDATE account SET password = ?, totp = ?, totp_used = ? WHERE public_id = ?",
            (kept, secret, counter, user),
        )
    return user


def take_invitation(fleet: Fleet, token: str, user: str, name: str, *, now: int) -> None:
    """Use a link up: the account is there then, with its rights and with nothing that opens it. Belongs into a transaction.

    Raises:
        Problem: the link is no longer good.
        UsageError: the name is taken.
    """
    row = fleet.database.one(
        "DELETE FROM pending WHERE hash = ? AND kind = 'join' AND until >= ? RETURNING body",
        (digest(token), now),
    )
    if row is None:
        raise Problem(401, "This link is no longer good.", tip="Ask your operator for a new one.")
    given = msgspec.json.decode(row[0], type=Join)
    if given.user:
        fleet.database.run("UPDATE account SET password = NULL, totp = NULL WHERE public_id = ?", (user,))
        fleet.database.run(
            "DELETE FROM passkey WHERE account_id = (SELECT id FROM account WHERE public_id = ?)", (user,)
        )
        sessions.end_all(fleet, user)
        return
    row = fleet.database.one(
        "INSERT INTO account (public_id, name, created) VALUES (?,?,?) ON CONFLICT DO NOTHING RETURNING id",
        (user, stored(name, 100), now),
    )
    if row is None:
        raise UsageError("That name is taken.", tip="Choose another.")
    for role, tenant in given.rights:
        add_right(fleet, int(row[0]), role, tenant)
