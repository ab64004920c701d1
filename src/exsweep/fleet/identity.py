"""Is this the server that we know? Strong keys join; everything weaker is asked, never guessed (F16).

Strong: the same log files were read (a sample of their hashes). Weaker: the same name, which joins only within one
tenant, where the whole name (`mail.example.org`) or the organisation is the same too. A cloned machine shares old logs
with its origin but not its name: then a question is asked.
"""

import hashlib
from collections import Counter

import msgspec

from exsweep.fleet.dialect import Database
from exsweep.fleet.text import stored
from exsweep.model import Assessment

_SAMPLE = 32
"""Smallest hashes kept: two cases that share most of their logs share most of these."""
_SMALL = 4_096
"""Bytes; shorter logs may be nothing but a header, the same on many servers."""
_NO_LOGS = frozenset({"unknown", "served_file", "file_listing", "iis_config", "test_proxylogon", "scan"})
_LOGS_ENOUGH = 2
"""Log files in common that make two cases one server's."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Which server it is, and which others it might be."""

    server: int | None
    """None: not known yet."""
    ask: tuple[tuple[int, str], ...] = ()
    """(other server, why they might be one)."""


def keys_of(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    """(kind, value) of everything by which the server may be known again."""
    logs = sorted(
        {
            item.sha256
            for item in assessment.custody
            if item.size >= _SMALL and item.kind not in _NO_LOGS and item.state == "read"
        }
    )
    found = [("log", sha256) for sha256 in logs[:_SAMPLE]]
    name, organisation = _plain(assessment.server.name), _plain(assessment.server.organisation)
    if name and "." in name:
        found.append(("full_name", name))
    elif name:
        found.append(("name", name))
    if name and organisation:
        found.append(("named_in", f"{name} of {organisation}"))
    return tuple((kind, stored(value, 300) or "") for kind, value in found)


def recognise(database: Database, tenant: int, keys: tuple[tuple[str, str], ...]) -> Known:
    """Look the keys up among the servers of one tenant; another tenant's evidence never answers here."""
    logs: Counter[int] = Counter()
    by: dict[str, set[int]] = {}
    for kind, value in keys:
        rows = database.run(
            "SELECT server_id FROM server_key WHERE tenant_id = ? AND kind = ? AND value = ?",
            (tenant, kind, value),
        )
        servers = {int(row[0]) for row in rows}
        if kind == "log":
            logs.update(servers)
        else:
            by.setdefault(kind, set()).update(servers)
    name = next((value for kind, value in keys if kind in ("full_name", "name")), None)
    shared = {one for one, count in logs.items() if count >= min(_LOGS_ENOUGH, _log_count(keys))}
    same = {one for one in shared if _fits(database, one, name)}
    if len(same) == 1:
        return Known(server=same.pop())
    ask = [(one, "the same log files were read, but the names differ") for one in sorted(shared - same)]
    named = by.get("full_name", set()) | by.get("named_in", set())
    if not same and len(named) == 1:
        return Known(server=named.pop(), ask=tuple(ask))
    doubtful = same | named | by.get("name", set())
    ask += [(one, "it has the same name") for one in sorted(doubtful - shared)]
    ask += [(one, "the same log files were read for several servers") for one in sorted(same)]
    return Known(server=None, ask=tuple(ask))


def _log_count(keys: tuple[tuple[str, str], ...]) -> int:
    return max(1, sum(kind == "log" for kind, _ in keys))


def _fits(database: Database, server: int, name: str | None) -> bool:
    """The name is the same, or one of the two has none."""
    rows = database.run(
        "SELECT value FROM server_key WHERE server_id = ? AND kind IN ('full_name', 'name')", (server,)
    )
    names = {str(row[0]) for row in rows}
    return name is None or not names or name in names


def public_id(tenant: int, sha256: str) -> str:
    """`srv_...`: the same for the same first assessment, so that a store made again has the same ids."""
    return "srv_" + hashlib.sha256(f"{tenant}\0{sha256}".encode()).hexdigest()[:12]


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split()).rstrip(".")
