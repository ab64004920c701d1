"""One file: read, parsed, followed, weighed."""

import hashlib
from functools import partial
from typing import Final

import msgspec

from exsweep.detect.webshell.alone import around
from exsweep.detect.webshell.effort import MOST, Effort
from exsweep.detect.webshell.flow import follow
from exsweep.detect.webshell.kinds import OTHER, kind
from exsweep.detect.webshell.languages import parse_code
from exsweep.detect.webshell.leftover import names_tool
from exsweep.detect.webshell.markup import TOO_MANY_TAGS
from exsweep.detect.webshell.named import Named, Remembered, named
from exsweep.detect.webshell.page import Page
from exsweep.detect.webshell.pieces import Piece, controls, excerpt, pieces
from exsweep.detect.webshell.reading import read_page
from exsweep.detect.webshell.score import Line, Score, best, reason, score
from exsweep.detect.webshell.shape import shape_of
from exsweep.detect.webshell.shown import MARKUP, Shown, Unit
from exsweep.detect.webshell.sieve import may_do_anything
from exsweep.detect.webshell.signs import choices, constants, signs, unread_share
from exsweep.detect.webshell.state import State, TooMuchWorkError
from exsweep.detect.webshell.visitors import seen_in_browsers
from exsweep.model import Confidence
from exsweep.model.files import FileReport, FileVerdict

UNFINISHED: Final = "unfinished"
"""Reason of a page that is shown for nothing else than that it was not read to its end."""
TOO_MUCH: Final = "it takes more work than any real page; not all {}"
"""What is said where the steps of a file ran out."""
NESTED: Final = 3
"""Pages within constants of pages that are looked into."""
_MOST_INNER: Final = 8
_MOST_READINGS: Final = 4
_MOST_UNREAD: Final = 0.2
"""Part of the code beyond which what was read does not stand for the page."""


