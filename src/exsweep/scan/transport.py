"""The only door to the network: TCP and TLS to one pinned address, one request at a time, everything bounded.

TLS is over memory buffers (about a quarter of the memory of asyncio's own TLS per connection). Certificates are
read, not verified: who answers is what we want to know, and nothing secret is sent. Redirects are not followed.
"""

import asyncio
import contextlib
import socket
import ssl
import warnings
from functools import cache
from typing import cast

from exsweep.knowledge.scanning import Limits
from exsweep.scan.addresses import Address, TargetError, address
from exsweep.scan.certificate import read_certificate
from exsweep.scan.heard import Line
from exsweep.scan.replies import Failure, Reader, Reply
from exsweep.scan.smtp import QUIT, Smtp, SmtpReply, smtp_of

_READ = 16_384  # of one record of TLS there is never more
_SMTP_READ = 4_096


async def resolve(name: str, timeout_s: float) -> tuple[Address, ...]:
    """Addresses of a name, asked once; empty where there are none. The caller pins the one it may use."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        return ()
    addresses: list[Address] = []
    for *_, where in found:
        with contextlib.suppress(TargetError):  # such as an address with a zone
            addresses.append(address(str(where[0])))
    return tuple(dict.fromkeys(addresses))


async def mail_service(to: str, port: int, hello: bytes, limits: Limits) -> Smtp:
    """Read a mail service's greeting, say `hello`, read the answer, take leave. Without TLS; nothing else is ever said."""
    greeting, answer = SmtpReply(), SmtpReply()
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(limits.connect_s):
            reader, writer = await asyncio.open_connection(to, port)
        async with asyncio.timeout(limits.total_s):
            await _reply(reader, greeting)
            if greeting.code == 220:
                writer.write(hello)
                await _reply(reader, answer)
                writer.write(QUIT)
                await writer.drain()
    except TimeoutError:
        late = Failure.CONNECT_TIMEOUT if writer is None else Failure.ANSWER_TIMEOUT
        return smtp_of(port, greeting if greeting.done else late, late)
    except ConnectionRefusedError:
        return smtp_of(port, Failure.CONNECT_REFUSED, None)
    except OSError:
        return smtp_of(port, greeting if greeting.done else Failure.RESET, Failure.RESET)
    finally:
        if writer is not None:
            writer.transport.abort()
    return smtp_of(port, greeting, answer if answer.done else None)


async def _reply(reader: asyncio.StreamReader, into: SmtpReply) -> None:
    while not into.done:
        data = await reader.read(_SMTP_READ)
        if not data:
            raise ConnectionResetError
        into.feed(data)


