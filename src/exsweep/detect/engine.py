"""All rules on the rows of all formats: which rows to look at, and what matches there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.detect import correlation, exact
from exsweep.detect.fields import FieldMap
from exsweep.detect.prefilter import Mask, Prefilter
from exsweep.detect.values import KnownValues
from exsweep.knowledge.formats import LogFormat, ordinary_lines
from exsweep.knowledge.rules import Rule, RuleState
from exsweep.knowledge.rules.need import Need

BLOCK = 65_536
"""Rows that are evaluated at once: bounds the memory of a log in which everything is suspicious."""


class Rows(Protocol):
    """What the engine asks of a batch of events (see `parse.batch.Batch`)."""

    @property
    def format(self) -> LogFormat: ...

    @property
    def table(self) -> pa.Table: ...

    @property
    def time_ms(self) -> npt.NDArray[np.int64]: ...


class Match(NamedTuple):
    """One rule is true for one row."""

    rule: Rule
    batch: int
    """Position in the batches given."""
    row: int


May: TypeAlias = Mapping[int, npt.NDArray[np.int64]]
"""Position of a rule among those of its format -> rows, ascending, that it may match."""


class Looked(NamedTuple):
    """What the prefilter says of a batch."""

    rows: npt.NDArray[np.int64]
    """Rows that some rule may match, ascending."""
    may: May | None
    """Counted in `rows`; None: it was not asked."""


class Engine:
    """Rules ready to run. Cheap to make: what a format needs is prepared when its first rows come.

    One engine belongs to one thread.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        formats: Sequence[LogFormat],
        ordinary: Callable[[str], bytes] = ordinary_lines,
    ) -> None:
        """`ordinary`: format id -> lines of an ordinary log; only what a sweep costs depends on them."""
        self._ordinary = ordinary
        self.rules = tuple(sorted(rules, key=lambda rule: rule.id))
        self._formats = {form.id: form for form in formats}
        self._ready: dict[str, _Ready] = {}
        self._needs: dict[str, Need] = {}
        self._database = exact.Database()
        self._correlated = correlation.needed_fields(
            rule for rule in self.rules if rule.state is RuleState.RUNS
        )
        self.silent = correlation.silent(rule for rule in self.rules if rule.state is RuleState.RUNS)
        """Ids of rules that only serve correlations: their matches are no findings."""
        self.failures: dict[str, str] = {}
        """Rule id -> why the database could not run it; such a rule matched nothing."""

    def prepare(self, format_ids: Iterable[str]) -> None:
        """Make now what rows of these formats need, for processes that are forked from this one."""
        for name in format_ids:
            if name in self._formats:
                self._of(self._formats[name]).prefilter.prepare()

    def candidates(self, batch: Rows) -> npt.NDArray[np.int64]:
        """Row numbers, ascending, that some rule may match: all that `match` can match, and more."""
        return self.look(batch).rows

    def look(self, batch: Rows) -> "Looked":
        """`candidates`, with what `match` need not find out again when it is given the rows."""
        ready = self._of(batch.format)
        if ready.prefilter.always and not batch.format.records:
            return Looked(np.arange(batch.table.num_rows, dtype=np.int64), None)
        masks = {at: mask for at, mask in enumerate(ready.rows(batch.table)) if mask is not None}
        rows = np.flatnonzero(np.logical_or.reduce(list(masks.values()))) if masks else np.zeros(0, np.int64)
        return Looked(rows, {at: np.flatnonzero(mask[rows]) for at, mask in masks.items()})

    def sieve(
        self,
        format_id: str,
        data: bytes,
        stops: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Numbers, rising, of the lines of `data` that some rule may match; line i ends at `stops[i]`, its `\\n` inside.
        Then those of them that no rule can match if the line has exactly the fields of its header.

        Every row of `candidates` that `match` can match stands in one of the other lines.
        """
        return self._of(self._formats[format_id]).prefilter.lines(data, stops)

    def unfiltered(self, format_id: str) -> tuple[str, ...]:
        """Ids of the rules that need no literal: with any of them every row of this format is a candidate."""
        ready = self._of(self._formats[format_id])
        return tuple(ready.rules[at].id for at in ready.prefilter.always)

    def wants(self, format_id: str) -> list[list[list[tuple[str, tuple[bytes, ...]]]]]:
        """For each rule that runs on the format: `Prefilter.wants`."""
        ready = self._of(self._formats[format_id])
        return [ready.prefilter.wants(at) for at in range(len(ready.rules))]

    def literals(self, format_id: str) -> tuple[bytes, ...]:
        """Everything that is looked for in rows of this format, lower case, in order."""
        return self._of(self._formats[format_id]).prefilter.literals

    def swept(self, format_id: str) -> tuple[bytes, ...]:
        """What `sieve` looks for in raw lines, lower case, in order: the rarest way to each rule."""
        return self._of(self._formats[format_id]).prefilter.swept

    def match(self, batches: Sequence[Rows], looked: Sequence["May | None"] = ()) -> list[Match]:
        """Everything that matches in the rows of one format, in order of batch, row and rule id.

        `looked`: what `look` said of each batch, where its rows are those that `look` chose.
        """
        if not batches:
            return []
        known = list(looked) or [None] * len(batches)
        found: list[Match] = []
        for first, pieces in _blocks(batches):
            found.extend(self._match(first, pieces, known))
        return sorted(found, key=lambda one: (one.batch, one.row, one.rule.id))

    def correlation_events(
        self, batches: Sequence[Rows], matches: Sequence[Match], first: int = 0
    ) -> pa.Table:
        """What `correlate` needs of matches: one row for each match of a rule that some correlation refers to.

        Columns: `rule`, `time_ms`, `origin` (`first` + position in `matches`), then the fields that are grouped by or
        counted, as written. Tables of several workers can be concatenated. Events without a time are left out.
        """
        names = sorted({name for fields in self._correlated.values() for name in fields})
        chosen: dict[tuple[int, str], list[int]] = {}
        for at, match in enumerate(matches):
            if match.rule.id in self._correlated:
                chosen.setdefault((match.batch, match.rule.id), []).append(at)
        pieces = [correlation.schema(names).empty_table()]
        for (number, _), places in chosen.items():
            origins, batch = np.array(places, np.int64), batches[number]
            rows = np.array([matches[at].row for at in places], np.int64)
            timed = batch.time_ms[rows] != exact.NO_TIME
            pieces.append(
                self._events(batch, rows[timed], matches[places[0]].rule, origins[timed] + first, names)
            )
        return pa.concat_tables(pieces).unify_dictionaries()

    def _events(
        self,
        batch: Rows,
        rows: npt.NDArray[np.int64],
        rule: Rule,
        origins: npt.NDArray[np.int64],
        names: list[str],
    ) -> pa.Table:
        """Rows of `correlation_events` that one rule gives in one batch."""
        times = batch.time_ms[rows]
        texts = exact.RowTexts(self._of(batch.format).fields, [batch.table.take(pa.array(rows))], times)
        columns = {
            "rule": correlation.column(np.zeros(len(rows), np.int64), [rule.id]),
            "time_ms": pa.array(times),
            "origin": pa.array(origins),
        }
        for name in names:
            wanted = name in self._correlated[rule.id]
            codes, known = texts.values(name, rule.own) if wanted else (np.full(len(rows), -1), [])
            columns[correlation.FIELD + name] = correlation.column(codes, known)
        return pa.table(columns, schema=correlation.schema(names))

    def correlate(self, events: pa.Table) -> list[correlation.Correlated]:
        """Evaluate the correlation rules over all events of the case (see `correlation_events`)."""
        return correlation.correlate([rule for rule in self.rules if rule.state is RuleState.RUNS], events)

    def _match(
        self, first: tuple[int, int], pieces: "list[_Piece]", looked: Sequence["May | None"]
    ) -> list[Match]:
        ready = self._of(pieces[0][2])
        per_table = []
        for number, (table, _, _) in enumerate(pieces, first[0]):
            may = looked[number]
            start = first[1] if number == first[0] else 0
            per_table.append(
                ready.rows(table) if may is None else _cut(may, start, table.num_rows, len(ready.rules))
            )
        chosen = []
        for at, rule in enumerate(ready.rules):
            masks = [
                np.zeros(table.num_rows, bool) if rows[at] is None else rows[at]
                for (table, _, _), rows in zip(pieces, per_table, strict=True)
            ]
            mask = np.concatenate([one for one in masks if one is not None])
            if mask.any():
                chosen.append((rule, mask))
        if not chosen:
            return []
        times = np.concatenate([time for _, time, _ in pieces])
        texts = exact.RowTexts(ready.fields, [table for table, _, _ in pieces], times)
        rows_of, failed = exact.evaluate(self._database, ready.fields, texts, chosen)
        self.failures |= failed
        starts = np.cumsum([0, *(table.num_rows for table, _, _ in pieces)])
        found = []
        for (rule, _), rows in zip(chosen, rows_of, strict=True):
            where = np.searchsorted(starts, rows, side="right") - 1
            for piece, row in zip(where.tolist(), (rows - starts[where]).tolist(), strict=True):
                offset = first[1] if piece == 0 else 0
                found.append(Match(rule, first[0] + piece, row + offset))
        return found

    def _of(self, form: LogFormat) -> "_Ready":
        ready = self._ready.get(form.id)
        if ready is None:
            rules = tuple(
                rule
                for rule in self.rules
                if rule.condition is not None and rule.state is RuleState.RUNS and form.id in rule.formats
            )
            fields = FieldMap(form)
            prefilter = Prefilter(fields, rules, self._needs, self._ordinary(form.id))
            values = KnownValues(fields, rules, prefilter.always, self._database)
            prefilter.spare(values.refuses)
            ready = self._ready[form.id] = _Ready(fields, prefilter, values, rules)
        return ready


class _Ready(NamedTuple):
    """What one format needs."""

    fields: FieldMap
    prefilter: Prefilter
    values: KnownValues
    rules: tuple[Rule, ...]

    def rows(self, table: pa.Table) -> list[Mask | None]:
        """For each rule the rows that it may match; None: no row."""
        masks = self.prefilter.rows(table)
        self.values.narrow(table, masks)
        return masks


_Piece = tuple[pa.Table, npt.NDArray[np.int64], LogFormat]


def _cut(may: May, start: int, rows: int, rules: int) -> list[Mask | None]:
    """What `_Ready.rows` would say of `rows` rows of a batch from `start` on."""
    masks: list[Mask | None] = [None] * rules
    for at, told in may.items():
        begin, end = np.searchsorted(told, (start, start + rows))
        if end > begin:
            mask = masks[at] = np.zeros(rows, bool)
            mask[told[begin:end] - start] = True
    return masks


def _blocks(batches: Sequence[Rows]) -> list[tuple[tuple[int, int], list[_Piece]]]:
    """Batches cut or gathered into blocks: ((batch, row) of the first row, pieces of neighbouring batches)."""
    found: list[tuple[tuple[int, int], list[_Piece]]] = []
    room = 0
    for number, batch in enumerate(batches):
        rows = batch.table.num_rows
        at = 0
        while at < rows or (rows == 0 and at == 0):
            if room <= 0 or not found:
                found.append(((number, at), []))
                room = BLOCK
            take = min(rows - at, room)
            found[-1][1].append((batch.table.slice(at, take), batch.time_ms[at : at + take], batch.format))
            room -= max(take, 1)
            at += take
            if rows == 0:
                break
    return found
