"""Events of a log that another log of the same server must have seen too: a few, the same ones in every log."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.knowledge.clock_keys import NORMS, key_of, key_of_guid, pack, sampled
from exsweep.knowledge.clocks import ClockKind, Told, clocks
from exsweep.parse.batch import NO_TIME, Batch, Ints
from exsweep.parse.times import binary_parts

Mask = npt.NDArray[np.bool_]


class Anchors:
    """What one file shows of each kind; memory does not grow with the file."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def add(self, kind: ClockKind, key: int, moments: Sequence[int]) -> None:
        found = self._kinds.get(kind.id)
        if found is None:
            found = self._kinds[kind.id] = _Kind(kind)
        found.add(key, moments)

    def packed(self) -> bytes:
        """See `knowledge.clock_keys`."""
        return pack({name: kind.kept() for name, kind in self._kinds.items()})


def note(files: Sequence[Anchors], starts: Sequence[int], batch: Batch) -> None:
    """Put the rows of some files into what is kept of each: the same as one call for each file.

    `starts`: number of the first row of each file, rising from 0.
    """
    firsts = np.array(starts, np.int64)
    for kind, told in _told(batch.format.id):
        for file, key, moments in _keys(batch, told, firsts, kind.kept or clocks().kept):
            files[file].add(kind, key, moments)


class _Kind:
    """The smallest keys, with their moments in the order of the file."""

    def __init__(self, kind: ClockKind) -> None:
        self._gap_ms = kind.gap_s * 1000
        self._most = kind.kept or clocks().kept
        self._repeats = kind.repeats or clocks().repeats
        self._times: dict[int, list[int]] = {}
        self._last: dict[int, int] = {}
        self._bound: int | None = None

    def add(self, key: int, moments: Sequence[int]) -> None:
        if self._bound is not None and key > self._bound:
            return
        times = self._times.setdefault(key, [])
        last = self._last.get(key)
        for ms in moments:
            # One more than may be kept says that there were too many.
            if (last is None or abs(ms - last) > self._gap_ms) and len(times) <= self._repeats:
                times.append(ms)
            last = ms
        if last is not None:
            self._last[key] = last
        if len(self._times) > 4 * self._most:
            self._prune()

    def _prune(self) -> None:
        smallest = sorted(self._times)[: self._most]
        self._bound = smallest[-1]
        self._times = {key: self._times[key] for key in smallest}
        self._last = {key: self._last[key] for key in smallest}

    def kept(self) -> Mapping[int, Sequence[int]]:
        few = sorted(self._times)[: self._most]
        return {key: self._times[key] for key in few if len(self._times[key]) <= self._repeats}


@lru_cache(maxsize=128)
def _told(kind: str) -> tuple[tuple[ClockKind, Told], ...]:
    return tuple((one, told) for one in clocks().kinds for told in one.told if kind in told.formats)


def _keys(batch: Batch, told: Told, starts: Ints, most: int) -> Iterator[tuple[int, int, Sequence[int]]]:
    """File, key and moments of the rows that tell of such an event; at least those of the `most` smallest keys of a file."""
    columns = [column for name in told.columns if (column := _column(batch, name)) is not None]
    if len(columns) < len(told.columns):
        return
    ways = tuple(told.columns.values())
    digits = _digits(np.array([len(batch)]), told) if len(starts) == 1 else np.zeros(1, np.int64)
    if digits[0] and _every(batch, told, columns[0]):
        rows = _chosen(columns[0], told, ways[0], int(digits[0]))
    else:
        rows = _rows(batch, told, columns[0])
        rows = rows[batch.time_ms[rows] != NO_TIME]
        if len(rows):
            rows = _few(columns[0], rows, np.searchsorted(starts, rows, "right") - 1, told, ways[0])
    if len(rows) and ways == ("guid",) and not told.pattern:
        rows = _smallest(columns[0], rows, np.searchsorted(starts, rows, "right") - 1, most)
    if not len(rows):
        return
    files = np.searchsorted(starts, rows, "right") - 1
    taken = pa.array(rows)
    parts = [_coded(column.take(taken)) for column in columns]
    codes = files
    for part in parts:
        numbers = part.indices.fill_null(-1) if part.null_count else part.indices
        codes = codes * (len(part.dictionary) + 1) + numbers.to_numpy() + 1
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    moments = batch.time_ms[rows][np.argsort(which, kind="stable")]
    empty = frozenset(batch.format.empty)
    end = 0
    each = pa.array(first)
    values = zip(*(part.dictionary.take(part.indices.take(each)).to_pylist() for part in parts), strict=True)
    for at, number, value in zip(first.tolist(), np.bincount(which).tolist(), values, strict=True):
        begin, end = end, end + number
        key = _key(value, ways, told.pattern, empty)
        if key is not None:
            yield int(files[at]), key, moments[begin:end].tolist()


