"""Passkeys (WebAuthn): a key that never leaves the person's device, asked for with a finger, a face or a PIN.

A passkey is two things at once (the device, and what unlocks it), so it needs neither password nor code. It answers only to the
very address it was made for: a page that imitates ours gets nothing. The library `fido2` checks what a device says; kept here
are ceremonies (each good once, for five minutes) and public keys.

Source: W3C Web Authentication Level 3, sections 7.1 and 7.2 (read 2026-11-28).
"""

import ipaddress
import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.web import joining, sessions
from exsweep.web.evidence import new_id
from exsweep.web.problem import Problem, not_found
from exsweep.web.sessions import digest

if TYPE_CHECKING:
    from fido2.server import Fido2Server

T = TypeVar("T")
CEREMONY_S = 300
MOST = 20
"""Passkeys of one account."""


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A device that opens an account. The name is what its owner calls it: hostile text."""

    passkey: str
    name: str
    made: int
    used: int | None


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser hands to the device, and the name of the ceremony that goes back with the answer."""

    ceremony: str
    options: dict[str, Any]


class _Ceremony(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, kept until the answer. Exactly one of `user` and `token`, or none for signing in."""

    challenge: str
    user: str = ""
    """Gets a passkey; of a new account the id that it will have."""
    name: str = ""
    token: str = ""
    """Of the link to join with."""


def missing(origin: str) -> str | None:
    """Why passkeys cannot be offered at this address; None: they can."""
    host = urlsplit(origin).hostname or ""
    if find_spec("fido2") is None:
        return "Passkeys need the extra exsweep[sign-in]."
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return "Passkeys belong to a name: this service is reached by a number."
    if not host or (not origin.startswith("https://") and host != "localhost"):
        return "Passkeys need https."
    return None


def begin_adding(fleet: Fleet, origin: str, user: str, name: str, *, now: int) -> Begun:
    """Ask a device for a key for an account that is there.

    Raises:
        UsageError: it has enough.
    """
    there = [row[0] for row in fleet.database.run(f"SELECT credential FROM passkey WHERE {_OF}", (user,))]
    if len(there) >= MOST:
        raise UsageError(f"{MOST} passkeys are enough.", tip="Remove one that is no longer used.")
    return _begin(fleet, origin, _Ceremony(challenge="", user=user, name=name), now, known=there)


def add(
    fleet: Fleet, origin: str, user: str, ceremony: str, name: str, credential: Mapping[str, Any], *, now: int
) -> str:
    """Keep a device's key; returns its id.

    Raises:
        Problem: 422, the answer does not fit the question.
    """
    asked = _taken(fleet, ceremony, now)
    if asked.user != user or asked.token:
        raise _wrong()
    with fleet.act("passkey added", user, time=now, detail=name):
        return _keep(fleet, origin, asked, name, credential, now)


def begin_joining(fleet: Fleet, origin: str, token: str, name: str, *, now: int) -> Begun:
    """Ask a device for a key for whoever holds a link to join.

    Raises:
        Problem: the link is no longer good.
        UsageError: the name is missing or taken.
    """
    given = joining.invitation(fleet, token, now=now)
    wanted = joining.wanted_name(given, name)
    if not given.user and fleet.database.one("SELECT 1 FROM account WHERE name = ?", (stored(wanted, 100),)):
        raise UsageError("That name is taken.", tip="Choose another.")
    user = given.user or new_id("usr")
    return _begin(fleet, origin, _Ceremony(challenge="", user=user, name=wanted, token=token), now)


def join(fleet: Fleet, origin: str, ceremony: str, credential: Mapping[str, Any], *, now: int) -> str:
    """Use a link to join with a passkey alone: no password, no code; returns the account's id."""
    asked = _taken(fleet, ceremony, now)
    if not asked.token:
        raise _wrong()
    with fleet.act("joined", asked.user, time=now, detail=f"{asked.name}, with a passkey"):
        joining.take_invitation(fleet, asked.token, asked.user, asked.name, now=now)
        _keep(fleet, origin, asked, "First passkey", credential, now)
    return asked.user


def begin_signing_in(fleet: Fleet, origin: str, *, now: int) -> Begun:
    """Ask whichever device is at hand. No name is needed, so none can be tried out."""
    return _begin(fleet, origin, _Ceremony(challenge=""), now)


def sign_in(
    fleet: Fleet, origin: str, ceremony: str, credential: Mapping[str, Any], *, address: str, now: int
) -> str:
    """A new session's secret.

    Raises:
        Problem: 401, and the log keeps that it was tried.
    """
    try:
        return _signed_in(fleet, origin, ceremony, credential, address, now)
    except Problem as problem:
        with fleet.act("sign-in failed", "passkey", time=now, detail=f"from {address}: {problem.message}"):
            pass
        raise Problem(
            401, "This passkey does not fit.", tip="Try again, or sign in with password and code."
        ) from None


def _signed_in(
    fleet: Fleet, origin: str, ceremony: str, credential: Mapping[str, Any], address: str, now: int
) -> str:
    from fido2.webauthn import AttestedCredentialData, AuthenticationResponse

    asked = _taken(fleet, ceremony, now)
    if asked.user or asked.token:
        raise _wrong()
    given = _checked(lambda: AuthenticationResponse.from_dict(credential))
    row = fleet.database.one(
        "SELECT k.id, k.key, k.counter, a.id, a.public_id FROM passkey k JOIN account a ON a.id = k.account_id "
        "WHERE k.credential = ? AND a.closed IS NULL",
        (given.raw_id.hex(),),
    )
    if row is None:
        raise _wrong()
    number, key, counter, account, user = row
    known = AttestedCredentialData(bytes(key))
    _checked(lambda: _server(origin).authenticate_complete(_state(asked), [known], credential))
    handle = given.response.user_handle
    if handle is not None and handle != str(user).encode():
        raise _wrong()
    count = given.response.authenticator_data.counter
    with fleet.act("signed in", str(user), time=now, detail=f"from {address}, with a passkey"):
        # A counter that does not grow: the key may have been copied (WebAuthn 7.2, step 22). Synced ones always say 0.
        taken = fleet.database.one(
            "UPDATE passkey SET counter = ?, used = ? WHERE id = ? AND (counter < ? OR (counter = 0 AND ? = 0)) RETURNING id",
            (count, now, number, count, count),
        )
        if taken is None:
            raise Problem(401, f"its counter is {count}, after {counter}")
        return sessions.begin(fleet, int(account), address=address, now=now)


def passkeys(fleet: Fleet, user: str) -> tuple[Passkey, ...]:
    """Those of an account, oldest first."""
    rows = fleet.database.run(
        f"SELECT public_id, name, made, used FROM passkey WHERE {_OF} ORDER BY id", (user,)
    )
    return tuple(Passkey(passkey=key, name=name, made=int(made), used=used) for key, name, made, used in rows)


def remove(fleet: Fleet, user: str, passkey: str, *, now: int) -> None:
    """Forget one of one's own; another's is not there.

    Raises:
        UsageError: nothing else would open the account.
    """
    with fleet.act("passkey removed", user, time=now, detail=passkey):
        row = fleet.database.one(
            f"DELETE FROM passkey WHERE public_id = ? AND {_OF} RETURNING id", (passkey, user)
        )
        if row is None:
            raise not_found()
        if not fleet.database.number(
            "SELECT COUNT(*) FROM account a WHERE a.public_id = ? AND (a.password IS NOT NULL OR EXISTS "
            "(SELECT 1 FROM passkey k WHERE k.account_id = a.id))",
            (user,),
        ):
            raise UsageError("This passkey is your only way in.", tip="Add another one first.")


_OF = "account_id = (SELECT id FROM account WHERE public_id = ?)"


def _server(origin: str) -> "Fido2Server":
    from fido2.server import Fido2Server
    from fido2.webauthn import PublicKeyCredentialRpEntity

    why = missing(origin)
    if why is not None:
        raise Problem(404, "There are no passkeys here.", tip=why)
    party = PublicKeyCredentialRpEntity(id=urlsplit(origin).hostname or "", name="exsweep")
    return Fido2Server(party, verify_origin=lambda said: said == origin)


def _begin(fleet: Fleet, origin: str, of: _Ceremony, now: int, known: list[Any] | None = None) -> Begun:
    from fido2.webauthn import (
        PublicKeyCredentialDescriptor,
        PublicKeyCredentialType,
        PublicKeyCredentialUserEntity,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    server, required = _server(origin), UserVerificationRequirement.REQUIRED
    kind = PublicKeyCredentialType.PUBLIC_KEY
    if of.user:
        options, state = server.register_begin(
            PublicKeyCredentialUserEntity(id=of.user.encode(), name=of.name, display_name=of.name),
            credentials=[PublicKeyCredentialDescriptor(type=kind, id=bytes.fromhex(each)) for each in known or ()],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=required,
        )  # fmt: skip
        shown = dict(options)
    else:
        asked, state = server.authenticate_begin(user_verification=required)
        shown = dict(asked)
    ceremony = secrets.token_urlsafe(24)
    body = msgspec.json.encode(msgspec.structs.replace(of, challenge=state["challenge"])).decode()
    with fleet.database.transaction():
        fleet.database.run("DELETE FROM pending WHERE until < ?", (now,))
        fleet.database.run(
            "INSERT INTO pending (hash, kind, body, until) VALUES (?, 'passkey', ?, ?)",
            (digest(ceremony), body, now + CEREMONY_S),
        )
    return Begun(ceremony=ceremony, options=json.loads(json.dumps(shown))["publicKey"])


def _taken(fleet: Fleet, ceremony: str, now: int) -> _Ceremony:
    row = fleet.database.one(
        "DELETE FROM pending WHERE hash = ? AND kind = 'passkey' AND until >= ? RETURNING body",
        (digest(ceremony), now),
    )
    if row is None:
        raise Problem(422, "This took too long, or was done already.", tip="Try again.")
    return msgspec.json.decode(row[0], type=_Ceremony)


def _state(asked: _Ceremony) -> dict[str, Any]:
    from fido2.webauthn import UserVerificationRequirement

    return {"challenge": asked.challenge, "user_verification": UserVerificationRequirement.REQUIRED}


def _keep(
    fleet: Fleet, origin: str, asked: _Ceremony, name: str, credential: Mapping[str, Any], now: int
) -> str:
    said = _checked(lambda: _server(origin).register_complete(_state(asked), credential))
    data = said.credential_data
    public_id = new_id("pky")
    row = data and fleet.database.one(
        "INSERT INTO passkey (public_id, account_id, credential, key, counter, name, made) SELECT ?, id, ?, ?, ?, ?, ? "
        "FROM account WHERE public_id = ? ON CONFLICT DO NOTHING RETURNING id",
        (
            public_id,
            data.credential_id.hex(),
            bytes(data),
            said.counter,
            stored(name.strip(), 100) or "Passkey",
            now,
            asked.user,
        ),
    )
    if not row:
        raise _wrong()
    return public_id


def _checked(work: Callable[[], T]) -> T:
    """What a device says is hostile: whatever the library makes of it is an answer that does not fit."""
    try:
        return work()
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001 - ValueError, KeyError, struct.error and others of CBOR, JSON and keys
        raise Problem(
            422, f"The passkey's answer does not fit: {str(error)[:100]}", tip="Try again."
        ) from None


def _wrong() -> Problem:
    return Problem(422, "The passkey's answer does not fit the question.", tip="Try again.")
