"""Who a request is from: a cookie of a session, an API key, or the person at this computer."""

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

import msgspec

from exsweep.fleet.store import Fleet
from exsweep.web import api_keys, signing_in
from exsweep.web.service import Service
from exsweep.web.viewer import NOBODY, Viewer

if TYPE_CHECKING:
    from exsweep.web.gate import Received

LOCAL = Viewer(name="this computer", local=True)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who, and how that is known."""

    viewer: Viewer = NOBODY
    session: str = ""
    csrf: str = ""
    """What a form must carry; empty where no cookie carried the request."""
    by_key: bool = False


def cookie_name(service: Service, what: str = "session") -> str:
    """Of the session, or of another thing of a few minutes. `__Host-` where the service is reached through https.

    The port keeps two services on one computer apart.
    """
    name = "__Host-exsweep" if service.settings.secure else f"exsweep-{service.settings.port}"
    return name if what == "session" else f"{name}-{what}"


def recognise(service: Service, fleet: Fleet, received: "Received") -> Caller:
    """Who asks. Never an error: what is not known is nobody."""
    cookie = received.cookies.get(cookie_name(service), "")[:200]
    if not service.settings.accounts:
        if cookie and secrets.compare_digest(cookie.encode(), local_cookie(service).encode()):
            return Caller(viewer=LOCAL, session="local", csrf=csrf_of(service, cookie))
        bearer = received.headers.get("authorization", "")
        if bearer and secrets.compare_digest(bearer.encode(), f"Bearer {service.start_token}".encode()):
            return Caller(viewer=LOCAL, by_key=True)
        return Caller()
    bearer = received.headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        viewer = api_keys.holder(fleet, bearer[7:], now=service.now())
        return Caller(viewer=viewer, by_key=True) if viewer else Caller()
    found = signing_in.session(fleet, cookie, now=service.now()) if cookie else None
    if found is None:
        return Caller()
    return Caller(viewer=found[0], session=found[1], csrf=csrf_of(service, cookie, fleet.secret))


def local_cookie(service: Service) -> str:
    """What the browser of the person at this computer keeps until the program ends."""
    return hashlib.sha256(f"cookie {service.start_token}".encode()).hexdigest()


def csrf_of(service: Service, cookie: str, key: bytes = b"") -> str:
    """Token of the forms of a session: known only to pages that the session was shown.

    `key`: the store's, so that sessions of accounts outlive a new start of the service.
    """
    return hmac.new(
        key or service.start_token.encode(), f"csrf {cookie}".encode(), hashlib.sha256
    ).hexdigest()
