"""Views: what people note on a case, and taking it along: report and exports."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.export import EXPORTERS
from exsweep.fleet import desk, people
from exsweep.model import Assessment
from exsweep.web.answers import Document, Download
from exsweep.web.ask import Ask
from exsweep.web.ids import ServerId
from exsweep.web.problem import Problem
from exsweep.web.routes import route

Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]


class OneCase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId


class Export(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    format: str = "json"


class StepDone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    step: Word
    done: bool
    note: Annotated[str, Meta(max_length=1_000)] = ""


class NewRemark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    text: Annotated[str, Meta(min_length=1, max_length=4_000)]
    finding: Word | None = None


class Star(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    finding: Word
    on: bool


class Cleaned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    at: Annotated[str, Meta(max_length=40)] | None = None
    """RFC 3339, or as a form's field for a moment writes it: `2021-03-09T15:00`, UTC."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted on a case. Text is hostile."""

    server: str
    steps: dict[str, desk.Tick]
    remarks: tuple[desk.Remark, ...]
    stars: tuple[str, ...]


def _to_case(of: Desk) -> str:
    return f"/cases/{of.server}"


def _desk(ask: Ask, public_id: str) -> Desk:
    server = ask.server(public_id)
    return Desk(
        server=public_id,
        steps=desk.ticks(ask.fleet, server),
        remarks=desk.remarks(ask.fleet, server) if ask.may("case.evidence") else (),
        stars=tuple(sorted(desk.stars(ask.fleet, server))),
    )


def current(ask: Ask, public_id: str) -> tuple[int, Assessment]:
    """Number and assessment on which the case's place rests: from inside where there is one, else from outside.

    Raises:
        Problem: none is kept yet.
    """
    row = ask.fleet.database.one(
        "SELECT COALESCE(inside_id, outside_id) FROM server WHERE public_id = ?", (public_id,)
    )
    if row is None or row[0] is None:
        raise Problem(404, "Nothing was judged yet.", tip="Send evidence of this server.")
    return int(row[0]), ask.assessment(int(row[0]))


@route("GET", "/cases/{server}/desk", may="case.read", html=False)
def case_desk(ask: Ask, asked: OneCase) -> Desk:
    """Steps done, remarks, stars."""
    return _desk(ask, asked.server)


@route("POST", "/cases/{server}/steps", may="case.steps", then=_to_case)
def case_step(ask: Ask, asked: StepDone) -> Desk:
    """Tick a step, or untick it."""
    desk.tick(
        ask.fleet,
        ask.server(asked.server),
        asked.step,
        done=asked.done,
        who=ask.viewer.name,
        note=asked.note,
        now=ask.now,
    )
    return _desk(ask, asked.server)


@route("POST", "/cases/{server}/comments", may="case.steps", then=_to_case)
def case_comment(ask: Ask, asked: NewRemark) -> Desk:
    """Write a remark on the case or on one finding."""
    desk.remark(
        ask.fleet,
        ask.server(asked.server),
        asked.text,
        finding=asked.finding,
        who=ask.viewer.name,
        now=ask.now,
    )
    return _desk(ask, asked.server)


@route("POST", "/cases/{server}/stars", may="case.steps", then=_to_case)
def case_star(ask: Ask, asked: Star) -> Desk:
    """Mark a finding, or take the mark away."""
    desk.star(
        ask.fleet, ask.server(asked.server), asked.finding, on=asked.on, who=ask.viewer.name, now=ask.now
    )
    return _desk(ask, asked.server)


@route("POST", "/cases/{server}/cleaned", may="case.steps", then=_to_case)
def case_cleaned(ask: Ask, asked: Cleaned) -> Desk:
    """Note that the server was cleaned; four weekly re-checks are planned."""
    at = ask.now
    if asked.at is not None:
        try:
            moment = datetime.fromisoformat(asked.at)
            at = int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
        except (ValueError, OverflowError):
            raise Problem(422, "That is no moment.", tip="Write it like 2021-03-09T15:00 (UTC).") from None
    people.cleaned(ask.fleet, ask.server(asked.server), at=at, now=ask.now)
    return _desk(ask, asked.server)


@route("GET", "/cases/{server}/report", may="case.evidence", rate="heavy")
def case_report(ask: Ask, asked: OneCase) -> Document:
    """The whole report, as `exsweep triage` writes it."""
    _, of = current(ask, asked.server)
    return Document(body=EXPORTERS["html"].export(of))


@route("GET", "/cases/{server}/export", may="case.evidence", rate="heavy")
def case_export(ask: Ask, asked: Export) -> Download:
    """The case in a format for other tools."""
    if asked.format not in EXPORTERS:
        raise Problem(422, "There is no such format.", tip=f"Choose from: {', '.join(EXPORTERS)}.")
    _, of = current(ask, asked.server)
    exporter = EXPORTERS[asked.format]
    return Download(
        file_name=f"{asked.server}-{exporter.file_name}",
        media_type=exporter.media_type,
        body=exporter.export(of),
    )
