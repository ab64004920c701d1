"""Every line of a known intruder: his addresses, his web shell, and the ids of his requests, looked for in all logs."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.assess.rows import column, hit
from exsweep.detect.columns import offsets_and_data
from exsweep.detect.matcher import Matcher, make_matcher
from exsweep.evidence import EvidenceReadError, Source, Unit, sources
from exsweep.judge import Traces
from exsweep.judge.facts import forwarded, is_nobody
from exsweep.knowledge.formats import LogFormat, text_formats
from exsweep.model import Hit
from exsweep.parse import Reader, recognise
from exsweep.parse.batch import Batch
from exsweep.parse.sweep import Sieve
from exsweep.parse.text import utf16_kind
from exsweep.parse.winevent import EventReader, event_reader

RULE = "pivot"
PER_FILE = 500
_CHUNK = 16 << 20
_PIECE = 1 << 20
_HEAD = 64 << 10
_COLUMNS = ("source.ip", "network.forwarded_ip", "url.path", "user.name", "http.response.status_code")
_KEY_FIELDS = ("url.query", "event.id")
_KEY_COLUMNS = ("EventData",)


class PivotTask(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]
    traces: Traces
    passwords: tuple[bytes, ...] = ()


def start() -> Callable[[PivotTask], tuple[Hit, ...]]:
    text_formats()
    return work


def work(task: PivotTask) -> tuple[Hit, ...]:
    """At most 500 lines per file, the earliest ones; origins carry no seal here, the caller knows it."""
    finder = Finder(task.traces)
    found: list[Hit] = []
    for unit in task.units:
        if _worth_reading(unit, task, finder):
            for source in sources(unit, passwords=task.passwords):
                found += _source(source, finder)
    return tuple(found)


def _worth_reading(unit: Unit, task: PivotTask, finder: "Finder") -> bool:
    """Of most big files it is enough to know that no trace is in them: a search alone costs a fifth of reading lines."""
    if unit.kind != "file" or unit.size < _CHUNK:
        return True
    return any(
        finder.somewhere_in(_readable(source, _PIECE)) for source in sources(unit, passwords=task.passwords)
    )


def _source(source: Source, finder: "Finder") -> list[Hit]:
    found: list[Hit] = []
    reader: Reader | EventReader | None = None
    for chunk in _readable(source):
        if reader is None:
            reader = event_reader(chunk[:_HEAD], source.path)
        if reader is None:
            if len(chunk) < _CHUNK and finder.nothing_in(chunk):
                return []
            kind = recognise(chunk[:_HEAD], source.path)
            if kind is None:
                return []
            reader = Reader(kind)
        for batch in reader.feed(chunk, sieve=Sieve(finder.lines)):
            found += _hits(batch, finder, source.path)
    if reader is not None:
        for batch in reader.feed(b"", last=True, sieve=Sieve(finder.lines)):
            found += _hits(batch, finder, source.path)
    return found[:PER_FILE]


def _readable(source: Source, size: int = _CHUNK) -> Iterator[bytes]:
    """What can be read; the first reading has counted the damage already."""
    try:
        yield from source.chunks(size)
    except EvidenceReadError:
        return


def _hits(batch: Batch, finder: "Finder", path: str) -> list[Hit]:
    return [hit(RULE, batch, int(row), path, "") for row in finder.rows(batch)[:PER_FILE]]


class Finder:
    """Looks for traces in raw bytes (whole lines) and, exactly, in columns."""

    def __init__(self, traces: Traces) -> None:
        self._addresses = frozenset(traces.addresses)
        self._guessers = frozenset(traces.guessers) - self._addresses
        self._pages = frozenset(page for page in traces.pages if "/" in page)
        self._names = frozenset(page for page in traces.pages if "/" not in page)
        self._keys = [key.encode() for key in sorted(traces.keys)]
        needles = {text.encode() for text in (*traces.addresses, *traces.guessers)} | set(self._keys)
        needles |= {page.rsplit("/", 1)[-1].encode() for page in traces.pages}
        self._lines = make_matcher((0, needle) for needle in needles if needle)
        self._overlap = max((len(needle) for needle in needles), default=1)
        self._key_matcher: Matcher | None = (
            make_matcher((len(key), key) for key in self._keys) if self._keys else None
        )

    def nothing_in(self, data: bytes) -> bool:
        """No trace in a whole file, which then need not be parsed; of UTF-16 it is not known."""
        return utf16_kind(data) is None and not len(self._lines.scan(data)[1])

    def somewhere_in(self, chunks: Iterable[bytes]) -> bool:
        """Whether a trace is in a file, or may be; UTF-16 and what event logs hold is no plain text."""
        tail = b""
        for chunk in chunks:
            if not tail and (utf16_kind(chunk) is not None or event_reader(chunk[:_HEAD]) is not None):
                return True
            across = tail + chunk[: self._overlap]
            if len(self._lines.scan(chunk)[1]) or len(self._lines.scan(across)[1]):
                return True
            tail = across[-self._overlap :] if len(chunk) < self._overlap else chunk[-self._overlap :]
        return False

    def lines(
        self, data: bytes, stops: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Numbers, rising, of the lines that hold a trace; line i ends at `stops[i]`. None of them is spared."""
        _, ends = self._lines.scan(data)
        return np.unique(np.searchsorted(stops, ends - 1, side="right")), stops[:0]

    def rows(self, batch: Batch) -> npt.NDArray[np.int64]:
        """Row numbers whose sender or page is one of those looked for, or that carry the id of a known request."""
        mask = np.zeros(len(batch), dtype=bool)
        if not len(batch):
            return np.empty(0, dtype=np.int64)
        native = batch.format.ecs.get("url.path")
        pages = column(batch, native) if native and (self._pages or self._names) else None
        if pages is not None:
            mask |= _is_one_of(pages, self._pages, self._names)
        mask |= self._sent_by(batch, self._addresses) | self._fitting(batch)
        if self._key_matcher is not None:
            for native in _key_columns(batch.format):
                values = column(batch, native)
                if values is not None:
                    mask |= _holds(values, self._key_matcher)
        return np.flatnonzero(mask).astype(np.int64)

    def _sent_by(self, batch: Batch, addresses: frozenset[str]) -> npt.NDArray[np.bool_]:
        """Rows whose sender is one of the addresses, also where a load balancer passed them on."""
        found = np.zeros(len(batch), dtype=bool)
        ways = (
            ("source.ip", lambda text: text in addresses),
            ("network.forwarded_ip", lambda text: forwarded(text) in addresses),
        )
        for name, fits in ways if addresses else ():
            native = batch.format.ecs.get(name)
            values = column(batch, native) if native else None
            if values is not None:
                found |= _where(values, fits)
        return found

    def _fitting(self, batch: Batch) -> npt.NDArray[np.bool_]:
        """Requests of those who guessed passwords that were answered to somebody's name."""
        if not self._guessers:
            return np.zeros(len(batch), dtype=bool)
        found = self._sent_by(batch, self._guessers)
        asked = (
            ("http.response.status_code", lambda text: text[:1] == "2" and len(text) == 3),
            ("user.name", lambda text: not is_nobody(text)),
        )
        for name, fits in asked:
            native = batch.format.ecs.get(name)
            values = column(batch, native) if native else None
            if values is None:
                return np.zeros(len(batch), dtype=bool)
            found &= _where(values, fits)
            if not found.any():
                break
        return found


