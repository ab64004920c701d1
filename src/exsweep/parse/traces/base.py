"""How a trace is read: chosen by its first bytes, fed in chunks, told as rows of one format."""

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, TypeAlias

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import LogFormat, format_of
from exsweep.model import SourceState
from exsweep.parse.batch import NO_TIME, Batch, RejectedLine
from exsweep.parse.carved import Carved
from exsweep.parse.filesystem.folders import Folders
from exsweep.parse.filesystem.names import Told
from exsweep.parse.lines import LineSplitter
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally
from exsweep.parse.text import TextDecoder
from exsweep.parse.times import iso_ms
from exsweep.registry import Registry

_BATCH = 4096
_VALUE = 32_000
"""Bytes of one value that are kept."""
Looks: TypeAlias = Callable[[bytes, str], bool]
"""Is this the trace that begins with these 64 KiB, or that stands under this path?"""


class TraceReader(ABC):
    """Reads one file. `events + rejected = lines`; what a subclass finds goes through `row`, `reject`, `damaged`."""

    KIND: ClassVar[str]
    """Id of the format of its rows."""
    BESIDE: ClassVar[tuple[str, ...]] = ()
    """Endings of files beside it that it needs too: `.LOG1`."""
    ON_A_VOLUME: ClassVar[bool] = False
    """It names folders by number; the volume's file table has their names."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.kind = self.KIND
        self.tally = Tally()
        self.pages: list[Carved] = []
        """Pages found since somebody last took them."""
        self.folders: Folders | None = None
        """Where ON_A_VOLUME: folders of the volume's file table, where it was given."""
        self.beside: tuple[bytes, ...] = ()
        """Bytes of the files beside it, in the order of BESIDE, those that there are."""
        self._formats: dict[str, _Waiting] = {}
        self._damage = ""

    def feed(self, chunk: bytes, *, last: bool = False, sieve: Sieve | None = None) -> Iterator[Batch]:
        """Rows of what is whole; with `last` the rest. `sieve` has no effect: traces are small."""
        self.take(chunk, last=last)
        for kind in sorted(self._formats):
            waiting = self._formats[kind]
            if waiting.rows and (last or len(waiting.rows) >= _BATCH):
                yield waiting.batch(self.tally)

    @abstractmethod
    def take(self, chunk: bytes, *, last: bool) -> None:
        """For subclasses: the next bytes."""

    def state(self) -> tuple[SourceState, str]:
        """PARTIAL where something could not be read."""
        return (SourceState.PARTIAL, self._damage) if self._damage else (SourceState.READ, "")

    def row(
        self,
        values: Mapping[str, str | bytes | int | None],
        *,
        line: int,
        offset: int = 0,
        raw: bytes = b"",
        kind: str = "",
    ) -> None:
        """One row; columns that are not named are empty. `kind`: format, where a reader has rows of several."""
        kind = kind or self.KIND
        waiting = self._formats.get(kind)
        if waiting is None:
            waiting = self._formats[kind] = _Waiting(format_of(kind))
        waiting.rows.append({name: _bytes(value) for name, value in values.items()})
        waiting.places.append((line, offset))
        waiting.raws.append(raw[:4_000])

    def reject(self, line: int, offset: int, reason: str, raw: bytes = b"") -> None:
        """Something that should have been a row."""
        self.tally.reject([RejectedLine(line, offset, reason, raw[:400])])

    def damaged(self, reason: str) -> None:
        """In words: what of the file could not be read. The first reason counts."""
        self._damage = self._damage or reason


class _Waiting:
    """Rows of one format that were not handed out yet."""

    def __init__(self, kind: LogFormat) -> None:
        self.kind = kind
        self.rows: list[dict[str, bytes]] = []
        self.places: list[tuple[int, int]] = []
        self.raws: list[bytes] = []

    def batch(self, tally: Tally) -> Batch:
        rows, places, raws = self.rows, self.places, tuple(self.raws)
        self.rows, self.places, self.raws = [], [], []
        table = pa.table(
            {name: pa.array([row.get(name, b"") for row in rows], pa.binary()) for name in self.kind.columns}
        )
        times = np.array([self._time(row) for row in rows], np.int64)
        tally.lines += len(rows)
        tally.events += len(rows)
        tally.kinds[self.kind.id] += len(rows)
        # These rows are states, or rare: days without one are no hole, so traces cover no days.
        tally.no_time += int(np.count_nonzero(times == NO_TIME))
        line, offset = np.array(places, np.int64).reshape(-1, 2).T
        return Batch(self.kind, table, line, offset, times, lines=raws if any(raws) else Told(table))

    def _time(self, row: Mapping[str, bytes]) -> int:
        for column in self.kind.time.columns:
            found = iso_ms(row.get(column, b""))
            if found is not None:
                return found
        return int(NO_TIME)


def _bytes(value: str | bytes | int | None) -> bytes:
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value[:_VALUE]
    return str(value)[:_VALUE].encode("utf-8", "backslashreplace")


class WholeReader(TraceReader):
    """A file that is read when all of it is there; of a bigger one than LIMIT the beginning."""

    LIMIT: ClassVar[int] = 16 << 20

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._chunks: list[bytes] = []
        self._size = 0

    def take(self, chunk: bytes, *, last: bool) -> None:
        room = self.LIMIT - self._size
        self._size += len(chunk)
        if room > 0 and chunk:
            self._chunks.append(chunk[:room])
        if last:
            data, self._chunks = b"".join(self._chunks), []
            if self._size > self.LIMIT:
                self.damaged(
                    f"It has {self._size:,} bytes; what lies behind the first {self.LIMIT >> 20} MiB was not read."
                )
            try:
                self.read(data)
            except struct.error:
                # Every fixed part is taken with `struct`, which checks that it is there.
                self.damaged("The file is cut short, or says that parts lie where it has ended.")
                self.reject(1, 0, "cut", data[:64])

    @abstractmethod
    def read(self, data: bytes) -> None:
        """For subclasses: the whole file."""


class LinesReader(TraceReader):
    """A text, line by line."""

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._decoder, self._splitter = TextDecoder(), LineSplitter()

    def take(self, chunk: bytes, *, last: bool) -> None:
        for block in self._splitter.feed(self._decoder.feed(chunk, last=last), last=last):
            for index in range(len(block)):
                self.line(
                    block.line(index), block.first_line + index, block.offset + int(block.starts[index])
                )
        if last:
            self.close()

    @abstractmethod
    def line(self, text: bytes, number: int, offset: int) -> None:
        """For subclasses: one line without its end (empty ones too); number from 1."""

    def close(self) -> None:
        """For subclasses: there are no more lines."""


TRACES: Registry[tuple[Looks, type[TraceReader]]] = Registry("traces")


def trace(name: str, looks: Looks, *, priority: int = 0) -> Callable[[type[TraceReader]], type[TraceReader]]:
    """Decorator: file a reader under `name`. Recognisers are asked in order of falling priority, then name."""

    def register(reader: type[TraceReader]) -> type[TraceReader]:
        TRACES.add(name, priority=priority)((looks, reader))
        return reader

    return register


def reader_of(head: bytes, path: str) -> TraceReader | None:
    """The reader of a file that begins with `head`; None when it is no trace that we know."""
    for looks, reader in TRACES.values():
        if looks(head, path):
            return reader(path)
    return None
