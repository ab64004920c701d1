"""The timeline as a picture: one lane per stage, so that place and not colour carries the meaning.

Geometry only; `chart.html.j2` draws it as inline SVG. Units are the SVG's own (960 wide).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import log1p

from exsweep.export.report.bins import Bins, bins
from exsweep.export.text import plain
from exsweep.export.times import day, utc, when
from exsweep.export.words import count
from exsweep.export.words import stage as stage_words
from exsweep.model import Assessment, CoverageSource, DayState, Patch, Stage

WIDTH, LEFT, RIGHT = 960, 176, 12
LANE, BAR, TOP, STRIP = 32, 24, 62, 18
_MOST_STRIPS = 8
_MOST_MARKS = 8
_LABEL = 25
"""Characters that fit left of the lanes in a wide font."""


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    state: str
    label: str


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Lane:
    """A labelled row; `y` is its baseline."""

    y: float
    title: str
    term: str
    boxes: tuple[Box, ...]
    total: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    height: float
    bottom: float
    """Where the lanes of events end and the records begin."""
    lanes: tuple[Lane, ...]
    strips: tuple[Lane, ...]
    blind: tuple[Box, ...]
    """Days without any record of a kind that matters: hatched over the whole height."""
    open_span: Box | None
    marks: tuple[Text, ...]
    ticks: tuple[Text, ...]
    bins: Bins
    summary: str


class _Scale:
    def __init__(self, bins: Bins) -> None:
        self.start, self.end = bins.start, bins.end
        self.seconds = (bins.end - bins.start).total_seconds()

    def x(self, moment: datetime) -> float:
        share = (utc(moment) - self.start).total_seconds() / self.seconds
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def holds(self, moment: datetime) -> bool:
        return self.start <= utc(moment) <= self.end


def _lanes(found: Bins, scale: _Scale) -> tuple[Lane, ...]:
    stages = [stage for stage in Stage if found.counts.get(stage)]
    most = max((max(found.counts[stage].values()) for stage in stages), default=1)
    lanes = []
    for place, stage in enumerate(stages):
        base = TOP + (place + 1) * LANE
        boxes = []
        for step, number in sorted(found.counts[stage].items()):
            x = scale.x(found.at(step))
            width = max(3.0, scale.x(found.at(step + 1)) - x - 0.6)
            height = round(5 + (BAR - 5) * log1p(number) / log1p(most), 1)
            label = f"{when(found.at(step))}: {count(number, 'line')}, {stage_words(stage)[0].lower()}"
            boxes.append(Box(x, base - height, round(width, 1), height, "event", label))
        title, term = stage_words(stage)
        lanes.append(Lane(base, title, term, tuple(boxes), found.counts[stage].total()))
    return tuple(lanes)


def _days(scale: _Scale) -> list[datetime]:
    first = datetime(scale.start.year, scale.start.month, scale.start.day, tzinfo=UTC)
    return [first + timedelta(days=n) for n in range(min(4_000, (scale.end - first).days + 1))]


def _short(title: str) -> str:
    """A label that fits the margin: without its bracket, then cut."""
    shown = plain(title)
    if len(shown) > _LABEL:
        shown = shown.split(" (")[0]
    return shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 3]}..."


def _strip(source: CoverageSource, y: float, days: list[datetime], scale: _Scale) -> Lane:
    known = {d.date: d.state for d in source.days}
    boxes: list[Box] = []
    for moment in days:
        state = known.get(moment.date(), DayState.ABSENT)
        x = scale.x(moment)
        width = scale.x(moment + timedelta(days=1)) - x
        if width <= 0:
            continue
        high = 10 if state != DayState.PARTIAL else 5
        last = boxes[-1] if boxes else None
        if last and last.state == state.value:
            boxes[-1] = Box(last.x, last.y, round(x + width - last.x, 1), high, last.state, last.label)
        else:
            boxes.append(Box(x, y - high, round(width, 1), high, state.value, f"from {day(moment.date())}"))
    return Lane(y, _short(source.title or source.kind), "", tuple(boxes))


def _blind(
    sources: list[CoverageSource], days: list[datetime], scale: _Scale, height: float
) -> tuple[Box, ...]:
    seen = {d.date for source in sources for d in source.days if d.state != DayState.ABSENT}
    boxes: list[Box] = []
    for moment in days:
        x, end = scale.x(moment), scale.x(moment + timedelta(days=1))
        if moment.date() in seen or end <= x:
            continue
        if boxes and abs(boxes[-1].x + boxes[-1].width - x) < 0.2:
            boxes[-1] = Box(boxes[-1].x, TOP, round(end - boxes[-1].x, 1), height, "absent", "no records")
        else:
            boxes.append(Box(x, TOP, round(end - x, 1), height, "absent", "no records"))
    return tuple(boxes)


def _marks(assessment: Assessment, scale: _Scale) -> tuple[Text, ...]:
    verdict = assessment.verdict
    known: list[tuple[datetime, str]] = []
    if verdict.since:
        known.append((utc(verdict.since), "first seen"))
    if verdict.last_activity and verdict.last_activity != verdict.since:
        known.append((utc(verdict.last_activity), "last seen"))
    for build in assessment.server.builds[1:]:
        known.append((utc(build.first), f"update {plain(build.build)[:20]}"))
    if verdict.evidence_end:
        known.append((utc(verdict.evidence_end), "records end"))
    marks: list[Text] = []
    inside = sorted((moment, text) for moment, text in known if scale.holds(moment))
    # Three rows of labels: neighbours do not run into each other.
    for place, (moment, text) in enumerate(inside[:_MOST_MARKS]):
        x = scale.x(moment)
        marks.append(Text(x, 26 + 13 * (place % 3), text, "end" if x > WIDTH - 140 else "start"))
    return tuple(marks)


def _ticks(found: Bins, scale: _Scale, y: float) -> tuple[Text, ...]:
    hours = (scale.end - scale.start).total_seconds() / 3_600
    steps = (3, 6, 12, 24, 48, 72, 168, 336, 720, 2_160, 8_760, 87_600)
    step = next((s for s in steps if hours / s <= 9), steps[-1])
    first = datetime(scale.start.year, scale.start.month, scale.start.day, tzinfo=UTC)
    ticks = []
    for number in range(1_000):
        moment = first + timedelta(hours=step * number)
        if moment >= scale.end:
            break
        if moment < scale.start:
            continue
        label = day(moment.date()).rsplit(" ", 1)[0] if step < 8_760 else str(moment.year)
        if step < 24 and moment.hour:
            label = f"{moment:%H:%M}"
        ticks.append(Text(scale.x(moment), y, label, "middle"))
    return tuple(ticks)


def _open_span(patch: Patch, scale: _Scale) -> Box | None:
    if not (patch.open_from and patch.open_to):
        return None
    if utc(patch.open_to) <= scale.start or utc(patch.open_from) >= scale.end:
        return None
    x, end = scale.x(patch.open_from), scale.x(patch.open_to)
    return Box(x, TOP - 8, round(max(2.0, end - x), 1), 6, "open", "open to attack")


def chart(assessment: Assessment) -> Chart | None:
    """Lanes of events, the open span, builds, and hatching where no record exists; None without any day."""
    found = bins(assessment)
    if found is None:
        return None
    scale = _Scale(found)
    lanes = _lanes(found, scale)
    bottom = TOP + max(1, len(lanes)) * LANE
    days = _days(scale)
    all_sources = [source for source in assessment.coverage.sources if source.days]
    sources = [source for source in all_sources if source.matters] or all_sources
    strips = tuple(
        _strip(source, bottom + 20 + n * STRIP, days, scale)
        for n, source in enumerate(sources[:_MOST_STRIPS], start=1)
    )
    height = bottom + (20 + len(strips) * STRIP if strips else 0) + 30
    number = sum(lane.total for lane in lanes)
    total = count(number, "line") if number else "No line of an attack"
    summary = f"{total} from {when(found.start)} to {when(found.end)}, counted per {found.unit}."
    return Chart(
        height=height,
        bottom=bottom,
        lanes=lanes,
        strips=strips,
        blind=_blind(sources, days, scale, bottom - TOP) if sources else (),
        open_span=_open_span(assessment.patch, scale),
        marks=_marks(assessment, scale),
        ticks=_ticks(found, scale, height - 8),
        bins=found,
        summary=summary,
    )
