"""One finding with every place it rests on: the address that a report, a mail or another tool can point to."""

import msgspec

from exsweep.export.report.findings import anchor
from exsweep.model import Finding
from exsweep.web.ask import Ask
from exsweep.web.ids import ServerId
from exsweep.web.pages.case import Entry, Said, desk_of, entry, judged
from exsweep.web.problem import not_found
from exsweep.web.routes import route


class FindingParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    finding: str
    """Its id; where that holds odd characters, a hash of it (see `anchor`)."""
    zone: str = "UTC"


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """Hostile text: everything quoted."""

    entry: Entry
    finding: Finding
    stars: tuple[str, ...]
    comments: tuple[Said, ...]
    zone: str
    may_tick: bool


@route("GET", "/cases/{server}/findings/{finding}", may="case.evidence")
def finding(ask: Ask, asked: FindingParams) -> FindingView:
    """What one rule found: every raw line, where it stands, and what would make it harmless."""
    server = ask.server(asked.server)
    _, _, _, of = judged(ask, server)
    found = next((each for each in of.findings if anchor(each.id) == asked.finding), None)
    if found is None:
        raise not_found()
    desk = desk_of(ask, server)
    return FindingView(
        entry=entry(ask, server),
        finding=found,
        stars=tuple(sorted(desk.stars)),
        comments=tuple(each for each in desk.comments if each.finding == found.id),
        zone=asked.zone,
        may_tick=ask.may("case.steps"),
    )
