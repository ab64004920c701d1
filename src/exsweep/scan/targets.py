"""Who is to be asked: names, addresses, networks and lists become targets in a seeded order, split into shards."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from exsweep.errors import ScanRefused
from exsweep.scan.addresses import (
    TargetError,
    address,
    host_name,
    network,
    wide_network,
)

_LONGEST_LINE = 4_000
_MASSCAN = re.compile(r"open tcp (\d{1,5}) (\S{2,45}) \d{1,12}")
_MASSCAN_GREP = re.compile(
    r"Timestamp: \d{1,12}\s+Host: (\S{2,45}) \(\S{0,253}\)\s+Ports: (\d{1,5})/open/tcp"
)
_NEARLY_ADDRESS = re.compile(r"[0-9a-fA-F\[\]]{0,40}[.:][0-9a-fA-F.:/\[\]]{0,40}")
_WEB = re.compile(r"https://([^/?#@\s]{1,255})/?")
_HEADER_WORDS = frozenset({"saddr", "ip", "address", "name", "host", "hostname", "domain", "domain name"})
_SAMPLES = 20


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One service to be asked. At least one of name and address is there."""

    name: str | None = None
    """Goes into SNI and Host."""
    address: str | None = None
    """None: to be resolved once, and pinned."""
    port: int = 443

    @property
    def key(self) -> str:
        """Names the target in journal and results: `name:port`, `address:port`, or `name@address:port` of a pair."""
        where = f"[{self.address}]" if self.address and ":" in self.address else self.address
        return f"{'@'.join(filter(None, (self.name, where)))}:{self.port}"

    @property
    def host(self) -> str:
        """What a person calls it."""
        return self.name or self.address or "?"


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list gave."""

    targets: tuple[Target, ...]
    """Each once, in the order of the list."""
    refused: int
    samples: tuple[tuple[str, str], ...]
    """(entry, reason), the first few."""
    repeated: int


def read_targets(entries: Iterable[str], *, ports: Iterable[int], most: int) -> Listed:
    """Targets of lines as people, zmap, masscan and logs of certificates write them.

    A line is a name, an address, a CIDR network, a pair `name,address` (either order), a row of zmap (CSV) or
    masscan (list, greppable, JSON), or a JSON object with `name_value` or `common_name` (logs of certificates;
    `*.` is dropped). `host:port` names another port. Blank lines and `#` are passed over.

    Raises:
        ScanRefused: more addresses than `most`.
    """
    found: dict[str, Target] = {}
    refused: list[tuple[str, str]] = []
    bad = repeated = 0
    default_ports = tuple(ports)
    for entry in entries:
        line = entry.strip().rstrip(",")
        if not line or line[0] == "#" or line in "[]{}" or line.lower().split(",")[0] in _HEADER_WORDS:
            continue
        try:
            for target in _of_line(line[: _LONGEST_LINE + 1], default_ports, most):
                if target.key in found:
                    repeated += 1
                elif len(found) >= most:
                    raise ScanRefused(
                        f"The list holds more than {most:,} addresses.",
                        tip="Split it, or raise `most_addresses` in the scope file.",
                    )
                found[target.key] = target
        except TargetError as error:
            bad += 1
            if len(refused) < _SAMPLES:
                refused.append((line[:200], str(error)))
    return Listed(tuple(found.values()), bad, tuple(refused), repeated)


def in_order(targets: Iterable[Target], seed: int) -> list[Target]:
    """The same targets in an order that only `seed` decides, so that neighbours are far apart in time."""
    key = seed.to_bytes(8, "big", signed=True)
    return sorted(
        targets, key=lambda each: hashlib.blake2b(each.key.encode(), key=key, digest_size=8).digest()
    )


def in_shard(target: Target, number: int, shards: int) -> bool:
    """Does the target belong to shard `number` of 1 to `shards`? A whole network falls into one shard, so that
    limits for networks hold without talk between machines. Names without an address go by their last two labels."""
    if target.address:
        area = wide_network(address(target.address))
    else:
        area = ".".join((target.name or "").split(".")[-2:])
    place = int.from_bytes(hashlib.blake2b(area.encode(), digest_size=8).digest(), "big")
    return place % shards == number - 1


def _of_line(line: str, ports: tuple[int, ...], most: int) -> Iterator[Target]:
    if len(line) > _LONGEST_LINE:
        raise TargetError("longer than any target")
    if line[0] == "{":
        yield from _of_json(line, ports)
        return
    masscan = _MASSCAN.fullmatch(line)
    if masscan:
        yield Target(address=str(address(masscan[2])), port=_port(masscan[1]))
        return
    grep = _MASSCAN_GREP.match(line)
    if grep:
        yield Target(address=str(address(grep[1])), port=_port(grep[2]))
        return
    parts = [part.strip() for part in line.split(",")]
    if len(parts) > 1:
        yield from _of_row(parts, ports)
        return
    if "/" in line and not line.startswith("http"):
        whole = network(line)
        if whole.num_addresses > most:
            raise ScanRefused(
                f"{whole} holds more than {most:,} addresses.",
                tip="Name smaller networks, or raise `most_addresses` in the scope file.",
            )
        hosts = whole.hosts() if whole.version == 4 else iter(whole)
        yield from (Target(address=str(one), port=port) for one in hosts for port in ports)
        return
    yield from _single(line, ports)


def _of_row(parts: list[str], ports: tuple[int, ...]) -> Iterator[Target]:
    """`name,address` in either order; else the first cell alone (lists of domains, rows of zmap)."""
    first, second = parts[0], parts[1]
    first_is, second_is = _is_address(first), _is_address(second)
    if not second_is and _NEARLY_ADDRESS.fullmatch(second):
        raise TargetError("the second cell is nearly an address")
    if first_is == second_is or not second:
        yield from _single(first, ports)
        return
    name, where = (second, first) if first_is else (first, second)
    try:
        checked = host_name(name)
    except TargetError:
        if not first_is:
            raise
        yield from _single(first, ports)  # a row of zmap: the second cell is no name
        return
    yield from (Target(name=checked, address=str(address(where)), port=port) for port in ports)


class _Port(msgspec.Struct, frozen=True):
    port: int = 0


class _Row(msgspec.Struct, frozen=True):
    ip: str | None = None
    saddr: str | None = None
    ports: tuple[_Port, ...] = ()
    name_value: str | None = None
    common_name: str | None = None
    name: str | None = None


def _of_json(line: str, ports: tuple[int, ...]) -> Iterator[Target]:
    try:
        row = msgspec.json.decode(line, type=_Row)
    except msgspec.MsgspecError as error:
        raise TargetError("broken JSON") from error
    where = row.ip or row.saddr
    if where:
        listed = [item.port for item in row.ports if 0 < item.port < 65_536]
        yield from (Target(address=str(address(where)), port=port) for port in listed or ports)
        return
    names = row.name_value or row.common_name or row.name
    if not names:
        raise TargetError("JSON without an address or a name")
    for name in dict.fromkeys(names.lower().split()):
        checked = host_name(name.removeprefix("*."))
        yield from (Target(name=checked, port=port) for port in ports)


def _single(text: str, ports: tuple[int, ...]) -> Iterator[Target]:
    web = _WEB.fullmatch(text)
    if text.startswith(("http:", "https:")) and not web:
        raise TargetError("an address of a page; name the host only")
    name, paired, rest = (web[1] if web else text).rpartition("@")
    host, chosen = _split_port(rest)
    used = (chosen,) if chosen else ports
    if paired:  # as `Target.key` writes a pair
        pair = host_name(name), str(address(host))
        yield from (Target(name=pair[0], address=pair[1], port=port) for port in used)
    elif _is_address(host):
        yield from (Target(address=str(address(host)), port=port) for port in used)
    else:
        yield from (Target(name=host_name(host), port=port) for port in used)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, _port(rest[1:]) if rest.startswith(":") else None
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, _port(port)
    return text, None


def _port(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 5 or not 0 < int(text) < 65_536:
        raise TargetError("no port of that number")
    return int(text)


def _is_address(text: str) -> bool:
    try:
        address(text)
    except TargetError:
        return False
    return True
