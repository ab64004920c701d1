"""Names and addresses as people and lists write them, strictly read; anything else is refused with a reason."""

import re
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from exsweep.knowledge.scanning import Network, reserved

Address = IPv4Address | IPv6Address

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"(?:0x)?[0-9a-f.:]+")
_LONGEST_NAME = 253


class TargetError(ValueError):
    """A target that is none; the message is a short reason for people."""


def host_name(text: str) -> str:
    """A name of DNS in lower case without its last dot.

    Raises:
        TargetError: not a name of at least two labels in ASCII, or an address in disguise (`0x7f.1`).
    """
    name = text.strip().lower().removesuffix(".")
    if not name.isascii():
        raise TargetError("letters that look like others: write the name in its xn-- form")
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or len(labels) < 2 or not all(_LABEL.fullmatch(each) for each in labels):
        raise TargetError("neither a name nor an address")
    if labels[-1].isdigit() or (_NUMERIC.fullmatch(name) and not re.search("[a-z]", labels[-1])):
        raise TargetError("an address written in an odd way")
    if labels[-1].startswith("0x"):
        raise TargetError("an address written in an odd way")
    return name


def address(text: str) -> Address:
    """One IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is that IPv4 address.

    Raises:
        TargetError: not an address, or one with a zone.
    """
    try:
        found = ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError as error:
        raise TargetError("not an address") from error
    if isinstance(found, IPv6Address):
        if found.scope_id is not None:
            raise TargetError("an address of one cable only")
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
    return found


def network(text: str) -> Network:
    """A CIDR network; bits behind the prefix are allowed and dropped.

    Raises:
        TargetError: not a network, or the whole internet.
    """
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise TargetError("not a network") from error
    if found.prefixlen == 0:
        raise TargetError("that is the whole internet")
    return found


def reserved_name(of: Address) -> tuple[Network, str] | None:
    """The reserved network around an address and what it is for; None for a public address.

    Addresses of IPv6 that carry an IPv4 address (6to4, translation) lie in reserved networks themselves.
    """
    number, bits = int(of), of.max_prefixlen
    for around, name, first, free in _reserved(bits):
        if number >> free == first:
            return around, name
    return None


@cache
def _reserved(bits: int) -> tuple[tuple[Network, str, int, int], ...]:
    """(network, what it is for, its leading bits as a number, count of its other bits), of addresses of so many bits."""
    return tuple(
        (around, name, int(around.network_address) >> (bits - around.prefixlen), bits - around.prefixlen)
        for around, name in reserved()
        if around.max_prefixlen == bits
    )


def neighbourhood(of: Address) -> str:
    """/24 of IPv4, /48 of IPv6: where one administrator's firewall sees all our packets."""
    return _around(of, 24 if of.version == 4 else 48)


def wide_network(of: Address) -> str:
    """/16 of IPv4, /32 of IPv6: stands for the origin AS where no table is given."""
    return _around(of, 16 if of.version == 4 else 32)


def _around(of: Address, bits: int) -> str:
    """As `ip_network` writes it; a tenth of its time."""
    free = of.max_prefixlen - bits
    return f"{type(of)(int(of) >> free << free)}/{bits}"