def _column(batch: Batch, name: str) -> pa.ChunkedArray | None:
    native = batch.format.ecs.get(name, name)
    return batch.table[native] if native in batch.table.column_names else None


def _rows(batch: Batch, told: Told, column: pa.ChunkedArray) -> Ints:
    """Numbers of the rows that fulfil `where` and whose first value the pattern may be found in."""
    kept = pc.is_valid(column)
    for name, wanted in told.where.items():
        values = _column(batch, name)
        if values is None:
            return np.empty(0, np.int64)
        kept = pc.and_(
            kept, pc.is_in(_plain(values), value_set=pa.array([one.encode() for one in wanted], pa.binary()))
        )
    if told.pattern and not told.sample:
        kept = pc.and_(kept, pc.match_substring_regex(_plain(column), told.pattern).fill_null(False))
    return np.flatnonzero(kept.to_numpy(zero_copy_only=False)).astype(np.int64)


def _every(batch: Batch, told: Told, column: pa.ChunkedArray) -> bool:
    """All rows fulfil what `_rows` asks, and have a time."""
    asks = told.where or (told.pattern and not told.sample)
    return not asks and not column.null_count and int(batch.time_ms.min(initial=0)) != NO_TIME


def _digits(rows: Ints, told: Told) -> Ints:
    """Of files with so many rows: 0, all of them are kept; 1, 2: those whose value is one of 16, of 256."""
    less = (
        2 * clocks().sample_from if told.sample else clocks().sample_less_from
    )  # a random id in nearly every row
    digits: Ints = np.where(rows < clocks().sample_from, 0, np.where(rows < less, 1, 2))
    return digits


def _few(column: pa.ChunkedArray, rows: Ints, files: Ints, told: Told, way: str) -> Ints:
    """The same rows in every log, whatever the clock."""
    digits = _digits(np.bincount(files), told)[files]
    kept = digits == 0
    for wanted in (1, 2):
        if (digits == wanted).any():
            chosen = np.zeros(len(column), np.bool_)
            chosen[_chosen(column, told, way, wanted)] = True
            kept |= (digits == wanted) & chosen[rows]
    few: Ints = rows[kept]
    return few


def _chosen(column: pa.ChunkedArray, told: Told, way: str, digits: int) -> Ints:
    """Rows of a column without null whose value is one of 16, or of 256."""
    if told.sample:
        return _beginning_with(column, told.sample, digits)
    return np.flatnonzero(_of_sampled_values(_coded(column), way, digits))


def _smallest(column: pa.ChunkedArray, rows: Ints, files: Ints, most: int) -> Ints:
    """Without the rows whose key, an id as usually written, cannot be among the `most` smallest of its file."""
    values = _plain(column.take(pa.array(rows))).combine_chunks()
    offsets, data = binary_parts(values.chunk(0) if isinstance(values, pa.ChunkedArray) else values)
    usual = np.flatnonzero(np.diff(offsets) == len(_ID))
    cells = data[offsets[usual][:, None] + np.arange(len(_ID))]
    good = (_IS[cells] == _ID).all(axis=1)
    usual = usual[good]
    # The digits that make the key, as text in lower case, have the order of their numbers.
    keys = np.ascontiguousarray(cells[good][:, _DIGITS] | np.uint8(0x20)).view(">u8")
    order = np.lexsort((keys[:, 1], keys[:, 0], files[usual]))
    keys, owner = keys[order], files[usual][order]
    new = np.ones(len(order), bool)
    new[1:] = (keys[1:] != keys[:-1]).any(axis=1) | (owner[1:] != owner[:-1])
    number = np.cumsum(new)
    before = number[np.searchsorted(owner, owner)]
    kept = np.ones(len(rows), bool)
    kept[usual[order]] = number - before < most
    few: Ints = rows[kept]
    return few


