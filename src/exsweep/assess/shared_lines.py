"""Two copies of one log that are no beginnings of each other: taken before and after it was rotated, or with a line changed.

A line that stands in both counts once: it is counted in the copy that is bigger, and the other copy keeps only the lines of its
own. Where the copies disagree between lines that both have, somebody may have changed one of them: that is a gap, and it is
told with the lines. Equal lines of one copy are counted as often as the copy that has most of them.

The copies are read a second time in a jail, line by line; nothing of a line but a hash is kept. Of event logs records are
compared in place of lines: by channel, number, time and computer, for the files of one log differ in their first bytes already.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from exsweep.evidence import EvidenceReadError, Source, Unit, sources
from exsweep.parse.batch import Batch
from exsweep.parse.winevent import EventReader, event_reader

_CHUNK = 4 << 20
_HEAD = 1 << 20
_END = 1 << 62
MOST_BYTES = 4 << 30
"""Of all copies of one log together; beyond, nobody compares them, and that is said."""
_MOST_LINES = 30_000_000
_MOST_STRETCHES = 20_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_Hashes: TypeAlias = npt.NDArray[np.uint64]


class Wanted(msgspec.Struct, frozen=True):
    """Compare copies of one log, the one that counts first."""

    copies: tuple[tuple[Unit, str], ...]
    """The unit in which each stands, and its path."""
    passwords: tuple[bytes, ...] = ()
    records: bool = False
    """They are event logs."""


class Own(msgspec.Struct, frozen=True):
    """What is left of a copy beside those before it. Empty `stretches`: all its lines stand elsewhere too."""

    shared: int
    """Data lines that one of those before has too."""
    stretches: tuple[tuple[int, int, int], ...]
    """Byte from, byte behind, lines; rising."""
    only_here: int = 0
    """Lines between the first and the last shared one that those before do not have, ..."""
    only_there: int = 0
    """... and lines of the first copy between them that this one does not have."""
    line: int = 0
    """The first of `only_here` (line from 1, or number of the record), ..."""
    other_line: int = 0
    """... and of `only_there` in the first copy."""


def start() -> Callable[[Wanted], list[Own | None]]:
    return work


def work(task: Wanted) -> list[Own | None]:
    """One for each copy but the first; None where it cannot be said."""
    read = _records if task.records else _lines
    others = [read(unit, path, task.passwords) for unit, path in task.copies[1:]]
    tails = tuple({one.tail for one in others if one is not None and one.tail})
    first = read(*task.copies[0], task.passwords, tails)
    if first is None:
        return [None for _ in others]
    known = np.sort(first.keys[first.data])
    found: list[Own | None] = []
    for one in others:
        if one is None:
            found.append(None)
            continue
        found.append(_compared(first, one, known))
        known = np.union1d(known, one.keys[one.data])
    return found


class _Lines(msgspec.Struct, frozen=True):
    keys: _Hashes
    """Hash of each line together with how often it came before."""
    starts: npt.NDArray[np.int64]
    """Byte at which each begins, and the end."""
    data: npt.NDArray[np.bool_]
    """Neither blank nor part of a header."""
    tail: bytes = b""
    """The last line where it does not end: the copy was taken while it was written."""
    begun: frozenset[bytes] = frozenset()
    """Tails of other copies with which some line here begins."""
    numbers: npt.NDArray[np.int64] | None = None
    """Numbers of records, which may stand in another order; None: lines count from 1."""

    def gaps(self, shared: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Numbers of what stands between the first and the last shared one, and is not shared itself."""
        numbers = np.arange(1, len(self.keys) + 1) if self.numbers is None else self.numbers
        order = np.argsort(numbers, kind="stable")
        mine, at = shared[order], np.flatnonzero(shared[order])
        if not len(at):
            return np.empty(0, np.int64)
        inner = slice(at[0], at[-1])
        found: npt.NDArray[np.int64] = numbers[order][inner][(self.data[order] & ~mine)[inner]]
        return found


def _compared(first: _Lines, one: _Lines, known: _Hashes) -> Own | None:
    shared = one.data & _among(one.keys, known)
    if one.tail in first.begun and shared.any():
        shared[-1] = True
    own = one.data & ~shared
    at = np.flatnonzero(shared)
    if not len(at):
        return Own(0, ((0, int(one.starts[-1]), int(one.data.sum())),))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], own.astype(np.int8), [0]))))
    if len(edges) // 2 > _MOST_STRETCHES:
        return None
    stretches = tuple(
        (int(one.starts[begin]), int(one.starts[end]), int(end - begin))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    )
    here = one.gaps(shared)
    there = first.gaps(first.data & _among(first.keys, np.sort(one.keys[one.data])))
    return Own(
        shared=int(shared.sum()),
        stretches=stretches,
        only_here=len(here),
        only_there=len(there),
        line=int(here[0]) if len(here) else 0,
        other_line=int(there[0]) if len(there) else 0,
    )


