"""What a rule's conditions on one column say of a value, asked once for each distinct value and remembered.

Most rows that hold a rule's literals hold them in a value that is known to be harmless: `/owa/auth/logon.aspx` is in a
fifth of a web log's lines. The conditions are those of the exact evaluation, in the same database: nothing is guessed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.detect import exact, sql
from exsweep.detect.columns import lowered, plain
from exsweep.detect.direct import Direct
from exsweep.detect.fields import FieldMap, Kind
from exsweep.detect.prefilter import Mask
from exsweep.knowledge.rules import Rule, tree

Numbers = npt.NDArray[np.int64]

MOST_NEW = 2_000
"""Values that are new to one batch: more are no repetition, and asking would cost more than it spares."""
MOST_KNOWN = 50_000
FEW = 30
"""Patterns times values up to which asking one by one costs less than planning a query: RE2 compiles a pattern for each
value (measured: 0.2 milliseconds, all else a hundredth of it; a query for 40 rules 6, with 30 patterns 17)."""
_SIMPLE = (Kind.PLAIN, Kind.URL, Kind.AGENT, Kind.EXTENSION)


@dataclass(slots=True)
class _Column:
    rules: list[tuple[int, Rule, tree.Node]] = field(default_factory=list)
    """Position of a rule, and what it asks of this column."""
    numbers: dict[bytes | None, int] = field(default_factory=dict)
    """Known value -> line of `verdicts`."""
    tests: list[Direct] = field(default_factory=list)
    """What each of `rules` asks, as functions; made when first needed."""
    verdicts: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), bool))
    """For each known value whether it meets what each of `rules` asks."""
    lost: bool = False
    """The database cannot run one of the rules: the exact evaluation says which."""


class KnownValues:
    """Narrows what the prefilter chose; for the rules and the format that it was made of."""

    def __init__(
        self, fields: FieldMap, rules: Sequence[Rule], unfiltered: Sequence[int], database: exact.Database
    ) -> None:
        self._fields = fields
        self._columns: dict[str, _Column] = {}
        self._pairs: list[tuple[int, str, str]] = []
        """Position of a rule, and two columns that must be equal."""
        self._options: dict[str, _Column] = {}
        self._either: list[tuple[int, list[tuple[str, int]]]] = []
        """Position of a rule, and where it asks for one of several values: column, and its place there in `_options`."""
        self._database = database
        # Records of events: thousands of rules, one query over all of them would be planned for minutes. Those that the
        # prefilter can do nothing for are few.
        self._most_new = 1 << 30 if fields.form.records else MOST_NEW
        for at in unfiltered if fields.form.records else range(len(rules)):
            rule = rules[at]
            asked: dict[str, list[tree.Node]] = {}
            if fields.form.records:
                self._pair_up(at, rule)
            for node in _conjuncts(rule.condition) if rule.condition is not None else ():
                column = self._only_column(node, rule.own)
                if column is not None:
                    asked.setdefault(column, []).append(node)
                elif isinstance(node, tree.Or):
                    self._either_of(at, rule, node)
            for column, nodes in asked.items():
                self._columns.setdefault(column, _Column()).rules.append((at, rule, tree.And(tuple(nodes))))

    def narrow(self, table: pa.Table, masks: list[Mask | None]) -> None:
        """Take out of each rule's rows those whose value in some column the rule refuses; without rows: None."""
        self._compare(table, masks)
        places = {
            name.lower(): at
            for at, name in enumerate(table.column_names)
            if pa.types.is_dictionary(table.column(at).type)
        }
        for name, at in places.items():
            column = self._columns.get(name)
            if column is None:
                continue
            asking = [
                (place, rule) for place, (rule, _, _) in enumerate(column.rules) if masks[rule] is not None
            ]
            if asking:
                self._narrow(name, column, _whole(table.column(at)), asking, masks)
        for rule, options in self._either:
            mask = masks[rule]
            if mask is not None and all(name in places for name, _ in options):
                masks[rule] = self._one_of(table, [(places[name], name, at) for name, at in options], mask)

    def refuses(self, rule: int, name: str, value: bytes) -> bool:
        """The rule at this position matches no row that has this value in this column (in lower case)."""
        column = self._columns.get(name)
        if column is None:
            return False
        asked = _tests(column, self._fields)
        table = pa.table({name: pa.array([value], pa.binary())})
        read = exact.RowTexts(self._fields, [table], np.zeros(1, np.int64)).reader(0)
        return any(
            at == rule and each.test is not None and not each.test(read)
            for each, (at, _, _) in zip(asked, column.rules, strict=True)
        )

    def _narrow(
        self,
        name: str,
        column: _Column,
        values: pa.DictionaryArray,
        asking: Sequence[tuple[int, int]],
        masks: list[Mask | None],
    ) -> None:
        wanted = [mask for _, rule in asking if (mask := masks[rule]) is not None]
        chosen = np.flatnonzero(np.logical_or.reduce(wanted))
        lines = self._lines(name, column, values, chosen)
        if lines is None:
            return
        for place, rule in asking:
            mask = masks[rule]
            if mask is not None:
                left = np.zeros(len(mask), bool)
                left[chosen] = mask[chosen] & column.verdicts[lines, place]
                masks[rule] = left if left.any() else None

    def _one_of(self, table: pa.Table, options: Sequence[tuple[int, str, int]], mask: Mask) -> Mask | None:
        """Those of the rows in which one of the options is met: number of the column, its name, place of the rule there."""
        chosen = np.flatnonzero(mask)
        met = np.zeros(len(chosen), bool)
        for at, name, place in options:
            column = self._options[name]
            lines = self._lines(name, column, _whole(table.column(at)), chosen)
            if lines is None:
                return mask
            met |= column.verdicts[lines, place]
        left = np.zeros(len(mask), bool)
        left[chosen[met]] = True
        return left if met.any() else None

    def _lines(
        self, name: str, column: _Column, values: pa.DictionaryArray, chosen: Numbers
    ) -> Numbers | None:
        """Of each chosen row the line of its value in `verdicts`; None: not all of them could be told."""
        codes = np.asarray(values.indices.fill_null(-1) if values.null_count else values.indices, np.int64)[
            chosen
        ]
        used, where = _distinct(codes, len(values.dictionary))
        if column.lost or not len(used) or len(used) > self._most_new:
            return None
        texts: list[bytes | None] = values.dictionary.take(pa.array(used, mask=used < 0)).to_pylist()
        if not self._learn(name, column, texts):
            return None
        return np.array([column.numbers[text] for text in texts], np.int64)[where]

    def _learn(self, name: str, column: _Column, texts: Sequence[bytes | None]) -> bool:
        """Ask the database about values that are new; False: not all could be told."""
        new = [text for text in texts if text not in column.numbers]
        if not new:
            return True
        if len(column.numbers) + len(new) > MOST_KNOWN:
            if not self._fields.form.records:
                return False
            column.numbers.clear()
            new = list(texts)
        table = pa.table({name: pa.array(new, pa.binary())})
        rows = exact.RowTexts(self._fields, [table], np.zeros(len(new), np.int64))
        told = _tested(column, rows, self._fields)
        if told is None:
            told = self._queried(column, rows, len(new))
        if told is None:
            column.lost = True
            return False
        column.verdicts = np.concatenate([column.verdicts, told]) if len(column.numbers) else told
        for text in new:
            column.numbers[text] = len(column.numbers)
        return True

    def _queried(self, column: _Column, rows: exact.RowTexts, count: int) -> Mask | None:
        """For each of `count` values whether it meets what each rule asks; None: a rule cannot be asked."""
        terms = [
            f"coalesce({sql.condition(node, self._fields, rule.own, rows.column)}, false) as r{at}"
            for at, (_, rule, node) in enumerate(column.rules)
        ]
        database = self._database()
        database.register(
            "arrow_values", pa.table({"row": pa.array(range(count), pa.int64()), **rows.arrays})
        )
        try:
            got = database.execute(f'select {", ".join(terms)} from arrow_values order by "row"').fetchnumpy()
        except duckdb.Error:
            return None
        finally:
            database.unregister("arrow_values")
        return np.stack([np.asarray(got[f"r{at}"], bool) for at in range(len(terms))], axis=1)

    def _pair_up(self, at: int, rule: Rule) -> None:
        for node in _conjuncts(rule.condition) if rule.condition is not None else ():
            if isinstance(node, tree.SameAs) and node.how == "equals":
                one, other = (self._fields.places(name, rule.own) for name in (node.field, node.other))
                if len(one) == len(other) == 1 and one[0].kind is other[0].kind is Kind.PLAIN:
                    self._pairs.append((at, one[0].column, other[0].column))

    def _either_of(self, at: int, rule: Rule, node: tree.Or) -> None:
        """`node` is true where one of several columns alone makes it true."""
        asked: dict[str, list[tree.Node]] = {}
        for child in node.of:
            column = self._only_column(child, rule.own)
            if column is None:
                return
            asked.setdefault(column, []).append(child)
        options = []
        for name, nodes in asked.items():
            column_of = self._options.setdefault(name, _Column())
            options.append((name, len(column_of.rules)))
            column_of.rules.append((at, rule, tree.Or(tuple(nodes))))
        self._either.append((at, options))

    def _compare(self, table: pa.Table, masks: list[Mask | None]) -> None:
        """Rules that ask for equal values: a row in which one is missing is none of theirs."""
        names = {name.lower(): name for name in table.column_names}
        for rule, one, other in self._pairs:
            mask = masks[rule]
            if mask is None or one not in names or other not in names:
                continue
            left, right = (lowered(plain(table.column(names[name]))) for name in (one, other))
            same = mask & np.asarray(pc.equal(left, right).fill_null(False))
            masks[rule] = same if same.any() else None

    def _only_column(self, node: tree.Node, own: bool) -> str | None:
        """The one column, of those that repeat, whose value decides whether a condition is true."""
        found = set()
        for leaf in _leaves(node):
            if not isinstance(leaf, tree.Text | tree.Regex) or leaf.field is None:
                return None
            places = self._fields.places(leaf.field, own)
            if any(place.kind not in _SIMPLE for place in places):
                return None
            found |= {place.column for place in places}
        found -= {one.lower() for one in self._fields.form.unique} if len(found) == 1 else set()
        return found.pop() if len(found) == 1 else None


