"""Accounts, their rights and keys in the store. Kept are only hashes of what opens something.

A person proves who he is with a password (scrypt) and a code of his telephone (TOTP, RFC 6238; each code opens once), with a
passkey (`passkeys`), or by the sign-in of his organisation (`oidc`).
"""

import hashlib
import hmac
import secrets
from urllib.parse import quote

import msgspec
import pyotp

from exsweep.errors import UsageError
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.knowledge.access import Reach, access
from exsweep.web import sessions
from exsweep.web.evidence import new_id
from exsweep.web.problem import Problem
from exsweep.web.sessions import digest
from exsweep.web.viewer import Grant, Viewer

JOIN_S = 72 * 3_600
LONGEST_KEY_DAYS = 366
SHORTEST_PASSWORD = 12
TRUST_S = 30 * 86_400
"""For how long the keys of somebody whose organisation signs him in work without his being seen: it may have let him go."""
_STEP_S = 30
_COST, _BLOCK, _LANES, _MEMORY = 1 << 15, 8, 1, 96 << 20
"""scrypt. Source: OWASP password storage cheat sheet (N = 2^15, r = 8, p = 3 or more memory), RFC 7914."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A person, as operators see him. The name is hostile text."""

    user: str
    name: str
    roles: tuple["Right", ...]
    created: int
    closed: bool
    organisation: bool = False
    """Signs in through the organisation; these rights are those of its groups."""


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A role, and for whom."""

    role: str
    title: str
    tenant: str | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a program; the key itself is shown once, when it is made."""

    key: str
    name: str
    role: str
    tenant: str | None
    until: int
    used: int | None
    closed: bool


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """What a link to join gives: a new account of these rights, or (`user`) a new password and code for an old one."""

    name: str = ""
    rights: tuple[tuple[str, str | None], ...] = ()
    user: str = ""


# --- joining ---------------------------------------------------------------------------------------------------------


