"""Findings in order of weight, with as many raw lines as the page has room for."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from exsweep.export.report.room import Left, Room
from exsweep.export.text import LONG, SHORT, show
from exsweep.model import Assessment, Finding, Origin

_SAFE_ID = re.compile(r"F-[A-Za-z0-9._-]{1,100}")


def anchor(finding: str) -> str:
    """The finding's id as an id of the page: itself where it is harmless, else a hash of it."""
    if _SAFE_ID.fullmatch(finding):
        return finding
    return "F-" + hashlib.sha256(finding.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def place(origin: Origin) -> Markup:
    """`u_ex210303.log, line 12, byte 4,711`: where a statement can be read again."""
    parts = [show(origin.path)]
    if origin.line is not None:
        parts.append(Markup("line {:,}").format(origin.line))
    if origin.record is not None:
        parts.append(Markup("record {:,}").format(origin.record))
    if origin.offset is not None:
        parts.append(Markup("byte {:,}").format(origin.offset))
    return Markup(", ").join(parts)


@dataclass(frozen=True, slots=True)
class Line:
    """One raw line and where it stands."""

    raw: Markup
    place: Markup
    sha256: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding as it is drawn. `lines[0]` is always visible, the rest unfolds."""

    finding: Finding
    anchor: str
    lines: tuple[Line, ...]
    fields: tuple[tuple[str, Markup], ...]
    more_origins: int
    """Places whose raw line is not on the page."""


@dataclass(frozen=True, slots=True)
class FindingsView:
    """`full` are drawn whole, `brief` as one line each; both strongest first."""

    full: tuple[FindingView, ...]
    brief: tuple[Finding, ...]
    left: Left
    anchors: dict[str, str]
    """Id of each finding that is on the page in full -> its anchor."""


def ordered(assessment: Assessment) -> list[Finding]:
    """What carries the verdict first, then by strength, severity, time."""
    rank = {finding: place for place, finding in enumerate(assessment.verdict.reasons)}
    return sorted(
        assessment.findings,
        key=lambda f: (
            rank.get(f.id, len(rank)),
            -f.strength.rank,
            -f.severity.rank,
            f.first_seen.timestamp() if f.first_seen else float("inf"),
            f.id,
        ),
    )


def _pairs(finding: Finding) -> Iterable[tuple[str, Origin]]:
    """Raw line and origin, the first first; a place without a saved line gives an empty one."""
    texts = [finding.excerpt, *finding.excerpts]
    for number, origin in enumerate(finding.origins):
        yield (texts[number] if number < len(texts) else ""), origin


def view(assessment: Assessment, room: Room) -> FindingsView:
    """Give every finding its first line before any finding gets a second one."""
    findings = ordered(assessment)
    full, rest = findings[: room.findings], findings[room.findings :]
    budget = room.evidence_bytes
    kept: list[list[Line]] = []
    pairs = [list(_pairs(finding)) for finding in full]
    for finding, own in zip(full, pairs, strict=True):
        text, origin = own[0] if own else (finding.excerpt, Origin(path="(no place given)"))
        line = Line(show(text, LONG), place(origin), origin.sha256 or "")
        budget -= len(line.raw) + 300
        kept.append([line])
    for lines, own in zip(kept, pairs, strict=True):
        for text, origin in own[1 : room.lines_per_finding]:
            if budget <= 0 or not text:
                break
            line = Line(show(text, LONG), place(origin), origin.sha256 or "")
            budget -= len(line.raw) + 300
            lines.append(line)
    views = tuple(
        FindingView(
            finding=finding,
            anchor=anchor(finding.id),
            lines=tuple(lines),
            fields=tuple(
                (name, show(value, SHORT)) for name, value in sorted(finding.fields.items())[: room.names * 2]
            ),
            more_origins=max(0, len(own) - len(lines)),
        )
        for finding, lines, own in zip(full, kept, pairs, strict=True)
    )
    return FindingsView(
        full=views,
        brief=tuple(rest[: room.more_findings]),
        left=Left(len(full), len(findings)),
        anchors={view.finding.id: view.anchor for view in views},
    )
