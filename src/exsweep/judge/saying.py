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


def wanted(seen: Seen, *, settling: bool = False) -> tuple[Phrase, ...]:
    """What to send next, at most three: logs of which nothing was sent before days that a log lacks, for these may be gone.

    Where all logs that could cover the blind days were sent, the Windows events are asked for too: they reach back furthest.
    `settling`: first, for they show what a sign in the logs led to.
    """
    read = {
        source.kind: {day.date for day in source.days if day.state is not DayState.ABSENT}
        for source in seen.coverage.sources
    }
    days: dict[str, list[date]] = {}
    for window in seen.blind:
        span = [window.first + timedelta(days=step) for step in range((window.last - window.first).days + 1)]
        for kind in window.uncovered:
            days.setdefault(kind, []).extend(one for one in span if one not in read.get(kind, ()))
    blind = frozenset(days)  # the windows' own gaps name whole windows, also the days that were read
    for gap in seen.coverage.gaps:
        if gap.limits_verdict and gap.kind not in blind:
            days.setdefault(gap.kind, []).extend(when.date() for when in (gap.first, gap.last) if when)
    sent = {source.kind for source in seen.coverage.sources if source.events}
    known = [kind for kind in days if has(f"wanted.{kind}")]
    lacking = [kind for kind in known if kind in sent]
    unsent = [kind for kind in known if kind not in sent]
    asked = [*(_wanted(kind, ()) for kind in unsent), *(_wanted(kind, days[kind]) for kind in lacking)]
    if lacking and not unsent and not any(kind.partition("/")[0] == "windows_event" for kind in sent):
        asked.insert(0 if settling else 2, _wanted("evtx", ()))
    return tuple(asked[:3]) or (_wanted("all", ()), _wanted("evtx", ()))


def _wanted(kind: str, days: Sequence[date]) -> Phrase:
    what = Phrase(key=f"wanted.{kind}")
    if not days:
        return what
    told = {"first": (languages.day(min(days)),), "last": (languages.day(max(days)),)}
    return Phrase(key="wanted.more_days", params={"what": (what,), **told})
