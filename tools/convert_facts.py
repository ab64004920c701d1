"""Make the tables of `knowledge/data/` from a folder of collected facts.

Usage: `python tools/convert_facts.py FACTS_DIR`. Running it twice changes nothing. Only columns that
exsweep reads are kept, and always the source.
"""

import argparse
import csv
import io
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "src" / "exsweep" / "knowledge" / "data"

Row = dict[str, str]


def read(facts: Path, name: str) -> list[Row]:
    with (facts / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def table(columns: str, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns.split(), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def number(build: str) -> tuple[int, ...]:
    return tuple(int(part) for part in build.split("."))


def short(build: str) -> str:
    """`15.01.2507.075` -> `15.1.2507.75`: one spelling everywhere."""
    return ".".join(str(part) for part in number(build))


def builds(facts: Path) -> str:
    columns = "product cu update kind build release_date date_precision kb support_end note source"
    return table(columns, sorted(read(facts, "exchange_builds.csv"), key=lambda row: number(row["build"])))


def cves(facts: Path) -> str:
    columns = (
        "cve name kind description published fixed_in fixed_builds fix_condition affected "
        "cvss cvss_version authentication exploited kev_added mitigation attack source"
    )
    rows = read(facts, "exchange_cves.csv")
    for row in rows:
        row["fixed_builds"] = re.sub(r"(?<==)[\d.]+", lambda found: short(found[0]), row["fixed_builds"])
    return table(
        columns, sorted(rows, key=lambda row: number(row["cve"].removeprefix("CVE-").replace("-", ".")))
    )


def iocs(facts: Path) -> str:
    columns = "indicator type actor_or_campaign cve first_seen last_seen confidence context source"
    rows = read(facts, "iocs.csv")
    return table(
        columns, sorted(rows, key=lambda row: (row["type"], row["indicator"], row["actor_or_campaign"]))
    )


def webshell_paths(facts: Path) -> str:
    columns = (
        "kind path file_name url_path extensions campaign severity legitimate_content reason "
        "first_seen source"
    )
    return table(columns, read(facts, "webshell_paths.csv"))


BACK_END_URLS = {"exchweb/ews": "ews", "sync": "microsoft-server-activesync"}
"""Folders below `ClientAccess` whose address is not their name."""


def address(path: str) -> tuple[str, str] | None:
    """Site and URL folder (lower case, ends in `/`) of a shipped file; None where no site serves it."""
    folder = path.rsplit("\\", 1)[0].replace("\\", "/").lower().lstrip("/")
    for prefix, site in (("frontend/httpproxy/", "front"), ("clientaccess/", "back")):
        if folder.startswith(prefix):
            below = folder.removeprefix(prefix)
            head = next((head for head in BACK_END_URLS if f"{below}/".startswith(f"{head}/")), None)
            return site, f"/{BACK_END_URLS[head] + below[len(head) :] if head else below}/"
    return None


def spans(found: set[str]) -> str:
    """First and last build of each line (`15.1.225.42-15.1.2242.4`).

    Holes inside a span are baselines that the collection has only in part, not builds that lack the file.
    """
    lines: dict[tuple[int, ...], list[str]] = {}
    for build in sorted(found, key=number):
        lines.setdefault(number(build)[:2], []).append(build)
    return " ".join(f"{line[0]}-{line[-1]}" for line in lines.values())


BASELINES = (
    "github:microsoft/CSS-Exchange Security/src/Baselines, all history before 7086a4338 (read 2026-11-20)"
)


def shipped_pages(facts: Path) -> str:
    pages: dict[tuple[str, str, str, str], set[str]] = {}
    for row in read(facts, "default_files.csv"):
        place = address(row["path"])
        if place:
            key = (*place, row["path"].rsplit("\\", 1)[0], row["file"])
            pages.setdefault(key, set()).update(row["builds"].split())
    rows = [
        dict(
            zip(
                ("site", "url", "path", "file", "builds", "source"),
                (*key, spans(found), BASELINES),
                strict=True,
            )
        )
        for key, found in sorted(pages.items())
    ]
    return table("site url path file builds source", rows)


TABLES = {
    "builds.csv": builds,
    "cves.csv": cves,
    "iocs.csv": iocs,
    "webshell_paths.csv": webshell_paths,
    "shipped_pages.csv": shipped_pages,
}


def convert(facts: Path) -> dict[str, str]:
    """File name -> new text of every table."""
    return {name: make(facts) for name, make in TABLES.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "facts", type=Path, help="folder with exchange_builds.csv and the other collected tables"
    )
    facts = parser.parse_args(arguments).facts
    for name, text in convert(facts).items():
        target = DATA / name
        changed = not target.exists() or target.read_text(encoding="utf-8") != text
        target.write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {text.count(chr(10)) - 1} rows{', changed' if changed else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
