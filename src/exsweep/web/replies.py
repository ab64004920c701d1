"""Results as replies: JSON for programs, pages for people, files to keep; errors in the same two languages."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from starlette.responses import FileResponse, Response, StreamingResponse

from exsweep.web.answers import Document, Download, Json
from exsweep.web.headers import CSP, DOCUMENT_CSP, PRIVATE
from exsweep.web.language import language_of
from exsweep.web.problem import Again, Problem, ProblemView
from exsweep.web.recognise import cookie_name
from exsweep.web.routes import Route
from exsweep.web.templating import page

if TYPE_CHECKING:
    from exsweep.web.ask import Ask
    from exsweep.web.gate import Received


class Reply(msgspec.Struct, kw_only=True):
    """What goes back, as plain data."""

    status: int = 200
    headers: dict[str, str]
    body: bytes | Path | Any = b""
    cookies: dict[str, str | None] = {}
    secure: bool = False


def reply_of(route: Route, result: Any, ask: "Ask", received: "Received") -> Reply:
    """The result of a view as a reply."""
    made = _reply(route, result, ask, received)
    made.cookies = {cookie_name(ask.service, each): value for each, value in ask.cookies.items()}
    made.secure = ask.service.settings.secure
    made.headers |= ask.limits
    if route.method == "GET" and received.api and isinstance(made.body, bytes) and made.status == 200:
        tag = f'"{hashlib.sha256(made.body).hexdigest()[:32]}"'
        made.headers["etag"] = tag
        if tag in received.headers.get("if-none-match", ""):
            made.status, made.body = 304, b""
    return made


def _reply(route: Route, result: Any, ask: "Ask", received: "Received") -> Reply:
    if isinstance(result, Download):
        return _download(result)
    if isinstance(result, Document):
        return Reply(
            headers={
                "content-type": "text/html; charset=utf-8",
                "content-security-policy": DOCUMENT_CSP,
                "cache-control": PRIVATE,
            },
            body=result.body,
        )
    if isinstance(result, Json):
        return Reply(headers=_headers(result.media_type), body=result.body)
    if received.api:
        body = msgspec.json.encode(result)
        status = 201 if route.method == "POST" and hasattr(result, "created") else 200
        return Reply(status=status, headers=_headers("application/json"), body=body)
    if route.then is not None and not received.fragment:
        return Reply(status=303, headers=_headers("text/plain") | {"location": route.then(result)})
    body = page(
        route.name,
        language=ask.language,
        place=_place(received),
        view=result,
        ask=ask,
        route=route,
        plain=msgspec.to_builtins(result),
        fragment=ask.fragment,
    )
    return Reply(headers=_headers("text/html; charset=utf-8"), body=body)


def redirect(where: str) -> Reply:
    """To another page of ours."""
    return Reply(status=303, headers=_headers("text/plain") | {"location": where})


def problem_reply(problem: Problem, received: "Received", ask: "Ask | None" = None) -> Reply:
    """An error: `application/problem+json` for programs, a page that says what to do for people."""
    offset = problem.headers.get("Upload-Offset")
    view = ProblemView(
        title=problem.message,
        status=problem.status,
        detail=problem.tip,
        offset=int(offset) if offset else None,
    )
    if received.api:
        body, kind = msgspec.json.encode(view), "application/problem+json"
    else:
        wanted = ask.language if ask else language_of("", received.headers.get("accept-language", ""))
        again = problem.again or Again("problem", view)
        body = page(
            again.page,
            language=wanted,
            place=again.place,
            view=again.view,
            ask=ask,
            fragment=False,
            wrong=view,
        )
        kind = "text/html; charset=utf-8"
    return Reply(status=problem.status, headers=_headers(kind) | problem.headers, body=body)


def _place(received: "Received") -> str:
    """Where a link of the page may come back to: a page that a form made is not there by its address alone."""
    if received.method != "GET":
        return "/"
    return f"{received.path}?{received.raw_query}" if received.raw_query else received.path


def _headers(kind: str) -> dict[str, str]:
    return {
        "content-type": kind,
        "content-security-policy": CSP,
        "cache-control": PRIVATE,
        "vary": "Accept, Accept-Language, Cookie, HX-Request",
    }


def _download(of: Download) -> Reply:
    name = (
        "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in of.file_name)[-120:]
        or "file"
    )
    headers: Mapping[str, str] = {
        "content-type": of.media_type,
        "content-disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": PRIVATE,
    }
    body = of.path if of.path is not None else of.chunks if of.chunks is not None else of.body or b""
    return Reply(headers=dict(headers), body=body)


def response(reply: Reply) -> Response:
    """The reply as what the server sends."""
    made: Response
    if isinstance(reply.body, bytes):
        made = Response(reply.body, reply.status, reply.headers)
    elif isinstance(reply.body, Path):
        made = FileResponse(reply.body, reply.status, reply.headers)
    else:
        chunks: Iterator[bytes] = reply.body
        made = StreamingResponse(chunks, reply.status, reply.headers)
    for name, value in reply.cookies.items():
        if value is None:
            made.delete_cookie(name, path="/", secure=reply.secure, httponly=True, samesite="lax")
        else:
            made.set_cookie(name, value, path="/", secure=reply.secure, httponly=True, samesite="lax")
    return made
