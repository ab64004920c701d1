"""Bars and steps per day: the curves of the fleet and the growth of a cluster. Units are the SVG's own (960 wide)."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from exsweep.export.times import day as day_words
from exsweep.fleet.curves import Curve
from exsweep.fleet.lists import GrowthDay

WIDTH, LEFT, RIGHT = 960, 64, 14
LANE, GAP, TOP = 96, 34, 46
_BLIND_SHARE = 0.5
"""A day that fewer than half of the servers looked into can see is hatched."""
_MARK_ROWS = 3


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    date: dt.date
    kind: str = "bar"
    amount: float = 0.0
    """What it stands for; 0: days nobody can see."""


@dataclass(frozen=True, slots=True)
class Line:
    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One row of bars; `base` is its lower edge, `top` the largest value."""

    name: str
    """`broken`, `known`, `removed` or `servers`."""
    base: float
    top: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Days:
    """A whole chart."""

    height: float
    bottom: float
    panels: tuple[Panel, ...]
    blind: tuple[Bar, ...]
    marks: tuple[Line, ...]
    ticks: tuple[Line, ...]


class _Scale:
    def __init__(self, first: date, count: int) -> None:
        self.first, self.count = first, max(1, count)
        self.step = (WIDTH - LEFT - RIGHT) / self.count

    def x(self, of: date) -> float:
        return round(LEFT + (of - self.first).days * self.step, 1)


def curve(of: Curve) -> Days | None:
    """Three rows: broken into (sure, and spread over the days it may have been), known, cleaned; None without a day.

    A row without any bar is left out: the page says so in words.
    """
    if not of.days:
        return None
    scale = _Scale(of.days[0].date, len(of.days))
    rows = [("broken", [(d.date, float(d.broken_into), d.spread) for d in of.days])]
    for name, values in (
        ("known", [(d.date, float(d.known), 0.0) for d in of.days]),
        ("removed", [(d.date, float(d.cleaned), 0.0) for d in of.days]),
    ):
        if any(count for _, count, _ in values):
            rows.append((name, values))
    panels = tuple(_panel(name, at, scale, values) for at, (name, values) in enumerate(rows))
    bottom = panels[-1].base
    blind = [d.date for d in of.days if d.seeing < _BLIND_SHARE * (d.seeing + d.blind)]
    marks = []
    for number, mark in enumerate(of.marks[:8]):
        x = scale.x(mark.date)
        anchor = "end" if x > WIDTH - 220 else "start"
        marks.append(Line(x, 12 + 13 * (number % _MARK_ROWS), mark.text, anchor))
    return Days(
        height=bottom + 24,
        bottom=bottom,
        panels=panels,
        blind=tuple(_runs(blind, scale, bottom)),
        marks=tuple(marks),
        ticks=_ticks(scale, bottom + 16),
    )


def growth(of: Sequence[GrowthDay]) -> Days | None:
    """One row of bars."""
    if not of:
        return None
    scale = _Scale(of[0].date, max(14, (of[-1].date - of[0].date).days + 1))
    panel = _panel("servers", 0, scale, [(d.date, float(d.servers), 0.0) for d in of])
    return Days(
        height=panel.base + 24,
        bottom=panel.base,
        panels=(panel,),
        blind=(),
        marks=(),
        ticks=_ticks(scale, panel.base + 16),
    )


def _panel(name: str, row: int, scale: _Scale, values: Iterable[tuple[date, float, float]]) -> Panel:
    days = list(values)
    base = TOP + row * (LANE + GAP) + LANE
    most = max((sure + spread for _, sure, spread in days), default=0.0)
    bars = []
    for at, sure, spread in days:
        low = float(base)
        for kind, value in (("bar", sure), ("spread", spread)):
            if value <= 0:
                continue
            height = max(1.0, round(LANE * value / most, 1))
            bars.append(
                Bar(
                    scale.x(at),
                    round(low - height, 1),
                    round(max(1.0, scale.step - 0.8), 1),
                    height,
                    at,
                    kind,
                    value,
                )
            )
            low -= height
    return Panel(name=name, base=base, top=round(most), bars=tuple(bars))


def _runs(days: list[date], scale: _Scale, bottom: float) -> Iterable[Bar]:
    start = last = None
    for at in [*days, None]:
        if last is not None and at == last + timedelta(days=1):
            last = at
            continue
        if start is not None and last is not None:
            x = scale.x(start)
            width = scale.x(last + timedelta(days=1)) - x
            yield Bar(x, TOP - 4, round(width, 1), bottom - TOP + 4, start)
        start = last = at


def _ticks(scale: _Scale, y: float) -> tuple[Line, ...]:
    every = next(n for n in (1, 2, 7, 14, 30, 90, 365, 4_000) if scale.count / n <= 9)
    return tuple(
        Line(scale.x(at), y, day_words(at).rsplit(" ", 1)[0], "middle")
        for at in (scale.first + timedelta(days=n) for n in range(0, scale.count, every))
        if scale.x(at) <= WIDTH - RIGHT - 20
    )
