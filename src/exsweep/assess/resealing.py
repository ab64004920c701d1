"""Evidence read once more, in a jail, only to be sealed again: nothing in it is parsed beyond what unpacks it."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from exsweep.assess.jail import Jail
from exsweep.assess.pool import Pool
from exsweep.assess.reading import grouped, jail_for, seconds_for
from exsweep.assess.settings import Settings
from exsweep.evidence import EvidenceReadError, Source, Unit, open_evidence, sources
from exsweep.judge import fits
from exsweep.model import Finding

_CHUNK = 4 << 20
_QUOTED = 3_900
"""Characters of a quoted line that are compared: longer ones end with a word about the rest."""
_LINE = 64 << 10
"""Bytes from the beginning of a line in which its quoted part stands, whatever length the masked secrets have."""


class Seal(msgspec.Struct, frozen=True):
    """What a file of the evidence is now. `sha256` is empty where it cannot be read at all."""

    path: str
    size: int
    sha256: str
    wrong: tuple[str, ...] = ()
    """Ids of findings whose quoted line does not stand at its place."""


class Quote(msgspec.Struct, frozen=True):
    """A line that a finding quotes: it must read back from its place (law 2), a mark standing for each masked secret."""

    path: str
    offset: int
    line: str
    finding: str


class SealTask(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]
    passwords: tuple[bytes, ...] = ()
    quotes: dict[str, tuple[Quote, ...]] = {}
    """By path, in order of offset."""


def quotes_of(findings: Sequence[Finding]) -> dict[str, tuple[Quote, ...]]:
    """Quoted lines of text logs, by path. Records of event logs and text with odd characters have no bytes to compare."""
    found: dict[str, set[tuple[int, str, str]]] = defaultdict(set)
    for item in findings:
        for origin, line in zip(item.origins, (item.excerpt, *item.excerpts), strict=False):
            plain = line.isascii() and line.isprintable() and "\\" not in line
            if origin.offset is not None and origin.record is None and plain and line:
                found[origin.path].add((origin.offset, line[:_QUOTED], item.id))
    return {
        path: tuple(Quote(path, offset, line, finding) for offset, line, finding in sorted(items))
        for path, items in found.items()
    }


def seals(
    evidence: Sequence[Path], settings: Settings, quotes: Mapping[str, tuple[Quote, ...]] | None = None
) -> Iterator[Seal]:
    """Every file of the evidence, under the logical path that triage gives it; lines of `quotes` are read again too.

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
    for finished in pool.run(
        SealTask(tuple(group), settings.passwords, _within(group, quotes or {}))
        for group in grouped(opened.units)
    ):
        yield from finished.result or (Seal(unit.path, 0, "") for unit in finished.task.units)


def _within(units: Sequence[Unit], quotes: Mapping[str, tuple[Quote, ...]]) -> dict[str, tuple[Quote, ...]]:
    """Quotes from these files, and from what is in those of them that are archives."""
    names = {unit.path for unit in units}
    inside = tuple({unit.place.inside for unit in units} | {f"{name}/" for name in names})
    return {path: of for path, of in quotes.items() if path in names or path.startswith(inside)}


def start() -> Callable[[SealTask], tuple[Seal, ...]]:
    return work


def work(task: SealTask) -> tuple[Seal, ...]:
    return tuple(
        _seal(source, task.quotes.get(source.path, ()))
        for unit in task.units
        for source in sources(unit, passwords=task.passwords)
    )


def _seal(source: Source, quotes: Sequence[Quote]) -> Seal:
    """As far as there are bytes, as triage seals a file that ends early."""
    digest, size, at = hashlib.sha256(), 0, 0
    wrong: set[str] = set()
    tail = b""  # the end of the chunk before: a quoted line may begin in it

    def compare(last: bool) -> None:
        nonlocal at
        begin = size - len(tail)
        while at < len(quotes) and (last or quotes[at].offset + _LINE <= size):
            quote = quotes[at]
            start = quote.offset - begin
            line = tail[start : start + _LINE] if start >= 0 else b""
            if not fits(quote.line, line.decode("latin-1")):
                wrong.add(quote.finding)
            at += 1

    try:
        for chunk in source.chunks(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            if at < len(quotes):
                tail = tail[-_LINE:] + chunk
                compare(last=False)
    except EvidenceReadError:
        compare(last=True)
        return Seal(source.path, size, digest.hexdigest(), tuple(sorted(wrong)))
    compare(last=True)
    return Seal(source.path, size, digest.hexdigest(), tuple(sorted(wrong)))
