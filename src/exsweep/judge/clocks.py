"""The clocks of the logs held against each other: by events that two of them must have seen. Never silent, never a guess."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from exsweep.judge.common_events import rank_of, unit_of, units_of
from exsweep.judge.votes import Keyed, Part, Vote, vote
from exsweep.knowledge.clock_keys import kind_code
from exsweep.knowledge.clocks import ClockKind, clocks
from exsweep.knowledge.rules import Rule
from exsweep.knowledge.words import render
from exsweep.model import (
    Clock,
    ClockShift,
    Coverage,
    Finding,
    Hit,
    Observations,
)

_MS = 1000
_SECONDS_SHOWN = 120


@dataclass(frozen=True, slots=True)
class _Edge:
    """What is known of one log's clock, held against another log's."""

    against: str
    kind: ClockKind
    vote: Vote


@dataclass
class Compared:
    """Clocks of all logs, and how to read a time of one of them on the clock that is trusted most."""

    clocks: tuple[Clock, ...] = ()
    shifts: Mapping[str, tuple[ClockShift, ...]] = field(default_factory=dict)
    """Path of a file -> its shifts, where times must be moved."""

    def moved(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """The same hits with times as the trusted clock would have shown them."""
        return tuple(self._moved(hit) for hit in hits) if self.shifts else tuple(hits)

    def _moved(self, hit: Hit) -> Hit:
        shifts = self.shifts.get(hit.origin.path)
        if not shifts or hit.time is None:
            return hit
        last = hit.last_time
        return msgspec.structs.replace(
            hit, time=back(hit.time, shifts), last_time=last and back(last, shifts)
        )

    def remarked(self, findings: Sequence[Finding]) -> list[Finding]:
        """Findings whose times were moved say so."""
        return [self._remarked(item) if self.shifts else item for item in findings]

    def _remarked(self, item: Finding) -> Finding:
        used = [self.shifts[origin.path] for origin in item.origins if origin.path in self.shifts]
        if not used or item.first_seen is None:
            return item
        amounts = sorted({shift.offset_s for shifts in used for shift in shifts if shift.offset_s})
        said = render("clock.remark", amounts=" / ".join(_amount(amount) for amount in amounts))
        return msgspec.structs.replace(item, remarks=(*item.remarks, said))

    def left_alone(self) -> "Compared":
        """The same knowledge, but no time is moved."""
        told = tuple(
            msgspec.structs.replace(one, moved=False, text=f"{one.text} {render('clock.left')}")
            if one.moved
            else one
            for one in self.clocks
        )
        return Compared(told)


def back(moment: datetime, shifts: Sequence[ClockShift]) -> datetime:
    """A log's own time on the trusted clock."""
    part = next((one for one in shifts if one.last is None or moment <= one.last), shifts[-1])
    return moment - timedelta(seconds=part.offset_s)


def compare(seen: Observations, rules: Mapping[str, Rule], coverage: Coverage) -> Compared:
    """Hold every log's clock against the most trusted one that it shares events with, directly or over another log."""
    units = units_of(seen, rules)
    titles = _titles(units, coverage)
    edges = _tree(units)
    found: dict[str, tuple[ClockShift, ...]] = {}
    for name, edge in edges.items():  # parents stand before their children
        found[name] = _shifts(edge, found.get(edge.against, ()))
    marked = {hit.origin.path for hit in seen.hits}
    wanted = {unit_of(report) for report in seen.sources if report.path in marked}
    trusted = min(wanted, key=rank_of, default=None)
    parents = {edge.against for edge in edges.values()}
    told = []
    for name in sorted(units, key=rank_of):
        if name in edges:
            told.append(_clock(name, titles, edges[name], found[name]))
        elif name in wanted - {trusted} - parents:
            told.append(_unknown(name, titles, units))
    moved = {
        report.path: found[name]
        for report in seen.sources
        if (name := unit_of(report)) in found and any(shift.offset_s for shift in found[name])
    }
    return Compared(tuple(told), moved)


def _tree(units: Mapping[str, Mapping[int, Keyed]]) -> dict[str, _Edge]:
    """Each log with the one that its clock is held against: the surest comparisons that link it with the most trusted."""
    names = sorted(units, key=rank_of)
    known: dict[tuple[str, str], _Edge] = {}
    for at, trusted in enumerate(names):
        for name in names[at + 1 :]:
            if edge := _edge(trusted, units[trusted], units[name]):
                known[trusted, name] = edge
    found: dict[str, _Edge] = {}
    placed: set[str] = set()
    while len(placed) < len(names):
        ways = [
            (-edge.vote.agree, rank_of(name), rank_of(parent), name, edge)
            for (parent, name), edge in _both(known)
            if parent in placed and name not in placed
        ]
        if not ways:
            placed.add(next(name for name in names if name not in placed))
            continue
        _, _, _, name, edge = min(ways, key=lambda way: way[:3])
        found[name] = edge
        placed.add(name)
    return found


