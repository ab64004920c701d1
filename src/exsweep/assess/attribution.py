"""Whose file is it? Several servers in one evidence are told apart by strong keys only (F16).

Strong is what the server that wrote a record says of itself: `ServerHostName`, `Computer`, `ComputerName`. A name that
only event logs use is a server only where its folder is called so too: a case often holds the event logs of other
machines. Folders alone are a key in two cases: one is called as its server calls itself, and others beside it are
called alike (EXCH01, EXCH02); or two of them have the same log of the same day with different lines, which one server
cannot have. Whatever stays open is nobody's: it is judged by itself and named as a gap everywhere.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from exsweep.evidence.names import stem_of
from exsweep.evidence.servers import PART, collection_of
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.servers import own_names
from exsweep.model import SourceReport, SourceState

Parts = tuple[str, ...]


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """Empty where all evidence is of one server, as far as can be seen."""

    servers: tuple[str, ...] = ()
    """Names in upper case, sorted; none or at least two."""
    owner: Mapping[str, str | None] = {}
    """Path -> server; None: nobody can say."""


def attribute(reports: Sequence[SourceReport], formats: Sequence[LogFormat]) -> Attribution:
    """Which server each file is of. Depends on nothing but the reports, whatever their order."""
    reports = sorted(reports, key=lambda report: report.path)
    tree = _Tree(reports, {form.id for form in formats if form.records})
    named = tree.servers()
    if len(named) < 2:
        return Attribution()
    owner = {report.path: tree.owner(report, named) for report in reports}
    return Attribution(servers=tuple(sorted(named)), owner=owner)


class _Tree:
    """Folders of the evidence, the servers that speak in each, and where collections begin."""

    def __init__(self, reports: Sequence[SourceReport], events: set[str]) -> None:
        self._reports = reports
        self._full = _domains(reports)
        self._roots = {root for report in reports if (root := collection_of(report.path))}
        self._own: dict[str, str] = {}
        """File -> the one server that it names."""
        self._speak: dict[Parts, set[str]] = defaultdict(set)
        """Folder -> servers that files in or below it name."""
        loud: set[str] = set()
        for report in reports:
            name = self._named(report)
            if name is None:
                continue
            folders = list(_above(report.path))
            # An event log's name counts where the collection is called so; else it may be any machine's.
            if report.kind not in events or _called(self.root(report.path), name):
                loud.add(name)
            self._own[report.path] = name
            for folder in folders:
                self._speak[folder].add(name)
        self._loud = loud
        self._beside = self._alike()

    def servers(self) -> set[str]:
        found = self._loud | set(self._beside.values())
        return found if len(found) > 1 or found else set(self._clashing().values())

    def root(self, path: str) -> Parts:
        """The deepest collection that the file stands in; empty: none."""
        return next((above for above in _above(path, whole=True) if above in self._roots), ())

    def owner(self, report: SourceReport, named: set[str]) -> str | None:
        root = self.root(report.path)
        inside = self._speak[root] & named if root else set()
        own = self._own.get(report.path)
        if len(inside) == 1:
            return next(iter(inside))
        if own in named:
            return own
        clash = self._clashing() if not self._loud else {}
        for folder in _above(report.path, whole=True):
            if folder in self._beside:
                return self._beside[folder]
            if folder in clash:
                return clash[folder]
            speak = self._speak[folder] & named
            if len(speak) == 1:
                return next(iter(speak))
            if speak:
                return None
        return None

    def _named(self, report: SourceReport) -> str | None:
        if report.kind in own_names().of_others or not report.servers:
            return None
        names = {self._key(name) for name in report.servers} - {None}
        return names.pop() if len(names) == 1 else None

    def _key(self, name: str) -> str | None:
        short, _, domain = name.upper().rstrip(".").partition(".")
        if not own_names().says_something(short):
            return None
        if len(self._full.get(short, ())) < 2:
            return short
        # Two machines of one name in two domains: the short name alone says nothing.
        return f"{short}.{domain}" if domain else None

    def _alike(self) -> dict[Parts, str]:
        """Collections that name nobody, beside one that is called as its server, and called alike."""
        found: dict[Parts, str] = {}
        shapes: dict[tuple[Parts, str], str] = {}
        for folder, names in self._speak.items():
            if folder and len(names) == 1 and (name := next(iter(names))) in self._loud:
                title = _title(folder[-1])
                if _called(folder, name):
                    shapes[folder[:-1], _shape(title)] = title.partition(name)[0]
        for root in self._roots:
            for length in range(1, len(root) + 1):
                folder = root[:length]
                title = _title(folder[-1])
                before = shapes.get((folder[:-1], _shape(title)))
                if before is not None and not self._speak.get(folder):
                    found[folder] = title.removeprefix(before)
                    break
        return found

    def _clashing(self) -> dict[Parts, str]:
        """Collections that nobody's name stands in, where two have one log with different lines."""
        logs: dict[str, dict[Parts, SourceReport]] = defaultdict(dict)
        for report in self._reports:
            root = self.root(report.path)
            if root and report.events and report.kind != "served_file" and report.state is SourceState.READ:
                logs["/".join(report.path.split("/")[len(root) :]).lower()][root] = report
        clash = any(_differ(list(found.values())) for found in logs.values())
        titles = {root: _title(root[-1]) for root in self._roots}
        level = {len(root) for root in self._roots}
        return titles if clash and len(level) == 1 and len(set(titles.values())) > 1 else {}


def _differ(copies: list[SourceReport]) -> bool:
    """Not the same log at two moments: those begin alike."""
    begins = {report.begins for report in copies}
    return len(copies) > 1 and len(begins) > 1 and "" not in begins


def _domains(reports: Iterable[SourceReport]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        for name in report.servers if report.kind not in own_names().of_others else ():
            short, _, domain = name.upper().rstrip(".").partition(".")
            if domain:
                found[short].add(domain)
    return found


def _above(path: str, *, whole: bool = False) -> Iterator[Parts]:
    """Folders of a file, deepest first, the top last; `whole`: the file's own path before them."""
    parts = tuple(path.split("/"))
    yield from (parts[:length] for length in range(len(parts) - (not whole), -1, -1))


def _title(part: str) -> str:
    """The name of a folder or archive without its ending and number of part."""
    return PART.sub("", stem_of(part) if "." in part else part).upper()


def _called(folder: Parts, name: str) -> bool:
    """The collection, or a folder above it, is called as the server: `EXCH01`, `exsweep-EXCH01.zip`."""
    return any(re.search(rf"(?<![A-Z0-9]){re.escape(name)}(?![A-Z0-9])", part.upper()) for part in folder)


def _shape(title: str) -> str:
    return re.sub(r"[0-9]+", "#", title)