def _among(keys: _Hashes, sorted_: _Hashes) -> npt.NDArray[np.bool_]:
    if not len(sorted_):
        return np.zeros(len(keys), np.bool_)
    place = np.minimum(np.searchsorted(sorted_, keys), len(sorted_) - 1)
    found: npt.NDArray[np.bool_] = sorted_[place] == keys
    return found


def _lines(unit: Unit, path: str, passwords: Sequence[bytes], tails: tuple[bytes, ...] = ()) -> _Lines | None:
    for source in sources(unit, passwords=passwords):
        hashes: list[int] = []
        starts: list[int] = [0]
        data: list[bool] = []
        rest, begun = b"", set[bytes]()
        wanted = source.path == path
        try:
            for chunk in source.chunks(_CHUNK):
                if not wanted:
                    continue  # members of one stream follow each other: read to the next
                *whole, rest = (rest + chunk).split(b"\n")
                _add(whole, 1, hashes, starts, data)
                if tails:
                    begun.update(
                        tail
                        for line in whole
                        if line.startswith(tails)
                        for tail in tails
                        if line.startswith(tail)
                    )
                if len(hashes) > _MOST_LINES:
                    return None
        except EvidenceReadError:
            if not wanted:
                continue
        if wanted:
            _add([rest] if rest else [], 0, hashes, starts, data)
            keys = _counted(np.array(hashes, np.int64).view(np.uint64))
            return _Lines(keys, np.array(starts, np.int64), np.array(data, np.bool_), rest, frozenset(begun))
    return None


def _records(
    unit: Unit, path: str, passwords: Sequence[bytes], tails: tuple[bytes, ...] = ()
) -> _Lines | None:
    for source in sources(unit, passwords=passwords):
        if source.path != path:
            pass_over(source)
            continue
        rows: list[tuple[int, int, int]] = []
        reader: EventReader | None = None
        head = b""
        try:
            for chunk in source.chunks(_CHUNK):
                if reader is None:
                    head += chunk
                    reader = event_reader(head, path)
                    chunk = head
                rows += [row for batch in (reader.feed(chunk) if reader else ()) for row in _told(batch)]
                if len(rows) > _MOST_LINES or (reader is None and len(head) > _HEAD):
                    return None
        except EvidenceReadError:
            pass  # what was read before the damage is good
        rows += [row for batch in (reader.feed(b"", last=True) if reader else ()) for row in _told(batch)]
        rows.sort()
        offsets = np.array([*(row[0] for row in rows), _END], np.int64)
        keys = _counted(np.array([row[1] for row in rows], np.int64).view(np.uint64))
        numbers = np.array([row[2] for row in rows], np.int64)
        return _Lines(keys, offsets, np.ones(len(rows), np.bool_), numbers=numbers)
    return None


def _told(batch: Batch) -> Iterator[tuple[int, int, int]]:
    """Offset, hash and number of each record."""
    names = ("Channel", "EventRecordID", "Computer")
    columns = [
        batch.table.column(name).to_pylist() if name in batch.table.column_names else [None] * len(batch)
        for name in names
    ]
    for offset, time, *said in zip(batch.offset.tolist(), batch.time_ms.tolist(), *columns, strict=True):
        number = said[1]
        number = int(number) if number and number.isdigit() and len(number) <= 18 else 0
        yield offset, hash((time, *said)), number


def pass_over(source: Source) -> None:
    """Members of one stream follow each other: read to the next."""
    try:
        for _ in source.chunks(_CHUNK):
            pass
    except EvidenceReadError:
        return


def _add(
    lines: Sequence[bytes], newline: int, hashes: list[int], starts: list[int], data: list[bool]
) -> None:
    for line in lines:
        text = line.rstrip(b"\r")
        hashes.append(hash(text))
        data.append(bool(text) and not text.startswith(b"#"))
        starts.append(starts[-1] + len(line) + newline)


def _counted(hashes: _Hashes) -> _Hashes:
    """The same, so that the second of two equal lines differs from the first, the third from both ..."""
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    begins = np.concatenate(([True], ranked[1:] != ranked[:-1])) if len(ranked) else np.empty(0, np.bool_)
    firsts = np.maximum.accumulate(np.where(begins, np.arange(len(ranked)), 0))
    keys = np.empty_like(hashes)
    keys[order] = ranked + (np.arange(len(ranked)) - firsts).astype(np.uint64) * _GOLDEN
    return keys
