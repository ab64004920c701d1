"""STIX patterns. One function writes literals, so that no value of an attacker can end one.

Source: STIX 2.1 section 9.3 (string literals: `\\` and `'` are escaped with a backslash).
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

_SURROGATE = re.compile("[\ud800-\udfff]")
_REQUEST = "network-traffic:extensions.'http-request-ext'.request_value"
_LOCAL = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def literal(value: str) -> str:
    """A quoted string constant. Half a surrogate pair cannot stand in UTF-8 and becomes U+FFFD."""
    safe = _SURROGATE.sub("\ufffd", value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{safe}'"


def address(value: str) -> IPv4Address | IPv6Address | None:
    """The address, if the text is one and nothing else."""
    try:
        found = ip_address(value.strip())
    except ValueError:
        return None
    return None if isinstance(found, IPv6Address) and found.scope_id else found


def for_address(value: IPv4Address | IPv6Address) -> str:
    """`[ipv4-addr:value = '203.0.113.9']`."""
    return f"[ipv{value.version}-addr:value = {literal(str(value))}]"


def for_shell(value: str) -> str:
    """A web shell by its path on disk, else by the path that a request asks for.

    Exact, never LIKE, in which `_` is a wildcard.
    """
    if _LOCAL.match(value):
        folder, _, name = value.replace("/", "\\").rpartition("\\")
        return f"[file:name = {literal(name)} AND file:parent_directory_ref.path = {literal(folder)}]"
    return f"[{_REQUEST} = {literal(value)}]"
