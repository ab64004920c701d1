"""Views: passkeys of one's own account, joining with one, signing in with one. The script passkey.js speaks with them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from exsweep.web import accounts, passkeys, sessions
from exsweep.web.ask import Ask
from exsweep.web.core.accounts import Done, accounts_only, new_session, signed_in_person
from exsweep.web.ids import PasskeyId
from exsweep.web.passkeys import Begun
from exsweep.web.places import known_place
from exsweep.web.problem import Problem
from exsweep.web.routes import PUBLIC, SIGNED_IN, Nothing, route, url

Line = Annotated[str, Meta(max_length=200)]


class Joining(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: Line
    name: Line = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the browser brings from the device, as WebAuthn writes it in JSON."""

    ceremony: Line
    credential: dict[str, Any]


class SigningIn(Answer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    next: Annotated[str, Meta(max_length=2_000)] = "/"


class Adding(Answer, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Line = ""


class OnePasskey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    passkey: PasskeyId


class Went(msgspec.Struct, frozen=True, kw_only=True):
    next: str
    """Page to go to."""


def _origin(ask: Ask) -> str:
    accounts_only(ask)
    return ask.service.settings.origin


def _just_signed_in(ask: Ask) -> str:
    """What opens an account is not changed with a session that was left open somewhere."""
    user = signed_in_person(ask)
    if accounts.of_organisation(ask.fleet, user):
        raise Problem(403, "Your organisation signs you in.", tip="Passkeys of its own belong there.")
    if not sessions.fresh(ask.fleet, ask.session, now=ask.now):
        raise Problem(
            403, "You signed in too long ago for this.", tip="Sign out, sign in again, then add it."
        )
    return user


@route("POST", "/sign-in/passkey/begin", may=PUBLIC, api=False, shown_once=True, rate="signing_in")
def passkey_sign_in_begin(ask: Ask, asked: Nothing) -> Begun:
    """Ask whichever device is at hand."""
    return passkeys.begin_signing_in(ask.fleet, _origin(ask), now=ask.now)


@route("POST", "/sign-in/passkey", may=PUBLIC, api=False, then=lambda of: of.next, rate="signing_in")
def passkey_sign_in(ask: Ask, asked: SigningIn) -> Went:
    """Sign in: a new session each time."""
    token = passkeys.sign_in(
        ask.fleet, _origin(ask), asked.ceremony, asked.credential, address=ask.address, now=ask.now
    )
    new_session(ask, token)
    return Went(next=known_place(asked.next))


@route("POST", "/join/passkey/begin", may=PUBLIC, api=False, shown_once=True, rate="signing_in")
def passkey_join_begin(ask: Ask, asked: Joining) -> Begun:
    """Ask a device for a key for whoever holds the link."""
    return passkeys.begin_joining(ask.fleet, _origin(ask), asked.token, asked.name, now=ask.now)


@route("POST", "/join/passkey", may=PUBLIC, api=False, then=lambda of: of.next, rate="signing_in")
def passkey_join(ask: Ask, asked: Answer) -> Went:
    """Join with a passkey alone; the link is used up."""
    passkeys.join(ask.fleet, _origin(ask), asked.ceremony, asked.credential, now=ask.now)
    return Went(next=url("sign_in"))


@route("POST", "/account/passkeys/begin", may=SIGNED_IN, api=False, shown_once=True, rate="signing_in")
def passkey_begin(ask: Ask, asked: Nothing) -> Begun:
    """Ask a device for a key for one's own account."""
    user = _just_signed_in(ask)
    return passkeys.begin_adding(ask.fleet, _origin(ask), user, ask.viewer.name, now=ask.now)


@route("POST", "/account/passkeys", may=SIGNED_IN, api=False, then=lambda of: of.next, rate="signing_in")
def passkey_add(ask: Ask, asked: Adding) -> Went:
    """Keep the key of a device."""
    user = _just_signed_in(ask)
    passkeys.add(ask.fleet, _origin(ask), user, asked.ceremony, asked.name, asked.credential, now=ask.now)
    return Went(next=url("account"))


@route("POST", "/account/passkeys/{passkey}/remove", may=SIGNED_IN, api=False, then=lambda _: url("account"))
def passkey_remove(ask: Ask, asked: OnePasskey) -> Done:
    """Forget a device."""
    passkeys.remove(ask.fleet, signed_in_person(ask), asked.passkey, now=ask.now)
    return Done()
