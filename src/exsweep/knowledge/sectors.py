"""Sector and region of a domain, from public lists; what no list knows is `other`, never guessed from a name."""

from datetime import date
from functools import cache

import msgspec
import zstandard

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import ROOT, document, rows

OTHER = "other"
_BIGGEST = 64 << 20


class Sectors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the sectors."""

    version: int
    read: date
    titles: dict[str, str]
    words: dict[str, str]
    source: tuple[str, ...]


class Place(msgspec.Struct, frozen=True):
    """What the lists say of a domain."""

    sector: str
    country: str | None = None
    region: str | None = None
    """State of the USA, or as the list writes it."""


@cache
def sectors() -> Sectors:
    """Titles, synonyms and sources."""
    return document("sectors/sectors.yml", Sectors)


def sector_of(domain: str) -> Place:
    """The longest listed domain, else the longest listed suffix, that the name ends with.

    >>> sector_of("mail.ci.example.k12.tx.us").sector
    'school'
    """
    labels = domain.lower().rstrip(".").split(".")[-12:]
    names = [".".join(labels[at:]) for at in range(len(labels))]
    for table in (_domains(), _suffixes()):
        for name in names:
            if (found := table.get(name)) is not None:
                return found
    return Place(OTHER)


def sector_named(word: str | None) -> str | None:
    """The sector that a person means; None where the word is not known.

    >>> sector_named("School"), sector_named("Hospital")
    ('school', 'health')
    """
    if not word:
        return None
    plain = word.strip().lower()
    for form in (plain, plain.removesuffix("s")):
        if form in sectors().titles:
            return form
        if form in sectors().words:
            return sectors().words[form]
    return None


@cache
def _domains() -> dict[str, Place]:
    """41,000 domains; 0.1 s, 15 MB."""
    try:
        packed = (ROOT / "sectors/domains.zst").read_bytes()
        text = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_BIGGEST).decode()
    except (OSError, zstandard.ZstdError, UnicodeDecodeError) as error:
        raise KnowledgeError(
            f"data/sectors/domains.zst is damaged: {error}.", tip="Install exsweep again."
        ) from error
    shared: dict[str, Place] = {}
    found: dict[str, Place] = {}
    for line in text.splitlines():
        domain, _, rest = line.partition("\t")
        if rest not in shared:
            sector, country, region = rest.split("\t")
            shared[rest] = Place(sector, country or None, region or None)
        found[domain] = shared[rest]
    return found


@cache
def _suffixes() -> dict[str, Place]:
    return {
        row["suffix"]: Place(row["sector"], row["country"], row["region"] or None)
        for row in rows("sectors/suffixes.csv")
    }
