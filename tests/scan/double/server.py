"""A local stand-in for many mail servers: TLS on distinct loopback addresses, each with manners of its own.

Everything that reaches it is recorded, byte for byte, so that tests can say what a scan sent.
"""

import asyncio
import contextlib
import ipaddress
import shutil
import ssl
import subprocess
import threading
import warnings
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

Handler = Callable[["Request"], bytes]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    address: str
    raw: bytes
    count: int
    """Requests to this address before this one."""
    connection: int
    """Connections to this address before this one."""

    @property
    def method(self) -> str:
        return self.raw.split(b" ", 1)[0].decode("latin-1")

    @property
    def path(self) -> str:
        return self.raw.split(b" ", 2)[1].decode("latin-1")

    def header(self, name: str) -> str | None:
        for line in self.raw.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return None


@dataclass(frozen=True)
class Manners:
    """How one address behaves."""

    answer: Handler | None = None
    raw: Raw | None = None
    """Takes over after TLS (or before it, with `plain`)."""
    plain: bool = False
    """No TLS: `raw` gets the bare connection."""
    tls: str = "modern"
    """`modern`, `old` (TLS 1.0 only), `h2` (offers only HTTP/2), `named` (certificate with a public name)."""


def http(status: int, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> bytes:
    """An HTTP/1.1 answer with its length."""
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers or [])]
    if not any(name.lower() == "transfer-encoding" for name, _ in headers or []):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def make_certificate(
    folder: Path, name: str, subject: str, names: str, signed_by: tuple[Path, Path] | None = None
) -> tuple[Path, Path]:
    """A certificate by the openssl program, self-signed or signed by another (its key and certificate)."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    signer = ["-CAkey", str(signed_by[0]), "-CA", str(signed_by[1])] if signed_by else []
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1825",
         "-subj", subject, "-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(cert), *signer],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, cert


def can_run() -> bool:
    """openssl is there to make certificates."""
    return shutil.which("openssl") is not None


class Double:
    """Runs in a thread of its own; a context manager."""

    def __init__(self, folder: Path, manners: dict[str, Manners]) -> None:
        self._manners = manners
        self._contexts = _contexts(folder)
        self.port = 0
        self.requests: defaultdict[str, list[Request]] = defaultdict(list)
        self.connections: defaultdict[str, int] = defaultdict(int)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Double":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(lambda loop, context: None)  # visitors that leave are no news
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self) -> None:
        for address, manners in self._manners.items():
            context = None if manners.plain else self._contexts[manners.tls]
            server = await asyncio.start_server(
                self._serve, address, self.port, ssl=context, ssl_handshake_timeout=5 if context else None
            )
            self.port = self.port or server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str(ipaddress.ip_address(writer.get_extra_info("sockname")[0]))
        manners = self._manners[address]
        connection = self.connections[address]
        self.connections[address] += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            if manners.raw is not None:
                await manners.raw(reader, writer)
            else:
                await self._talk(reader, writer, address, manners, connection)
        with contextlib.suppress(Exception):
            writer.transport.abort()

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: str,
        manners: Manners,
        connection: int,
    ) -> None:
        assert manners.answer is not None
        while True:
            raw = await reader.readuntil(b"\r\n\r\n")
            request = Request(address, raw, len(self.requests[address]), connection)
            self.requests[address].append(request)
            writer.write(manners.answer(request))
            await writer.drain()


def _contexts(folder: Path) -> dict[str, ssl.SSLContext]:
    key, cert = make_certificate(folder, "default", "/CN=EXCH01", "DNS:EXCH01,DNS:EXCH01.corp.local")
    named_key, named_cert = make_certificate(
        folder, "named", "/O=Example County/CN=mail.example.org", "DNS:mail.example.org", (key, cert)
    )
    found: dict[str, ssl.SSLContext] = {}
    for name in ("modern", "old", "h2", "named"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*((named_cert, named_key) if name == "named" else (cert, key)))
        if name == "old":
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
        if name == "h2":
            context.set_alpn_protocols(["h2"])
        found[name] = context
    return found
