"""What a scan from outside may ask, how politely, and how the answers are read: `data/scan/*.yml`, typed."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from exsweep.knowledge.check_words import too_hard
from exsweep.knowledge.csirts import all_csirts
from exsweep.knowledge.data_files import document
from exsweep.knowledge.problem import Problem
from exsweep.knowledge.words import FORBIDDEN, fill, gaps, has

Network = IPv4Network | IPv6Network


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    source: tuple[str, ...]
    read: date


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One address that may be asked for."""

    id: str
    number: int
    """Row of the research's table; 0 for the control."""
    path: str
    """`{canary}` stands for a random name of hexadecimal digits."""
    body_bytes: int
    """No more of the page is read."""
    why: str
    stop_at_theme: bool = False
    """Reading ends where the build stands in the page."""
    opt_in: str | None = None
    """The word that the scope file and the command line must both give."""


class Never(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that this program never sends, and text that would give it away."""

    what: str
    marks: tuple[str, ...]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `checks.yml`; seconds and bytes are in the names."""

    connect_s: float
    total_s: float
    slow_s: float
    visits: int
    again_after_s: float
    scope_again_s: float
    header_bytes: int
    header_lines: int
    evidence_bytes: int
    requests_per_host: int
    pool_requests: int
    opt_in_requests: int
    names_kept: int
    value_chars: int


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests a second, connections at a time, and when a network is left alone."""

    per_second: float
    per_network: float
    per_neighbourhood: float
    connections: int
    slow_connections: int
    most_addresses: int
    push_back_s: float
    longest_push_back_s: float
    push_backs: int
    resets: int


class Checks(_File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`checks.yml`."""

    agent: str
    limits: Limits
    rates: Rates
    ports: tuple[int, ...]
    smtp_port: int
    never: tuple[Never, ...]
    checks: tuple[Check, ...]

    def check(self, check_id: str) -> Check:
        """The check of this id; a KeyError is a programming error."""
        return _checks_by_id()[check_id]


class Marks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signs that Exchange answers."""

    headers: tuple[str, ...]
    location: str
    page: str
    path_of_page: str


class Online(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signs of Exchange Online."""

    names: str
    location: str
    line: str


class Front(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A portal, filter or delivery network; any one of its patterns names it."""

    id: str
    """Its name stands in `words/en.yml` under `front`."""
    location: str | None = None
    page: str | None = None
    server: str | None = None
    header: str | None = None


class Pretenders(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signs of honeypots and of command servers that dress up as Exchange."""

    request_ids: tuple[str, ...]
    frozen_builds: tuple[str, ...]
    cookies: tuple[str, ...]
    realms: tuple[str, ...]
    other_products: tuple[str, ...]
    enough_doubts: int


class OldProduct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product that is older than the table of builds."""

    line: str
    product: str
    support_end: date


class Fingerprints(_File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`fingerprints.yml`."""

    build_header: str
    front_header: str
    back_headers: tuple[str, ...]
    request_headers: tuple[str, ...]
    kept_headers: tuple[str, ...]
    theme: str
    manifest: str
    health_name: str
    marks: Marks
    old_logon: str
    hybrid: str
    online: Online
    fronts: tuple[Front, ...]
    front_statuses: tuple[int, ...]
    push_back_statuses: tuple[int, ...]
    iis: str
    needs_iis: dict[str, float]
    old_iis: float
    pretenders: Pretenders
    old_products: tuple[OldProduct, ...]
    smtp_words: tuple[str, ...]


class Folder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A web folder, and whether an answer from it can settle anything."""

    path: str
    decidable: bool
    why: str


class Dump(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address book folder's settings as text."""

    enough: int
    words: tuple[str, ...]
    facts: dict[str, str]


class Webshells(_File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`webshells.yml`."""

    folders: tuple[Folder, ...]
    extensions: tuple[str, ...]
    most_paths: int
    canaries: int
    dump: Dump
    tiny_bytes: int
    runs_header: str
    upload_form: str
    own_pages: str
    not_found_locations: str
    logon_locations: str
    refusing_statuses: tuple[int, ...]


class ReservedNetwork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A network that is nobody's on the internet."""

    network: str
    name: str


class _Reserved(_File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    networks: tuple[ReservedNetwork, ...]


@cache
def checks() -> Checks:
    """The closed table of what may be asked, with limits and rates."""
    return document("scan/checks.yml", Checks)


@cache
def fingerprints() -> Fingerprints:
    """How answers are read."""
    return document("scan/fingerprints.yml", Fingerprints)


@cache
def webshells() -> Webshells:
    """Where back doors can be seen from outside, and how."""
    return document("scan/webshells.yml", Webshells)


class _Words(_File, frozen=True, kw_only=True, forbid_unknown_fields=True):
    words: dict[str, str]


@cache
def _words() -> _Words:
    return document("scan/words.yml", _Words)


def say(key: str, **values: object) -> str:
    """The sentence under `key` of `scan/words.yml`, its gaps filled; values are not escaped.

    Raises:
        KnowledgeError: a gap is left open.
    """
    return fill(f"scan.{key}", _words().words[key], values)


@cache
def reserved() -> tuple[tuple[Network, str], ...]:
    """(network, what it is for), in the order of the file."""
    return tuple((ip_network(each.network), each.name) for each in _reserved().networks)


@cache
def _reserved() -> _Reserved:
    return document("scan/reserved.yml", _Reserved)


@cache
def _checks_by_id() -> dict[str, Check]:
    return {each.id: each for each in checks().checks}


def problems() -> Iterator[Problem]:
    """What is wrong with `data/scan` (for the linter of knowledge)."""
    ids = [each.id for each in checks().checks]
    if len(set(ids)) != len(ids):
        yield Problem("scan/checks.yml", "a check stands twice", "Keep one.")
    for each in checks().checks:
        plain = each.path.replace("{canary}", "")
        if not each.path.startswith("/") or set(plain) & set("?#;=&@{} \r\n%\\"):
            yield Problem("scan/checks.yml", f"{each.id}: {each.path} is no plain path", "No parameters.")
    for front in fingerprints().fronts:
        if not has(f"front.{front.id}"):
            yield Problem(
                "scan/fingerprints.yml", f"{front.id} has no name", "Add it to words/en.yml, front."
            )
        if front.page and front.page != front.page.lower():
            yield Problem("scan/fingerprints.yml", f"{front.id}: `page` is not in lower case", "Lower it.")
    for team in all_csirts():
        if len(team.country) != 2 or not team.source or (team.page and not team.page.startswith("https://")):
            yield Problem(
                "scan/csirts.csv", f"{team.name} has no source, country or page of https", "Mend it."
            )
    for file in (checks(), fingerprints(), webshells(), _reserved(), _words()):
        if not file.source:
            yield Problem("scan", f"{type(file).__name__} has no source", "Say where it comes from.")
    if not any(folder.path == "/" for folder in webshells().folders):
        yield Problem("scan/webshells.yml", "no folder for all other paths", "Add the path /.")
    for key, text in _words().words.items():
        filled = fill(key, text, {name: 3 if name == "n" else "it" for name in gaps(text)})
        if FORBIDDEN.search(text) or (filled.endswith(".") and too_hard(filled)):
            yield Problem("scan/words.yml", f"{key} is hard to read or promises too much", "Reword.")
