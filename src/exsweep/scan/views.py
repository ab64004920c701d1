"""Results counted by kind, build or flaw, and as a table for a spreadsheet. Pure; a bad line is counted, never dropped."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from exsweep.export.formats.timeline_csv import cell
from exsweep.scan.results import SCHEMA, ScanResult, read_line
from exsweep.scan.webshells import Sight

COLUMNS = (
    "time", "target", "name", "address", "port", "kind", "build", "build_name", "certain", "possible",
    "exploited", "support_ended", "back_doors_seen", "why",
)  # fmt: skip


class View(StrEnum):
    """What to count servers by."""

    KIND = "kind"
    BUILD = "build"
    CVE = "cve"


class Read:
    """Results of a file; after the last one `bad` says how many lines were none."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self.bad = 0

    def __iter__(self) -> Iterator[ScanResult]:
        for each in self._lines:
            try:
                found = read_line(each)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.bad += 1
                continue
            if found.schema == SCHEMA:
                yield found
            else:
                self.bad += 1


def count(results: Iterable[ScanResult], view: View) -> list[tuple[str, int]]:
    """(word, targets), most first. A server open to several flaws counts once under each."""
    found: Counter[str] = Counter()
    for each in results:
        found.update(_words(each, view))
    return sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))


def row(of: ScanResult) -> str:
    """One line of CSV under `COLUMNS`, with its end; no spreadsheet takes a cell for a formula."""
    opinion = of.opinion
    judged = opinion is not None and opinion.judged
    seen = [page.path for page in of.webshells if page.sight is Sight.SEEN]
    return _line(
        (
            of.time.isoformat(),
            of.target,
            of.name or "",
            of.address or "",
            str(of.port),
            of.kind.value,
            of.identity.build or "",
            opinion.build_name if opinion else "",
            " ".join(opinion.certain) if opinion and judged else "",
            " ".join(opinion.possible) if opinion and judged else "",
            " ".join(opinion.exploited) if opinion and judged else "",
            ("yes" if opinion.support_ended else "no") if opinion and (judged or opinion.support_end) else "",
            " ".join(seen),
            "; ".join(of.identity.why),
        )
    )


def header() -> str:
    """First line of the CSV."""
    return _line(COLUMNS)


def _words(of: ScanResult, view: View) -> tuple[str, ...]:
    if view is View.KIND:
        return (of.kind.value,)
    if view is View.BUILD:
        return (of.identity.build or f"build not known ({of.kind.value})",)
    if of.opinion is None or not of.opinion.judged:
        return (f"cannot tell ({of.kind.value})",)
    open_ = (
        *(f"{cve} open" for cve in of.opinion.certain),
        *(f"{cve} possible" for cve in of.opinion.possible),
    )
    return open_ or ("none of the flaws we know by build",)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([cell(each) for each in cells])
    return out.getvalue()
