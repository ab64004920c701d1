"""Why something is not seen: the records that could show it were not sent, are of other days, or show nothing of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from exsweep.judge.coverage import Seen
from exsweep.judge.gaps import MOST_RUNS, busy, days_of, runs_of
from exsweep.knowledge import languages
from exsweep.knowledge.campaigns import Campaign
from exsweep.knowledge.judging import judging
from exsweep.knowledge.shown_by import EVENTS, shown_by
from exsweep.knowledge.words import join
from exsweep.model import CoverageSource, DayState, Phrase, Stage

Span = tuple[date, date]
"""First and last day of the acts that it is about."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What there was to look at, each part in sentences or names; in the order of the knowledge."""

    absent: tuple[str, ...]
    """Names of records that were not sent."""
    other_days: tuple[Phrase, ...]
    """Records that do not cover the days."""
    read: tuple[str, ...]
    """Names of records that were read for all of these days."""

    def lacking(self) -> tuple[Phrase, ...]:
        """What could have shown it and did not cover these days."""
        absent = (_listed("missing.no_log", self.absent),) if self.absent else ()
        return (*absent, *self.other_days)

    def sentences(self) -> tuple[Phrase, ...]:
        read = (_listed("missing.not_seen", self.read),) if self.read else ()
        return (*self.lacking(), *read) or (Phrase(key="missing.never"),)


def of_any_computer(kinds: Iterable[str]) -> tuple[str, ...]:
    """Those that a computer without Exchange has too."""
    return tuple(
        kind
        for kind in kinds
        if kind.partition("/")[0] in judging().any_computer and "exchange" not in kind.lower()
    )


def kinds_for(stage: Stage, campaign: Campaign | None) -> tuple[str, ...]:
    """Kinds that can show the step. A way in that is known shows only in its own."""
    general = shown_by().steps[stage]
    own = campaign.shows.get(stage, ()) if campaign else ()
    if not own or stage is not Stage.EXPLOITATION:
        return tuple(dict.fromkeys([*(kind for kind in own if kind != EVENTS), *general]))
    events = [kind for kind in general if kind.startswith(EVENTS)]
    return tuple(one for kind in own for one in (events if kind == EVENTS else [kind]))


def look_for(kinds: Iterable[str], seen: Seen, span: Span | None) -> Looked:
    """Hold the kinds against what was read. `span` is None where the days are not known."""
    absent: list[str] = []
    read: list[str] = []
    other_days: list[Phrase] = []
    # Of events whose channel is not told, nobody can say which channel is missing.
    nameless = EVENTS in seen.kinds
    for kind in kinds:
        found = _found(kind, seen)
        if not found and not (nameless and kind.startswith(EVENTS)):
            absent.append(kind)
        elif kind == EVENTS and not nameless:
            absent.append(kind)  # there is always one more channel
        for one in found:
            row = next((row for row in seen.coverage.sources if row.kind == one), None)
            lacking = tuple(_other_days(row, span)) if row and span else ()
            if one in seen.inner:
                lacking = (Phrase(key="missing.inner", params={"kind": (languages.quoted(_title(one)),)}),)
            other_days += lacking
            read += () if lacking else (one,)
    if nameless:
        read.append(EVENTS)
    missing = [kind for kind in absent if not shown_by().is_result(kind)]
    return Looked(shown_by().titles(missing), tuple(other_days), shown_by().titles(read))


def _title(kind: str) -> str:
    return shown_by().titles([kind])[0]


def _found(kind: str, seen: Seen) -> list[str]:
    """Kinds among those read that are this one, or another form of it."""
    if kind != EVENTS:
        return [one for one in shown_by().alike(kind) if one in seen.kinds]
    return sorted(one for one in seen.kinds if one.startswith(f"{EVENTS}/") and not shown_by().named(one))


def _other_days(row: CoverageSource, span: Span) -> Iterator[Phrase]:
    first, last = span
    title = languages.quoted(row.title)
    if row.first and row.first.date() > first:
        yield Phrase(key="missing.begins", params={"kind": (title,), "day": f"{row.first:%Y-%m-%d}"})
    elif row.last and row.last.date() < (last if busy(row) else first):
        yield Phrase(key="missing.ends", params={"kind": (title,), "day": f"{row.last:%Y-%m-%d}"})
    elif busy(row):
        silent = [day.date for day in row.days if day.state is DayState.ABSENT and first <= day.date <= last]
        if runs := runs_of(silent):
            days = join([days_of(*run) for run in runs[:MOST_RUNS]])
            yield Phrase(key="missing.no_day", params={"kind": (title,), "days": days})


def _listed(key: str, names: Sequence[str]) -> Phrase:
    return Phrase(key=key, params={"kinds": tuple(languages.quoted(name) for name in names)})