def columns_looked_at(form: LogFormat) -> frozenset[str]:
    """Native columns that `Finder.rows` asks for."""
    looked_at = (*map(form.ecs.get, _COLUMNS), *_key_columns(form))
    return frozenset(name for name in looked_at if name)


def _key_columns(form: LogFormat) -> tuple[str, ...]:
    return (*(native for name in _KEY_FIELDS if (native := form.ecs.get(name))), *_KEY_COLUMNS)


def _is_one_of(values: pa.Array, wanted: frozenset[str], last_parts: frozenset[str]) -> npt.NDArray[np.bool_]:
    """The value is one of those wanted, or what follows its last slash is one of `last_parts`."""
    return _where(values, lambda text: text in wanted or text.rpartition("/")[2] in last_parts)


def _where(values: pa.Array, fits: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    """Rows whose value, in lower case, fits; each distinct value is asked about once."""
    if not pa.types.is_dictionary(values.type):
        values = values.dictionary_encode()
    texts = [
        None if value is None else value.decode("utf-8", "replace").lower()
        for value in values.dictionary.to_pylist()
    ]
    known = [text is not None and fits(text) for text in texts]
    if not any(known):
        return np.zeros(len(values), dtype=bool)
    return _spread(np.array(known, dtype=bool), values)


def _holds(values: pa.Array, matcher: Matcher) -> npt.NDArray[np.bool_]:
    """Rows whose value holds one of the keys (their ids are their lengths); distinct values are looked at once."""
    if pa.types.is_dictionary(values.type):
        return _spread(_holds(values.dictionary, matcher), values)
    offsets, data = offsets_and_data(values)
    found = np.zeros(len(values), dtype=bool)
    begin = int(offsets[0])
    lengths, ends = matcher.scan(data[begin : int(offsets[-1])])
    if len(ends):
        rows = np.searchsorted(offsets, ends - 1 + begin, side="right") - 1
        # Values stand side by side without a gap: what began in the value before is no hit.
        found[rows[ends - lengths + begin >= offsets[rows]]] = True
    return found


def _spread(known: npt.NDArray[np.bool_], values: pa.Array) -> npt.NDArray[np.bool_]:
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    codes = np.asarray(pc.fill_null(values.indices, 0))
    spread: npt.NDArray[np.bool_] = known[codes] & np.asarray(pc.is_valid(values))
    return spread


def grouped_by_time(hits: Sequence[Hit]) -> list[Hit]:
    """In order of time, then place; events without time last."""
    return sorted(
        hits, key=lambda item: (item.time is None, item.time, item.origin.path, item.origin.offset or 0)
    )
