"""Views: joining, signing in and out, one's own account and keys, everyone's rights."""

from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.errors import UsageError
from exsweep.knowledge.access import access
from exsweep.web import accounts, api_keys, joining, passkeys, proofs, sessions, signing_in
from exsweep.web.accounts import Account, Right
from exsweep.web.api_keys import Key
from exsweep.web.ask import Ask
from exsweep.web.ids import KeyId, UserId
from exsweep.web.joining import Join
from exsweep.web.passkeys import Passkey
from exsweep.web.places import known_place
from exsweep.web.problem import Again, Problem, with_form
from exsweep.web.routes import PUBLIC, SIGNED_IN, Nothing, route, url

Line = Annotated[str, Meta(max_length=200)]
Secret = Annotated[str, Meta(max_length=1_000)]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    done: bool = True


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Line
    password: Secret
    code: Line
    next: Annotated[str, Meta(max_length=2_000)] = "/"
    """Page to go to; anything but a page of this service is the start page (H71)."""


class Next(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    next: Annotated[str, Meta(max_length=2_000)] = "/"


class SignInView(msgspec.Struct, frozen=True, kw_only=True):
    next: str
    name: str = ""
    """As it was typed before."""
    passkeys: bool = False
    """Passkeys are possible here."""
    organisation: str | None = None
    """Whose own sign-in can be used."""


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: Line


class JoinView(msgspec.Struct, frozen=True, kw_only=True):
    """The form to join: `secret` and `token` go back with it; `app` is drawn as a QR code."""

    token: str
    name: str
    """Empty: to be chosen."""
    typed: str = ""
    """What was chosen before something else was wrong."""
    again: bool
    """An old account gets a new password and code."""
    secret: str
    app: str
    roles: tuple[Right, ...]
    passkeys: bool = False


class JoinForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: Line
    secret: Annotated[str, Meta(pattern="^[A-Z2-7]{32}$")]
    name: Line = ""
    password: Secret
    code: Line


class SignOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    everywhere: bool = False


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    user: str | None
    roles: tuple[Right, ...]
    passkeys: tuple[Passkey, ...] = ()
    no_passkeys: str | None = None
    """Why none can be added here."""


class KeysView(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[Key, ...]
    roles: tuple[Right, ...]
    """What a key can be made for."""
    made: str | None = None
    """The new key: shown now and never again."""


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    role: Line
    tenant: Line | None = None
    days: Annotated[int, Meta(ge=1, le=api_keys.LONGEST_KEY_DAYS)] = 90


class OneKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: KeyId


class PeopleView(msgspec.Struct, frozen=True, kw_only=True):
    people: tuple[Account, ...]
    roles: dict[str, str]
    """Role -> title."""
    link: str | None = None
    """A link to pass on, shown now and never again."""


class Invite(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Line = ""
    role: Line
    tenant: Line | None = None


class OneUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user: UserId


class GiveRight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user: UserId
    role: Line
    tenant: Line | None = None
    on: bool


def accounts_only(ask: Ask) -> None:
    if not ask.service.settings.accounts:
        raise Problem(
            404, "There are no accounts here.", tip="This service is for one person at this computer."
        )


def _me(ask: Ask) -> str:
    if ask.viewer.user is None or ask.viewer.local:
        raise Problem(
            404, "There are no accounts here.", tip="This service is for one person at this computer."
        )
    return ask.viewer.user


@route("GET", "/sign-in", may=PUBLIC, api=False)
def sign_in(ask: Ask, asked: Next) -> SignInView:
    """The form."""
    accounts_only(ask)
    return _sign_in_view(ask, asked.next)


def _sign_in_view(ask: Ask, after: str, name: str = "") -> SignInView:
    organisation = ask.service.organisation
    return SignInView(
        next=known_place(after),
        name=name,
        passkeys=passkeys.missing(ask.service.settings.origin) is None,
        organisation=organisation.settings.title if organisation else None,
    )


@route("POST", "/sign-in", may=PUBLIC, api=False, then=lambda of: of.next, rate="signing_in")
def sign_in_form(ask: Ask, asked: SignIn) -> SignInView:
    """Sign in: a new session each time, whatever cookie came with it."""
    accounts_only(ask)
    try:
        token = signing_in.sign_in(
            ask.fleet, asked.name, asked.password, asked.code, address=ask.address, now=ask.now
        )
    except Problem as error:
        form = Again("sign_in", _sign_in_view(ask, asked.next, asked.name), url("sign_in", next=asked.next))
        raise with_form(error, form) from None
    new_session(ask, token)
    return SignInView(next=known_place(asked.next))


def new_session(ask: Ask, token: str) -> None:
    """The browser gets the session that was begun; the one it came with ends."""
    if ask.session:
        sessions.end(ask.fleet, ask.session, ask.viewer.user or "", everywhere=False, now=ask.now)
    ask.cookies["session"] = token


@route("POST", "/sign-out", may=SIGNED_IN, api=False, then=lambda _: "/sign-in")
def sign_out(ask: Ask, asked: SignOut) -> Done:
    """End this session, or all."""
    sessions.end(ask.fleet, ask.session, _me(ask), everywhere=asked.everywhere, now=ask.now)
    ask.cookies["session"] = None
    return Done()


@route("GET", "/join", may=PUBLIC, api=False, rate="signing_in")
def join(ask: Ask, asked: Token) -> JoinView:
    """The form behind a link to join."""
    accounts_only(ask)
    return _join_view(ask, asked.token, proofs.new_secret())


def _join_view(ask: Ask, token: str, secret: str, typed: str = "") -> JoinView:
    given = joining.invitation(ask.fleet, token, now=ask.now)
    roles = access().roles
    return JoinView(
        token=token,
        name=given.name,
        typed=typed,
        again=bool(given.user),
        secret=secret,
        app=proofs.app_address(secret, given.name),
        roles=tuple(
            Right(role=role, title=roles[role].title, tenant=tenant) for role, tenant in given.rights
        ),
        passkeys=passkeys.missing(ask.service.settings.origin) is None,
    )


@route("POST", "/join", may=PUBLIC, api=False, then=lambda _: "/sign-in", rate="signing_in")
def join_form(ask: Ask, asked: JoinForm) -> Done:
    """Join; the link is used up."""
    accounts_only(ask)
    try:
        joining.join(
            ask.fleet,
            asked.token,
            name=asked.name,
            password=asked.password,
            secret=asked.secret,
            code=asked.code,
            now=ask.now,
        )
    except UsageError as error:  # the same secret again: the app has it already
        view = _join_view(ask, asked.token, asked.secret, asked.name)
        raise with_form(error, Again("join", view, url("join", token=asked.token))) from None
    return Done()


@route("GET", "/account", may=SIGNED_IN)
def account(ask: Ask, asked: Nothing) -> AccountView:
    """Who one is, and by which rights."""
    user = ask.viewer.user
    return AccountView(
        name=ask.viewer.name,
        user=user,
        roles=_rights(ask),
        passkeys=passkeys.passkeys(ask.fleet, user) if user else (),
        no_passkeys="Your organisation signs you in."
        if user and accounts.of_organisation(ask.fleet, user)
        else passkeys.missing(ask.service.settings.origin),
    )


def _rights(ask: Ask) -> tuple[Right, ...]:
    number = ask.fleet.database.number("SELECT id FROM account WHERE public_id = ?", (ask.viewer.user or "",))
    return accounts.rights(ask.fleet, number) if number else ()


@route("GET", "/keys", may=SIGNED_IN)
def keys(ask: Ask, asked: Nothing) -> KeysView:
    """One's own keys for programs."""
    return KeysView(keys=api_keys.keys(ask.fleet, _me(ask)), roles=_rights(ask))


@route("POST", "/keys", may=SIGNED_IN, api=False, shown_once=True)
def keys_new(ask: Ask, asked: NewKey) -> KeysView:
    """Make a key. Only people who signed in can: a key makes no keys."""
    user = signed_in_person(ask)
    _, made = api_keys.make_key(
        ask.fleet,
        ask.viewer,
        name=asked.name,
        role=asked.role,
        tenant=asked.tenant,
        days=asked.days,
        now=ask.now,
    )
    return KeysView(keys=api_keys.keys(ask.fleet, user), roles=_rights(ask), made=made)


@route("POST", "/keys/{key}/close", may=SIGNED_IN, then=lambda _: url("keys"))
def keys_close(ask: Ask, asked: OneKey) -> Done:
    """End a key of one's own."""
    api_keys.close_key(ask.fleet, asked.key, _me(ask), now=ask.now)
    return Done()


def signed_in_person(ask: Ask) -> str:
    if not ask.session:
        raise Problem(403, "A key may not do this.", tip="Sign in with your browser.")
    return _me(ask)


def _people(ask: Ask, link: str | None = None) -> PeopleView:
    return PeopleView(
        people=accounts.people(ask.fleet),
        roles={name: role.title for name, role in access().roles.items()},
        link=link,
    )


@route("GET", "/people", may="system.accounts")
def people(ask: Ask, asked: Nothing) -> PeopleView:
    """Everyone, and their rights."""
    accounts_only(ask)
    return _people(ask)


@route("POST", "/people/invite", may="system.accounts", shown_once=True)
def people_invite(ask: Ask, asked: Invite) -> PeopleView:
    """A link for one person to join with one right."""
    accounts_only(ask)
    given = Join(name=asked.name, rights=((asked.role, asked.tenant),))
    return _people(ask, _link(ask, given))


def _link(ask: Ask, given: Join) -> str:
    """Whole, so that it can be passed on as it is."""
    return ask.service.settings.origin + url("join", token=joining.invite(ask.fleet, given, now=ask.now))


@route("POST", "/people/{user}/again", may="system.accounts", shown_once=True)
def people_again(ask: Ask, asked: OneUser) -> PeopleView:
    """A link for somebody who lost password or telephone."""
    accounts_only(ask)
    name = next((each.name for each in accounts.people(ask.fleet) if each.user == asked.user), None)
    if name is None:
        raise Problem(404, "There is nothing here.", tip="Check the address.")
    given = Join(user=asked.user, name=name)
    return _people(ask, _link(ask, given))


@route("POST", "/people/{user}/rights", may="system.accounts", then=lambda _: url("people"))
def people_rights(ask: Ask, asked: GiveRight) -> PeopleView:
    """Give a right, or take it away."""
    accounts_only(ask)
    accounts.give(ask.fleet, asked.user, asked.role, asked.tenant, on=asked.on, now=ask.now)
    return _people(ask)


@route("POST", "/people/{user}/close", may="system.accounts", then=lambda _: url("people"))
def people_close(ask: Ask, asked: OneUser) -> PeopleView:
    """Close an account."""
    accounts_only(ask)
    accounts.close(ask.fleet, asked.user, now=ask.now)
    return _people(ask)
