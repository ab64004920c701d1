"""Horizontal bars, one row a group: servers, and among them those broken into and those not known."""

from collections.abc import Sequence
from dataclasses import dataclass

from exsweep.fleet.sectors import Group

WIDTH, LEFT, RIGHT, ROW = 640, 190, 60, 26
_MOST = 14


@dataclass(frozen=True, slots=True)
class Part:
    x: float
    width: float
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    y: float
    title: str
    name: str
    total: int
    end: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    height: float
    rows: tuple[Row, ...]


def groups(of: Sequence[Group]) -> Rows | None:
    """The largest groups; hidden counts (None) draw nothing."""
    shown = [each for each in of if each.servers][:_MOST]
    if not shown:
        return None
    most = max(each.servers or 0 for each in shown)
    scale = (WIDTH - LEFT - RIGHT) / most
    rows = []
    for at, each in enumerate(shown):
        total = each.servers or 0
        broken, asked, unknown = each.broken_into or 0, each.suspicious or 0, each.unknown or 0
        parts, x = [], float(LEFT)
        for kind, count in (
            ("broken", broken),
            ("suspicious", asked),
            ("unknown", unknown),
            ("rest", max(0, total - broken - asked - unknown)),
        ):
            if count:
                width = round(count * scale, 1)
                parts.append(Part(round(x, 1), max(0.8, width), kind, count))
                x += width
        rows.append(Row(at * ROW, each.title, each.name, total, round(x + 6, 1), tuple(parts)))
    return Rows(height=len(rows) * ROW + 4, rows=tuple(rows))
