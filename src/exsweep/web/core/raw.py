"""Views: a line as it stands in the evidence, for a reason; where the service asks for it, with the word of a second person."""

from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.export.report.findings import anchor
from exsweep.model import Finding, Origin
from exsweep.web import hunting
from exsweep.web import raw as lines
from exsweep.web.ask import Ask
from exsweep.web.ids import ServerId
from exsweep.web.pages.case import Entry, entry, judged
from exsweep.web.problem import Problem, not_found
from exsweep.web.raw import Found, Wish
from exsweep.web.routes import Nothing, route, url

RawId = Annotated[str, Meta(pattern="^raw_[0-9a-f]{12}$")]


class NewRaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    finding: Annotated[str, Meta(max_length=200)]
    number: Annotated[int, Meta(ge=1, le=100_000)] = 1
    """Which of its lines."""
    reason: Annotated[str, Meta(min_length=10, max_length=1_000)]
    """Why it has to be seen; stands in the audit log."""


class OneRaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    raw: RawId


class RawWord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    raw: RawId
    yes: bool


class RawView(msgspec.Struct, frozen=True, kw_only=True):
    """A wish and, where it may be, the line. Hostile text."""

    entry: Entry
    wish: Wish
    title: str
    origin: Origin
    state: str
    """`shown`, `waiting` for a second person, `refused`, or `not_mine`: only who asked sees the line."""
    found: Found
    may_say: bool
    """The viewer may be the second person."""


class RawAsked(msgspec.Struct, frozen=True, kw_only=True):
    server: str
    raw: str


class RawWaiting(msgspec.Struct, frozen=True, kw_only=True):
    wishes: tuple[Wish, ...]


def _finding(ask: Ask, public_id: str, wanted: str) -> Finding:
    _, _, _, of = judged(ask, ask.server(public_id))
    found = next((each for each in of.findings if wanted in (each.id, anchor(each.id))), None)
    if found is None:
        raise not_found()
    return found


def _needs_second(ask: Ask) -> bool:
    return ask.service.settings.second_person and ask.service.settings.accounts


@route(
    "POST",
    "/cases/{server}/raw",
    may="case.secrets",
    then=lambda of: url("raw", server=of.server, raw=of.raw),
    rate="heavy",
)
def raw_ask(ask: Ask, asked: NewRaw) -> RawAsked:
    """Ask to see a line as it stands in the evidence, saying why."""
    if len(asked.reason.split()) < 2:
        raise Problem(422, "That is no reason.", tip="Say in a few words why you have to see it.")
    made = lines.ask_for(
        ask.fleet,
        ask.viewer,
        server=asked.server,
        finding=_finding(ask, asked.server, asked.finding),
        place=asked.number - 1,
        reason=asked.reason,
        now=ask.now,
    )
    return RawAsked(server=asked.server, raw=made)


@route("GET", "/cases/{server}/raw/{raw}", may="case.secrets", rate="heavy")
def raw(ask: Ask, asked: OneRaw) -> RawView:
    """The line; for a day, and only to who asked for it."""
    wish = lines.wish(ask.fleet, asked.server, asked.raw, ask.now)
    finding = _finding(ask, asked.server, wish.finding)
    mine = wish.user == ask.viewer.user
    state = "shown" if mine else "not_mine"
    if wish.word is False:
        state = "refused"
    elif wish.word is None and _needs_second(ask):
        state = "waiting"
    found = Found()
    if state == "shown":
        lake, folder = hunting.lake(ask.service), ask.service.settings.folder
        found = lines.read(ask.fleet, folder, lake, asked.server, finding, wish.place)
        ask.note("raw line shown" if found.line is not None else "raw line not found", asked.raw, wish.reason)
    return RawView(
        entry=entry(ask, ask.server(asked.server)),
        wish=wish,
        title=finding.rule.title,
        origin=finding.origins[wish.place],
        state=state,
        found=found,
        may_say=state == "waiting" and not mine and ask.may("case.approve"),
    )


@route(
    "POST",
    "/cases/{server}/raw/{raw}/word",
    may="case.approve",
    then=lambda of: url("raw", server=of.server, raw=of.raw),
)
def raw_word(ask: Ask, asked: RawWord) -> RawAsked:
    """Say yes or no, as the second person."""
    wish = lines.wish(ask.fleet, asked.server, asked.raw, ask.now)
    lines.say(ask.fleet, ask.viewer, wish, yes=asked.yes, now=ask.now)
    return RawAsked(server=asked.server, raw=asked.raw)


@route("GET", "/raw", may="case.approve")
def raw_waiting(ask: Ask, asked: Nothing) -> RawWaiting:
    """Wishes that wait for a second person."""
    if not _needs_second(ask):
        return RawWaiting(wishes=())
    within = ask.within("case.approve")
    mine = []
    for wish in lines.waiting(ask.fleet, ask.now):
        row = ask.fleet.database.one("SELECT tenant_id FROM server WHERE public_id = ?", (wish.server,))
        if row is not None and (within is None or int(row[0]) in within) and wish.user != ask.viewer.user:
            mine.append(wish)
    return RawWaiting(wishes=tuple(mine))