def invite(fleet: Fleet, join: Join, *, now: int) -> str:
    """A token that lets one person join, once, within three days."""
    for role, tenant in join.rights:
        _right(role, tenant)
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
    _good_password(password, wanted)
    counter = _counter(secret, code, now, 0)
    if counter is None:
        raise UsageError("The code does not fit.", tip="Type the six digits that the app shows now.")
    hashed, user = _hashed(password), given.user or new_id("usr")
    with fleet.act("joined", user, time=now, detail=wanted):
        take_invitation(fleet, token, user, wanted, now=now)
        fleet.database.run(
            "UPDATE account SET password = ?, totp = ?, totp_used = ? WHERE public_id = ?",
            (hashed, secret, counter, user),
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
        _add_right(fleet, int(row[0]), role, tenant)


def of_issuer(
    fleet: Fleet, issuer: str, subject: str, *, name: str, given: tuple[tuple[str, str | None], ...], now: int
) -> int:
    """Number of the account of whoever an issuer calls so, with exactly these rights; made when it is new.

    Known by issuer and subject alone: a name or mail address that somebody chose opens nothing. Belongs into a transaction.

    Raises:
        Problem: 403, the account was closed.
    """
    named = stored(" ".join(name.split()), 80) or subject[:80]
    row = fleet.database.one(
        "SELECT id, closed FROM account WHERE issuer = ? AND subject = ?", (issuer, subject)
    )
    if row is not None and row[1] is not None:
        raise Problem(403, "This account was closed.", tip="Ask your operator.")
    number = int(row[0]) if row else None
    if fleet.database.one("SELECT 1 FROM account WHERE name = ? AND id <> ?", (named, number or 0)):
        named = f"{named} ({digest(f'{issuer} {subject}')[:8]})"
    if number is None:
        row = fleet.database.one(
            "INSERT INTO account (public_id, name, issuer, subject, created) VALUES (?,?,?,?,?) RETURNING id",
            (new_id("usr"), named, issuer, subject, now),
        )
        number = int(row[0]) if row else 0
    fleet.database.run("UPDATE account SET name = ?, signed_in = ? WHERE id = ?", (named, now, number))
    fleet.database.run("DELETE FROM account_role WHERE account_id = ?", (number,))
    for role, tenant in given:
        _add_right(fleet, number, role, tenant)
    return number


def of_organisation(fleet: Fleet, user: str) -> bool:
    """Whether an account is opened by an organisation's sign-in, and by nothing of ours."""
    return bool(
        fleet.database.number(
            "SELECT COUNT(*) FROM account WHERE public_id = ? AND issuer IS NOT NULL", (user,)
        )
    )


def new_secret() -> str:
    """A secret for an authenticator app, base32."""
    return pyotp.random_base32()


def app_address(secret: str, name: str) -> str:
    """`otpauth://...` for the app; drawn as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=quote(name or "exsweep"), issuer_name="exsweep")


# --- signing in ------------------------------------------------------------------------------------------------------


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
    number, user, hashed, secret, used = account or (0, "", _NOBODYS, "", 0)
    right = _fits(password, str(hashed))
    counter = _counter(str(secret), code, now, int(used)) if secret else None
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
    return Viewer(name=name, user=user, grants=_grants(fleet, account)), hashed


# --- rights ----------------------------------------------------------------------------------------------------------


def _grants(fleet: Fleet, account: int) -> tuple[Grant, ...]:
    rows = fleet.database.run(
        "SELECT role, tenant_id FROM account_role WHERE account_id = ? ORDER BY id", (account,)
    )
    return tuple(Grant(role=role, tenant=None if tenant is None else int(tenant)) for role, tenant in rows)


def _right(role: str, tenant: str | None) -> None:
    known = access().roles.get(role)
    if known is None:
        raise UsageError("There is no such role.", tip=f"Choose from: {', '.join(access().roles)}.")
    if (known.reach is Reach.OWN) != bool(tenant):
        need = "needs" if known.reach is Reach.OWN else "has no"
        raise UsageError(f"The role {role} {need} tenant.", tip="Mend it.")


def _add_right(fleet: Fleet, account: int, role: str, tenant: str | None) -> None:
    number = fleet.tenant(tenant) if tenant else None
    _drop_right(fleet, account, role, tenant)
    fleet.database.run(
        "INSERT INTO account_role (account_id, role, tenant_id) VALUES (?,?,?)", (account, role, number)
    )


def _drop_right(fleet: Fleet, account: int, role: str, tenant: str | None) -> None:
    number = fleet.tenant(tenant) if tenant else -1
    fleet.database.run(
        "DELETE FROM account_role WHERE account_id = ? AND role = ? AND COALESCE(tenant_id, -1) = ?",
        (account, role, number),
    )


def give(fleet: Fleet, user: str, role: str, tenant: str | None, *, on: bool, now: int) -> None:
    """Give a right, or take it away. It holds from the next request on.

    Raises:
        UsageError: no such role, or it would leave nobody who can give rights.
    """
    _right(role, tenant)
    account = _number(fleet, user)
    with fleet.act("right given" if on else "right taken", user, time=now, detail=f"{role} {tenant or ''}"):
        (_add_right if on else _drop_right)(fleet, account, role, tenant)
        _someone_operates(fleet)


def close(fleet: Fleet, user: str, *, now: int) -> None:
    """Close an account: sessions and keys end at once.

    Raises:
        UsageError: it would leave nobody who can give rights.
    """
    with fleet.act("account closed", user, time=now):
        fleet.database.run("UPDATE account SET closed = ? WHERE public_id = ?", (now, user))
        sessions.end_all(fleet, user)
        _someone_operates(fleet)


def _someone_operates(fleet: Fleet) -> None:
    if not fleet.database.number(
        "SELECT COUNT(*) FROM account_role r JOIN account a ON a.id = r.account_id "
        "WHERE r.role = 'operator' AND a.closed IS NULL"
    ):
        raise UsageError("Nobody could give rights any more.", tip="Make another operator first.")


def _number(fleet: Fleet, user: str) -> int:
    number = fleet.database.number("SELECT id FROM account WHERE public_id = ?", (user,))
    if not number:
        raise Problem(404, "There is nothing here.", tip="Check the address.")
    return number


def people(fleet: Fleet) -> tuple[Account, ...]:
    """Everyone, by name."""
    rows = fleet.database.run(
        "SELECT id, public_id, name, created, closed, issuer FROM account ORDER BY name"
    )
    return tuple(
        Account(
            user=user,
            name=name,
            roles=rights(fleet, int(number)),
            created=int(made),
            closed=closed is not None,
            organisation=issuer is not None,
        )
        for number, user, name, made, closed, issuer in rows
    )


def rights(fleet: Fleet, account: int) -> tuple[Right, ...]:
    """The rights of an account, in words."""
    rows = fleet.database.run(
        "SELECT r.role, t.name FROM account_role r LEFT JOIN tenant t ON t.id = r.tenant_id WHERE r.account_id = ? "
        "ORDER BY r.id",
        (account,),
    )
    roles = access().roles
    return tuple(
        Right(role=role, title=roles[role].title if role in roles else role, tenant=tenant)
        for role, tenant in rows
    )


# --- keys ------------------------------------------------------------------------------------------------------------


def make_key(
    fleet: Fleet, viewer: Viewer, *, name: str, role: str, tenant: str | None, days: int, now: int
) -> tuple[str, str]:
    """(id, the key itself) for a program: one role the maker has himself, for one tenant, for some days.

    Raises:
        UsageError: a right that the maker does not have.
    """
    _right(role, tenant)
    number = fleet.database.number("SELECT id FROM tenant WHERE name = ?", (tenant,)) if tenant else None
    if Grant(role=role, tenant=number) not in viewer.grants:
        raise UsageError("A key can do no more than you.", tip="Choose a role that you have.")
    key_id, secret = new_id("key"), secrets.token_urlsafe(32)
    account = _number(fleet, viewer.user or "")
    with fleet.act("key made", key_id, time=now, detail=f"{role} {tenant or ''}, {days} days"):
        fleet.database.run(
            "INSERT INTO api_key (public_id, hash, account_id, name, role, tenant_id, made, until) VALUES (?,?,?,?,?,?,?,?)",
            (key_id, digest(secret), account, stored(name, 100), role, number, now, now + days * 86_400),
        )
    return key_id, f"exs_{secret}"


def holder(fleet: Fleet, key: str, *, now: int) -> Viewer | None:
    """Who a key speaks for: one right, and only while its maker still has it (H70)."""
    row = fleet.database.one(
        "SELECT k.id, k.name, k.role, k.tenant_id, a.id, a.public_id, a.name, k.used FROM api_key k "
        "JOIN account a ON a.id = k.account_id "
        "WHERE k.hash = ? AND k.until >= ? AND k.closed IS NULL AND a.closed IS NULL "
        "AND (a.issuer IS NULL OR a.signed_in >= ?)",
        (digest(key.removeprefix("exs_")), now, now - TRUST_S),
    )
    if row is None:
        return None
    number, name, role, tenant, account, user, person, used = row
    grant = Grant(role=role, tenant=None if tenant is None else int(tenant))
    if grant not in _grants(fleet, int(account)):
        return None
    if used is None or now - int(used) > 60:
        fleet.database.run("UPDATE api_key SET used = ? WHERE id = ?", (now, number))
    return Viewer(name=f"key {name} of {person}", user=user, grants=(grant,))


def keys(fleet: Fleet, user: str) -> tuple[Key, ...]:
    """The keys of an account, newest first."""
    rows = fleet.database.run(
        "SELECT k.public_id, k.name, k.role, t.name, k.until, k.used, k.closed FROM api_key k "
        "JOIN account a ON a.id = k.account_id LEFT JOIN tenant t ON t.id = k.tenant_id WHERE a.public_id = ? "
        "ORDER BY k.id DESC LIMIT 200",
        (user,),
    )
    return tuple(
        Key(
            key=key,
            name=name,
            role=role,
            tenant=tenant,
            until=int(until),
            used=used,
            closed=closed is not None,
        )
        for key, name, role, tenant, until, used, closed in rows
    )


def close_key(fleet: Fleet, key: str, user: str, *, now: int) -> None:
    """End one of one's own keys; another's is not there."""
    with fleet.act("key closed", key, time=now):
        row = fleet.database.one(
            "UPDATE api_key SET closed = ? WHERE public_id = ? AND account_id = (SELECT id FROM account WHERE "
            "public_id = ?) RETURNING id",
            (now, key, user),
        )
        if row is None:
            raise Problem(404, "There is nothing here.", tip="Check the address.")


# --- secrets ---------------------------------------------------------------------------------------------------------


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=_BLOCK, p=_LANES, maxmem=_MEMORY)


def _fits(password: str, hashed: str) -> bool:
    _, salt, expected = hashed.split("$")
    return hmac.compare_digest(_scrypt(password[:1_000], bytes.fromhex(salt)).hex(), expected)


_NOBODYS = f"scrypt${'00' * 16}${'00' * 64}"
"""Fits no password: who is not there takes as long as who is."""


def _good_password(password: str, name: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= 1_000:
        raise UsageError(
            f"The password has fewer than {SHORTEST_PASSWORD} characters.",
            tip="Take four or five random words.",
        )
    if len(set(password)) < 5 or password.casefold() in (name.casefold(), name.casefold() * 2):
        raise UsageError("This password is easily guessed.", tip="Take four or five random words.")


def _counter(secret: str, code: str, now: int, used: int) -> int | None:
    """The time step whose code this is: the present one or a neighbour, later than the one used last. None: no."""
    code = "".join(code.split())
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        return None
    try:
        made = pyotp.HOTP(secret)
        for step in (now // _STEP_S - 1, now // _STEP_S, now // _STEP_S + 1):
            if step > used and hmac.compare_digest(made.at(step), code):
                return step
    except ValueError:  # the secret is no base32: it came with a form
        return None
    return None
