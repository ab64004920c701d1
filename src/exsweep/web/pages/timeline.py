"""The lines of a case in order of time: found, cut to a span, with what stands around each."""

import hashlib
from datetime import UTC, date, datetime, timedelta

import msgspec

from exsweep.model import CoverageSource, Finding, Stage, Strength, TimelineRow
from exsweep.web.ask import Ask
from exsweep.web.ids import ServerId
from exsweep.web.pages.case import Desk, Entry, desk_of, entry, judged
from exsweep.web.problem import not_found
from exsweep.web.routes import route

_PAGE = 200
_AROUND = timedelta(seconds=30)
_MOST_AROUND = 200


class TimelineParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    first: date | None = None
    last: date | None = None
    zone: str = "UTC"
    find: str = ""
    starred: bool = False
    stage: Stage | None = None
    start: int = 0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line. Hostile text."""

    id: str
    time: datetime
    kind: str
    text: str
    stage: Stage | None
    path: str
    line: int | None
    record: int | None
    offset: int | None
    sha256: str | None
    finding: str | None
    worked: bool = False
    """Its finding proves a step that worked."""
    starred: bool = False
    said: int = 0
    """Comments on its finding."""


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one step of time: of findings that worked, of other findings, and the rest."""

    start: datetime
    worked: int
    tried: int
    other: int
    seeing: bool
    """Some record that matters covers it."""


class TimelineView(msgspec.Struct, frozen=True, kw_only=True):
    entry: Entry
    rows: tuple[Row, ...]
    total: int
    all: int
    """Lines of the case, uncut."""
    start: int
    next: int | None
    step_hours: int
    hours: tuple[Hour, ...]
    first: date | None
    last: date | None
    zone: str
    find: str
    starred: bool
    stage: Stage | None
    names: dict[str, str]
    may_say: bool
    """Comments may be written."""


class AroundParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    row: str
    zone: str = "UTC"


class AroundView(msgspec.Struct, frozen=True, kw_only=True):
    """A line and what stands within 30 seconds of it."""

    entry: Entry
    row: Row
    rows: tuple[Row, ...]
    zone: str
    names: dict[str, str]


def row_id(of: TimelineRow) -> str:
    """An id of our own: nothing of the evidence gets into an address."""
    text = f"{of.time.isoformat()}\0{of.origin.path}\0{of.origin.line}\0{of.origin.record}\0{of.text}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _row(of: TimelineRow, known: dict[str, Finding], noted: Desk) -> Row:
    finding = known.get(of.finding or "")
    return Row(
        id=row_id(of),
        time=of.time,
        kind=of.kind,
        text=of.text,
        stage=of.stage or (finding.stage if finding else None),
        path=of.origin.path,
        line=of.origin.line,
        record=of.origin.record,
        offset=of.origin.offset,
        sha256=of.origin.sha256,
        finding=of.finding,
        worked=finding is not None and finding.strength is Strength.SUCCESS,
        starred=(of.finding or "") in noted.stars,
        said=sum(each.finding == of.finding for each in noted.comments) if of.finding else 0,
    )


@route("GET", "/cases/{server}/timeline", may="case.evidence")
def timeline(ask: Ask, asked: TimelineParams) -> TimelineView:
    """Lines in order of time."""
    server = ask.server(asked.server)
    _, _, _, of = judged(ask, server)
    known = {each.id: each for each in of.findings}
    stages = {each.id: each.stage for each in of.findings}
    noted = desk_of(ask, server)
    low = datetime.combine(asked.first, datetime.min.time(), UTC) if asked.first else None
    high = datetime.combine(asked.last, datetime.min.time(), UTC) + timedelta(days=1) if asked.last else None
    needle = asked.find.strip().lower()[:200]

    def fits(row: TimelineRow) -> bool:
        return (
            (low is None or row.time >= low)
            and (high is None or row.time < high)
            and (not needle or needle in row.text.lower() or needle in row.origin.path.lower())
            and (not asked.starred or (row.finding or "") in noted.stars)
            and (asked.stage is None or (row.stage or stages.get(row.finding or "")) == asked.stage)
        )

    found = [row for row in of.timeline if fits(row)]
    start = max(0, asked.start)
    step, hours = _hours(found, known, of.coverage.sources)
    rows = tuple(_row(each, known, noted) for each in found[start : start + _PAGE])
    return TimelineView(
        entry=entry(ask, server),
        rows=rows,
        total=len(found),
        all=len(of.timeline),
        start=start,
        next=start + _PAGE if start + _PAGE < len(found) else None,
        step_hours=step,
        hours=hours,
        first=asked.first,
        last=asked.last,
        zone=asked.zone,
        find=asked.find,
        starred=asked.starred,
        stage=asked.stage,
        names={each.id: each.rule.title for each in of.findings},
        may_say=ask.may("case.steps"),
    )


@route("GET", "/cases/{server}/timeline/{row}", may="case.evidence")
def around(ask: Ask, asked: AroundParams) -> AroundView:
    """One line, with what stands within 30 seconds of it."""
    server = ask.server(asked.server)
    _, _, _, of = judged(ask, server)
    here = next((each for each in of.timeline if row_id(each) == asked.row), None)
    if here is None:
        raise not_found()
    known = {each.id: each for each in of.findings}
    noted = desk_of(ask, server)
    near = [each for each in of.timeline if abs(each.time - here.time) <= _AROUND][:_MOST_AROUND]
    return AroundView(
        entry=entry(ask, server),
        row=_row(here, known, noted),
        rows=tuple(_row(each, known, noted) for each in near),
        zone=asked.zone,
        names={each.id: each.rule.title for each in of.findings},
    )


def _hours(
    rows: list[TimelineRow], known: dict[str, Finding], sources: tuple[CoverageSource, ...]
) -> tuple[int, tuple[Hour, ...]]:
    """Steps of one hour, or of as many as make 180 steps at most, over the span of the lines."""
    if not rows:
        return 1, ()
    first, last = rows[0].time.astimezone(UTC), rows[-1].time.astimezone(UTC)
    hours = (last - first).total_seconds() / 3_600 + 1
    step = next((n for n in (1, 3, 6, 12, 24, 72, 168, 720, 8_760) if hours / n <= 180), 87_600)
    start = first.replace(minute=0, second=0, microsecond=0)
    start -= timedelta(hours=start.hour % min(step, 24))
    width = timedelta(hours=step)
    counts: dict[int, list[int]] = {}
    for row in rows:
        at = int((row.time - start) / width)
        finding = known.get(row.finding or "")
        which = 2 if finding is None else 0 if finding.strength is Strength.SUCCESS else 1
        counts.setdefault(at, [0, 0, 0])[which] += 1
    matter = [each for each in sources if each.matters] or list(sources)
    seen = {day.date for each in matter for day in each.days if day.state.value != "absent"}
    nothing = [0, 0, 0]
    return step, tuple(
        Hour(
            start=start + at * width,
            worked=counts.get(at, nothing)[0],
            tried=counts.get(at, nothing)[1],
            other=counts.get(at, nothing)[2],
            seeing=not seen or (start + at * width).date() in seen,
        )
        for at in range(min(max(counts) + 1, 200))
    )
