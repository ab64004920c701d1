"""A request is a value: one address of the closed table, GET, and headers that say who asks and why."""

import re

import msgspec

import exsweep
from exsweep.knowledge.scanning import checks, webshells
from exsweep.knowledge.webshell_paths import published_urls
from exsweep.scan.scope import Scope

_CANARY = "[0-9a-f]{8,16}"
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/-]{0,200}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::\d{1,5})?|\[[0-9a-f:.]{2,45}\](?::\d{1,5})?")

SHELL = "webshell"
"""`check` of a request for a published name of a back door."""
SHELL_CANARY = "webshell_canary"
"""`check` of a request for a random sibling of such a name."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request. There is no field for a body, a parameter, a cookie or a credential."""

    check: str
    """Id of the check in `checks.yml`, `webshell` or `webshell_canary`."""
    path: str
    body_bytes: int
    """Reading ends there."""
    stop_at_theme: bool = False
    fresh: bool = False
    """Over a new connection."""
    server_name: str | None = None
    """Another name than the target's for SNI and Host: one from the certificate. The address stays."""
    method: str = "GET"


class UnlawfulAsk(AssertionError):  # noqa: N818 - says what the request is
    """A request outside the closed table: a programming error, stopped before anything is sent."""


def of_check(check_id: str, *, canary: str = "", fresh: bool = False, server_name: str | None = None) -> Ask:
    """The request of one check of the table."""
    check = checks().check(check_id)
    return Ask(
        check=check.id,
        path=check.path.replace("{canary}", canary),
        body_bytes=check.body_bytes,
        stop_at_theme=check.stop_at_theme,
        fresh=fresh,
        server_name=server_name,
    )


def of_page(check_id: str, path: str, server_name: str | None = None) -> Ask:
    """The request for a published name, or for its canary."""
    return Ask(check=check_id, path=path, body_bytes=checks().limits.evidence_bytes, server_name=server_name)


def lawful(ask: Ask) -> None:
    """Let only requests of the closed table pass.

    Raises:
        UnlawfulAsk: another method, path or check.
    """
    if ask.method != "GET" or not _PLAIN_PATH.fullmatch(ask.path) or "//" in ask.path or ".." in ask.path:
        raise UnlawfulAsk(f"{ask.method} {ask.path}")
    if ask.check == SHELL:
        allowed = ask.path.lower() in published_urls()
    elif ask.check == SHELL_CANARY:
        folder, _, name = ask.path.rpartition("/")
        stem, _, extension = name.rpartition(".")
        known = any(folder.lower() == url.rpartition("/")[0] for url in published_urls())
        allowed = known and extension in webshells().extensions and bool(re.fullmatch(_CANARY, stem))
    else:
        pattern = re.escape(checks().check(ask.check).path).replace(re.escape("{canary}"), _CANARY)
        allowed = re.fullmatch(pattern, ask.path) is not None
    if not allowed:
        raise UnlawfulAsk(f"{ask.check}: {ask.path}")


def agent_of(scope: Scope) -> str:
    """The User-Agent: program, page to read, contact."""
    return checks().agent.format(version=exsweep.__version__, page=scope.page, contact=scope.contact)


def as_bytes(ask: Ask, host: str, scope: Scope) -> bytes:
    """The request as it goes over the line.

    Raises:
        UnlawfulAsk: not of the closed table, or a host that is no host.
    """
    lawful(ask)
    if not _HOST.fullmatch(host):
        raise UnlawfulAsk(f"Host: {host!r}")
    return (
        f"{ask.method} {ask.path} HTTP/1.1\r\n"
        f"Host: {host}\r\n"
        f"User-Agent: {agent_of(scope)}\r\n"
        f"X-Scan-Contact: {scope.contact}\r\n"
        "Accept: */*\r\n"
        "Accept-Encoding: identity\r\n"
        "Connection: keep-alive\r\n"
        "\r\n"
    ).encode("ascii")
