"""One log copied at two moments: its lines count once (F15).

Where the shorter copy is the beginning of the longer one it does not count at all. What may be such a pair is seen by the first
dated line; that it is one is proved by reading the longer copy again, in a jail, up to the length of the shorter. Other
copies (a rotated log, a line changed) are compared line by line, see `shared_lines`: what may be copies is seen by equal names
of file and folder and by times that overlap, or by the first dated line. Where nothing could be proved both count, and the
shorter one says that it may count twice.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from exsweep.assess import shared_lines
from exsweep.assess.pool import Pool
from exsweep.assess.reading import jail_for, seconds_for
from exsweep.assess.settings import Settings
from exsweep.evidence import EvidenceReadError, Source, Unit, sources
from exsweep.model import SourceReport, SourceState
from exsweep.parse.winevent import KIND as WINDOWS_EVENTS

_CHUNK = 1 << 20
_NUMBER = re.compile(r"#\d+(?=/|$)")
"""What tells equal names of an archive apart."""


class Wanted(msgspec.Struct, frozen=True):
    """Seal the beginnings of one file."""

    unit: Unit
    path: str
    sizes: tuple[int, ...]
    """Bytes, rising."""
    passwords: tuple[bytes, ...] = ()


class Copies(msgspec.Struct, frozen=True):
    """What is known of files that begin alike."""

    of: Mapping[str, str] = {}
    """File that is the beginning of a longer one -> the longest such."""
    unsure: Mapping[str, str] = {}
    """File that may be one -> which, and why nobody can say, in words."""
    lines: Mapping[str, tuple[str, shared_lines.Own]] = {}
    """File that shares lines with a bigger copy -> which, and what is its own."""


def copies(settings: Settings, units: Sequence[Unit], reports: Sequence[SourceReport]) -> Copies:
    """Which files are the beginning of a longer one, proved by their bytes.

    Raises:
        ExsweepError: the run cannot go on. Bad evidence raises nothing.
    """
    pairs = list(_candidates(reports))
    groups = _alike(reports)
    if not pairs and not groups:
        return Copies()
    holders = {unit.path: unit for unit in units}
    beginnings = _beginning_pairs(settings, units, holders, pairs) if pairs else Copies()
    return _with_lines(settings, units, holders, groups, beginnings)


def _beginning_pairs(
    settings: Settings,
    units: Sequence[Unit],
    holders: Mapping[str, Unit],
    pairs: Sequence[tuple[SourceReport, list[SourceReport]]],
) -> Copies:
    tasks = [
        Wanted(unit, longer.path, tuple(sorted({one.size for one in shorter})), settings.passwords)
        for longer, shorter in pairs
        if (unit := _holder(longer.path, holders)) is not None
    ]
    pool: Pool[Wanted, dict[int, str]] = Pool(
        start,
        (),
        dict[int, str],
        settings.jobs,
        jail=jail_for(settings, units),
        seconds=lambda task: seconds_for([task.unit]),
        tries=2,
    )
    seals: dict[str, dict[int, str]] = {}
    failed: dict[str, str] = {}
    for done in pool.run(tasks):
        seals[done.task.path] = done.result or {}
        failed[done.task.path] = done.failure
    found: dict[str, str] = {}
    unsure: dict[str, str] = {}
    # From the longest candidate on: whoever comes first is the longest that begins so.
    for longer, shorter in sorted(pairs, key=lambda pair: (pair[0].size, pair[0].path), reverse=True):
        for one in shorter:
            seal = seals.get(longer.path, {}).get(one.size)
            if seal is None:
                why = failed.get(longer.path) or "it could not be read a second time"
                unsure.setdefault(
                    one.path,
                    f"it may be the beginning of {longer.path}, and then its {one.events:,} records count twice: "
                    f"the two could not be compared ({why})",
                )
            elif seal == one.sha256:
                found.setdefault(one.path, longer.path)
    return Copies(found, {path: why for path, why in unsure.items() if path not in found})


def _with_lines(
    settings: Settings,
    units: Sequence[Unit],
    holders: Mapping[str, Unit],
    groups: Sequence[list[SourceReport]],
    known: Copies,
) -> Copies:
    """The same with copies of which some lines stand in others too."""
    tasks, unsure = [], dict(known.unsure)
    for group in groups:
        copies_ = [(unit, one.path) for one in group if (unit := _holder(one.path, holders)) is not None]
        left = [pair for pair in copies_ if pair[1] not in known.of]
        if len(left) < 2:
            continue
        if sum(one.size for one in group) > shared_lines.MOST_BYTES:
            why = f"together they are larger than {shared_lines.MOST_BYTES >> 30} GiB"
            unsure |= {path: _twice(left[0][1], why) for _, path in left[1:]}
            continue
        records = group[0].kind == WINDOWS_EVENTS
        tasks.append(shared_lines.Wanted(tuple(left), settings.passwords, records))
    pool: Pool[shared_lines.Wanted, list[shared_lines.Own | None]] = Pool(
        shared_lines.start,
        (),
        list[shared_lines.Own | None],
        settings.jobs,
        jail=jail_for(settings, units),
        seconds=lambda task: seconds_for([unit for unit, _ in task.copies]),
        tries=2,
    )
    found: dict[str, tuple[str, shared_lines.Own]] = {}
    for done in pool.run(tasks):
        (_, first), *others = done.task.copies
        results = done.result or [None for _ in others]
        for (_, path), own in zip(others, results, strict=True):
            if own is None:
                unsure.setdefault(path, _twice(first, done.failure or "they have too many lines"))
            elif own.shared:
                found[path] = (first, own)
                unsure.pop(path, None)
    return Copies(known.of, unsure, found)


def _twice(path: str, why: str) -> str:
    return (
        f"it may be another copy of {path}, and then lines count twice: the two could not be compared ({why})"
    )


def _alike(reports: Sequence[SourceReport]) -> list[list[SourceReport]]:
    """Logs that may be copies of each other, the biggest first."""
    named: dict[tuple[str, ...], list[SourceReport]] = defaultdict(list)
    seen: set[str] = set()
    for report in sorted(reports, key=lambda one: one.path):
        may_be = (report.begins or report.kind == WINDOWS_EVENTS) and report.events
        if may_be and report.state in (SourceState.READ, SourceState.PARTIAL) and report.sha256 not in seen:
            seen.add(report.sha256)
            # Event logs have names of their own; text logs of one day have the same name in every folder.
            parts = 1 if report.kind == WINDOWS_EVENTS else 2
            named[report.kind, *_NUMBER.sub("", report.path).lower().split("/")[-parts:]].append(report)
    groups = [_overlapping(group) for group in named.values() if len(group) > 1]
    taken = {report.path for group in groups for report in group}
    begun: dict[tuple[str, str], list[SourceReport]] = defaultdict(list)
    for group in named.values():
        for report in group:
            if report.begins and report.path not in taken:
                begun[report.kind, report.begins].append(report)
    groups += list(begun.values())
    ordered = [sorted(group, key=lambda one: (-one.size, one.path)) for group in groups if len(group) > 1]
    return sorted(ordered, key=lambda group: group[0].path)


def _overlapping(group: list[SourceReport]) -> list[SourceReport]:
    """Those whose times touch those of another one."""
    return [
        one
        for one in group
        if any(
            other is not one
            and (
                one.first is None
                or one.last is None
                or other.first is None
                or other.last is None
                or (one.first <= other.last and other.first <= one.last)
            )
            for other in group
        )
    ]


def _candidates(reports: Sequence[SourceReport]) -> Iterator[tuple[SourceReport, list[SourceReport]]]:
    """Logs with the same first line, each with the shorter ones."""
    alike: dict[tuple[str, str], dict[str, SourceReport]] = defaultdict(dict)
    for report in sorted(reports, key=lambda one: one.path):
        if report.begins and report.state is SourceState.READ:
            alike[report.kind, report.begins].setdefault(report.sha256, report)
    for key in sorted(alike):
        group = sorted(alike[key].values(), key=lambda one: (one.size, one.path))
        for place, longer in enumerate(group):
            shorter = [one for one in group[:place] if one.size < longer.size]
            if shorter:
                yield longer, shorter


def _holder(path: str, holders: Mapping[str, Unit]) -> Unit | None:
    """The unit that the file is, or stands in."""
    while path not in holders:
        path, slash, _ = path.rpartition("/")
        if not slash:
            # Members of the only archive named stand at the root: it is the unit.
            return next((unit for unit in holders.values() if unit.place.root), None)
    return holders[path]


def start() -> Callable[[Wanted], dict[int, str]]:
    return work


def work(task: Wanted) -> dict[int, str]:
    for source in sources(task.unit, passwords=task.passwords):
        if source.path == task.path:
            return _beginnings(source, task.sizes)
        shared_lines.pass_over(source)
    return {}


def _beginnings(source: Source, sizes: Sequence[int]) -> dict[int, str]:
    digest, done, found = hashlib.sha256(), 0, {}
    left = list(sizes)
    try:
        for chunk in source.chunks(_CHUNK):
            place = 0
            while left and done + len(chunk) >= left[0]:
                end = left[0] - done
                digest.update(chunk[place:end])
                found[left.pop(0)] = digest.hexdigest()
                place = end
            if not left:
                break
            digest.update(chunk[place:])
            done += len(chunk)
    except EvidenceReadError:
        return found
    return found
