"""Bytes of a hostile server become a Reply or a Failure: bounded, never executed, never followed.

Source: RFC 9112 for the shape; limits from `data/scan/checks.yml` (H61 to H63 of the table of hostile inputs).
"""

import re
import zlib
from enum import StrEnum

import msgspec

from exsweep.knowledge.scanning import Limits

_STATUS = re.compile(rb"HTTP/1\.[01] +(\d{3})(?: |$)")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100})[ \t]{0,8}:[ \t]{0,64}(.*)", re.DOTALL)
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]{0,8}(?:;[^\n]{0,200})?\r?\n")
_LONGEST_CHUNK_LINE = 220
_MOST_INTERIM = 4


class Failure(StrEnum):
    """Why there is no answer. None of them says anything good about the server."""

    NAME = "name"
    """The name does not resolve."""
    REFUSED_BY_SCOPE = "refused_by_scope"
    """Not asked: outside the scope, excluded or reserved."""
    NOT_ASKED = "not_asked"
    """Not asked: its neighbourhood asked us to stop."""
    CONNECT_REFUSED = "connect_refused"
    NO_ROUTE = "no_route"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_TIMEOUT = "tls_timeout"
    TLS_FAILED = "tls_failed"
    NEEDS_HTTP2 = "needs_http2"
    RESET = "reset"
    CLOSED = "closed"
    """Closed without an answer."""
    ANSWER_TIMEOUT = "answer_timeout"
    NOT_HTTP = "not_http"
    HEADER_TOO_LARGE = "header_too_large"
    NOT_SMTP = "not_smtp"


