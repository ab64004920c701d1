"""Results counted by kind, build, flaw, sector, country or network. Pure; a bad line is counted, never dropped."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec

from exsweep.knowledge.sectors import sectors
from exsweep.scan.listing.kinds import Entry
from exsweep.scan.outside import patch_state
from exsweep.scan.results import SCHEMA, ScanResult, read_line

_POSSIBLE = " possible"


class View(StrEnum):
    """What to count servers by."""

    KIND = "kind"
    BUILD = "build"
    CVE = "cve"
    SECTOR = "sector"
    COUNTRY = "country"
    NETWORK = "network"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a view."""

    name: str
    targets: int
    open: int = 0
    """Look open to attack."""
    unknown: int = 0
    """Exchange, or something before it, that does not show enough."""
    back_doors: int = 0
    """With a page of a back door."""


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


def count(entries: Iterable[Entry], view: View) -> tuple[Group, ...]:
    """Groups, most targets first, of flaws the open ones before the possible. A server open to several counts once under each."""
    totals: dict[str, Counter[str]] = {}
    for each in entries:
        state = patch_state(each.result)
        marks = {"targets": 1, "open": state == "open", "back_doors": bool(each.result.pages)}
        marks["unknown"] = state == "unknown" and each.result.opinion is not None
        for word in _words(each, view):
            totals.setdefault(word, Counter()).update(marks)
    groups = (Group(name=name, **numbers) for name, numbers in totals.items())
    return tuple(
        sorted(groups, key=lambda group: (group.name.endswith(_POSSIBLE), -group.targets, group.name))
    )


def _words(of: Entry, view: View) -> tuple[str, ...]:
    one, owner = of.result, of.owner
    match view:
        case View.KIND:
            return (one.kind.value,)
        case View.BUILD:
            return (one.identity.build or f"build not known ({one.kind.value})",)
        case View.SECTOR:
            return (sectors().titles[owner.sector],)
        case View.COUNTRY:
            return (owner.country or "not known",)
        case View.NETWORK:
            return (owner.asn or "not known",)
        case View.CVE:
            return _flaws(one)


def _flaws(of: ScanResult) -> tuple[str, ...]:
    if of.opinion is None or not of.opinion.judged:
        return (f"cannot tell ({of.kind.value})",)
    open_ = (
        *(f"{cve} open" for cve in of.opinion.certain),
        *(f"{cve}{_POSSIBLE}" for cve in of.opinion.possible),
    )
    return open_ or ("none of the flaws we know by build",)
