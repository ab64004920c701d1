"""The web server keeps its last configurations: between which two copies a setting appeared, and whether it is gone again."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from exsweep.knowledge.words import render
from exsweep.model import Finding, Hit, SourceReport

_KIND = "iis_config"
_COPY = re.compile(r"(?i)(?:^|/)(CFGHISTORY_(\d{1,12}))/applicationHost\.config$")
_CURRENT = re.compile(r"(?i)(?:^|/)applicationHost\.config$")
_NAMES = ("Name", "file.path", "PhysicalPath", "Path", "Image", "Type", "Url")
_WHOLE = ("Section", "Location", "Site", *_NAMES)
_MOST = 20


def with_history(
    findings: Sequence[Finding],
    events: Mapping[str, Sequence[Hit]],
    hits: Sequence[Hit],
    sources: Sequence[SourceReport],
) -> list[Finding]:
    """The same findings; those on settings say where in the configuration history the setting appears.

    `events`: hits of each finding. Copies are numbered, and their folders carry the date.
    """
    copies = _copies(sources)
    if not copies:
        return list(findings)
    current = {_same(one) for one in sources if _is_current(one.path) and one.kind == _KIND}
    places: dict[tuple[str, ...], set[str]] = {}
    for hit in hits:
        if hit.kind == _KIND:
            places.setdefault(_setting(hit), set()).add(hit.origin.path)
    return [
        msgspec.structs.replace(one, remarks=_remarks(events.get(one.id, ()), places, copies, current))
        if one.kind == _KIND
        else one
        for one in findings
    ]


def _copies(sources: Sequence[SourceReport]) -> list[tuple[int, str, str]]:
    """Number, name and path of the bytes of each copy, in order; a copy like an earlier file is read there."""
    found = []
    for report in sources:
        if match := _COPY.search(report.path):
            found.append((int(match[2]), match[1].upper(), _same(report)))
    return sorted(found)


def _same(report: SourceReport) -> str:
    return report.duplicate_of or report.path


def _is_current(path: str) -> bool:
    return _CURRENT.search(path) is not None and _COPY.search(path) is None


def _setting(hit: Hit) -> tuple[str, ...]:
    return (hit.rule, *(hit.fields.get(name, "") for name in _WHOLE))


def _remarks(
    hits: Sequence[Hit],
    places: Mapping[tuple[str, ...], set[str]],
    copies: Sequence[tuple[int, str, str]],
    current: set[str],
) -> tuple[str, ...]:
    said: dict[str, None] = {}
    for hit in hits:
        name = next((value for key in _NAMES if (value := hit.fields.get(key))), "?")
        where = places[_setting(hit)]
        holds = [path in where for _, _, path in copies]
        if True not in holds:
            if current & where:
                said[render("history.after", name=name, last=copies[-1][1])] = None
            continue
        first, last = holds.index(True), len(holds) - 1 - holds[::-1].index(True)
        said[
            render("history.oldest", name=name, first=copies[0][1])
            if first == 0
            else render("history.between", name=name, before=copies[first - 1][1], first=copies[first][1])
        ] = None
        if current and not current & where:
            said[render("history.gone", name=name, last=copies[last][1])] = None
    return tuple(said)[:_MOST]
