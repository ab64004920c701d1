"""Thousands of indicators at once: each is only asked of the rows in which its text stands, read as written or decoded.

As rules they would all look at every row with an odd escape, for it may spell anything: 10,000 rules took minutes where this
takes a second. What is asked of a row is the same condition, evaluated by the same engine.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.detect import exact
from exsweep.detect.columns import offsets_and_data, unescaped
from exsweep.detect.fields import FieldMap
from exsweep.detect.matcher import make_matcher
from exsweep.detect.sql import ascii_lower
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import Rule
from exsweep.knowledge.rules.need import Need, need
from exsweep.parse.batch import Batch, Ints

_FOLDS = ((b"\xc5\xbf", b"s"), (b"\xe2\x84\xaa", b"k"))
"""Long s and the Kelvin sign, which patterns that ignore case take for `s` and `k`."""
_SHORTEST = 3
Pair = tuple[int, int]
"""(position of the rule, row)."""


class Many:
    """Indicators, ready to be asked."""

    def __init__(self, rules: Sequence[Rule], forms: Sequence[LogFormat]) -> None:
        self.rules = list(rules)
        self._fields = {form.id: FieldMap(form) for form in forms}
        self._database = exact.Database()
        self._matcher = make_matcher(
            (at, text.encode())
            for at, rule in enumerate(self.rules)
            if rule.condition is not None
            for text in _texts(need(rule.condition))
        )

    def candidates(self, batch: Batch) -> Ints:
        """Rows, ascending, in which the text of some indicator stands."""
        return np.unique(np.array([row for _, row in self._pairs(batch)], np.int64))

    def match(self, batch: Batch) -> Iterator[tuple[Rule, int]]:
        """(rule, row) of everything that matches, in order of the rules."""
        pairs = sorted(set(self._pairs(batch)))
        if not pairs:
            return
        fields = self._fields[batch.format.id]
        rows = np.unique(np.array([row for _, row in pairs], np.int64))
        few = batch.take(rows)
        masks: dict[int, npt.NDArray[np.bool_]] = {}
        for at, row in pairs:
            masks.setdefault(at, np.zeros(len(rows), bool))[np.searchsorted(rows, row)] = True
        asked = [(self.rules[at], mask) for at, mask in masks.items()]
        texts = exact.RowTexts(fields, [few.table], few.time_ms)
        found, _ = exact.evaluate(self._database, fields, texts, asked)
        for (rule, _), places in zip(asked, found, strict=True):
            for place in places.tolist():
                yield rule, int(rows[place])

    def _pairs(self, batch: Batch) -> Iterator[Pair]:
        for column in batch.table.columns:
            base = 0
            for chunk in column.chunks:
                for at, row in self._in_chunk(chunk):
                    yield at, base + row
                base += len(chunk)

    def _in_chunk(self, chunk: pa.Array) -> Iterator[Pair]:
        if not pa.types.is_dictionary(chunk.type):
            yield from self._in_values(chunk.cast(pa.binary()))
            return
        codes = np.asarray(chunk.indices.fill_null(-1), np.int64)
        used, where = np.unique(codes, return_inverse=True)
        values = chunk.dictionary.take(pa.array(used, mask=used < 0)).cast(pa.binary())
        hits = set(self._in_values(values))
        if not hits:
            return
        order = np.argsort(where, kind="stable")
        begin = np.searchsorted(where[order], np.arange(len(used) + 1))
        for at, value in hits:
            for row in order[begin[value] : begin[value + 1]].tolist():
                yield at, row

    def _in_values(self, values: pa.Array) -> Iterator[Pair]:
        view: pa.Array | None = values
        for _ in range(3):  # as written, decoded, decoded twice
            if view is None:
                return
            yield from self._scan(view)
            yield from self._scan_folded(view)
            view = unescaped(view)

    def _scan(self, values: pa.Array) -> Iterator[Pair]:
        offsets, data = offsets_and_data(values)
        if not len(values):
            return
        begin = int(offsets[0])
        ids, ends = self._matcher.scan(data[begin : int(offsets[-1])])
        if len(ids):
            where = np.searchsorted(offsets, ends - 1 + begin, side="right") - 1
            yield from zip(ids.tolist(), where.tolist(), strict=True)

    def _scan_folded(self, values: pa.Array) -> Iterator[Pair]:
        offsets, data = offsets_and_data(values)
        if not len(values):
            return
        whole = data[int(offsets[0]) : int(offsets[-1])].tobytes()
        if not any(odd in whole for odd, _ in _FOLDS):
            return
        folded = []
        for one in values.to_pylist():
            for odd, plain in _FOLDS:
                one = one if one is None else one.replace(odd, plain)
            folded.append(one)
        yield from self._scan(pa.array(folded, pa.binary()))


def _texts(of: Need) -> set[str]:
    """Texts of which one stands in every row that can match: those of the clause whose shortest text is longest."""
    best: set[str] = set()
    for clause in of:
        texts = {_core(literal.text) for literal in clause}
        if min(map(len, texts)) > min(map(len, best), default=0):
            best = texts
    return best if min(map(len, best), default=0) >= _SHORTEST else set()


def _core(text: str) -> str:
    """The longest stretch that stands inside of one column and looks the same in all encodings."""
    cut = "".join(one if one.isascii() and one not in ' ,"\t?' else "\n" for one in ascii_lower(text))
    return max(cut.split("\n"), key=len)
