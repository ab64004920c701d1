"""The national team for computer incidents of each country, from `data/scan/csirts.csv`."""

from functools import cache

import msgspec

from exsweep.knowledge.data_files import rows


class Csirt(msgspec.Struct, frozen=True, kw_only=True):
    """A team that takes reports about a country's networks. Mailboxes and numbers stand on its own page."""

    country: str
    """ISO 3166-1, two letters."""
    name: str
    page: str | None
    verified: bool
    """The page was seen in the source; else look it up before use."""
    source: str


def csirts_of(country: str | None) -> tuple[Csirt, ...]:
    """The teams of a country, the one for everybody first; empty where none is known.

    >>> csirts_of("AT")[0].name
    'CERT.at'
    """
    return _by_country().get((country or "").upper(), ())


def all_csirts() -> tuple[Csirt, ...]:
    """Every team, in the order of the file."""
    return tuple(team for teams in _by_country().values() for team in teams)


@cache
def _by_country() -> dict[str, tuple[Csirt, ...]]:
    found: dict[str, tuple[Csirt, ...]] = {}
    for row in rows("scan/csirts.csv"):
        one = Csirt(
            country=row["country"],
            name=row["name"],
            page=row["page"] or None,
            verified=row["verified"] == "yes",
            source=row["source"],
        )
        found[one.country] = (*found.get(one.country, ()), one)
    return found
