"""Logs of which only a part was sent: the site behind, which outsiders do not reach, or folders that do not show a way in."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

from exsweep.knowledge.campaigns import Campaign, campaigns
from exsweep.knowledge.formats import INNER_SITE, LogFormat
from exsweep.knowledge.words import join, render
from exsweep.model import Gap, SourceReport

Reports = Mapping[str, Sequence[SourceReport]]
"""By kind of log."""


def inner_only(by_kind: Reports) -> frozenset[str]:
    """Kinds of which every file is of a site that outsiders do not reach."""
    return frozenset(
        kind
        for kind, reports in by_kind.items()
        if (told := [one for one in reports if one.events]) and all(INNER_SITE in one.facts for one in told)
    )


def days_for(
    entry: Campaign, kind: str, reports: Sequence[SourceReport], of: LogFormat | None
) -> frozenset[date]:
    """Days of this log on which the way in would show: none where every part that could show it is missing."""
    if _lacks(entry, kind, reports, of):
        return frozenset()
    return frozenset(
        day for one in reports if INNER_SITE not in one.facts for day, count in one.days.items() if count
    )


def part_gaps(by_kind: Reports, titles: Mapping[str, LogFormat]) -> list[Gap]:
    """The site in front, and the parts of a log, of which nothing was sent though others were."""
    gaps = [
        Gap(
            kind=kind,
            reason=render("gap.inner.reason", kind=titles[kind].title),
            effect=render("gap.inner.effect"),
            limits_verdict=True,
        )
        for kind in sorted(inner_only(by_kind))
    ]
    for kind, reports in sorted(by_kind.items()):
        blind = [one for one in campaigns() if _lacks(one, kind, reports, titles.get(kind))]
        if blind:
            parts = dict.fromkeys(part for one in blind for part in one.parts[kind])
            gaps.append(
                Gap(
                    kind=kind,
                    reason=render("gap.parts.reason", kind=titles[kind].title, parts=join([*parts])),
                    effect=render("gap.parts.effect", ways=join([one.title for one in blind])),
                )
            )
    return gaps


def _lacks(entry: Campaign, kind: str, reports: Sequence[SourceReport], of: LogFormat | None) -> bool:
    """Every file tells its part, and none is of a part that shows the way in."""
    wanted = {part.lower() for part in entry.parts.get(kind, ())}
    if of is None or not of.part_path or not wanted:
        return False
    parts = {_part(one.path, of.part_path) for one in reports if one.events}
    return bool(parts) and None not in parts and parts.isdisjoint(wanted)


def _part(path: str, pattern: str) -> str | None:
    found = _compiled(pattern).search(path)
    return found[1].lower() if found else None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
