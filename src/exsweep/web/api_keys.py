"""Keys of programs: one role, one tenant, an end. Only the hash is kept; a key ends with its maker's right."""

import secrets

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.web.accounts import check_right, grants_of, number_of
from exsweep.web.evidence import new_id
from exsweep.web.problem import Problem
from exsweep.web.sessions import digest
from exsweep.web.viewer import Grant, Viewer

LONGEST_KEY_DAYS = 366

TRUST_S = 30 * 86_400
"""For how long the keys of somebody whose organisation signs him in work without his being seen: it may have let him go."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a program; the key itself is shown once, when it is made."""

    key: str
    name: str
    role: str
    tenant: str | None
    until: int
    used: int | None
    closed: bool


def make_key(
    fleet: Fleet, viewer: Viewer, *, name: str, role: str, tenant: str | None, days: int, now: int
) -> tuple[str, str]:
    """(id, the key itself) for a program: one role the maker has himself, for one tenant, for some days.

    Raises:
        UsageError: a right that the maker does not have.
    """
    check_right(role, tenant)
    number = fleet.database.number("SELECT id FROM tenant WHERE name = ?", (tenant,)) if tenant else None
    if Grant(role=role, tenant=number) not in viewer.grants:
        raise UsageError("A key can do no more than you.", tip="Choose a role that you have.")
    key_id, secret = new_id("key"), secrets.token_urlsafe(32)
    account = number_of(fleet, viewer.user or "")
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
    if grant not in grants_of(fleet, int(account)):
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
