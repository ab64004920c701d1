"""The gate: who asks, may they, what exactly, then the view, then the reply. Runs in a thread of the pool."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request

from exsweep.errors import ExsweepError, StoreError
from exsweep.knowledge.languages import ENGLISH
from exsweep.web import params, replays
from exsweep.web.access import check
from exsweep.web.ask import Ask
from exsweep.web.headers import same_origin
from exsweep.web.language import language_of
from exsweep.web.problem import Problem, problem_of
from exsweep.web.recognise import Caller, cookie_name, recognise
from exsweep.web.replies import Reply, problem_reply, redirect, reply_of
from exsweep.web.routes import API, PUBLIC, Route, url
from exsweep.web.service import Service
from exsweep.web.viewer import NOBODY

_log = logging.getLogger("exsweep.web")
_FORM = "application/x-www-form-urlencoded"
_JSON = ("application/json", "")
READS_EVIDENCE = frozenset({"case.evidence", "case.secrets", "case.download"})
"""Actions whose use is written down (`access.yml`)."""
_NAMING = ("server", "job", "upload", "finding", "row", "format", "assessment")
"""Parameters that name what was read; others, such as an order of sorting, say nothing of it."""


@dataclass
class Received:
    """A request as plain data."""

    method: str
    path: str
    gaps: dict[str, str]
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    address: str
    host: str
    raw_query: str = ""
    body: bytes = b""
    api: bool = field(init=False)
    """It came in below `/api/v1`, or asks for JSON."""

    def __post_init__(self) -> None:
        wants = self.headers.get("accept", "")
        self.api = self.path.startswith(API + "/") or ("json" in wants and "text/html" not in wants)

    @classmethod
    def of(cls, request: Request) -> "Received":
        return cls(
            method=request.method,
            path=request.url.path,
            gaps={name: str(value) for name, value in request.path_params.items()},
            query=request.query_params.multi_items(),
            headers={name.lower(): value for name, value in request.headers.items()},
            cookies=request.cookies,
            address=request.client.host if request.client else "",
            host=request.headers.get("host", ""),
            raw_query=request.url.query,
        )

    @property
    def fragment(self) -> bool:
        return self.headers.get("hx-request") == "true"


def pass_through(service: Service, route: Route, received: Received) -> Reply:
    """The reply to a request; every error becomes one that may be shown."""
    ask: Ask | None = None
    try:
        ask = let_in(service, route, received)
        given = _params(route, received)
        ask.tenants = check(route, ask.viewer, given, ask.fleet)
        with replays.once(ask, received) as earlier:
            if earlier.reply is None:
                earlier.reply = reply_of(route, route.view(ask, given), ask, received)
                _remember(route, ask, given)
        return earlier.reply
    except Exception as error:  # noqa: BLE001 - the border: nothing else than a problem leaves here
        return failed(service, route, received, error, ask)


def let_in(service: Service, route: Route, received: Received) -> Ask:
    """Who asks, and that a page of ours asks.

    Raises:
        Problem: a page of somebody else asks.
    """
    fleet = service.fleet()
    fleet.database.see(())
    caller = recognise(service, fleet, received)
    fleet.database.see(caller.viewer.tenants())
    ask = Ask(
        viewer=caller.viewer,
        fleet=fleet,
        service=service,
        route=route,
        now=service.now(),
        body=received.body if route.takes_bytes else b"",
        headers=received.headers,
        address=received.address,
        session=caller.session,
        csrf=caller.csrf,
        asked=received.cookies.get(cookie_name(service, "asked"), "")[:200],
        fragment=received.fragment,
        language=_language(service, received),
    )
    fleet.who = ask.who
    who = received.address if caller.viewer == NOBODY else caller.viewer.name
    ask.limits = service.limiter.take(who, route.rate, service.clock())
    if route.unsafe:
        _from_our_page(received, caller, route, service)
    return ask


def _language(service: Service, received: Received) -> str:
    if received.api:
        return ENGLISH
    return language_of(
        received.cookies.get(cookie_name(service, "language"), ""),
        received.headers.get("accept-language", ""),
    )


def failed(
    service: Service, route: Route, received: Received, error: Exception, ask: Ask | None = None
) -> Reply:
    """What is said of an error, and what the log keeps of it."""
    if isinstance(error, StoreError):
        service.forget()
    problem = problem_of(error)
    if (
        problem.status == 401
        and route.method == "GET"
        and not received.api
        and service.settings.accounts
        and route.may != PUBLIC
    ):
        where = f"{received.path}?{received.raw_query}" if received.raw_query else received.path
        return redirect(url("sign_in", next=where))
    if problem.status == 403 and route.name == "home" and not received.api:
        return redirect(url("account"))  # operators and auditors have no cases: their first page is another
    if problem.status >= 500:
        # What was foreseen says itself what is wrong; only what was not needs the place in the program.
        foreseen = isinstance(error, (Problem, ExsweepError))
        _log.error("%s %s: %r", received.method, route.name, error, exc_info=None if foreseen else error)
    return problem_reply(problem, received, ask)


def _remember(route: Route, ask: Ask, given: msgspec.Struct) -> None:
    """Who read evidence stands in the audit log: here, for all routes, so that no view can forget it.

    On one's own computer, without accounts, there is nobody to ask afterwards.
    """
    if route.may in READS_EVIDENCE and ask.viewer.user is not None:
        ask.note(f"read evidence: {route.name}", *_object(given))


def _object(given: msgspec.Struct) -> tuple[str, str]:
    """The thing that the parameters name, and the others that they name."""
    named = {
        name: str(value)
        for name in given.__struct_fields__
        if name in _NAMING and (value := getattr(given, name)) not in (None, "")
    }
    first = next(iter(named), "")
    return named.pop(first, ""), ", ".join(f"{name} {value}" for name, value in named.items())


def _params(route: Route, received: Received) -> msgspec.Struct:
    kind = received.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not route.unsafe or route.takes_bytes or not received.body:
        return params.read(route, received.gaps, received.query, None, None)
    if kind == _FORM:
        return params.read(route, received.gaps, received.query, params.form(received.body), None)
    if kind in _JSON:
        return params.read(route, received.gaps, received.query, None, received.body)
    raise Problem(415, f"{kind!r} is not taken here.", tip="Send JSON.")


def _from_our_page(received: Received, caller: Caller, route: Route, service: Service) -> None:
    """A request that changes something, carried by a cookie, must come from a page of ours (CSRF).

    Raises:
        Problem: it does not.
    """
    if caller.by_key:
        return
    if not same_origin(received.headers, received.host, service.settings.secure):
        raise _stranger()
    token = received.headers.get("x-csrf-token", "")
    if not token and received.headers.get("content-type", "").startswith(_FORM):
        token = dict(params.form(received.body)).get(params.CSRF_FIELD, "")
    if not caller.csrf and route.may != PUBLIC:
        return  # nobody: the check says what is missing
    if not secrets.compare_digest(token.encode(), caller.csrf.encode()):
        raise _stranger()


def _stranger() -> Problem:
    return Problem(
        403, "This did not come from a page of this service.", tip="Load the page again, then try once more."
    )
