"""SQL engines that look through Parquet: one statement, carried to another dialect where the engine speaks one.

A new engine is one class here and one line in ENGINES. DuckDB is the default and always there; the others are extras.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from exsweep.detect.sql import quoted
from exsweep.errors import UsageError

Rows = npt.NDArray[np.int64]
_KEY = ("log.file.path", "log.line", "log.offset")


class SqlEngine(Protocol):
    """Finds rows."""

    def candidates(self, files: Sequence[Path], where: str) -> dict[Path, Rows]:
        """Numbers of the rows, ascending, for which `where` (DuckDB's dialect) is true, of each file that has any.

        The files have one set of columns.

        Raises:
            OSError: a file is missing or damaged.
        """
        ...


def connect(files: Sequence[Path], *, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A database in memory that can read these files and reach nothing else: no other file, no network, no extension."""
    database = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": "1GB",
            "max_expression_depth": "10000",
            **({"threads": threads} if threads else {}),
        },
    )
    database.execute("SET enable_progress_bar = false")
    database.execute("SET preserve_insertion_order = false")
    if files:
        database.execute("SET allowed_paths = [" + ", ".join(quoted(str(one)) for one in files) + "]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


class DuckDb:
    """The default."""

    def candidates(self, files: Sequence[Path], where: str) -> dict[Path, Rows]:
        names = ", ".join(quoted(str(one)) for one in files)
        with connect(files) as database:
            try:
                got = database.sql(
                    "SELECT filename, file_row_number AS place FROM "
                    f"read_parquet([{names}], filename = true, file_row_number = true) WHERE {where}"
                ).to_arrow_table()
            except duckdb.Error as error:
                raise OSError(str(error).partition("\n")[0]) from error
        if got is None or not got.num_rows:
            return {}
        encoded = got.column("filename").combine_chunks().dictionary_encode()
        codes = np.asarray(encoded.indices, np.int64)
        places = np.asarray(got.column("place").combine_chunks(), np.int64)
        return {
            Path(name.as_py()): np.sort(places[codes == at]) for at, name in enumerate(encoded.dictionary)
        }


class DataFusion:
    """Apache DataFusion, with the statement carried over by sqlglot: `pip install exsweep[engines]`."""

    def candidates(self, files: Sequence[Path], where: str) -> dict[Path, Rows]:
        module: Any = import_module("datafusion")
        carried = transpiled(where)
        found = {}
        for file in files:
            context = module.SessionContext()
            try:
                context.register_parquet("rows_of_one_file", str(file))
                keys = ", ".join(f'"{name}"' for name in _KEY)
                batches = context.sql(f"SELECT {keys} FROM rows_of_one_file WHERE {carried}").collect()
            except Exception as error:  # its own classes differ between versions
                raise OSError(str(error).partition("\n")[0]) from error
            wanted = {
                key
                for batch in batches
                for key in zip(*(batch.column(at).to_pylist() for at in range(len(_KEY))), strict=True)
            }
            if wanted:
                found[file] = _places(file, wanted)
        return found


def _places(file: Path, wanted: set[tuple[Any, ...]]) -> Rows:
    """It knows no row numbers: rows are known again by their origin."""
    table = pq.read_table(file, columns=list(_KEY))
    keys = zip(*(table.column(name).to_pylist() for name in _KEY), strict=True)
    return np.array([at for at, key in enumerate(keys) if key in wanted], np.int64)


def transpiled(statement: str) -> str:
    """A condition in DuckDB's dialect as DataFusion (which follows PostgreSQL) writes it."""
    sqlglot: Any = import_module("sqlglot")
    tree = sqlglot.parse_one(statement, read="duckdb")
    expressions: Any = import_module("sqlglot.expressions")

    def carried(node: Any) -> Any:
        if isinstance(node, expressions.Contains):
            return expressions.Anonymous(this="contains", expressions=[node.this, node.expression])
        if isinstance(node, expressions.RegexpLike):
            return expressions.Anonymous(this="regexp_like", expressions=[node.this, node.expression])
        return node

    return str(tree.transform(carried).sql(dialect="postgres"))


ENGINES: dict[str, type[SqlEngine]] = {"duckdb": DuckDb, "datafusion": DataFusion}


def engine_named(name: str) -> SqlEngine:
    """Raises UsageError: there is none of that name, or its package is not installed."""
    if name not in ENGINES:
        raise UsageError(f"There is no engine {name!r}.", tip=f"Choose from: {', '.join(ENGINES)}.")
    if name != "duckdb" and (find_spec(name) is None or find_spec("sqlglot") is None):
        raise UsageError(f"The engine {name} is not installed.", tip="pip install 'exsweep[engines]'")
    return ENGINES[name]()
