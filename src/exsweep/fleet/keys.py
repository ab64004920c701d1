"""What one server shows that another may show too: the keys by which servers of one intruder find each other."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import ip_address, ip_network

from exsweep.fleet.text import stored
from exsweep.knowledge.fleet import links
from exsweep.model import Assessment, Chain, Finding, Level, Stage, Strength
from exsweep.model.files import FileReport, FileVerdict

Key = tuple[str, str]
"""(kind, value); kinds are those of `data/fleet/links.yml`."""
_MOST_KEYS = 200
_MOST_ADDRESSES = 20
_SPACE = re.compile(r"\s+")


def link_keys(assessment: Assessment, secret: bytes) -> tuple[Key, ...]:
    """Keys of a server that was broken into, at most 200, sorted; none of any other server.

    Attempts tie nobody together: one survey knocks at every door. `secret` is the store's own: words that open a back
    door are kept only as a keyed hash.
    """
    if assessment.verdict.level.rank < Level.BROKEN_INTO.rank:
        return ()
    found: set[Key] = set()
    findings = {each.id: each for each in assessment.findings}
    for chain in assessment.chains:
        if chain.level.rank >= Level.BROKEN_INTO.rank:
            found.update(_of_chain(chain, findings))
    for file in assessment.files.remarkable if assessment.files else ():
        if file.verdict is FileVerdict.MALICIOUS:
            found.update(_of_file(file, secret))
    for finding in assessment.findings:
        if finding.strength is Strength.SUCCESS:
            found.update(_of_finding(finding))
    kept = {
        (kind, stored(value, links().most_chars) or "") for kind, value in found if not stopped(kind, value)
    }
    return tuple(sorted(kept)[:_MOST_KEYS])


def stopped(kind: str, value: str) -> bool:
    """Is the value on the stop list: shared by many who have nothing to do with each other?"""
    plain = value.lower()
    if not plain or plain in links().stop.get(kind, ()):
        return True
    if kind in ("address", "actor"):
        address = plain.split("|", 1)[0]
        return address in links().stop.get("address", ()) or _common(address)
    return False


@cache
def _networks() -> tuple[tuple[int, int, int], ...]:
    nets = (ip_network(text) for text in links().stop.get("networks", ()))
    return tuple((net.version, int(net.network_address), int(net.broadcast_address)) for net in nets)


def _common(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return True  # no address: nothing to tie by
    number = int(address)
    return any(version == address.version and first <= number <= last for version, first, last in _networks())


def _of_chain(chain: Chain, findings: dict[str, Finding]) -> Iterator[Key]:
    for path in (*chain.actor.shells, *chain.actor.pages):
        yield "shell_path", _path(path)
    order = _order(chain, findings)
    addresses = chain.actor.addresses[:_MOST_ADDRESSES]
    for address in addresses:
        yield "address", address.lower()
    if chain.actor.agents and order:
        for address in addresses:
            yield "actor", f"{address.lower()}|{chain.actor.agents[0]}|{order}"
    if chain.first_seen is not None:
        wave = int(chain.first_seen.timestamp()) // (links().burst_minutes * 60)
        yield "burst", f"{chain.campaign or 'unknown'}|{wave}"


def _order(chain: Chain, findings: dict[str, Finding]) -> str:
    """Rules in the order in which they were first seen, as a short hash."""
    ids = dict.fromkeys(name for step in chain.steps for name in step.findings)
    timed = [
        (one.first_seen, one.rule.id)
        for name in ids
        if (one := findings.get(name)) is not None and one.first_seen is not None
    ]
    rules = dict.fromkeys(rule for _, rule in sorted(timed))
    return hashlib.sha256("\n".join(rules).encode()).hexdigest()[:12] if len(rules) >= 2 else ""


def _of_file(file: FileReport, secret: bytes) -> Iterator[Key]:
    yield "shell_sha256", file.sha256.lower()
    yield "shell_path", _path(file.url or file.path)
    # The model's own form `<nodes>-<hash>`: a one-liner is everybody's.
    nodes, _, shape = file.shape.partition("-")
    if shape and nodes.isdecimal() and int(nodes) >= links().least_shape:
        yield "shell_shape", shape
    names = sorted({name for each in file.capabilities if each.from_request for name in each.inputs})
    if names:
        yield "secret", hashlib.blake2b("\0".join(names).encode(), key=secret, digest_size=16).hexdigest()


def _of_finding(finding: Finding) -> Iterator[Key]:
    wanted = links()
    if wanted.task_techniques.intersection(finding.attack):
        for column in wanted.task_columns:
            if value := finding.fields.get(column):
                yield "task", f"{column}={value.lower()}"
    if finding.stage is Stage.DROP:
        for column in wanted.payload_columns:
            if found := _mark().search(finding.fields.get(column, "")[:8_000]):
                plain = _SPACE.sub("", found[0]).lower()
                yield "payload", hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
    if finding.stage is Stage.WEBSHELL and finding.kind == "served_file":
        yield from _hashes(origin.sha256 for origin in finding.origins[:5])


def _hashes(values: Iterable[str | None]) -> Iterator[Key]:
    for value in values:
        if value:
            yield "shell_sha256", value.lower()


@cache
def _mark() -> re.Pattern[str]:
    return re.compile(links().payload_mark, re.S)


def _path(path: str) -> str:
    return path.replace("\\", "/").lower()