_IS = np.array(
    [1 if chr(byte) in "0123456789abcdefABCDEF" else 2 if byte == ord("-") else 0 for byte in range(256)],
    np.uint8,
)
_ID = np.array([2 if place in (8, 13, 18, 23) else 1 for place in range(36)], np.uint8)
"""How an id is usually written: 1, a hex digit; 2, a hyphen."""
_DIGITS = np.flatnonzero(_ID == 1)[:16]


def _beginning_with(column: pa.ChunkedArray, sample: str, digits: int) -> Ints:
    text = sample.lstrip("^").encode() + b"0" * (digits - 1)
    if not sample.startswith("^"):
        return _containing(_plain(column), text)
    begins = pc.starts_with(_plain(column), pattern=text).fill_null(False)
    return np.flatnonzero(begins.to_numpy(zero_copy_only=False))


def _of_sampled_values(coded: pa.DictionaryArray, way: str, digits: int) -> Mask:
    codes = coded.indices.fill_null(0).to_numpy() if coded.null_count else coded.indices.to_numpy()
    good = np.zeros(len(coded.dictionary), np.bool_)
    good[codes] = True
    used = np.flatnonzero(good)
    good[used] = [_is_sampled(one, way, digits) for one in coded.dictionary.take(pa.array(used)).to_pylist()]
    return np.asarray(good[codes], np.bool_)


@lru_cache(maxsize=65_536)
def _is_sampled(value: bytes, way: str, digits: int) -> bool:
    text = NORMS[way](_text(value))
    return bool(text) and sampled(text, digits)


def _containing(column: pa.ChunkedArray, text: bytes) -> Ints:
    """Numbers of the rows in which a text stands: one search through all values, 20 times as fast as one for each.

    A text that begins in one value and ends in the next one gives a row too many.
    """
    found: list[Ints] = [np.empty(0, np.int64)]
    before = 0
    for chunk in column.chunks:
        _, places, data = chunk.buffers()
        if data is not None and len(chunk):
            starts = np.frombuffer(places, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
            hits, whole = [], data.to_pybytes()[: starts[-1]]
            at = whole.find(text)
            while at >= 0:
                hits.append(at)
                at = whole.find(text, at + 1)
            rows = np.searchsorted(starts, np.array(hits, np.int64), "right") - 1
            found.append(np.unique(rows[rows >= 0]) + before)
        before += len(chunk)
    return np.concatenate(found)


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if column.num_chunks == 1:
        whole = column.chunk(0)
        return whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
    whole = (
        column.unify_dictionaries().combine_chunks()
        if pa.types.is_dictionary(column.type)
        else column.combine_chunks()
    )
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    return whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.binary()) if pa.types.is_dictionary(column.type) else column


@lru_cache(maxsize=65_536)
def _key(
    values: tuple[bytes | None, ...], ways: tuple[str, ...], pattern: str, empty: frozenset[str]
) -> int | None:
    """None where a value is missing, or none that tells anything."""
    parts = []
    for place, (value, way) in enumerate(zip(values, ways, strict=True)):
        text = _text(value) if value else ""
        if place == 0 and pattern:
            found = re.search(pattern, text)
            text = "" if found is None else found[1] if found.re.groups else text
        text = "" if text in empty else text if way == "guid" else NORMS[way](text)
        if not text:
            return None
        parts.append(text)
    return key_of_guid(parts[0]) if ways[0] == "guid" else key_of(parts)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
