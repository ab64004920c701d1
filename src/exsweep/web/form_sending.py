"""Sending files with a plain form, for browsers without script: streamed to disk part by part, never held whole.

The token comes first in the form; before it was checked no file is taken.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import msgspec
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request
from starlette.responses import Response

from exsweep.web import evidence
from exsweep.web.access import check
from exsweep.web.ask import Ask
from exsweep.web.core.sending import NewSending, start_reading, tenant_for
from exsweep.web.gate import Received, failed, let_in
from exsweep.web.params import CSRF_FIELD
from exsweep.web.problem import Problem
from exsweep.web.replies import Reply, reply_of, response
from exsweep.web.routes import ROUTES, url
from exsweep.web.service import Service

_FIELD = 4_096
_FIELDS = 20
_BLOCK = 1 << 20


def form_endpoint(service: Service) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of the form."""

    async def endpoint(request: Request) -> Response:
        received = Received.of(request)
        loop = asyncio.get_running_loop()
        route = ROUTES["sending_new"]
        try:
            taker = _Taker(service, received)
            waiting = bytearray()
            async for chunk in request.stream():
                waiting += chunk
                if len(waiting) >= _BLOCK:
                    await loop.run_in_executor(service.pool, taker.feed, bytes(waiting))
                    waiting.clear()
            await loop.run_in_executor(service.pool, taker.feed, bytes(waiting))
            reply: Reply = await loop.run_in_executor(service.pool, taker.end)
        except Exception as error:  # noqa: BLE001 - the border, as in the gate
            reply = await loop.run_in_executor(service.pool, failed, service, route, received, error)
        return response(reply)

    return endpoint


class _Taker:
    """Fields, then files; each call may come from another thread of the pool, one after the other."""

    def __init__(self, service: Service, received: Received) -> None:
        self._service, self._received = service, received
        kind, options = parse_options_header(received.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise Problem(415, "This is no form with files.", tip="Use the form of the start page.")
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._part,
                "on_part_data": self._data,
                "on_part_end": self._part_end,
            },
        )
        self._fields: dict[str, str] = {}
        self._name, self._file = "", ""
        self._head, self._value, self._headers = b"", b"", dict[bytes, bytes]()
        self._chunk = bytearray()
        self._upload, self._sending = "", ""
        self._ask: Ask | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes of the body."""
        self._ask = None if self._ask is None else self._let_in()  # another thread, another connection
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise Problem(400, "The form cannot be read.", tip="Load the page again and send anew.") from None

    def end(self) -> Reply:
        """All is here: have it read."""
        self._parser.finalize()
        ask = self._ask = self._let_in()
        if not self._sending:
            raise Problem(422, "No file was chosen.", tip="Choose files or an archive, then send.")
        job = start_reading(ask, self._sending)
        made = msgspec.structs.replace(ROUTES["sending_read"], then=lambda of: url("job", job=of.job))
        return reply_of(made, job, ask, self._received)

    def _begin(self) -> None:
        self._headers, self._name, self._file = {}, "", ""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._head += data[start:end]
        self._short(self._head)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._short(self._value)

    def _header_end(self) -> None:
        self._headers[self._head.lower()] = self._value
        self._head, self._value = b"", b""

    def _part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self._fields) >= _FIELDS:
                raise Problem(413, "Too many fields.", tip="Use the form of the start page.")
            self._fields[self._name] = ""
            return
        self._file = options[b"filename"].decode("utf-8", "replace")
        if self._file:
            self._begin_file()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._upload:
            self._chunk += data[start:end]
            while len(self._chunk) >= evidence.CHUNK:
                self._write(evidence.CHUNK)
        elif not self._file and self._name in self._fields:
            self._fields[self._name] += data[start:end].decode("utf-8", "replace")
            self._short(self._fields[self._name])

    def _part_end(self) -> None:
        if not self._upload:
            return
        while self._chunk:
            self._write(evidence.CHUNK)
        ask = self._ask or self._let_in()
        evidence.finish(ask.fleet, self._service.settings.folder, self._upload, who=ask.who)
        self._upload = ""

    def _begin_file(self) -> None:
        ask = self._ask = self._let_in()
        settings = self._service.settings
        if not self._sending:
            given = {k: v for k, v in self._fields.items() if v and k != CSRF_FIELD}
            try:
                asked = msgspec.convert(given, NewSending)
            except msgspec.ValidationError as error:
                raise Problem(
                    422, f"This cannot be understood: {error}.", tip="Mend it and send again."
                ) from None
            tenants = check(ask.route, ask.viewer, asked, ask.fleet)
            server = ask.server(asked.server) if asked.server else None
            self._sending = evidence.create(
                ask.fleet,
                tenant=next(iter(tenants)) if server else tenant_for(ask, asked.tenant),
                who=ask.who,
                now=ask.now,
                name=asked.name,
                organisation=asked.organisation,
                sector=asked.sector,
                server=server,
            )
        self._upload = evidence.add_file(
            ask.fleet, settings.folder, self._sending, self._file, -1, quota=settings.quota_bytes, now=ask.now
        ).upload

    def _write(self, most: int) -> None:
        ask = self._ask or self._let_in()
        data = bytes(self._chunk[:most])
        there = evidence.upload(ask.fleet, self._upload).offset
        digest = hashlib.sha256(data).hexdigest()
        evidence.write_chunk(ask.fleet, self._service.settings.folder, self._upload, there, data, digest)
        del self._chunk[:most]

    def _let_in(self) -> Ask:
        """The gate, with the token of the form; nothing was taken before it."""
        received = self._received
        received.headers = {**received.headers, "x-csrf-token": self._fields.get(CSRF_FIELD, "")}
        ask = let_in(self._service, ROUTES["sending_new"], received)
        check(ask.route, ask.viewer, NewSending(), ask.fleet)
        return ask

    @staticmethod
    def _short(text: bytes | str) -> None:
        if len(text) > _FIELD:
            raise Problem(413, "A field is too long.", tip="Shorten it.")
