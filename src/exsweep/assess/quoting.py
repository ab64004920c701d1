"""One line of the evidence as it stands there, secrets and all: read again at its place, in a jail, and kept nowhere."""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from exsweep.assess.pool import Pool
from exsweep.assess.reading import grouped, jail_for, seconds_for
from exsweep.assess.settings import Settings
from exsweep.errors import EvidenceError
from exsweep.evidence import EvidenceReadError, Source, Unit, open_evidence, sources

LONGEST = 64 << 10
"""Bytes of a line that are given."""
_CHUNK = 1 << 20


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a finding says that its line stands."""

    path: str
    """Logical path, as triage gives it."""
    offset: int
    """First byte of the line, in the file as it is read."""


class RawLine(msgspec.Struct, frozen=True, kw_only=True):
    """What stands there."""

    line: bytes
    """Without its end; at most 64 KiB of it."""
    cut: bool = False
    """The line is longer."""


class LineTask(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]
    place: Place


def raw_line(evidence: Path, settings: Settings, place: Place) -> RawLine | None:
    """The line that begins at the place; None where the evidence has no such file, or it ends before.

    Raises:
        EvidenceError: there is nothing to read in the evidence, or its reader failed.
    """
    units = _near(open_evidence((evidence,)).units, place.path)
    pool: Pool[LineTask, RawLine | None] = Pool(
        start,
        (),
        RawLine | None,
        1,
        jail=jail_for(settings, units),
        seconds=lambda task: seconds_for(task.units),
    )
    failure = ""
    for finished in pool.run(LineTask(tuple(group), place) for group in grouped(units)):
        if finished.result is not None:
            return finished.result
        failure = failure or finished.failure
    if failure:
        raise EvidenceError(f"The evidence could not be read again: {failure}.")
    return None


def _near(units: Sequence[Unit], path: str) -> list[Unit]:
    """The file itself where it lies open, else the archives that may hold it."""
    own = [unit for unit in units if unit.path == path]
    return own or [unit for unit in units if path.startswith((unit.place.inside, f"{unit.path}/"))]


def start() -> Callable[[LineTask], RawLine | None]:
    return work


def work(task: LineTask) -> RawLine | None:
    for unit in task.units:
        for source in sources(unit):
            if source.path == task.place.path:
                return _line(source, task.place.offset)
            _pass_over(source)
    return None


def _pass_over(source: Source) -> None:
    """Members of one stream follow each other."""
    with contextlib.suppress(EvidenceReadError):
        for _ in source.chunks(_CHUNK):
            pass


def _line(source: Source, offset: int) -> RawLine | None:
    begin, kept = 0, b""
    with contextlib.suppress(EvidenceReadError):  # what stands before the damage is given
        for chunk in source.chunks(_CHUNK):
            end = begin + len(chunk)
            if end > offset:
                kept += chunk[max(0, offset - begin) :]
                if b"\n" in kept or len(kept) > LONGEST:
                    break
            begin = end
    if not kept:
        return None
    line = kept.partition(b"\n")[0]
    return RawLine(line=line[:LONGEST].rstrip(b"\r"), cut=len(line) > LONGEST)
