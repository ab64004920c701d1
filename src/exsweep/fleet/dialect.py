"""The thin layer: everything in which SQLite and PostgreSQL differ stands in this file, and nowhere else.

Statements are written once, with `?` for values; `RETURNING`, `ON CONFLICT` and window functions are the same in both.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from exsweep.errors import StoreError

Value = str | int | float | bytes | None
Row = tuple[Any, ...]
_BUSY_S = 30.0
_BATCH = 10_000


class Database(ABC):
    """One connection. Not shared between threads."""

    types: dict[str, str]
    """Words of the schema that the two spell differently."""
    walled = False
    """Whether the database itself keeps tenants apart on this connection, and the code is not alone in it."""

    @abstractmethod
    def run(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement; the rows it gives, all of them."""

    @abstractmethod
    def many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row."""

    @abstractmethod
    def script(self, statements: str) -> None:
        """Run several statements of the schema."""

    @abstractmethod
    def transaction(self) -> Any:
        """A context: all or nothing. One writer at a time; others wait, and read what was before."""

    @abstractmethod
    def append_only(self, table: str) -> str:
        """Statements after which rows of the table can be added and never changed or deleted."""

    @abstractmethod
    def wall(self, table: str, own: str) -> str:
        """Statements after which `see` decides which rows of a table are there: those for which `own` holds.

        In `own`, `{mine}` stands for the numbers of the tenants that are seen, as an array.
        """

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether there is such a table."""

    def may_build(self) -> bool:
        """Whether this connection may make tables."""
        return True

    @abstractmethod
    def close(self) -> None: ...

    def see(self, tenants: tuple[int, ...] | None) -> None:
        """From now on only what belongs to these tenants is there; None: everything. The code's own check comes first."""
        self._tenants = tenants

    @contextmanager
    def seeing(self, tenants: tuple[int, ...] | None) -> Iterator[None]:
        """`see` for a while: for counts over all tenants that name none of them."""
        before = self._tenants
        self.see(tenants)
        try:
            yield
        finally:
            self.see(before)

    _tenants: tuple[int, ...] | None = None

    def one(self, statement: str, values: Sequence[Value] = ()) -> Row | None:
        """The first row, or None."""
        rows = self.run(statement, values)
        return rows[0] if rows else None

    def number(self, statement: str, values: Sequence[Value] = ()) -> int:
        """The first cell of the first row as a number; 0 where there is none."""
        row = self.one(statement, values)
        return int(row[0]) if row and row[0] is not None else 0


class Sqlite(Database):
    """One file, WAL: many readers beside one writer."""

    types = {"id": "INTEGER PRIMARY KEY", "blob": "BLOB", "real": "REAL"}  # noqa: RUF012 - read only

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._only_tables_of_ours(path)
            for pragma in (
                "journal_mode = WAL",
                "synchronous = NORMAL",
                "foreign_keys = ON",
                "trusted_schema = OFF",
                "cell_size_check = ON",
                "cache_size = -65536",
                "temp_store = MEMORY",
                "mmap_size = 268435456",
            ):
                self._connection.execute(f"PRAGMA {pragma}")
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"The store {path} cannot be opened: {error}.", tip="Choose another file with --store."
            ) from error

    def _only_tables_of_ours(self, path: Path) -> None:
        """A store made elsewhere may carry triggers, views or virtual tables that act when we write (H76)."""
        rows = self._connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
        for kind, name, table, text in rows:
            said = " ".join(str(text or "").split())
            ours = kind in ("table", "index") and not said.upper().startswith("CREATE VIRTUAL")
            ours = ours and " GENERATED ALWAYS " not in f" {said.upper()} "
            ours = ours or (kind == "trigger" and said in _triggers(str(table)))
            if not ours:
                self._connection.close()
                raise StoreError(
                    f"The store {path} holds a {kind} that exsweep did not make: {str(name)[:80]!r}.",
                    tip="It was not opened for writing. Ask where it comes from; add its assessments to a store of your own.",
                )

    def run(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        with _as_store_error(sqlite3.Error):
            return self._connection.execute(statement, values).fetchall()

    def many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        with _as_store_error(sqlite3.Error):
            self._connection.executemany(statement, rows)

    def script(self, statements: str) -> None:
        for statement in split(statements):
            self.run(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with suppress(StoreError):
                self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    def append_only(self, table: str) -> str:
        return "".join(f"{text.replace(';', chr(92) + ';')};\n" for text in _triggers(table))

    def wall(self, table: str, own: str) -> str:
        return ""  # a file has no users: who may read it reads all of it

    def has_table(self, name: str) -> bool:
        return self.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)) is not None

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA optimize")
        self._connection.close()


