"""Many literals looked for in all columns of a table at once: one pass over their distinct values, one matcher for all.

Records have dozens of columns with few values each: a pass for each column would cost more than the search itself.
"""

from collections.abc import Iterator, Mapping, Set

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.detect.columns import offsets_and_data
from exsweep.detect.matcher import Matcher, make_matcher

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

_SHIFT = 32


class Together:
    """The literals of one format. `wanted`: column (lower case) -> patterns; `anywhere`: patterns for every column.

    A short literal would be met in every column, so each column that wants some has a matcher of its own for them.
    """

    def __init__(
        self,
        wanted: Mapping[str, Set[int]],
        anywhere: Set[int],
        literals: Mapping[int, tuple[bytes, ...]],
        shortest: int,
    ) -> None:
        self._anywhere = np.zeros(max(literals, default=0) + 1, bool)
        self._anywhere[list(anywhere)] = True
        self._wanted: dict[str, Mask] = {}
        self._short: dict[str, Matcher] = {}
        short = {number for number, said in literals.items() if min(map(len, said)) < shortest} - anywhere
        for column, patterns in wanted.items():
            self._wanted[column] = np.zeros(len(self._anywhere), bool)
            self._wanted[column][list(patterns)] = True
            if mine := patterns & short:
                self._short[column] = _matcher(mine, literals)
        every = set(anywhere).union(*wanted.values()) - short
        self._long = _matcher(every, literals)

    def hits(self, table: pa.Table, anywhere: str) -> Iterator[tuple[tuple[str, int], Mask]]:
        """((column, or `anywhere`; pattern), rows that have it), each once or, of `anywhere`, once a column."""
        if not table.num_rows:
            return
        columns = [
            (name, *_distinct(values))
            for name, values in zip(map(str.lower, table.column_names), table.columns, strict=True)
            if (name in self._wanted or self._anywhere.any()) and values.null_count < len(values)
        ]
        if not columns:
            return
        values = pa.concat_arrays([found for _, found, _ in columns])
        firsts = np.cumsum([0, *(len(found) for _, found, _ in columns)])
        offsets, data = offsets_and_data(values)
        ids, ends = self._long.scan(data[int(offsets[0]) : int(offsets[-1])])
        where = np.searchsorted(offsets, ends - 1 + int(offsets[0]), side="right") - 1
        which = np.searchsorted(firsts, where, side="right") - 1
        order = np.argsort(which, kind="stable")
        borders = np.searchsorted(which[order], np.arange(len(columns) + 1))
        for at, (name, found, numbers) in enumerate(columns):
            mine = order[borders[at] : borders[at + 1]]
            told, places = ids[mine], where[mine] - firsts[at]
            if name in self._short:
                told, places = _both((told, places), _scanned(self._short[name], found))
            yield from self._of_column(name, anywhere, told, places, len(found), numbers)

    def _of_column(
        self, name: str, anywhere: str, told: Ints, places: Ints, size: int, numbers: pa.Array | None
    ) -> Iterator[tuple[tuple[str, int], Mask]]:
        here = self._wanted.get(name)
        asked = self._anywhere[told] if here is None else here[told] | self._anywhere[told]
        pairs = np.unique(told[asked] << _SHIFT | places[asked])
        if not len(pairs):
            return
        told, places = pairs >> _SHIFT, pairs & ((1 << _SHIFT) - 1)
        patterns, begins = np.unique(told, return_index=True)
        stops = np.append(begins[1:], len(told))
        codes = None if numbers is None else np.asarray(numbers.fill_null(size))
        for pattern, begin, stop in zip(patterns.tolist(), begins.tolist(), stops.tolist(), strict=True):
            held = np.zeros(size + 1, bool)  # the last one is that of rows without a value
            held[places[begin:stop]] = True
            rows = held[:size] if codes is None else held[codes]
            if here is not None and here[pattern]:
                yield (name, pattern), rows
            if self._anywhere[pattern]:
                yield (anywhere, pattern), rows


def _matcher(patterns: Set[int], literals: Mapping[int, tuple[bytes, ...]]) -> Matcher:
    return make_matcher((number, literal) for number in patterns for literal in literals[number])


def _scanned(matcher: Matcher, values: pa.Array) -> tuple[Ints, Ints]:
    """(pattern, number of the value) of each hit."""
    offsets, data = offsets_and_data(values)
    begin = int(offsets[0])
    ids, ends = matcher.scan(data[begin : int(offsets[-1])])
    return ids, np.searchsorted(offsets, ends - 1 + begin, side="right") - 1


def _both(one: tuple[Ints, Ints], other: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    return np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])


def _distinct(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array | None]:
    """Values (`binary`), and each row's number in them, null where it has none; None: one value a row."""
    if not pa.types.is_dictionary(column.type):
        values = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
        return values if values.type == pa.binary() else values.cast(pa.binary()), None
    if column.num_chunks != 1:
        column = column.unify_dictionaries().combine_chunks()
    chunk = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    values = chunk.dictionary if chunk.dictionary.type == pa.binary() else chunk.dictionary.cast(pa.binary())
    if len(values) > 2 * len(chunk):  # rows were taken out of a larger batch: most values occur no more
        again = chunk.cast(pa.binary()).dictionary_encode()
        return again.dictionary, again.indices
    return values, chunk.indices
