"""Every line of a known intruder: his addresses and his web shell, looked for in all logs again."""

import re
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.assess.rows import column, hit
from exsweep.evidence import EvidenceReadError, Unit, sources
from exsweep.knowledge.formats import load_formats
from exsweep.model import Hit
from exsweep.parse import Reader, recognise
from exsweep.parse.batch import Batch

RULE = "pivot"
PER_FILE = 500
_CHUNK = 16 << 20
_HEAD = 64 << 10


class PivotTask(msgspec.Struct, frozen=True):
    units: tuple[Unit, ...]
    addresses: tuple[str, ...]
    pages: tuple[str, ...]
    """Canonical URL paths: decoded, lower case."""


def start() -> Callable[[PivotTask], tuple[Hit, ...]]:
    load_formats()
    return work


def work(task: PivotTask) -> tuple[Hit, ...]:
    """At most 500 lines per file, the earliest ones; origins carry no seal here, the caller knows it."""
    found: list[Hit] = []
    needles = [text.encode() for text in (*task.addresses, *(page.rsplit("/", 1)[-1] for page in task.pages))]
    spans = lines_with(needles)
    for unit in task.units:
        for source in sources(unit):
            found += _source(source, task, spans)
    return tuple(found)


def _source(
    source: object, task: PivotTask, spans: Callable[[memoryview], list[tuple[int, int]]]
) -> list[Hit]:
    found: list[Hit] = []
    reader: Reader | None = None
    try:
        for chunk in source.chunks(_CHUNK):  # type: ignore[attr-defined]
            if reader is None:
                kind = recognise(chunk[:_HEAD], source.path)  # type: ignore[attr-defined]
                if kind is None or not {"source.ip", "url.path"} & set(kind.ecs):
                    return []
                reader = Reader(kind)
            for batch in reader.feed(chunk, sieve=spans):
                found += hits_of(batch, task, source.path)  # type: ignore[attr-defined]
    except EvidenceReadError:
        pass  # the first reading has counted this gap already
    if reader is not None:
        for batch in reader.feed(b"", last=True, sieve=spans):
            found += hits_of(batch, task, source.path)  # type: ignore[attr-defined]
    return found[:PER_FILE]


def lines_with(needles: Sequence[bytes]) -> Callable[[memoryview], list[tuple[int, int]]]:
    """Spans of whole lines that hold one of the needles, any case."""
    pattern = re.compile(
        b"|".join(re.escape(needle) for needle in sorted(set(needles), key=len, reverse=True)), re.IGNORECASE
    )

    def spans(data: memoryview) -> list[tuple[int, int]]:
        raw = bytes(data)
        found: list[tuple[int, int]] = []
        end = 0
        for match in pattern.finditer(raw):
            if match.start() < end:
                continue
            begin = raw.rfind(b"\n", 0, match.start()) + 1
            end = raw.find(b"\n", match.end()) + 1 or len(raw)
            found.append((begin, end))
        return found

    return spans


def hits_of(batch: Batch, task: PivotTask, path: str) -> list[Hit]:
    """Rows whose sender or page is one of those looked for."""
    rows = matching(batch, frozenset(task.addresses), frozenset(task.pages))
    return [hit(RULE, batch, int(row), path, "") for row in rows[:PER_FILE]]


def matching(batch: Batch, addresses: frozenset[str], pages: frozenset[str]) -> npt.NDArray[np.int64]:
    mask = np.zeros(len(batch), dtype=bool)
    for name, wanted in (("source.ip", addresses), ("url.path", pages)):
        native = batch.format.ecs.get(name)
        values = column(batch, native) if native else None
        if values is None or not wanted or not len(batch):
            continue
        if not pa.types.is_dictionary(values.type):
            values = values.dictionary_encode()
        hit_values = np.array(
            [
                value is not None and value.decode("utf-8", "replace").lower() in wanted
                for value in values.dictionary.to_pylist()
            ],
            dtype=bool,
        )
        if hit_values.any():
            codes = np.asarray(pc.fill_null(values.indices, 0))
            mask |= hit_values[codes] & np.asarray(pc.is_valid(values))
    return np.flatnonzero(mask).astype(np.int64)
