"""The one door through which the service speaks to others: to hosts that its operator named, and nowhere else.

Used by the sign-in of an organisation and by notices. No redirect is followed, no proxy of the environment is used, a name is
looked up once and that very address is spoken to, an answer has an end in bytes and in seconds. Nothing from evidence and no
page of ours can make it call anybody.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from exsweep.errors import UsageError

LONGEST = 1 << 20
_BLOCK = 1 << 14


class Refused(Exception):  # noqa: N818 - a word for the log, not for people
    """Why nothing was sent, or no answer is used."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    body: bytes


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Whom one may speak to, and how long to wait. Safe to use from several threads."""

    hosts: frozenset[str]
    """`name` or `name:port`, as they stand in an address."""
    private: bool = True
    """Addresses inside one's own network count too; never for notices unless the operator says so."""
    seconds: float = 8.0
    trust: Path | None = None
    """Certificates (PEM) of whoever signs the hosts' certificates, besides those of the computer."""

    def ask(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request.

        Raises:
            Refused: not to this host; or it did not answer, not in time, or not within `LONGEST` bytes.
        """
        parts = check(address, self.hosts)
        path = parts.path or "/"
        if parts.query:
            path += f"?{parts.query}"
        made: list[socket.socket] = []
        # Cut off from outside: whoever drips a byte now and then never runs into the timeout of one read.
        late = threading.Event()
        end = threading.Timer(self.seconds, _cut, (made, late))
        end.daemon = True
        end.start()
        try:
            connection = self._connected(parts.scheme, parts.hostname or "", parts.port, made)
            connection.request(
                method,
                path,
                body=body,
                headers={"User-Agent": "exsweep", "Connection": "close", **(headers or {})},
            )
            answer = connection.getresponse()
            found = bytearray()
            while block := answer.read(_BLOCK):
                found += block
                if len(found) > LONGEST:
                    raise Refused(f"{parts.netloc} sends too much")
            if late.is_set():
                raise Refused(f"{parts.netloc} is too slow")
            if answer.length:
                raise Refused(f"{parts.netloc} stopped in the middle")
            return Answer(status=answer.status, body=bytes(found))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused(f"{parts.netloc} did not answer: {error}") from error
        finally:
            end.cancel()
            for each in made:
                each.close()

    def _connected(
        self, scheme: str, host: str, port: int | None, made: list[socket.socket]
    ) -> http.client.HTTPConnection:
        """A connection to the first of the host's addresses that answers; one that may not be spoken to spoils them all."""
        port = port or (443 if scheme == "https" else 80)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, where in found:
            self._check_address(scheme, host, str(where[0]))
        connection = http.client.HTTPConnection(host, port, timeout=self.seconds)
        failed: OSError | None = None
        for family, kind, protocol, _, where in found:
            plain = socket.socket(family, kind, protocol)
            made.append(plain)
            plain.settimeout(self.seconds / 2)
            try:
                plain.connect(where)
            except OSError as error:
                failed = error
                continue
            connection.sock = plain
            if scheme == "https":
                connection.sock = self._tls().wrap_socket(plain, server_hostname=host)
                made.append(connection.sock)
            return connection
        raise failed or OSError("it has no address")

    def _check_address(self, scheme: str, host: str, where: str) -> None:
        reached = ipaddress.ip_address(where.partition("%")[0])
        reached = getattr(reached, "ipv4_mapped", None) or reached
        if not self.private and not reached.is_global:
            raise Refused(f"{host} is {reached}, an address inside a network")
        if scheme == "http" and not reached.is_loopback:
            raise Refused(f"{host} would be spoken to without TLS")

    def _tls(self) -> ssl.SSLContext:
        made = ssl.create_default_context()
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.trust is not None:
            made.load_verify_locations(self.trust)
        return made


def _cut(made: list[socket.socket], late: threading.Event) -> None:
    late.set()
    for each in made:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def check(address: str, hosts: frozenset[str]) -> SplitResult:
    """The parts of an address that may be spoken to.

    Raises:
        Refused: another scheme than https (http on this computer), a user name in it, or a host nobody named.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise Refused(f"{address[:100]!r} is no address") from None
    plain = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if (
        (parts.scheme != "https" and not plain)
        or "@" in parts.netloc
        or not address.isprintable()
        or " " in address
    ):
        raise Refused(f"{address[:100]!r} is no https address")
    if parts.netloc.lower() not in hosts and not (port == 443 and parts.hostname in hosts):
        raise Refused(f"{parts.netloc[:100]!r} is none of the hosts that were named")
    return parts


def host_of(address: str, what: str) -> str:
    """The host of an address that an operator wrote, as it stands in `Door.hosts`.

    Raises:
        UsageError: it is no https address.
    """
    try:
        host = urlsplit(address).netloc.lower()
        check(address, frozenset({host}))
    except (Refused, ValueError) as error:
        raise UsageError(f"{what}: {error}.", tip="Write it like https://login.example.org/...") from None
    return host