def _triggers(table: str) -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} BEGIN "
        f"SELECT RAISE(ABORT, 'the audit log only grows'); END"
        for act in ("update", "delete")
    )


_ALL = "(SELECT current_setting('exsweep.tenants', true)) = 'all'"
_MINE = "(SELECT string_to_array(nullif(current_setting('exsweep.tenants', true), 'all'), ',')::bigint[])::bigint[]"
"""In brackets with SELECT it is worked out once a statement and not once a row. Nothing told: nothing is there."""
_WALLED = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"


class Postgres(Database):
    """A server named by `postgresql://...`; needs the extra `exsweep[postgres]`."""

    types = {  # noqa: RUF012 - read only
        "id": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "blob": "BYTEA",
        "real": "DOUBLE PRECISION",
    }

    def __init__(self, address: str) -> None:
        try:
            psycopg = import_module("psycopg")  # an extra: most have no PostgreSQL
        except ImportError as error:
            raise StoreError(
                "A store on PostgreSQL needs psycopg.", tip="Install it: pip install 'exsweep[postgres]'."
            ) from error
        self._error: type[Exception] = psycopg.Error
        with _as_store_error(psycopg.Error):
            self._connection = psycopg.connect(address, autocommit=True)
            (self.walled,) = self._connection.execute(_WALLED).fetchone()
        self._told: str | None = None

    @contextmanager
    def _within(self) -> Iterator[None]:
        """A transaction in which the database knows whose rows are there. It is told in each anew, for a pool between us
        and the server may give the next transaction to somebody else."""
        if not self.walled:
            yield
            return
        with ExitStack() as stack:
            if self._told is None:
                stack.enter_context(self._connection.transaction())
                stack.callback(self._forget)
            seen = "all" if self._tenants is None else ",".join(map(str, self._tenants))
            if self._told != seen:
                self._connection.execute("SELECT set_config('exsweep.tenants', %s, true)", (seen,))
                self._told = seen
            yield

    def _forget(self) -> None:
        self._told = None

    def run(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        with _as_store_error(self._error), self._within(), self._connection.cursor() as cursor:
            cursor.execute((_percent(statement) if values else statement).encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        batch: list[Sequence[Value]] = []
        with _as_store_error(self._error), self._within(), self._connection.cursor() as cursor:
            for row in rows:
                batch.append(row)
                if len(batch) >= _BATCH:
                    cursor.executemany(_percent(statement).encode(), batch)
                    batch = []
            if batch:
                cursor.executemany(_percent(statement).encode(), batch)

    def script(self, statements: str) -> None:
        for statement in split(statements):
            self.run(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._connection.transaction(), self._within():
            # One writer, as on SQLite: sequence of the audit chain and identity of servers rest on it.
            self.run("SELECT pg_advisory_xact_lock(7012026)")
            yield

    def append_only(self, table: str) -> str:
        return (
            f"CREATE FUNCTION {table}_grows() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'\\; END\\; $$;\n"
            f"CREATE TRIGGER {table}_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_grows();\n"
        )

    def wall(self, table: str, own: str) -> str:
        rule = f"{_ALL} OR {own.format(mine=_MINE)}"
        return (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;\nALTER TABLE {table} FORCE ROW LEVEL SECURITY;\n"
            f"CREATE POLICY own ON {table} USING ({rule}) WITH CHECK ({rule});\n"
        )

    def has_table(self, name: str) -> bool:
        return (
            self.number(
                "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?",
                (name,),
            )
            > 0
        )

    def may_build(self) -> bool:
        return self.one("SELECT has_schema_privilege(current_schema(), 'CREATE')") == (True,)

    def close(self) -> None:
        self._connection.close()


def is_server(where: str | Path) -> bool:
    """Is it the address of a database service, not a path?"""
    return isinstance(where, str) and where.startswith(("postgresql://", "postgres://"))


def open_database(where: str | Path) -> Database:
    """SQLite for a path, PostgreSQL for an address that begins with `postgresql://`.

    Raises:
        StoreError: it cannot be opened, or psycopg is not installed.
    """
    if is_server(where):
        return Postgres(str(where))
    return Sqlite(Path(where))


def split(statements: str) -> Iterator[str]:
    """Statements one by one; `\\;` is a semicolon inside of one."""
    for part in statements.replace("\\;", "\x01").split(";"):
        if part.strip():
            yield part.replace("\x01", ";").strip()


def _percent(statement: str) -> str:
    return statement.replace("%", "%%").replace("?", "%s")


@contextmanager
def _as_store_error(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        raise StoreError(
            f"The store said: {error}.", tip="Free space, or look whether another program holds the store."
        ) from error
