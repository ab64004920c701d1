"""Exact evaluation: the candidate rows of one format as a DuckDB table, one query per rule that may match."""

from collections.abc import Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.detect import columns, sql
from exsweep.detect.direct import Direct, Get
from exsweep.detect.fields import FieldMap, Kind, Place
from exsweep.detect.prefilter import Mask
from exsweep.knowledge.rules import Rule

NO_TIME = np.iinfo(np.int64).min
_BITS = 62
"""Rules whose masks share one integer column."""
TOGETHER = 64
"""Rules that one query asks for: planning costs more than asking where rows are few."""


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory that can reach nothing: one thread, no files, no extensions, no Python objects."""
    database = duckdb.connect(
        ":memory:",
        config={
            "threads": 1,
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "python_enable_replacements": "false",
            "max_expression_depth": "10000",
        },
    )
    # A slow statement would draw a bar into the standard output, among our own words.
    database.execute("SET enable_progress_bar = false")
    return database


class Database:
    """A database that is connected when it is first asked; one serves all formats of an engine."""

    def __init__(self) -> None:
        self._connected: duckdb.DuckDBPyConnection | None = None

    def __call__(self) -> duckdb.DuckDBPyConnection:
        if self._connected is None:
            self._connected = connect()
        return self._connected


def evaluate(
    database: Database,
    fields: FieldMap,
    rows: "RowTexts",
    rules: Sequence[tuple[Rule, Mask]],
) -> tuple[list[npt.NDArray[np.int64]], dict[str, str]]:
    """For each rule the rows (ascending) among its candidates that it matches; and what DuckDB could not run, by id."""
    found: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64) for _ in rules]
    asked: list[int] = []
    for at, (rule, mask) in enumerate(rules):
        few = None if rule.condition is None else _tested(fields, rows, rule, mask)
        if few is None:
            asked.append(at)
        else:
            found[at] = few
    if not asked:
        return found, {}
    answers, failed = queried(database(), fields, rows, [rules[at] for at in asked])
    for at, answer in zip(asked, answers, strict=True):
        found[at] = answer
    return found, failed


def _tested(fields: FieldMap, rows: "RowTexts", rule: Rule, mask: Mask) -> npt.NDArray[np.int64] | None:
    """Row by row, where there are few; None: a query is cheaper, or must be asked."""
    test = fields.tests.get(rule.id)
    if test is None and rule.condition is not None:
        narrowed = fields.narrowed(rule.condition, rule.logsource)
        test = fields.tests[rule.id] = Direct(narrowed, fields, rule.own)
    if not isinstance(test, Direct) or test.test is None:
        return None
    places = np.flatnonzero(mask)
    if len(places) > test.most:
        return None
    return np.array(test.rows(places.tolist(), rows.reader), np.int64)


def queried(
    database: duckdb.DuckDBPyConnection,
    fields: FieldMap,
    rows: "RowTexts",
    rules: Sequence[tuple[Rule, Mask]],
) -> tuple[list[npt.NDArray[np.int64]], dict[str, str]]:
    """`evaluate` by queries."""
    if not rules:
        return [], {}
    queries: list[str] = []
    for rule, _ in rules:
        if rule.condition is None:
            queries.append(sql.NEVER)
        else:
            narrowed = fields.narrowed(rule.condition, rule.logsource)
            queries.append(sql.condition(narrowed, fields, rule.own, rows.column))
    arrays = dict(rows.arrays)
    for first in range(0, len(rules), _BITS):
        bits = np.zeros(len(rows), np.int64)
        for at, (_, mask) in enumerate(rules[first : first + _BITS]):
            bits |= mask.astype(np.int64) << at
        arrays[f"may {first // _BITS}"] = pa.array(bits)
    failed: dict[str, str] = {}
    database.register("arrow_rows", pa.table(arrays))
    try:
        database.execute("create or replace temp table log_rows as select * from arrow_rows")
        tests = [
            f'case when ("may {at // _BITS}" & {1 << at % _BITS}) <> 0 then {query} else false end'
            for at, query in enumerate(queries)
        ]
        found: list[npt.NDArray[np.int64]] = []
        for first in range(0, len(tests), TOGETHER):
            group = tests[first : first + TOGETHER]
            try:
                found += _rows(database, group)
            except duckdb.Error:
                for (rule, _), test in zip(rules[first : first + TOGETHER], group, strict=True):
                    try:
                        found += _rows(database, [test])
                    except duckdb.Error as error:
                        failed[rule.id] = str(error).partition("\n")[0]
                        found.append(np.zeros(0, np.int64))
    finally:
        database.unregister("arrow_rows")
        database.execute("drop table if exists log_rows")
    return found, failed


def _rows(database: duckdb.DuckDBPyConnection, tests: Sequence[str]) -> list[npt.NDArray[np.int64]]:
    """For each test the rows, ascending, for which it is true."""
    asked = ", ".join(f"{test} as r{at}" for at, test in enumerate(tests))
    got = database.execute(f"select rowid as place, {asked} from log_rows").fetchnumpy()
    places = np.asarray(got["place"], dtype=np.int64)
    return [
        np.sort(places[np.ma.filled(got[f"r{at}"], False).astype(bool)])  # NULL is not true
        for at in range(len(tests))
    ]


class RowTexts:
    """Columns of the rows of one or more tables, made into the views that conditions ask for, when they ask."""

    def __init__(self, fields: FieldMap, tables: Sequence[pa.Table], time_ms: npt.NDArray[np.int64]) -> None:
        self._fields = fields
        self._form = fields.form
        self._tables = tables
        self._time_ms = time_ms
        self._places: dict[Place, pa.DictionaryArray | None] = {}
        self._views: dict[tuple[Place, str], pa.Array | None] = {}
        self._lists: dict[tuple[Place, str], tuple[npt.NDArray[np.int64], list[str | None]] | None] = {}
        """For `reader`: which of the values each row has (the last, None, where it has none)."""
        self.arrays: dict[str, pa.Array] = {}
        """SQL column name -> one value a row, `string` or `timestamp`."""

    def __len__(self) -> int:
        return sum(table.num_rows for table in self._tables)

    def column(self, place: Place, view: str) -> str | None:
        """Quoted SQL name of a view (see `sql.Column`); None where no row has such a value."""
        name = f"{place.kind} {place.column} {view}"
        if name not in self.arrays:
            if view == "time":
                stamps = pa.array(self._time_ms, mask=self._time_ms == NO_TIME).cast(pa.timestamp("ms"))
                self.arrays[name] = stamps
            else:
                base = self._base(place)
                values = None if base is None else self._view(place, view)
                if base is None or values is None:
                    return None
                self.arrays[name] = values.take(base.indices)
        return '"' + name.replace('"', '""') + '"'

    def reader(self, row: int) -> Get:
        """Values of one row, as `column` would show them."""
        known = self._lists

        def get(place: Place, view: str) -> str | None:
            if (place, view) not in known:
                base = self._base(place)
                values = None if base is None else self._view(place, view)
                if base is None or values is None:
                    known[place, view] = None
                else:
                    codes = np.asarray(base.indices.fill_null(-1), np.int64)
                    known[place, view] = codes, [*values.to_pylist(), None]
            pair = known[place, view]
            return None if pair is None else pair[1][pair[0][row]]

        return get

    def values(self, field: str, own: bool) -> tuple[npt.NDArray[np.int64], list[str | None]]:
        """A field's value in each row, as written, from the first of its places that has one.

        Given as numbers in the list of texts; -1: the row has none.
        """
        codes = np.full(len(self), -1, np.int64)
        known: list[str | None] = []
        for place in self._fields.places(field, own):
            base, values = self._base(place), self._view(place, "raw")
            if base is None or values is None or not len(values):
                continue
            here = np.asarray(base.indices.fill_null(-1), np.int64)
            texts = values.to_pylist()
            told = np.array([text is not None and text not in self._fields.empty for text in texts], bool)
            chosen = (codes < 0) & (here >= 0) & told[here]
            codes[chosen] = here[chosen] + len(known)
            known += texts
        return codes, known

    def _view(self, place: Place, view: str) -> pa.Array | None:
        """Values of a view, one for each distinct value of the place."""
        if (place, view) not in self._views:
            self._views[place, view] = self._made(place, view)
        return self._views[place, view]

    def _made(self, place: Place, view: str) -> pa.Array | None:
        if view == "address":
            base = self._base(place)
            return None if base is None else columns.addresses(base.dictionary)
        if view.startswith("raw"):
            values = self._bytes(place, view.removeprefix("raw").strip())
            return None if values is None else columns.texts(values)
        if view.startswith("text"):
            values = self._bytes(place, view.removeprefix("text").strip())
            return None if values is None else columns.texts(columns.lowered(values))
        values = self._bytes(place, "")
        if values is None:
            return None
        values = columns.spaced(values)
        return columns.texts(values if view == "spaced raw" else columns.lowered(values))

    def _bytes(self, place: Place, decoded: str) -> pa.Array | None:
        """Distinct values as written (``), or percent-decoded once (`1`) or twice (`2`)."""
        if place.kind is Kind.EXTENSION:
            paths = self._bytes(Place(Kind.URL, place.column), decoded)
            return None if paths is None else columns.extensions(paths)
        if place.kind is Kind.LINE and decoded and not self._form.url_columns:
            return None
        base = self._base(place)
        if base is None:
            return None
        values = base.dictionary
        for _ in range(int(decoded or 0)):
            if values is not None:
                values = columns.unescaped(values)
        return values

    def _base(self, place: Place) -> pa.DictionaryArray | None:
        if place.kind is Kind.EXTENSION:
            place = Place(Kind.URL, place.column)
        if place not in self._places:
            chunks = [self._of_table(table, place) for table in self._tables]
            if all(chunk is None for chunk in chunks):
                self._places[place] = None
            else:
                filled = [
                    pa.nulls(table.num_rows, pa.binary()) if chunk is None else chunk
                    for table, chunk in zip(self._tables, chunks, strict=True)
                ]
                self._places[place] = pa.concat_arrays(filled).dictionary_encode()
        return self._places[place]

    def _of_table(self, table: pa.Table, place: Place) -> pa.Array | None:
        if place.kind is Kind.LINE:
            parts = [columns.plain(column) for column in table.columns]
            if not parts:
                return None
            separator = pa.scalar(self._form.separator.encode(), pa.binary())
            return pc.binary_join_element_wise(
                *parts, separator, null_handling="replace", null_replacement=b""
            )
        path = _column(table, place.column)
        if place.kind is not Kind.JOINED or path is None:
            return path
        query = _column(table, self._fields.query or "")
        if query is None:
            return path
        empty = pc.is_in(query, value_set=pa.array([one.encode() for one in self._fields.empty], pa.binary()))
        behind = pc.binary_join_element_wise(
            pa.scalar(b"?", pa.binary()),
            query,
            pa.scalar(b"", pa.binary()),
            null_handling="replace",
            null_replacement=b"",
        )
        behind = pc.if_else(pc.or_kleene(empty, pc.is_null(query)), pa.scalar(b"", pa.binary()), behind)
        return pc.binary_join_element_wise(path, behind, pa.scalar(b"", pa.binary()))


def _column(table: pa.Table, name: str) -> pa.Array | None:
    for at, one in enumerate(table.column_names):
        if one.lower() == name:
            return columns.plain(table.column(at))
    return None
