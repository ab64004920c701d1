"""One log copied at two moments: the shorter copy is the beginning of the longer one, and its lines count once (F15).

What may be such a pair is seen by the first dated line; that it is one is proved by reading the longer copy again, in a
jail, up to the length of the shorter. A copy that differs by one byte before its end stays evidence of its own. Where
nothing could be proved the shorter one counts too, and says that it may count twice.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from exsweep.assess.pool import Pool
from exsweep.assess.reading import jail_for, seconds_for
from exsweep.assess.settings import Settings
from exsweep.evidence import EvidenceReadError, Source, Unit, sources
from exsweep.model import SourceReport, SourceState

_CHUNK = 1 << 20


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


def copies(settings: Settings, units: Sequence[Unit], reports: Sequence[SourceReport]) -> Copies:
    """Which files are the beginning of a longer one, proved by their bytes.

    Raises:
        ExsweepError: the run cannot go on. Bad evidence raises nothing.
    """
    pairs = list(_candidates(reports))
    if not pairs:
        return Copies()
    holders = {unit.path: unit for unit in units}
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
        _pass(source)
    return {}


def _pass(source: Source) -> None:
    """Members of one stream follow each other: read to the next."""
    try:
        for _ in source.chunks(_CHUNK):
            pass
    except EvidenceReadError:
        return


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