def examine(data: bytes, path: str, *, steps: int = MOST, seen: Remembered | None = None) -> FileReport:
    """What one file can do, judged by its content, its name and its folder; never raises for any content.

    Work is counted in `steps` (see `effort`), so that the same file always gives the same report. What could not be looked
    at stands in `problems`; then the verdict is that of what was seen, but never `unremarkable`. `seen`: what was said of
    files before, with as many steps; an equal one is not looked at again.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    place = named(path)
    report = seen.get(sha256, place) if seen is not None else None
    if report is None:
        report = not_cleared(_examine(data, place, Effort(steps), 0, sha256))
        if seen is not None:
            seen.keep(place, report)
    return msgspec.structs.replace(report, path=path)


def not_cleared(report: FileReport) -> FileReport:
    """Of which a part could not be looked at, and where the rest says nothing: for a person to look at, not unremarkable."""
    if not report.problems or report.verdict is not FileVerdict.UNREMARKABLE:
        return report
    return msgspec.structs.replace(
        report,
        verdict=FileVerdict.SUSPICIOUS,
        confidence=Confidence.POSSIBLE,
        reasons=(reason(UNFINISHED), *report.reasons),
    )


def _examine(data: bytes, place: Named, effort: Effort, depth: int, sha256: str = "") -> FileReport:
    pages = read_page(data, place.as_path)
    first: Page | None = pages[0] if pages else None
    found: tuple[Page, Score] | None = None
    problems: list[str] = []
    for each in pages[:_MOST_READINGS]:
        result = _look(each, place, effort, depth, problems)
        if not depth and place.logon:
            browsers = seen_in_browsers(each.text, place.script, effort)
            result = result.joined(browsers.reasons, browsers.capabilities)
            if effort.spent():
                problems.append(TOO_MUCH.format("of its code was followed"))
        if found is None or result.total > found[1].total:
            found = (each, result)
    page = found[0] if found is not None else first
    total = found[1] if found is not None else Score(0.0, (), ())
    return FileReport(
        path="",
        sha256=sha256,
        size=len(data),
        verdict=total.verdict,
        confidence=Confidence.VERY_LIKELY
        if total.verdict is FileVerdict.UNREMARKABLE and not problems
        else total.confidence,
        kind=page.kind if page else "",
        language=page.language if page else "",
        encoding=page.encoding if page else "",
        container=page.container if page else None,
        score=total.total,
        reasons=total.reasons,
        capabilities=total.capabilities,
        problems=tuple(dict.fromkeys(problems)),
        shape=_shape(page, total, effort) if page is not None and not depth else "",
    )


def _shape(page: Page, of: Score, effort: Effort) -> str:
    """Of pages to be shown only: who left one is asked of nothing else. What was not read whole has none."""
    if of.verdict not in (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS) or effort.spent():
        return ""
    programs = [part.program(effort) for part in pieces(page)]
    inputs = {name for can in of.capabilities for name in can.inputs}
    return "" if effort.spent() else shape_of(programs, inputs)


def _look(page: Page, place: Named, effort: Effort, depth: int, problems: list[str]) -> Score:
    parts = pieces(page)
    units: list[Unit] = []
    # Half of all ordinary pages hold nothing that a parser could find anything in.
    renamed = any(
        not {"=", " "}.isdisjoint(each.attributes.get("namespace", "").strip()) for each in page.directives
    )
    quiet = not page.tags and not renamed and not may_do_anything(parts) and not names_tool(page)
    for number, part in enumerate(() if quiet else parts):
        if effort.spent():
            problems.append(TOO_MUCH.format("of its code was read"))
            break
        units.append(Unit(number, part.program(effort)))
    hurried = bool(units) and effort.spent()
    if hurried:
        problems.append(TOO_MUCH.format("of its code was read"))
    elif unread_share(page, units) > _MOST_UNREAD:
        problems.append("a large part of its code could not be read")
    if TOO_MANY_TAGS in page.tricks:
        problems.append("holds more tags than any page; not all of them were read")
    state = State(
        units, controls(page) if units else {}, effort=effort, parse=partial(parse_code, effort=effort)
    )
    state.hurried = hurried
    state.tags(page.tags)
    for directive in page.directives:
        if directive.name == "import":
            state.imports(directive.attributes.get("namespace", ""))
    if page.blocks and page.kind not in (OTHER, "asax") and kind(page.kind).body != "source":
        state.around |= {"served"} | around(page)
    # JScript.NET writes attributes where its parser does not keep them.
    state.service = page.kind in ("asmx", "svc", "remoting") and page.language == "jscript"
    try:
        if units:
            follow(state)
        choices(page, state)
        constants(state, lambda text: _inner(text, page, effort, depth, problems))
    except TooMuchWorkError:
        problems.append(TOO_MUCH.format("of its code was followed"))
    except RecursionError:
        problems.append("the code is nested too deeply to be followed")
    shown = tuple(state.shown.values())
    if not state.chosen_at_work:
        shown = tuple(msgspec.structs.replace(each, around=each.around | {"unused"}) for each in shown)
    places = best(shown)
    locate = _locate(page, parts, state, [one.shown for weighed in places.values() for one in weighed[:40]])
    if any(each.language == "other" for each in page.blocks):
        problems.append("holds code in a language that is not read here")
    return score(places, signs(page, place, places, state), locate)


def _locate(
    page: Page, parts: tuple[Piece, ...], state: State, shown: list[Shown]
) -> dict[tuple[int, int], Line]:
    """Line and excerpt of each place; the text is gone through once, however long it is."""
    found = {
        (each.unit, each.at): (each.at, excerpt(page.text, each.at))
        if each.unit == MARKUP
        else _place(parts, state, each)
        for each in shown
    }
    lines: dict[int, int] = {}
    line, before = 1, 0
    for at in sorted({at for at, _ in found.values()}):
        line += page.text.count("\n", before, at)
        lines[at] = line
        before = at
    return {key: Line(lines[at], text) for key, (at, text) in found.items()}


def _place(parts: tuple[Piece, ...], state: State, shown: Shown) -> tuple[int, str]:
    """Offset in the text of the page, and the line."""
    number, at = shown.unit, shown.at
    text = ""
    while number >= len(parts):
        step = number - len(parts)
        if step >= len(state.texts):
            return 0, text
        text = text or excerpt(state.texts[step], at)
        number, at = state.parents[step]
    part = parts[number]
    return part.place(at), text or part.excerpt(at)


def _inner(text: str, page: Page, effort: Effort, depth: int, problems: list[str]) -> bool:
    """Is this constant of a page a web shell itself?"""
    if depth >= NESTED:
        return False
    if effort.spent():
        problems.append(TOO_MUCH.format("of its constants were looked into"))
        return False
    found = _examine(
        text.encode("utf-8", "replace"),
        named("constant.aspx" if "<%@" in text else "constant.asp"),
        effort,
        depth + 1,
    )
    if effort.spent():
        problems.extend(found.problems)
    return found.verdict is FileVerdict.MALICIOUS
