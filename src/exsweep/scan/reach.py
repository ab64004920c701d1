"""How to reach whoever runs a server, in the order that works; and never only through the server itself.

Source: order of the outside-in research, section 8 (read 2026-11-20): the owner's own wish (security.txt), the registry's
security mailbox, the abuse mailbox of domain and network, the national team, at last the telephone and a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from exsweep.knowledge.csirts import csirts_of
from exsweep.knowledge.sectors import registry_contact
from exsweep.scan.addresses import address
from exsweep.scan.owner import Owner
from exsweep.scan.rdap import Rdap
from exsweep.scan.results import ScanResult
from exsweep.scan.security_txt import SecurityTxt


class By(StrEnum):
    """The means."""

    EMAIL = "email"
    PHONE = "phone"
    PAGE = "page"
    PERSON = "person"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach them. `to` from security.txt and RDAP is hostile text of a checked shape."""

    by: By
    to: str
    source: str
    own: bool = False
    """The mailbox lies, as far as the name shows, on the very server: whoever is inside can read it."""


Sites = Mapping[str, SecurityTxt]
"""What the sites of this scan say of their contacts, by name."""


def sites_of(results: Iterable[ScanResult]) -> Sites:
    """The files that a scan with `--contacts` found."""
    return {each.name: each.security_txt for each in results if each.name and each.security_txt}


def ways(of: ScanResult, owner: Owner, rdap: Rdap, sites: Sites) -> tuple[Way, ...]:
    """Every way that is known, best first, each once."""
    found: dict[tuple[By, str], Way] = {}

    def add(by: By, to: str, source: str) -> None:
        own = by is By.EMAIL and lands_on(to, owner.name)
        found.setdefault((by, to.lower()), Way(by=by, to=to, source=source, own=own))

    for where, file in _files(of, owner, sites):
        for by, values in ((By.EMAIL, file.mails), (By.PHONE, file.phones), (By.PAGE, file.pages)):
            for value in values:
                add(by, value, f"security.txt of {where}")
    if owner.name:
        if mail := registry_contact(owner.name):
            add(By.EMAIL, mail, "registry of .gov")
        for mail in rdap.of_domain(owner.name):
            add(By.EMAIL, mail, "RDAP, domain")
    if of.address:
        for mail in rdap.of_address(address(of.address)):
            add(By.EMAIL, mail, "RDAP, network")
    for team in csirts_of(owner.country):
        add(By.PAGE, f"{team.name} {team.page or ''}".strip(), f"national team of {team.country}")
    add(By.PERSON, "the telephone number on their own site", "look it up")
    return tuple(found.values())


def _files(of: ScanResult, owner: Owner, sites: Sites) -> Iterator[tuple[str, SecurityTxt]]:
    """The server's own file, then those of the sites above it that were scanned too."""
    if of.security_txt is not None:
        yield owner.name or of.address or "the server", of.security_txt
    labels = (owner.name or "").split(".")
    for at in range(1, len(labels) - 1):
        domain = ".".join(labels[at:])
        for site in (domain, f"www.{domain}"):
            if site in sites and sites[site] is not of.security_txt:
                yield site, sites[site]


def lands_on(mail: str, server: str | None) -> bool:
    """May a mail to that address end on the server of that name? Yes where its domain is the server's, or one holds the
    other; and where the server has no name that would tell."""
    labels = (server or "").lower().rstrip(".").split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in (server or ""):
        return True  # no name, or an address
    domain = ".".join(labels[1:] if len(labels) > 2 else labels)
    host = mail.lower().rpartition("@")[2].rstrip(".")
    return host == domain or host.endswith(f".{domain}") or domain.endswith(f".{host}")
