"""Exact evaluation: the candidate rows of one format as a DuckDB table, one query per rule that may match."""

from collections.abc import Sequence

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.detect import columns, sql
from exsweep.detect.fields import FieldMap, Kind, Place
from exsweep.detect.prefilter import Mask
from exsweep.knowledge.rules import Rule

NO_TIME = np.iinfo(np.int64).min
_BITS = 62
"""Rules whose masks share one integer column."""


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory that can reach nothing: one thread, no files, no extensions, no Python objects."""
    return duckdb.connect(
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


def evaluate(
    database: duckdb.DuckDBPyConnection,
    fields: FieldMap,
    rows: "RowTexts",
    rules: Sequence[tuple[Rule, Mask]],
) -> tuple[list[npt.NDArray[np.int64]], dict[str, str]]:
    """For each rule the rows (ascending) among its candidates that it matches; and what DuckDB could not run, by id."""
    queries: list[str] = []
    for rule, _ in rules:
        if rule.condition is None:
            queries.append(sql.NEVER)
        else:
            queries.append(sql.condition(rule.condition, fields, rule.own, rows.column))
    arrays = dict(rows.arrays)
    for first in range(0, len(rules), _BITS):
        bits = np.zeros(len(rows), np.int64)
        for at, (_, mask) in enumerate(rules[first : first + _BITS]):
            bits |= mask.astype(np.int64) << at
        arrays[f"may {first // _BITS}"] = pa.array(bits)
    found: list[npt.NDArray[np.int64]] = []
    failed: dict[str, str] = {}
    database.register("arrow_rows", pa.table(arrays))
    try:
        database.execute("create or replace temp table log_rows as select * from arrow_rows")
        for at, ((rule, _), query) in enumerate(zip(rules, queries, strict=True)):
            may = f'("may {at // _BITS}" & {1 << at % _BITS}) <> 0'
            try:
                got = database.execute(f"select rowid from log_rows where {may} and ({query})").fetchnumpy()
                found.append(np.sort(np.asarray(got["rowid"], dtype=np.int64)))
            except duckdb.Error as error:
                failed[rule.id] = str(error).partition("\n")[0]
                found.append(np.zeros(0, np.int64))
    finally:
        database.unregister("arrow_rows")
        database.execute("drop table if exists log_rows")
    return found, failed


class RowTexts:
    """Columns of the rows of one or more tables, made into the views that conditions ask for, when they ask."""

    def __init__(self, fields: FieldMap, tables: Sequence[pa.Table], time_ms: npt.NDArray[np.int64]) -> None:
        self._fields = fields
        self._form = fields.form
        self._tables = tables
        self._time_ms = time_ms
        self._places: dict[Place, pa.DictionaryArray | None] = {}
        self._views: dict[tuple[Place, str], pa.Array | None] = {}
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

    def first(self, field: str, own: bool, row: int) -> str | None:
        """The value of a field in one row, as written, from the first of its places that has one."""
        for place in self._fields.places(field, own):
            base, values = self._base(place), self._view(place, "raw")
            if base is not None and values is not None and base.indices[row].is_valid:
                text = values[base.indices[row].as_py()].as_py()
                if text is not None and text not in self._fields.empty:
                    return str(text)
        return None

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
