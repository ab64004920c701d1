"""Evidence read once more, in a jail, only to be sealed again: nothing in it is parsed beyond what unpacks it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from exsweep.assess.jail import Jail
from exsweep.assess.pool import Pool
from exsweep.assess.reading import grouped, jail_for, seconds_for
from exsweep.assess.settings import Settings
from exsweep.evidence import EvidenceReadError, Source, Unit, open_evidence, sources

_CHUNK = 4 << 20


class Seal(msgspec.Struct, frozen=True):
    """What a file of the evidence is now. `sha256` is empty where it cannot be read at all."""

    path: str
    size: int
    sha256: str


class SealTask(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]
    passwords: tuple[bytes, ...] = ()


def seals(evidence: Sequence[Path], settings: Settings) -> Iterator[Seal]:
    """Every file of the evidence, under the logical path that triage gives it.

    Raises:
        EvidenceError: a path does not exist, or there is nothing to read in all of it.
    """
    opened = open_evidence(evidence)
    jail: Jail | None = jail_for(settings, opened.units)
    pool: Pool[SealTask, tuple[Seal, ...]] = Pool(
        start,
        (),
        tuple[Seal, ...],
        settings.jobs,
        jail=jail,
        seconds=lambda task: seconds_for(task.units),
        tries=2,
    )
    for finished in pool.run([SealTask(tuple(group), settings.passwords) for group in grouped(opened.units)]):
        yield from finished.result or (Seal(unit.path, 0, "") for unit in finished.task.units)


def start() -> Callable[[SealTask], tuple[Seal, ...]]:
    return work


def work(task: SealTask) -> tuple[Seal, ...]:
    return tuple(_seal(source) for unit in task.units for source in sources(unit, passwords=task.passwords))


def _seal(source: Source) -> Seal:
    """As far as there are bytes, as triage seals a file that ends early."""
    digest, size = hashlib.sha256(), 0
    try:
        for chunk in source.chunks(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    except EvidenceReadError:
        return Seal(source.path, size, digest.hexdigest())
    return Seal(source.path, size, digest.hexdigest())
