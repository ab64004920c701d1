"""Everything the templates draw, in one frozen value."""

from collections.abc import Sized
from dataclasses import dataclass
from functools import partial
from typing import Any

from markupsafe import Markup
from msgspec.structs import replace

from exsweep.export import words
from exsweep.export.report import admin, calendar, chart, findings
from exsweep.export.report.findings import anchor
from exsweep.export.report.letter import letter
from exsweep.export.report.room import Left, Room
from exsweep.export.text import SHORT, clip, plain, show
from exsweep.export.times import stamp
from exsweep.knowledge.languages import ENGLISH, impact_in, in_language, text
from exsweep.model import Assessment, Finding, Stage, TimelineRow


@dataclass(frozen=True, slots=True)
class RowView:
    """A line of the timeline as drawn."""

    time: str
    kind: str
    text: Markup
    place: Markup
    """File name and line; `path` is the whole path, for the hover."""
    path: str
    stage: str
    finding: str


def _timeline(assessment: Assessment, room: Room) -> tuple[tuple[RowView, ...], Left]:
    """Rows in order of time. Where room is short, rows of findings stay and pivot rows go."""
    rows = list(enumerate(assessment.timeline))
    if len(rows) > room.timeline:
        keep = sorted(rows, key=lambda pair: (pair[1].finding is None, pair[0]))[: room.timeline]
        rows = sorted(keep, key=lambda pair: pair[0])
    drawn: list[RowView] = []
    budget = room.timeline_bytes
    stages = {finding.id: finding.stage for finding in assessment.findings}
    for _, row in rows:
        view = _row(row, stages.get(row.finding or ""))
        budget -= len(view.text) + len(view.place) + len(view.path) + 200
        if budget < 0:
            break
        drawn.append(view)
    return tuple(drawn), Left(len(drawn), len(assessment.timeline))


def _row(row: TimelineRow, stage_of_finding: Stage | None) -> RowView:
    stage = row.stage or stage_of_finding
    number = row.origin.line if row.origin.line is not None else row.origin.record
    name = row.origin.path.rsplit("/", 1)[-1]
    where = (name if len(name) <= 48 else f"...{name[-45:]}") + ("" if number is None else f":{number}")
    return RowView(
        time=stamp(row.time),
        kind=row.kind,
        text=show(row.text, SHORT),
        place=show(where, 60),
        path=plain(clip(row.origin.path, SHORT)),
        stage=words.stage(stage)[0] if stage else "",
        finding=row.finding or "",
    )


def _left(items: Sized, room: int) -> Left:
    return Left(min(len(items), room), len(items))


def build(assessment: Assessment, room: Room, language: str = ENGLISH) -> dict[str, Any]:
    """Names that the templates use; shapes are those of the functions called here."""
    assessment = replace(
        assessment,
        verdict=in_language(assessment.verdict, language),
        impact=impact_in(assessment.impact, language),
    )
    found = findings.view(assessment, room)
    stories = admin.stories(assessment, room.steps)
    timeline, timeline_left = _timeline(assessment, room)
    files = assessment.files.remarkable if assessment.files else ()
    by_id: dict[str, Finding] = {finding.id: finding for finding in assessment.findings}
    gaps = admin.ordered_gaps(assessment)
    sure, rests_on = admin.how_sure(assessment)
    reasons = [by_id[name] for name in assessment.verdict.reasons if name in by_id]
    return {
        "a": assessment,
        "room": room,
        "language": language,
        "in_english": Markup("" if language == ENGLISH else ' lang="en"'),  # noqa: S704 (two texts of ours)
        "t": partial(text, language=language),
        "letter": letter(assessment, language),
        "level": words.level(assessment.verdict.level, language),
        "sure": sure,
        "rests_on": rests_on,
        "against": admin.doubts(assessment),
        "do_now": admin.do_now(assessment),
        "admin_steps": admin.remedies(assessment, "admin"),
        "responder_steps": admin.remedies(assessment, "responder"),
        "activity": admin.activity(assessment),
        "blind_line": admin.blind_line(assessment),
        "reasons": reasons,
        "stories": stories[: room.chains],
        "told": admin.told(stories[: room.chains]),
        "others": admin.others(stories[: room.chains]),
        "stories_left": _left(stories, room.chains),
        "impact": admin.impact(assessment, language),
        "graded": admin.graded,
        "touched": partial(admin.touched, language=language),
        "gaps": gaps[: room.gaps],
        "gaps_left": _left(gaps, room.gaps),
        "gap_words": admin.gap_words,
        "titles": admin.titles(assessment),
        "found": found,
        "by_id": by_id,
        "chain_numbers": {story.chain.id: story.number for story in stories},
        "files": files[: room.files],
        "files_left": _left(files, room.files),
        "timeline": timeline,
        "timeline_left": timeline_left,
        "chart": chart.chart(assessment),
        "calendar": calendar.calendar(assessment, room),
        "custody": assessment.custody[: room.custody],
        "custody_left": _left(assessment.custody, room.custody),
        "custody_bytes": sum(item.size for item in assessment.custody),
        "unused_left": _left(assessment.rules_unused, room.problems),
        "problems_left": _left(assessment.rule_problems, room.problems),
        "break_in": admin.is_break_in(assessment),
        "anchor": anchor,
    }
