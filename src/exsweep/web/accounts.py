"""People and their rights in the store.

How they prove who they are: `signing_in` (password and code), `passkeys`, `oidc`; how they come in: `joining`.
"""

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.knowledge.access import Reach, access
from exsweep.web import sessions
from exsweep.web.evidence import new_id
from exsweep.web.problem import Problem
from exsweep.web.sessions import digest
from exsweep.web.viewer import Grant


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
        add_right(fleet, number, role, tenant)
    return number


def of_organisation(fleet: Fleet, user: str) -> bool:
    """Whether an account is opened by an organisation's sign-in, and by nothing of ours."""
    return bool(
        fleet.database.number(
            "SELECT COUNT(*) FROM account WHERE public_id = ? AND issuer IS NOT NULL", (user,)
        )
    )


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


def give(fleet: Fleet, user: str, role: str, tenant: str | None, *, on: bool, now: int) -> None:
    """Give a right, or take it away. It holds from the next request on.

    Raises:
        UsageError: no such role, or it would leave nobody who can give rights.
    """
    check_right(role, tenant)
    account = number_of(fleet, user)
    with fleet.act("right given" if on else "right taken", user, time=now, detail=f"{role} {tenant or ''}"):
        (add_right if on else _drop_right)(fleet, account, role, tenant)
        _someone_operates(fleet)


def grants_of(fleet: Fleet, account: int) -> tuple[Grant, ...]:
    """Rights of an account, as they stand now."""
    rows = fleet.database.run(
        "SELECT role, tenant_id FROM account_role WHERE account_id = ? ORDER BY id", (account,)
    )
    return tuple(Grant(role=role, tenant=None if tenant is None else int(tenant)) for role, tenant in rows)


def check_right(role: str, tenant: str | None) -> None:
    """Let a right pass.

    Raises:
        UsageError: no such role, or a tenant that it needs or cannot have.
    """
    known = access().roles.get(role)
    if known is None:
        raise UsageError("There is no such role.", tip=f"Choose from: {', '.join(access().roles)}.")
    if (known.reach is Reach.OWN) != bool(tenant):
        need = "needs" if known.reach is Reach.OWN else "has no"
        raise UsageError(f"The role {role} {need} tenant.", tip="Mend it.")


def add_right(fleet: Fleet, account: int, role: str, tenant: str | None) -> None:
    """Give a right once. Belongs into a transaction."""
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


def number_of(fleet: Fleet, user: str) -> int:
    """Number of an account.

    Raises:
        Problem: 404.
    """
    number = fleet.database.number("SELECT id FROM account WHERE public_id = ?", (user,))
    if not number:
        raise Problem(404, "There is nothing here.", tip="Check the address.")
    return number
