"""Questions in SQL over the saved events of many servers: read only, and blind to everything but those files."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from exsweep.detect.sql import quoted
from exsweep.errors import UsageError
from exsweep.fleet.hunt.engines import connect
from exsweep.fleet.hunt.records import Scope
from exsweep.fleet.hunt.where_to import May, Target, targets
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import LogSource, Rule
from exsweep.model import Severity, Stage, Strength

_COMMON = (
    "source.ip", "user.name", "user_agent.original", "http.request.method", "url.path", "url.query",
    "http.response.status_code", "host.name", "file.path", "process.command_line",
)  # fmt: skip
"""Text columns of the view `events`."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. Hostile text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool
    """There are more rows than were asked for."""


def rows(
    fleet: Fleet,
    lake: Lake,
    statement: str,
    scope: Scope,
    *,
    may: May = None,
    limit: int = 1_000,
    seconds: float = 60.0,
) -> Table:
    """Run one SELECT. Views: `servers`, one for each kind of log (`iis_w3c` ...), and `events` over all of them.

    Raises:
        UsageError: no SELECT, refused by the database, slower than `seconds`, or nothing kept in the scope.
    """
    found = [one for one in targets(fleet, (_every(),), scope, may=may) if one.files]
    files = {
        str(path): (one, file.kind, tuple(file.natives.values()))
        for one in found
        for each, file in one.files
        if (path := lake.events(each.folder) / file.name).is_file()
    }
    if not files:
        raise UsageError("No events are kept of any server in this scope.", tip="See `exsweep fleet lake`.")
    with connect([Path(name) for name in files]) as database:
        for view in _views(found, files):
            database.execute(view)
        return _asked(database, statement, limit, seconds)


def _asked(database: duckdb.DuckDBPyConnection, statement: str, limit: int, seconds: float) -> Table:
    try:
        parsed = database.extract_statements(statement)
    except duckdb.Error as error:
        raise _refused(error) from error
    if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
        raise UsageError(
            "One SELECT, and nothing else, can be asked.", tip="Leave out everything but the SELECT."
        )
    timer = threading.Timer(seconds, database.interrupt)
    timer.start()
    try:
        answer = database.execute(parsed[0])
        got = answer.fetchmany(limit + 1)
        columns = tuple(str(one[0]) for one in answer.description or ())
    except duckdb.InterruptException as error:
        raise UsageError(
            f"The question took longer than {seconds:g} s and was stopped.",
            tip="Narrow it: --server, --since, LIMIT.",
        ) from error
    except duckdb.Error as error:
        raise _refused(error) from error
    finally:
        timer.cancel()
    return Table(columns=columns, rows=tuple(got[:limit]), truncated=len(got) > limit)


def _refused(error: duckdb.Error) -> UsageError:
    return UsageError(
        f"The database said: {str(error).strip()[:1_000]}",
        tip="See docs/how-to/hunt.md for views and columns.",
    )


def _views(found: list[Target], files: dict[str, tuple[Target, str, tuple[str, ...]]]) -> Iterator[str]:
    told = ", ".join(f"({quoted(one.public)}, {quoted(one.name or '')})" for one in found)
    yield f"CREATE TABLE servers AS SELECT * FROM (VALUES {told}) t(server, name)"
    listed = ", ".join(f"({quoted(path)}, {quoted(one.public)})" for path, (one, _, _) in files.items())
    yield f"CREATE TABLE files AS SELECT * FROM (VALUES {listed}) t(filename, server)"
    kinds: dict[str, list[str]] = {}
    columns: dict[str, set[str]] = {}
    for path, (_, kind, names) in files.items():
        kinds.setdefault(kind, []).append(path)
        columns.setdefault(kind, set()).update(names)
    parts = []
    for kind, paths in sorted(kinds.items()):
        listed = ", ".join(quoted(path) for path in paths)
        yield (
            f'CREATE VIEW "{kind}" AS SELECT f.server, e.* EXCLUDE (filename) FROM '
            f"read_parquet([{listed}], union_by_name = true, filename = true) e JOIN files f USING (filename)"
        )
        common = ", ".join(
            f'"{name}"' if name in columns[kind] else f'NULL::VARCHAR AS "{name}"' for name in _COMMON
        )
        parts.append(
            f'SELECT server, {quoted(kind)} AS kind, "@timestamp", {common}, "log.file.path", "log.line" '
            f'FROM "{kind}"'
        )
    yield "CREATE VIEW events AS " + " UNION ALL ".join(parts)


def _every() -> Rule:
    """A rule that every kind of record could show: chooses all files of the scope."""
    return Rule(
        id="all", version="", title="", logsource=LogSource(), level=Severity.LOW, stage=Stage.PROBE,
        strength=Strength.AMBIGUOUS, file="", own=True, formats=tuple(form.id for form in load_formats()),
    )  # fmt: skip
