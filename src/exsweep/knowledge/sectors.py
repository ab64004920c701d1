"""Sector and region of a domain, from public lists; what no list knows is `other`, never guessed from a name."""

import re
from datetime import date
from functools import cache

import msgspec
import zstandard

from exsweep.errors import KnowledgeError
from exsweep.knowledge.data_files import ROOT, document, rows

OTHER = "other"
_BIGGEST = 64 << 20


class Pattern(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names that say by their shape what they are; the first group, if any, is the state."""

    pattern: str
    sector: str
    fits: str
    other: str
    """Names that it fits, and does not."""


class Sectors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of the sectors."""

    version: int
    read: date
    titles: dict[str, str]
    words: dict[str, str]
    anybody: frozenset[str]
    """Endings of two letters that name no country."""
    inside: frozenset[str]
    """Endings of names that are no public ones."""
    patterns: tuple[Pattern, ...]
    source: tuple[str, ...]


class Place(msgspec.Struct, frozen=True):
    """What the lists say of a domain."""

    sector: str
    country: str | None = None
    region: str | None = None
    """State of the USA, or as the list writes it."""
    by: str = ""
    """`domain`, `suffix`, `pattern` or `organisation`: the kind of list that knows it."""


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
    for shape in sectors().patterns:
        if fits := _pattern(shape.pattern).search(".".join(labels)):
            return Place(shape.sector, "US", fits[1].upper(), by="pattern")
    return Place(OTHER)


def sector_of_organisation(name: str) -> Place:
    """What the lists say of the name of an organisation, as certificates carry it; weaker than a domain.

    >>> sector_of_organisation("City of Twentynine Palms").sector
    'city'
    """
    found = _names().get(plain_name(name))
    return found or Place(OTHER)


def plain_name(name: str) -> str:
    """Capitals, figures and single blanks; `FCU` and `Federal Credit Union` read as `CREDIT UNION`."""
    words = re.sub(r"[^A-Z0-9]+", " ", name[:300].upper().replace("'", "").replace("&", " AND ")).split()
    plain = re.sub(r"\b(?:FCU|CU|FEDERAL CREDIT UNION|CREDIT UNION)$", "CREDIT UNION", " ".join(words))
    return re.sub(r" (?:INC|LLC|CORP|CORPORATION)$", "", plain.removeprefix("THE "))


def registry_contact(domain: str) -> str | None:
    """The security mailbox that the registry of .gov publishes for the domain or one above it; None for all others."""
    labels = domain.lower().rstrip(".").split(".")[-12:]
    names = (".".join(labels[at:]) for at in range(len(labels) - 1))
    return next((mail for name in names if (mail := _contacts().get(name))), None)


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
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


@cache
def _domains() -> dict[str, Place]:
    """41,000 domains; 0.1 s, 15 MB."""
    return _places("domains.zst", "domain")


@cache
def _names() -> dict[str, Place]:
    """Names of organisations, in the form of `plain_name`."""
    return _places("names.zst", "organisation")


@cache
def _contacts() -> dict[str, str]:
    return {domain: mail for domain, _, mail in (line.partition("\t") for line in _lines("contacts.zst"))}


@cache
def _suffixes() -> dict[str, Place]:
    return {
        row["suffix"]: Place(row["sector"], row["country"], row["region"] or None, by="suffix")
        for row in rows("sectors/suffixes.csv")
    }


def _places(name: str, by: str) -> dict[str, Place]:
    """Key TAB sector TAB country TAB region; of organisations no country."""
    shared: dict[str, Place] = {}
    found: dict[str, Place] = {}
    for line in _lines(name):
        key, _, rest = line.partition("\t")
        if rest not in shared:
            sector, *where = rest.split("\t")
            country, region = where if len(where) == 2 else ("US" if where[0] else "", where[0])
            shared[rest] = Place(sector, country or None, region or None, by=by)
        found[key] = shared[rest]
    return found


def _lines(name: str) -> list[str]:
    try:
        packed = (ROOT / "sectors" / name).read_bytes()
        text = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_BIGGEST).decode()
    except (OSError, zstandard.ZstdError, UnicodeDecodeError) as error:
        raise KnowledgeError(
            f"data/sectors/{name} is damaged: {error}.", tip="Install exsweep again."
        ) from error
    return text.splitlines()