PASSING = frozenset(
    {
        Failure.CONNECT_TIMEOUT,
        Failure.TLS_TIMEOUT,
        Failure.RESET,
        Failure.CLOSED,
        Failure.ANSWER_TIMEOUT,
    }
)
"""What may be over in a moment. A closed port, another protocol or a wish to be left alone is not."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What one server said to one request. Everything in it is hostile text."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """(lower-case name, value), in order, doubles kept; bytes read as Latin-1, cut where too long."""
    body: bytes = b""
    """Decoded and capped."""
    whole: bool = True
    """The body ended where the server said; else it was cut by us, by time or by the line."""
    encoded: bool = False
    """The body is packed in a way that is not opened."""
    reusable: bool = False
    """Another request may follow on this connection."""

    def header(self, name: str) -> str | None:
        """First value of that header, `""` where it stands empty, None where it is missing."""
        return next((value for each, value in self.headers if each == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """All values of that header."""
        return tuple(value for each, value in self.headers if each == name)

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of Retry-After; a date there counts as nothing said."""
        text = (self.header("retry-after") or "").strip()
        return float(text) if text.isascii() and text.isdecimal() and len(text) < 8 else None

    @property
    def text(self) -> str:
        """The body as text for patterns: UTF-16 by its mark, else Latin-1; never fails."""
        if self.body[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.body.decode("utf-16", errors="replace")
        return self.body.decode("latin-1")


class Reader:
    """Reads one answer from pieces of any size; `done` once `reply` or `failure` is there.

    Bytes beyond the answer are dropped: nothing was asked for them, and the connection is not used again.
    """

    def __init__(self, limits: Limits, body_bytes: int, stop_at: re.Pattern[bytes] | None = None) -> None:
        self._limits = limits
        self._cap = body_bytes
        self._stop_at = stop_at
        self._head = bytearray()
        self._body = bytearray()
        self._raw = bytearray()
        self._status = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._left: int | None = None
        self._chunked = False
        self._chunk_left = -1
        self._in_body = False
        self._interim = 0
        self.reply: Reply | None = None
        self.failure: Failure | None = None

    @property
    def done(self) -> bool:
        return self.reply is not None or self.failure is not None

    @property
    def started(self) -> bool:
        """At least one byte of an answer came."""
        return bool(self._head) or self._in_body

    @property
    def _endless(self) -> bool:
        """The body goes on until the server closes."""
        return self._left is None and not self._chunked

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after `done` they are dropped."""
        if self.done:
            return
        if self._in_body:
            self._feed_body(data)
            return
        self._head += data
        self._read_head()

    def end(self, why: Failure) -> None:
        """The line closed (`CLOSED`), broke or was too slow: whatever came is the answer, cut."""
        if self.done:
            return
        if not self._in_body:
            self.failure = why
            return
        ended_well = why is Failure.CLOSED and self._endless
        self._finish(whole=ended_well, reusable=False)

    def _read_head(self) -> None:
        while not self.done and not self._in_body:
            start = self._head[:9]
            if not b"HTTP/1.".startswith(start[:7]) or (len(start) == 9 and start[7:8] not in b"01"):
                self.failure = Failure.NOT_HTTP
                return
            end = _END.search(self._head)
            if end is None:
                if len(self._head) > self._limits.header_bytes:
                    self.failure = Failure.HEADER_TOO_LARGE
                return
            if end.start() > self._limits.header_bytes:
                self.failure = Failure.HEADER_TOO_LARGE
                return
            head, rest = bytes(self._head[: end.start()]), bytes(self._head[end.end() :])
            self._head.clear()
            self._begin(head, rest)

    def _begin(self, head: bytes, rest: bytes) -> None:
        lines = head.split(b"\n")
        status = _STATUS.match(lines[0].rstrip(b"\r"))
        if status is None:
            self.failure = Failure.NOT_HTTP
            return
        if len(lines) - 1 > self._limits.header_lines:
            self.failure = Failure.HEADER_TOO_LARGE
            return
        self._status = int(status[1])
        self._headers = tuple(self._fields(lines[1:]))
        if 100 <= self._status < 200:
            self._interim += 1
            if self._interim > _MOST_INTERIM or self._status == 101:
                self.failure = Failure.NOT_HTTP
                return
            self._head += rest
            return
        self._in_body = True
        self._frame()
        if not self.done:
            self._feed_body(rest)

    def _fields(self, lines: list[bytes]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        cap = self._limits.value_chars
        for line in lines:
            field = _FIELD.fullmatch(line.rstrip(b"\r"))
            if field:  # folded and broken lines are no fields; nothing of ours hangs on them
                value = field[2].rstrip(b" \t").decode("latin-1")
                found.append((field[1].decode("ascii").lower(), value[:cap]))
        return found

    def _frame(self) -> None:
        coding = self._first("transfer-encoding").lower()
        length = self._first("content-length")
        if self._status in (204, 304):
            self._finish(whole=True, reusable=True)
        elif "chunked" in coding:
            self._chunked = True
        elif length.isdecimal() and length.isascii() and len(length) < 16:
            self._left = int(length)
            if self._left == 0:
                self._finish(whole=True, reusable=True)

    def _feed_body(self, data: bytes) -> None:
        if self._chunked:
            self._raw += data
            self._unchunk()
        else:
            self._take(data if self._left is None else data[: max(self._left, 0)])
            if self._left is not None:
                self._left -= len(data)
                if self._left <= 0 and not self.done:
                    self._finish(whole=True, reusable=self._left == 0)

    def _unchunk(self) -> None:
        while not self.done:
            if self._chunk_left > 0:
                piece = bytes(self._raw[: self._chunk_left])
                if not piece:
                    return
                del self._raw[: len(piece)]
                self._chunk_left -= len(piece)
                self._take(piece)
                continue
            if self._chunk_left == 0:  # the line end behind a chunk
                if len(self._raw) < 2:
                    return
                del self._raw[: 2 if self._raw.startswith(b"\r\n") else 1]
                self._chunk_left = -1
            size = _CHUNK.match(self._raw)
            if size is None:
                if len(self._raw) > _LONGEST_CHUNK_LINE or b"\n" in self._raw:
                    self._finish(whole=False, reusable=False)
                return
            self._chunk_left = int(size[1], 16)  # before the bytes under the match move
            del self._raw[: size.end()]
            if self._chunk_left == 0:
                self._finish(whole=True, reusable=bytes(self._raw) == b"\r\n")

    def _take(self, piece: bytes) -> None:
        room = self._cap - len(self._body)
        self._body += piece[:room]
        stop = self._stop_at.search(self._body) if self._stop_at is not None else None
        if stop is not None:
            del self._body[stop.end() :]
        if stop is not None or len(piece) > room or (self._endless and len(self._body) >= self._cap):
            self._finish(whole=False, reusable=False)

    def _finish(self, *, whole: bool, reusable: bool) -> None:
        body, encoded = _opened(bytes(self._body), self._first("content-encoding"), self._cap)
        closing = "close" in self._first("connection").lower()
        self.reply = Reply(
            status=self._status,
            headers=self._headers,
            body=body,
            whole=whole,
            encoded=encoded,
            reusable=reusable and not closing,
        )

    def _first(self, name: str) -> str:
        return next((value.strip() for each, value in self._headers if each == name), "")


def _opened(body: bytes, coding: str, cap: int) -> tuple[bytes, bool]:
    """One layer of gzip is opened, up to `cap` bytes, though we ask for none; anything else stays packed."""
    name = coding.strip().lower()
    if name in ("", "identity"):
        return body, False
    if name not in ("gzip", "x-gzip"):
        return body, True
    try:
        return zlib.decompressobj(31).decompress(body, cap), False
    except zlib.error:
        return body, True


def read_reply(data: bytes, limits: Limits, body_bytes: int) -> Reply | Failure:
    """An answer that is already whole, such as a recorded one."""
    reader = Reader(limits, body_bytes)
    reader.feed(data)
    reader.end(Failure.CLOSED)
    return reader.reply or reader.failure or Failure.CLOSED
