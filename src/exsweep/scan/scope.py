"""What may be asked, who allowed it and until when; everything else is refused before any packet."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import msgspec

from exsweep.errors import ScanRefused
from exsweep.knowledge.scanning import Network, checks
from exsweep.scan.addresses import Address, TargetError, host_name, network, reserved_name

_HEADER_TEXT = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
_PAGE = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::\d{1,5})?(?:/[\x21-\x7e]{0,200})?")
_ASN = re.compile(r"(?:AS)?(\d{1,10})", re.IGNORECASE)
_TIP = "See `exsweep scan --help` for a scope file to copy."


class Level(StrEnum):
    """What the owner allowed beyond ordinary requests."""

    IDENTIFY = "identify"
    MANIFEST = "manifest"
    """One request that attack scanners make too; carries the build of old servers."""
    WEBSHELLS = "webshells"
    """Requests for published names of back doors."""
    CONTACTS = "contacts"
    """One request for `/.well-known/security.txt`."""
    SMTP = "smtp"
    """Greeting and EHLO of the mail service at `smtp_port`, where the web shows no Exchange."""


class Pace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests a second; None leaves what the knowledge says."""

    per_second: float | None = None
    per_network: float | None = None
    per_neighbourhood: float | None = None


class ScopeFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file as its author writes it."""

    who: str
    """Who allowed the scan: person, office, order or ticket."""
    first: object = msgspec.field(name="from")
    """A day or a moment; without a zone UTC."""
    until: object
    """A day (its end counts) or a moment."""
    contact: str
    """Mail address or telephone number of whoever runs the scan; goes into each request."""
    page: str
    """A web page that explains the scan; goes into each request."""
    targets: tuple[str, ...]
    """Networks, addresses, names, `*.example.org`."""
    exclusions: tuple[str, ...] = ()
    """As targets, or an AS (`AS64500`); they always win. Opt-outs belong here, or into `opt_out`."""
    opt_out: tuple[str, ...] = ()
    """Files with one network, address, name or AS a line, read before each run and again while it runs."""
    allow: tuple[Level, ...] = (Level.IDENTIFY,)
    ports: tuple[int, ...] = ()
    """Empty: those of the knowledge."""
    smtp_port: int | None = None
    most_addresses: int | None = None
    pace: Pace = Pace()


@dataclass(frozen=True, slots=True)
class Area:
    """Networks and names; `wild` holds `example.org` for `*.example.org`."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    wild: frozenset[str] = frozenset()
    asns: frozenset[str] = frozenset()
    """Numbers of AS, without `AS`."""

    def has_asn(self, asn: str | None) -> bool:
        found = _ASN.fullmatch(asn or "")
        return found is not None and found[1] in self.asns

    def has_address(self, one: Address) -> bool:
        return any(one.version == each.version and one in each for each in self.networks)

    def has_name(self, name: str) -> bool:
        if name in self.names:
            return True
        parts = name.split(".")
        return any(".".join(parts[at:]) in self.wild for at in range(1, len(parts)))


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope that was read and is in force; the only key that opens the transport."""

    who: str
    contact: str
    page: str
    allowed: Area
    excluded: Area
    levels: frozenset[Level]
    ports: frozenset[int]
    smtp_port: int
    most_addresses: int
    until: datetime
    pace: Pace

    def refuses_name(self, name: str) -> str | None:
        """Why this name may not even be resolved; None when it may."""
        if self.excluded.has_name(name):
            return "excluded: its owner does not want to be asked"
        return None if self.allowed.has_name(name) else "not in the scope file"

    def refuses(
        self, name: str | None, one: Address, *, from_dns: bool, asn: str | None = None
    ) -> str | None:
        """Why this address may not be asked; None when it may.

        `from_dns`: we resolved `name` ourselves, so a name in scope is enough. A pair from a list needs its
        address in scope: a list may claim anything. A reserved address needs a network of the scope file that
        itself lies inside the reserved one. `asn`: the AS of the address, where a table tells it.
        """
        excluded = self.excluded
        if excluded.has_address(one) or excluded.has_asn(asn) or (name and excluded.has_name(name)):
            return "excluded: its owner does not want to be asked"
        by_name = from_dns and name is not None and self.allowed.has_name(name)
        if not by_name and not self.allowed.has_address(one):
            return "not in the scope file"
        around = reserved_name(one)
        if around is not None and not self._lists_inside(around[0], one):
            return f"a reserved address ({around[1]}) that the scope file does not list"
        return None

    def _lists_inside(self, around: Network, one: Address) -> bool:
        return any(
            each.version == around.version and one in each and each.subnet_of(around)  # type: ignore[arg-type]  # same version
            for each in self.allowed.networks
        )


def read_scope(text: str, *, now: datetime, opt_outs: tuple[str, ...] = ()) -> Scope:
    """A scope file (YAML) that is in force at `now`; `opt_outs` are further lines of its opt-out lists.

    Raises:
        ScanRefused: not readable, nobody's permission, out of its time, or it names nothing or the whole internet.
    """
    try:
        file = msgspec.yaml.decode(text, type=ScopeFile, strict=False)
    except msgspec.MsgspecError as error:
        raise ScanRefused(f"The scope file cannot be read: {error}.", tip=_TIP) from error
    _in_force(file, now)
    for value, what in ((file.who, "who"), (file.contact, "contact")):
        if not _HEADER_TEXT.fullmatch(value):
            raise ScanRefused(f"The scope file's `{what}` is no plain line of text.", tip=_TIP)
    if not _PAGE.fullmatch(file.page):
        raise ScanRefused(
            "The scope file names no page to read.",
            tip="Under `page`, give the address of a web page that says who scans and how to be left out.",
        )
    allowed = area(file.targets, "targets")
    if not (allowed.networks or allowed.names or allowed.wild):
        raise ScanRefused("The scope file names no targets.", tip="List networks or names under `targets`.")
    most = checks().rates.most_addresses
    return Scope(
        who=file.who,
        contact=file.contact,
        page=file.page,
        allowed=allowed,
        excluded=area((*file.exclusions, *opt_outs), "exclusions"),
        levels=frozenset(file.allow),
        ports=frozenset(file.ports or checks().ports),
        smtp_port=file.smtp_port or checks().smtp_port,
        most_addresses=min(file.most_addresses or most, most),
        until=_moment(file.until, "until"),
        pace=_checked(file.pace),
    )


def opt_out_files(text: str) -> tuple[str, ...]:
    """Names of the opt-out lists of a scope file; errors are left to `read_scope`."""
    try:
        return msgspec.yaml.decode(text, type=ScopeFile, strict=False).opt_out
    except msgspec.MsgspecError:
        return ()


def opt_out_lines(text: str) -> tuple[str, ...]:
    """Entries of an opt-out list; `#` begins a remark."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def area(entries: tuple[str, ...], what: str) -> Area:
    """Networks and names of a list.

    Raises:
        ScanRefused: an entry is neither; a wrong exclusion must not let anything through.
    """
    networks: list[Network] = []
    names: set[str] = set()
    wild: set[str] = set()
    asns: set[str] = set()
    for entry in entries:
        try:
            if what == "exclusions" and entry[:2].upper() == "AS" and (found := _ASN.fullmatch(entry)):
                asns.add(found[1])
            elif entry.startswith("*."):
                wild.add(host_name(entry[2:]))
            elif _looks_like_network(entry):
                networks.append(network(entry))
            else:
                names.add(host_name(entry))
        except TargetError as error:
            raise ScanRefused(f"The scope file's {what}: {entry!r}: {error}.", tip=_TIP) from error
    return Area(tuple(networks), frozenset(names), frozenset(wild), frozenset(asns))


def _looks_like_network(entry: str) -> bool:
    try:
        network(entry)
    except TargetError:
        return "/" in entry or ":" in entry
    return True


def _in_force(file: ScopeFile, now: datetime) -> None:
    first, until = _moment(file.first, "from"), _moment(file.until, "until")
    if until <= now:
        raise ScanRefused(
            f"The permission ended at {until:%Y-%m-%d %H:%M}.", tip="Ask for a new one; change `until`."
        )
    if first > now:
        raise ScanRefused(f"The permission begins at {first:%Y-%m-%d %H:%M}.", tip="Wait until then.")


def _moment(value: object, what: str) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        day = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return day + timedelta(days=1) if what == "until" else day
    raise ScanRefused(f"The scope file's `{what}` is no day or moment.", tip="Write it like 2026-12-01.")


def _checked(pace: Pace) -> Pace:
    for value in (pace.per_second, pace.per_network, pace.per_neighbourhood):
        if value is not None and not 0 < value <= 100_000:
            raise ScanRefused("The scope file's `pace` is not above 0.", tip="Give requests a second.")
    return pace
