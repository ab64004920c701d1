"""The ASGI application: made from the table of routes, with the same gate before every view."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as AsgiRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exsweep.export import report
from exsweep.web.form_sending import form_endpoint
from exsweep.web.gate import Received, pass_through
from exsweep.web.headers import ALWAYS, host_allowed
from exsweep.web.problem import Problem
from exsweep.web.replies import Reply, problem_reply, response
from exsweep.web.routes import API, Route, routes
from exsweep.web.service import Service

_BODY = 1 << 20
"""Bytes of a form or of JSON."""
_STATIC = Path(__file__).parent / "static"
_LOOK = Path(report.__file__).parent / "look"
"""Style sheet of the saved report: pages and reports look alike because they share it."""


def application(service: Service) -> Starlette:
    """The whole service as one ASGI application."""
    table = list(routes())
    made: list[BaseRoute] = []
    by_path: dict[str, dict[str, Route]] = {}
    for each in table:
        if each.html:
            by_path.setdefault(each.path, {})[each.method] = each
        if each.api:
            by_path.setdefault(API + each.path.rstrip("/"), {})[each.method] = each
    made.append(AsgiRoute("/send", form_endpoint(service), methods=["POST"]))
    for path, methods in by_path.items():
        made.append(AsgiRoute(path, _endpoint(service, methods), methods=list(methods)))
    made.append(Mount("/look", StaticFiles(directory=_LOOK), name="look"))
    made.append(Mount("/static", StaticFiles(directory=_STATIC), name="static"))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.close)

    return Starlette(
        routes=made,
        middleware=[Middleware(_Border, service=service)],
        exception_handlers={404: _lost, 405: _lost},
        lifespan=lifespan,
    )


def _endpoint(service: Service, methods: dict[str, Route]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        route = methods["GET" if request.method == "HEAD" else request.method]
        received = Received.of(request)
        try:
            received.body = await _body(request, route.takes_bytes or _BODY)
        except Problem as problem:
            return response(problem_reply(problem, received))
        loop = asyncio.get_running_loop()
        reply: Reply = await loop.run_in_executor(service.pool, pass_through, service, route, received)
        return response(reply)

    return endpoint


async def _body(request: Request, most: int) -> bytes:
    """The body, refused as soon as it is longer than allowed, whatever it claims."""
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > most:
            raise Problem(413, f"This is more than the {most:,} bytes that go here.", tip="Send it in parts.")
    return bytes(found)


async def _lost(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    title = "There is nothing here." if status == 404 else "This address does not take that."
    problem = Problem(status, title, tip="Check the address, or go back to the start page.")
    return response(problem_reply(problem, Received.of(request)))


class _Border:
    """Turns away calls under a foreign name, and puts the headers of every answer on every answer."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((k.encode(), v.encode()) for k, v in ALWAYS.items() if k.encode() not in there),
                ]
            await send(message)

        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not host_allowed(host, self.service.settings.hosts):
            problem = Problem(
                421,
                "This service does not answer to that name.",
                tip="Use the address that was printed at its start.",
            )
            await response(problem_reply(problem, Received.of(Request(scope))))(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)
