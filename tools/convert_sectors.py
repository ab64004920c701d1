"""Lists of domains by sector -> `knowledge/data/sectors/domains.zst` (one compact table) and its suffixes; names of
organisations -> `names.zst`; security contacts that the .gov registry publishes -> `contacts.zst`.

Run: python tools/convert_sectors.py FOLDER   where FOLDER holds the lists that `data/sectors/sectors.yml` names.
Rows of the table: domain TAB sector TAB country TAB region, sorted; a domain that two lists give two sectors keeps the
one that stands first in ORDER.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import zstandard

from exsweep.knowledge.sectors import plain_name

TARGET = Path(__file__).parent.parent / "src/exsweep/knowledge/data/sectors"
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_MAIL = re.compile(r"[a-z0-9._+'-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_SUFFIXES = {
    "education-school": "school",
    "education-higher": "university",
    "education": "school",
    "government": "government",
    "military": "military",
    "police": "police",
    "health": "health",
    "library": "library",
    "finance": "bank",
    "government-tribal": "tribal",
}
_POLICE = re.compile(r"police|sheriff|marshal", re.I)
_EMERGENCY = re.compile(r"\bfire\b|emergency|911|ambulance", re.I)
_UTILITY = re.compile(r"water|sewer|utilit|electric|power", re.I)
_HEALTH = re.compile(r"hospital|health|medical", re.I)
_LIBRARY = re.compile(r"librar", re.I)
_NOT_THEIRS = {"facebook.com", "m.facebook.com", "sites.google.com", "google.com", "linkedin.com"}
_DOTGOV = {
    "City": "city",
    "County": "county",
    "State or territory": "state",
    "Tribal": "tribal",
    "School district": "school",
    "Interstate": "state",
    "Independent intrastate": "government",
    "Special district": "government",
}


def main(folder: Path) -> None:
    found: dict[str, tuple[str, str, str]] = {}
    for rows in (_dotgov(folder), _others(folder), _hospitals(folder), _universities(folder)):
        for domain, *rest in rows:
            if _DOMAIN.fullmatch(domain):
                found.setdefault(domain, (rest[0], rest[1], rest[2]))
    text = "".join(f"{domain}\t{chr(9).join(values)}\n" for domain, values in sorted(found.items()))
    TARGET.mkdir(exist_ok=True)
    (TARGET / "domains.zst").write_bytes(zstandard.ZstdCompressor(level=19).compress(text.encode()))
    lines = ["suffix,sector,country,region\n"]
    with (folder / "psl-sector-suffixes.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            suffix = row["suffix"].removeprefix("*.")
            sector = _SUFFIXES.get(row["sector"], row["sector"])
            top = suffix.rsplit(".", 1)[-1]
            parts = suffix.split(".")
            region = parts[-2].upper() if top == "us" and len(parts) > 2 and len(parts[-2]) == 2 else ""
            country = {"uk": "GB"}.get(top, top.upper() if len(top) == 2 else "US")
            lines.append(f"{suffix},{sector},{country},{region}\n")
    (TARGET / "suffixes.csv").write_text("".join(lines), encoding="utf-8")
    names = _names(folder)
    _write("names.zst", (f"{name}\t{sector}\t{region}" for name, (sector, region) in names.items()))
    contacts = dict(_contacts(folder))
    _write("contacts.zst", (f"{domain}\t{mail}" for domain, mail in contacts.items()))
    print(f"{len(names):,} names of organisations, {len(contacts):,} security contacts")
    print(f"{len(found):,} domains, {len(lines) - 1} suffixes")


def _write(name: str, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in sorted(lines))
    (TARGET / name).write_bytes(zstandard.ZstdCompressor(level=19).compress(text.encode()))


def _names(folder: Path) -> dict[str, tuple[str, str]]:
    """Names of one sector only, long enough to mean one kind of organisation; the region only where it is one."""
    found: dict[str, set[tuple[str, str]]] = {}
    for row in _rows(folder / "dotgov-current-full.csv"):
        kind = row["Domain type"].removesuffix(" - Election")
        sector = _DOTGOV.get(kind, "federal" if kind.startswith("Federal") else "government")
        name = row["Organization name"]
        found.setdefault(plain_name(name), set()).add((_finer(sector, name), row["State"]))
    for row in _rows(folder / "hifld-hospitals.csv"):
        found.setdefault(plain_name(row["name"]), set()).add(("health", row["state"]))
    for row in _rows(folder / "ncua-credit-unions.csv"):
        found.setdefault(plain_name(f"{row['name']} credit union"), set()).add(("bank", row["state"]))
    for row in _rows(folder / "universities.csv"):
        found.setdefault(plain_name(row["name"]), set()).add(("university", ""))
    return {
        name: (next(iter(places))[0], next(iter(places))[1] if len(places) == 1 else "")
        for name, places in found.items()
        if len({sector for sector, _ in places}) == 1 and name.count(" ") >= 1 and len(name) >= 10
    }


def _contacts(folder: Path) -> Iterator[tuple[str, str]]:
    for row in _rows(folder / "dotgov-current-full.csv"):
        mail = row["Security contact email"].strip().lower()
        if _MAIL.fullmatch(mail):
            yield row["Domain name"].lower(), mail


def _dotgov(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for row in _rows(folder / "dotgov-current-full.csv"):
        kind = row["Domain type"].removesuffix(" - Election")
        sector = _DOTGOV.get(kind, "federal" if kind.startswith("Federal") else "government")
        name = f"{row['Organization name']} {row['Suborganization name']}"
        yield row["Domain name"].lower(), _finer(sector, name), "US", row["State"]


def _others(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    levels = {
        "Federal": "federal",
        "State": "state",
        "County": "county",
        "Local": "city",
        "Native Sovereign Nation / Tribal": "tribal",
    }
    for row in _rows(folder / "govt-urls-non-gov.csv"):
        domain = row["domain"].lower().split("/")[0]
        yield (
            domain,
            _finer(levels.get(row["level"], "government"), row["agency"] + row["comment"]),
            "US",
            row["state"],
        )


def _hospitals(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for row in _rows(folder / "hifld-hospitals.csv"):
        host = (urlsplit(row["website"]).hostname or "").lower().removeprefix("www.")
        if host and host not in _NOT_THEIRS:
            yield host, "health", "US", row["state"]


def _universities(folder: Path) -> Iterator[tuple[str, str, str, str]]:
    for row in _rows(folder / "universities.csv"):
        yield row["domain"].lower(), "university", row["country"], row["state"]


def _finer(sector: str, name: str) -> str:
    for pattern, finer in (
        (_POLICE, "police"),
        (_EMERGENCY, "emergency"),
        (_HEALTH, "health"),
        (_UTILITY, "utility"),
        (_LIBRARY, "library"),
    ):
        if sector not in ("federal", "military") and pattern.search(name):
            return finer
    return sector


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
