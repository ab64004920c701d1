"""A stand-in for any number of servers: one TLS port for all of 127.0.0.0/8, on the loopback device only.

`python -m tests.scan.double.many FOLDER` prints two ports: servers, and tarpits that take connections and say nothing.
It ends when its standard input closes.
"""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.scan.double.server import Request, make_certificate
from tests.scan.double.sites import exchange

ROOT = Path(__file__).parents[3]
_ANSWER = exchange("15.2.1748.39", "15.2.1748")


def _listener() -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    made.bind(("0.0.0.0", 0))  # noqa: S104 - bound to the loopback device just above
    made.listen(4096)
    return made


class _Server(asyncio.Protocol):
    def __init__(self) -> None:
        self._data = b""
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            raw, self._data = self._data.split(b"\r\n\r\n", 1)
            self._wire.write(_ANSWER(Request("", raw + b"\r\n\r\n", self._count, 0)))
            self._count += 1


async def _serve(folder: Path) -> None:
    key, cert = make_certificate(folder, "many", "/CN=EXCH01", "DNS:EXCH01")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.num_tickets = 0
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)
    servers, tarpits = _listener(), _listener()
    await loop.create_server(_Server, sock=servers, ssl=context)
    await loop.create_server(asyncio.Protocol, sock=tarpits)
    print(servers.getsockname()[1], tarpits.getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def many(folder: Path, *before: str) -> Iterator[tuple[int, int]]:
    """(port of servers, port of tarpits) of a process of its own; `before` goes before its command line."""
    command = [*before, sys.executable, "-m", "tests.scan.double.many", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        servers, tarpits = process.stdout.readline().split()
        try:
            yield int(servers), int(tarpits)
        finally:
            process.kill()


def addresses(count: int) -> Iterator[str]:
    """Distinct loopback addresses, in neighbourhoods of 200."""
    for number in range(count):
        yield f"127.{64 + number // 50_000}.{number // 200 % 250}.{number % 200 + 1}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1])))
