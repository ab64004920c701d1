"""Whose server is it? Sector, country and network, each with what it rests on; what no list knows stays unknown."""

from collections.abc import Iterator

import msgspec

from exsweep.knowledge.sectors import OTHER, Place, sector_of, sector_of_organisation, sectors
from exsweep.scan.addresses import TargetError, address, host_name
from exsweep.scan.networks import Networks
from exsweep.scan.results import ScanResult


class Owner(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lists and tables say of one result. `name` and `organisation` are hostile text."""

    sector: str = OTHER
    sector_from: str = ""
    """`name` (the target's own), `certificate` (a name in it), `organisation` (of the certificate), with the kind of list:
    `name: domain`."""
    region: str | None = None
    country: str | None = None
    """ISO 3166-1, two letters."""
    country_from: str = ""
    """`table` (the user's), `list` (that of the sector), `name` (its ending; a hint only)."""
    asn: str | None = None
    name: str | None = None
    """The name that stands for the server: the target's, else the first of its certificate."""
    organisation: str | None = None


def owner_of(of: ScanResult, networks: Networks) -> Owner:
    """Ask the lists in order of trust: the target's own name, names of its certificate, its organisation."""
    place, source = _sector(of)
    origin = networks.origin(address(of.address)) if of.address else None
    names = tuple(_names(of))
    country, country_from = None, ""
    for found, said in (
        (origin.country if origin else None, "table"),
        (place.country, "list"),
        (_country_of_name(names[0]) if names else None, "name"),
    ):
        if found and country is None:
            country, country_from = found.upper(), said
    return Owner(
        sector=place.sector,
        sector_from=source,
        region=place.region,
        country=country,
        country_from=country_from,
        asn=origin.asn if origin else None,
        name=names[0] if names else None,
        organisation=of.certificate.organisation if of.certificate else None,
    )


def _sector(of: ScanResult) -> tuple[Place, str]:
    for at, name in enumerate(_names(of)):
        found = sector_of(name)
        if found.sector != OTHER:
            own = at == 0 and of.name is not None
            return found, f"{'name' if own else 'certificate'}: {found.by}"
    if of.certificate and of.certificate.organisation:
        found = sector_of_organisation(of.certificate.organisation)
        if found.sector != OTHER:
            return found, "organisation"
    return Place(OTHER), ""


def _names(of: ScanResult) -> Iterator[str]:
    """Public names of the server, its own first; wild cards stand for the name below them."""
    if of.name:
        yield of.name
    if of.certificate is None:
        return
    for text in (*of.certificate.names, of.certificate.common_name or ""):
        try:
            name = host_name(text.removeprefix("*."))
        except TargetError:
            continue
        if name != of.name and name.rpartition(".")[2] not in sectors().inside:
            yield name


def _country_of_name(name: str) -> str | None:
    """The country of a name's ending; None for endings that anybody in the world takes."""
    ending = name.rpartition(".")[2]
    if len(ending) != 2 or not ending.isalpha() or ending in sectors().anybody:
        return None
    return {"uk": "GB", "su": "RU"}.get(ending, ending.upper())
