"""Indicators of known intruders: addresses, agents, files, hashes, domains. Old ones fit old logs only."""

from functools import cache

import msgspec

from exsweep.knowledge.data_files import rows


class Ioc(msgspec.Struct, frozen=True, kw_only=True):
    """An indicator. Dates are `2021`, `2021-03` or `2021-03-03` as in the source; `last_seen` may be ""."""

    indicator: str
    type: str
    """ip, domain, user_agent, file_path, file_name, file_extension, email, md5, sha1, sha256."""
    actor_or_campaign: str
    cve: str
    first_seen: str
    last_seen: str
    confidence: str
    """high, medium or low."""
    context: str
    source: str


@cache
def iocs() -> tuple[Ioc, ...]:
    """All shipped indicators, by type and value."""
    return tuple(msgspec.convert(row, Ioc) for row in rows("iocs.csv"))


def of_type(*types: str) -> tuple[Ioc, ...]:
    """Those of these types."""
    return tuple(ioc for ioc in iocs() if ioc.type in types)
