"""Views: signing in through one's organisation. The browser goes there and comes back; nothing of it is ours in between."""

from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.web.ask import Ask
from exsweep.web.core.accounts import Next, accounts_only, new_session
from exsweep.web.oidc import Organisation
from exsweep.web.places import known_place
from exsweep.web.problem import not_found
from exsweep.web.routes import PUBLIC, route

_Line = Annotated[str, Meta(max_length=4_000)]


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    """Where the browser goes."""


class Back(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the issuer sends along; anything else that it adds is not looked at (RFC 6749, 4.1.2)."""

    state: _Line = ""
    code: _Line = ""
    iss: _Line = ""
    error: Annotated[str, Meta(max_length=200)] = ""


def _organisation(ask: Ask) -> Organisation:
    accounts_only(ask)
    found = ask.service.organisation
    if found is None:
        raise not_found()
    return found


@route("GET", "/sign-in/organisation", may=PUBLIC, api=False, then=lambda of: of.address, rate="signing_in")
def organisation(ask: Ask, asked: Next) -> Gone:
    """Go to the sign-in of the organisation."""
    address, secret = _organisation(ask).begin(ask.fleet, known_place(asked.next), now=ask.now)
    ask.cookies["asked"] = secret
    return Gone(address=address)


@route(
    "GET", "/sign-in/organisation/back", may=PUBLIC, api=False, then=lambda of: of.address, rate="signing_in", lenient=True
)  # fmt: skip
def organisation_back(ask: Ask, asked: Back) -> Gone:
    """Come back from there: a new session, if everything fits."""
    token, place = _organisation(ask).finish(
        ask.fleet,
        state=asked.state,
        code=asked.code,
        iss=asked.iss,
        error=asked.error,
        browser=ask.asked,
        address=ask.address,
        now=ask.now,
    )
    new_session(ask, token)
    ask.cookies["asked"] = None
    return Gone(address=known_place(place))
