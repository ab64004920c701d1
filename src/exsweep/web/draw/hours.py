"""Bars per hour of a case's lines: what worked below, tries above it, other lines on top; hatched where no record reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log1p
from typing import Protocol

from exsweep.export.times import day

WIDTH, LEFT, RIGHT, HEIGHT, TOP = 960, 10, 10, 110, 12


class Step(Protocol):
    """What is drawn; `exsweep.web.pages.timeline.Hour` is one."""

    start: datetime
    worked: int
    tried: int
    other: int
    seeing: bool


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    kind: str
    start: datetime
    worked: int
    tried: int
    other: int
    """Lines of the step of time, by what they prove."""
    first: date
    last: date
    """Days that the bar stands for."""


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Hours:
    height: float
    base: float
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]


def hours(steps: Sequence[Step]) -> Hours | None:
    """Height grows with the logarithm of the count: one hostile line must be seen beside ten thousand others."""
    if not steps:
        return None
    base = TOP + HEIGHT
    most = log1p(max(each.worked + each.tried + each.other for each in steps)) or 1.0
    width = (WIDTH - LEFT - RIGHT) / max(24, len(steps))
    bars = []
    length = steps[1].start - steps[0].start if len(steps) > 1 else timedelta(hours=1)
    for at, each in enumerate(steps):
        first, last = each.start.date(), (each.start + length - timedelta(seconds=1)).date()
        x = round(LEFT + at * width, 1)
        if not each.seeing:
            bars.append(Bar(x, TOP, round(width, 1), HEIGHT, "blind", each.start, 0, 0, 0, first, last))
        total = each.worked + each.tried + each.other
        if not total:
            continue
        high = max(2.0, HEIGHT * log1p(total) / most)
        counts = (each.start, each.worked, each.tried, each.other)
        thick = round(max(1.0, width - 0.8), 1)
        low = float(base)
        for kind, number in (("worked", each.worked), ("tried", each.tried), ("other", each.other)):
            if number:
                part = max(1.5, high * number / total)
                low -= part
                bars.append(Bar(x, round(low, 1), thick, round(part, 1), kind, *counts, first, last))
    every = max(1, len(steps) // 7)
    ticks = tuple(
        Tick(
            round(LEFT + at * width, 1),
            f"{day(steps[at].start.date()).rsplit(' ', 1)[0]} {steps[at].start:%H:%M}",
        )
        for at in range(0, len(steps), every)
        if LEFT + at * width < WIDTH - 70
    )
    return Hours(height=base + 22, base=base, bars=tuple(bars), ticks=ticks)