def _both(known: Mapping[tuple[str, str], _Edge]) -> Iterator[tuple[tuple[str, str], _Edge]]:
    for (parent, name), edge in known.items():
        yield (parent, name), edge
        if len(edge.vote.parts) == 1:
            (part,) = edge.vote.parts
            turned = Part(-part.offset_ms, part.agree, part.first_ms, part.last_ms)
            yield (name, parent), _Edge(name, edge.kind, Vote(edge.vote.common, (turned,)))


def _edge(trusted: str, one: Mapping[int, Keyed], other: Mapping[int, Keyed]) -> _Edge | None:
    for kind in clocks().kinds:
        code = kind_code(kind.id)
        if code in one and code in other:
            found = _vote(kind, one[code], other[code])
            if found.parts:
                return _Edge(trusted, kind, found)
    return None


def _vote(kind: ClockKind, one: Keyed, other: Keyed) -> Vote:
    rules = clocks()
    return vote(
        one,
        other,
        tolerance_ms=kind.tolerance_s * _MS,
        reach_ms=rules.reach_hours * 3_600_000,
        fewest=kind.fewest,
        share=rules.share,
        rival=rules.rival,
    )


def _shifts(edge: _Edge, parent: Sequence[ClockShift]) -> tuple[ClockShift, ...]:
    """Of the log's clock against the most trusted one. Over a log whose clock jumped nothing is carried on."""
    base = parent[0].offset_s if len(parent) == 1 else 0
    parts = edge.vote.parts
    return tuple(
        ClockShift(
            offset_s=base + _offset(part, edge.kind),
            agree=part.agree,
            first=_moment(part.first_ms) if at else None,
            last=_moment(part.last_ms) if at + 1 < len(parts) else None,
        )
        for at, part in enumerate(parts)
    )


def _offset(part: Part, kind: ClockKind) -> int:
    """Whole steps of a zone where it is one within the tolerance; nothing within the tolerance of agreeing; else as measured."""
    step = clocks().zone_step_minutes * 60
    measured = part.offset_ms / _MS
    zone = round(measured / step) * step
    return zone if abs(measured - zone) <= kind.tolerance_s else round(measured)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / _MS, UTC)


def _titles(units: Mapping[str, object], coverage: Coverage) -> dict[str, str]:
    known = {row.kind: row.title for row in coverage.sources}
    return {
        name: known.get(row, row) + (f" ({render(f'clock.{how}')})" if how else "")
        for name in units
        for row, _, how in [name.partition("|")]
    }


def _clock(name: str, titles: Mapping[str, str], edge: _Edge, shifts: tuple[ClockShift, ...]) -> Clock:
    own = _shifts(edge, ())
    moved = any(shift.offset_s for shift in shifts)
    said = [
        render(
            "clock.agree" if not shift.offset_s else "clock.apart",
            kind=titles[name],
            against=titles[edge.against],
            amount=_amount(shift.offset_s),
            agree=shift.agree,
            common=edge.vote.common,
            by=edge.kind.words,
            tolerance=edge.kind.tolerance_s,
        )
        for shift in own
    ]
    if len(own) > 1:
        said = [render("clock.jump", kind=titles[name]), *said]
    if moved:
        said.append(render("clock.moved"))
    return Clock(
        kind=name.partition("|")[0],
        title=titles[name],
        against=titles[edge.against],
        by=edge.kind.words,
        common=edge.vote.common,
        tolerance_s=edge.kind.tolerance_s,
        shifts=shifts,
        moved=moved,
        text=" ".join(said),
    )


def _unknown(name: str, titles: Mapping[str, str], units: Mapping[str, Mapping[int, Keyed]]) -> Clock:
    """Why nothing is known: no common event, too few, or two differences that fit as well."""
    best: tuple[int, str, ClockKind, Vote] | None = None
    for other in sorted(units, key=rank_of):
        for kind in clocks().kinds if other != name else ():
            code = kind_code(kind.id)
            if code in units[name] and code in units[other]:
                found = _vote(kind, units[other][code], units[name][code])
                if found.common and (best is None or found.common > best[0]):
                    best = (found.common, other, kind, found)
    if best is None:
        return Clock(
            kind=name.partition("|")[0], title=titles[name], text=render("clock.nothing", kind=titles[name])
        )
    common, other, kind, found = best
    said = render(
        "clock.rival"
        if found.rival_ms is not None
        else "clock.few"
        if common < kind.fewest
        else "clock.split",
        kind=titles[name],
        against=titles[other],
        common=common,
        by=kind.words,
        needed=kind.fewest,
    )
    return Clock(
        kind=name.partition("|")[0],
        title=titles[name],
        against=titles[other],
        by=kind.words,
        common=common,
        tolerance_s=kind.tolerance_s,
        text=said,
    )


def _amount(seconds: int) -> str:
    """`5 h behind`, `90 s ahead`."""
    size = abs(seconds)
    told = (
        f"{size} s"
        if size < _SECONDS_SHOWN
        else f"{size // 60} min" + (f" {size % 60} s" if size % 60 else "")
        if size % 3600 and size < 7200
        else f"{size / 3600:g} h"
        if not size % 900
        else f"{size // 3600} h {size % 3600 // 60} min {size % 60} s"
    )
    return f"{told} {'ahead of' if seconds > 0 else 'behind'}"
