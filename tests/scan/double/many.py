"""A stand-in for any number of servers: TLS ports for all of 127.0.0.0/8, on the loopback device only.

`python -m tests.scan.double.many FOLDER` prints the ports (see `Ports`). It ends when its standard input closes.
"""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.scan.double.server import Request, make_certificate
from tests.scan.double.sites import exchange

ROOT = Path(__file__).parents[3]
_ANSWER = exchange("15.2.1748.39", "15.2.1748")
_DELAY_S = 0.1
_BACKLOG = 4_096
"""With asyncio's own 100 the kernel drops connections of a busy run, and tries them again only after seconds."""


class Ports(NamedTuple):
    """Who answers where."""

    servers: int
    mute: int
    """Take a connection and say nothing."""
    far: int
    """Servers that take 0.1 s for each answer."""
    mute_after_tls: int


def _listener() -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    made.bind(("0.0.0.0", 0))  # noqa: S104 - bound to the loopback device just above
    return made


class _Server(asyncio.Protocol):
    def __init__(self, delay_s: float = 0.0) -> None:
        self._delay_s = delay_s
        self._data = b""
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            raw, self._data = self._data.split(b"\r\n\r\n", 1)
            answer = _ANSWER(Request("", raw + b"\r\n\r\n", self._count, 0))
            if self._delay_s:
                asyncio.get_running_loop().call_later(self._delay_s, self._wire.write, answer)
            else:
                self._wire.write(answer)
            self._count += 1


async def _serve(folder: Path) -> None:
    key, cert = make_certificate(folder, "many", "/CN=EXCH01", "DNS:EXCH01")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.num_tickets = 0
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: None)
    kinds: dict[str, Callable[[], asyncio.BaseProtocol]] = {
        "servers": _Server,
        "mute": asyncio.Protocol,
        "far": lambda: _Server(_DELAY_S),
        "mute_after_tls": asyncio.Protocol,
    }
    ports = {}
    for name, protocol in kinds.items():
        listener = _listener()
        ports[name] = listener.getsockname()[1]
        tls = None if name == "mute" else context
        await loop.create_server(protocol, sock=listener, ssl=tls, backlog=_BACKLOG)
    print(*Ports(**ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def many(folder: Path, *before: str) -> Iterator[Ports]:
    """The ports of a process of its own; `before` goes before its command line."""
    command = [*before, sys.executable, "-m", "tests.scan.double.many", str(folder)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        ports = Ports(*map(int, process.stdout.readline().split()))
        try:
            yield ports
        finally:
            process.kill()


def addresses(count: int) -> Iterator[str]:
    """Distinct loopback addresses, in neighbourhoods of 200."""
    for number in range(count):
        yield f"127.{64 + number // 50_000}.{number // 200 % 250}.{number % 200 + 1}"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(Path(sys.argv[1])))
