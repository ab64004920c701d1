"""The first step on one's own computer: the address printed at start opens the pages, once for this browser."""

import secrets

import msgspec

from exsweep.web.ask import Ask
from exsweep.web.problem import Problem
from exsweep.web.recognise import local_cookie
from exsweep.web.routes import PUBLIC, route


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: str = ""


class Opened(msgspec.Struct, frozen=True):
    opened: bool = True


@route("GET", "/start", may=PUBLIC, api=False, then=lambda _: "/", rate="signing_in")
def start(ask: Ask, asked: Token) -> Opened:
    """Open the pages for this browser; the token goes out of the address bar at once."""
    token = ask.service.start_token
    if ask.service.settings.accounts or not secrets.compare_digest(asked.token.encode(), token.encode()):
        raise Problem(
            401,
            "This address is no longer good.",
            tip="Use the address that `exsweep serve` printed when it was started last.",
        )
    ask.cookies["session"] = local_cookie(ask.service)
    return Opened()