def _whole(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column with numbers for its values as one array."""
    values = column.unify_dictionaries().combine_chunks()
    return values.chunk(0) if isinstance(values, pa.ChunkedArray) else values


def _distinct(codes: Numbers, size: int) -> tuple[Numbers, Numbers]:
    """The numbers among `codes` (-1 to `size` - 1), rising, and of each code its place among them."""
    held = np.zeros(size + 1, bool)
    held[codes] = True  # -1 is the last
    used = np.flatnonzero(np.roll(held, 1)) - 1
    place = np.zeros(size + 1, np.int64)
    place[used] = np.arange(len(used))
    return used, place[codes]


def _tests(column: _Column, fields: FieldMap) -> list[Direct]:
    if not column.tests:
        column.tests = [Direct(node, fields, rule.own) for _, rule, node in column.rules]
    return column.tests


def _tested(column: _Column, rows: exact.RowTexts, fields: FieldMap) -> Mask | None:
    """`KnownValues._queried` value by value; None: there are many, or some rule can only be asked of the database."""
    asked = _tests(column, fields)
    tests = [each.test for each in asked]
    if None in tests or len(rows) * max(sum(each.regex for each in asked), 1) > FEW:
        return None
    return np.array(
        [[test is not None and test(rows.reader(at)) for test in tests] for at in range(len(rows))], bool
    )


def _conjuncts(node: tree.Node) -> Iterator[tree.Node]:
    """Conditions that all must be true; `not (a or b)` is two of them."""
    if isinstance(node, tree.And):
        for child in node.of:
            yield from _conjuncts(child)
    elif isinstance(node, tree.Not) and isinstance(node.of, tree.Or):
        for child in node.of.of:
            yield from _conjuncts(tree.Not(child))
    else:
        yield node


def _leaves(node: tree.Node) -> Iterator[tree.Node]:
    if isinstance(node, tree.And | tree.Or):
        for child in node.of:
            yield from _leaves(child)
    elif isinstance(node, tree.Not):
        yield from _leaves(node.of)
    else:
        yield node
