"""Traffic of tests and surveys, recognised by agent, request or published address."""

import re
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import unquote

import msgspec

from exsweep.knowledge.data_files import document


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All named conditions must hold; in each, one of the values. Values are lower case."""

    agent: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    anchor: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


class Scanner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One known sender of tests."""

    id: str
    name: str
    """Fits into `traffic of {name}`."""
    kind: str
    """`test`, `scanner` or `survey`."""
    signs: tuple[Sign, ...]
    source: tuple[str, ...]


@cache
def scanners() -> tuple[Scanner, ...]:
    """All known ones, the most exact first (order of the file)."""
    return document("scanners.yml", tuple[Scanner, ...])


def scanner_of(fields: Mapping[str, str]) -> str | None:
    """Name of the test or survey that an event belongs to, else None.

    `fields` are the columns of an event: ECS names (`user_agent.original`, `url.path`, `url.query`,
    `source.ip`) and `AnchorMailbox`. An agent can be forged: what succeeded stays a success whoever sent it.
    """
    seen = {
        "agent": re.sub(r"[+\s]+", " ", fields.get("user_agent.original", "")).lower(),
        "query": unquote(unquote(fields.get("url.query", ""))).lower(),
        "path": unquote(unquote(fields.get("url.path", ""))).lower(),
        "anchor": fields.get("AnchorMailbox", "").lower(),
        "address": fields.get("source.ip", ""),
    }
    return next((each.name for each in scanners() if any(_holds(sign, seen) for sign in each.signs)), None)


def _holds(sign: Sign, seen: Mapping[str, str]) -> bool:
    texts = (("agent", sign.agent), ("query", sign.query), ("path", sign.path))
    return (
        all(not values or any(value in seen[name] for value in values) for name, values in texts)
        and (not sign.anchor or seen["anchor"].startswith(sign.anchor))
        and (not sign.networks or _inside(seen["address"], sign.networks))
    )


def _inside(address: str, networks: tuple[str, ...]) -> bool:
    try:
        value = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    plain = getattr(value, "ipv4_mapped", None) or value
    return any(plain.version == network.version and plain in network for network in _networks(networks))


@cache
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)
