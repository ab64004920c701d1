"""Dates, kinds of log and wishes in plain words."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from exsweep.judge.coverage import Seen
from exsweep.knowledge import languages
from exsweep.knowledge.words import has
from exsweep.model import DayState, Phrase


def day(value: date | datetime | None, *, clock: bool = False) -> str:
    """`3 March 2021`, or with the clock `3 March 2021, 04:10 UTC`."""
    if value is None:
        return "a day that the records do not name"
    text = f"{value.day} {value:%B %Y}"
    return f"{text}, {value:%H:%M} UTC" if clock and isinstance(value, datetime) else text


def kinds_in_words(kinds: Sequence[str]) -> tuple[Phrase, ...]:
    """Names of kinds of log, as phrases."""
    found = tuple(Phrase(key="said.kind", params={"kind": kind}) for kind in kinds)
    return found or (Phrase(key="phrase.no_kinds"),)


def wanted(seen: Seen) -> tuple[Phrase, ...]:
    """What to send next: records that would cover the blind days, best first; of a log that was sent, only the days it lacks."""
    read = {
        source.kind: {day.date for day in source.days if day.state is not DayState.ABSENT}
        for source in seen.coverage.sources
    }
    days: dict[str, list[date]] = {}
    for window in seen.blind:
        span = [window.first + timedelta(days=step) for step in range((window.last - window.first).days + 1)]
        for kind in window.uncovered:
            days.setdefault(kind, []).extend(one for one in span if one not in read.get(kind, ()))
    for gap in seen.coverage.gaps:
        if gap.limits_verdict:
            days.setdefault(gap.kind, []).extend(when.date() for when in (gap.first, gap.last) if when)
    sent = {source.kind for source in seen.coverage.sources if source.events}
    chosen = [kind for kind in days if has(f"wanted.{kind}")][:3] or ["all", "evtx"]
    return tuple(_wanted(kind, days.get(kind, ()) if kind in sent else ()) for kind in chosen)


def _wanted(kind: str, days: Sequence[date]) -> Phrase:
    what = Phrase(key=f"wanted.{kind}")
    if not days:
        return what
    told = {"first": (languages.day(min(days)),), "last": (languages.day(max(days)),)}
    return Phrase(key="wanted.more_days", params={"what": (what,), **told})
