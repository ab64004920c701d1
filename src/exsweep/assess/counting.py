"""Matches that correlations count, gathered in columns while the files of a task are read."""

import zlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.assess.results import ROW, Counted
from exsweep.assess.rows import rebuilt, text
from exsweep.assess.tools import Tools
from exsweep.detect import Match
from exsweep.detect.correlation import FIELD
from exsweep.parse.batch import Batch, Ints

_LINE_CAP = 400

Raw: TypeAlias = Callable[[int], bytes | None]
"""The raw line of a row, where somebody still has it."""


class Counting:
    """Raw lines are many and rarely needed: only the first of a rule, group and file in each span of the shortest
    correlation's length is kept. Every window that comes true holds at least one of those."""

    def __init__(self, made: Tools) -> None:
        self._made = made
        self._rules: dict[str, _Rule] = {}

    def add(self, batch: Batch, matches: Sequence[Match], places: Ints, raw: Raw) -> None:
        """`matches` are of rows of this one batch; `places` tells for each row which file it came from."""
        fields = self._made.counted_fields
        if not any(match.rule.id in fields for match in matches):
            return
        events = self._made.engine.correlation_events([batch], matches)
        rule_of, rules = _column(events, "rule")
        rows = np.array([match.row for match in matches], np.int64)[np.asarray(events["origin"], np.int64)]
        for number, rule in enumerate(rules):
            mine = np.flatnonzero(rule_of == number)
            if rule is None or not len(mine):
                continue
            groups = np.zeros(len(mine), np.int64)
            keys: list[tuple[str | None, ...]] = [()]
            for name in fields[rule]:
                codes, texts = _column(events, FIELD + name)
                used, groups = np.unique(groups * (len(texts) + 1) + codes[mine] + 1, return_inverse=True)
                values = [None, *texts]
                keys = [(*keys[one // len(values)], values[one % len(values)]) for one in used.tolist()]
            known = self._rules.setdefault(rule, _Rule(self._made.spans[rule]))
            known.add(batch, rows[mine], groups, keys, places, raw)

    def result(self) -> tuple[Counted, ...]:
        """All of them, by rule, file and offset."""
        return tuple(self._rules[rule].result(rule) for rule in sorted(self._rules))


class _Rule:
    def __init__(self, span_ms: int) -> None:
        self._span_ms = span_ms
        self._numbers: dict[tuple[str | None, ...], int] = {}
        self._parts: list[npt.NDArray[np.void]] = []
        self._rows = 0
        self._told: set[tuple[int, ...]] = set()
        """Group, file and span of the raw lines that are kept."""
        self._lines: dict[int, str] = {}

    def add(
        self,
        batch: Batch,
        rows: Ints,
        groups: Ints,
        keys: Sequence[tuple[str | None, ...]],
        places: Ints,
        raw: Raw,
    ) -> None:
        numbers = [self._numbers.setdefault(key, len(self._numbers)) for key in keys]
        part = np.zeros(len(rows), ROW)
        part["time_ms"], part["offset"], part["line"] = (
            batch.time_ms[rows],
            batch.offset[rows],
            batch.line[rows],
        )
        part["group"], part["source"] = np.array(numbers, np.int64)[groups], places[rows]
        spans = np.stack([part["group"], part["source"], part["time_ms"] // self._span_ms], axis=1)
        _, first = np.unique(spans, axis=0, return_index=True)
        for at in np.sort(first).tolist():
            span = tuple(spans[at].tolist())
            if span not in self._told:
                self._told.add(span)
                self._lines[self._rows + at] = _line(batch, int(rows[at]), raw)
        self._parts.append(part)
        self._rows += len(part)

    def result(self, rule: str) -> Counted:
        rows = np.concatenate(self._parts)
        order = np.lexsort((rows["offset"], rows["source"]))
        kept = np.zeros(len(rows), bool)
        kept[list(self._lines)] = True
        quoted = np.flatnonzero(kept[order])
        lines = [self._lines[at] for at in order[quoted].tolist()]
        return Counted(
            rule=rule,
            groups=tuple(self._numbers),
            rows=rows[order].tobytes(),
            quoted=quoted.astype("<i4").tobytes(),
            lines=zlib.compress(msgspec.msgpack.encode(lines), 1),
        )


def _column(events: pa.Table, name: str) -> tuple[Ints, list[str | None]]:
    """Each row's number in the texts, or -1."""
    chunk = events[name].combine_chunks()
    return np.asarray(chunk.indices.fill_null(-1), np.int64), chunk.dictionary.to_pylist()


def _line(batch: Batch, row: int, raw: Raw) -> str:
    line = raw(row)
    return text(line, _LINE_CAP) if line is not None else rebuilt(batch, row)[:_LINE_CAP]