class Connection(asyncio.Protocol):
    """One connection to one address. `open`, then `ask` again and again, then `close`."""

    def __init__(self, limits: Limits, server_name: str | None) -> None:
        self._limits = limits
        self._name = server_name
        self._loop = asyncio.get_running_loop()
        self._wire: asyncio.Transport | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._reader: Reader | None = None
        self._wakes: asyncio.Future[None] | None = None
        self._failure: Failure | None = None
        self._fault: Exception | None = None
        self._shaken = False
        self._line: Line | None = None
        self._deadline = self._loop.time() + limits.total_s

    async def open(self, to: str, port: int) -> Failure | None:
        """Connect and agree on TLS; None when that worked."""
        soon = self._loop.time() + self._limits.connect_s
        try:
            async with asyncio.timeout_at(soon):
                await self._loop.create_connection(lambda: self, to, port)
        except TimeoutError:
            return Failure.CONNECT_TIMEOUT
        except ConnectionRefusedError:
            return Failure.CONNECT_REFUSED
        except ConnectionError:
            return Failure.RESET
        except OSError:
            return Failure.NO_ROUTE
        await self._wait(soon, Failure.TLS_TIMEOUT)
        return self._failure

    async def ask(self, request: bytes, reader: Reader) -> tuple[Reply | Failure, Line]:
        """Send one request and read its answer with `reader`; the connection must be open and `reusable`."""
        assert self._tls is not None
        started = self._loop.time()
        self._reader = reader
        if self._failure is None:
            self._tls.write(request)
            self._flush()
            if self._incoming.pending or self._tls.pending():
                self._read()
            if not reader.done:
                await self._wait(self._deadline, Failure.ANSWER_TIMEOUT)
        if not reader.done:
            reader.end(self._failure or Failure.CLOSED)
        self._reader = None
        line = self._described(round((self._loop.time() - started) * 1000))
        return reader.reply or reader.failure or Failure.CLOSED, line

    @property
    def reusable(self) -> bool:
        """Nothing broke, and there is time left for another request."""
        return self._failure is None and self._loop.time() < self._deadline

    def rest(self) -> None:
        """A pause between two requests that politeness asked for: the clock of the connection starts again."""
        self._deadline = self._loop.time() + self._limits.total_s

    def close(self) -> None:
        """Drop the connection at once; whatever the server still sends is not read."""
        if self._wire is not None:
            self._wire.abort()
            self._wire = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)  # loops of other makers have their own classes
        self._tls = _context().wrap_bio(self._incoming, self._outgoing, server_hostname=self._name)
        self._shake()

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        if not self._shaken:
            self._shake()
        elif self._reader is not None:
            self._read()
        elif self._incoming.pending > _READ:
            self._fail(Failure.NOT_HTTP)  # talks without being asked

    def eof_received(self) -> bool:
        self._incoming.write_eof()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None and not isinstance(error, OSError):
            self._fault = error  # of ours, not of the server: it must not pass for silence
        broken = Failure.RESET if isinstance(error, ConnectionResetError) else Failure.CLOSED
        if not self._shaken and broken is Failure.CLOSED:
            broken = Failure.TLS_FAILED
        self._fail(broken)

    def _shake(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError as error:
            self._flush()
            h2 = "NO_APPLICATION_PROTOCOL" in (error.reason or "")
            self._fail(Failure.NEEDS_HTTP2 if h2 else Failure.TLS_FAILED)
            return
        self._shaken = True  # our last word of it goes out together with the first request: one packet less
        self._wake()

    def _read(self) -> None:
        assert self._tls is not None
        reader = self._reader
        if reader is None:
            return
        try:
            while not reader.done:
                data = self._tls.read(_READ)
                if not data:
                    self._fail(Failure.CLOSED)
                    return
                reader.feed(data)
        except ssl.SSLWantReadError:
            self._flush()
            return
        except ssl.SSLError:
            self._fail(Failure.CLOSED)
            return
        self._wake()

    def _flush(self) -> None:
        if self._outgoing.pending and self._wire is not None:
            self._wire.write(self._outgoing.read())

    async def _wait(self, until: float, late: Failure) -> None:
        """Until something woke us, at the latest at `until`."""
        if self._failure is not None or (self._shaken and self._reader is None):
            return
        self._wakes = self._loop.create_future()
        timer = self._loop.call_at(until, self._fail, late)
        try:
            await self._wakes
        finally:
            timer.cancel()
            self._wakes = None
        if self._fault is not None:
            raise self._fault

    def _fail(self, why: Failure) -> None:
        if self._failure is None:
            self._failure = why
        self._wake()

    def _wake(self) -> None:
        if self._wakes is not None and not self._wakes.done():
            self._wakes.set_result(None)

    def _described(self, elapsed_ms: int) -> Line:
        if self._line is None:
            assert self._tls is not None
            data = self._tls.getpeercert(binary_form=True)
            self._line = Line(
                tls=self._tls.version(),
                certificate=read_certificate(data, self._limits) if data else None,
            )
        return Line(tls=self._line.tls, certificate=self._line.certificate, elapsed_ms=elapsed_ms)


@cache
def _context() -> ssl.SSLContext:
    """Any age of TLS is welcome: what an old server still speaks is a fact about it, not a reason not to look."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["http/1.1"])
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context
