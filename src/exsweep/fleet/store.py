"""The store of a fleet: one file (SQLite) or one PostgreSQL database; opened, brought up to date, and closed."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exsweep.errors import UsageError
from exsweep.fleet import audit
from exsweep.fleet.body import unpack
from exsweep.fleet.dialect import Database, open_database
from exsweep.fleet.schema import migrate
from exsweep.fleet.text import stored
from exsweep.model import Assessment

DEFAULT_TENANT = "own"


class Fleet:
    """An open store. Used as a context manager; one thread, any number of processes."""

    def __init__(self, database: Database, *, who: str) -> None:
        self.database = database
        self.who = who
        """Who acts: stands in the audit log."""
        migrate(database)
        self.secret = bytes.fromhex(self.setting("secret", secrets.token_hex(32)))
        """Key of the hashes of words that must not be shown."""

    @classmethod
    def open(cls, where: str | Path, *, who: str) -> "Fleet":
        """Open or make the store at a path, or at `postgresql://...`.

        Raises:
            StoreError: it cannot be opened, or was written by a newer program.
        """
        return cls(open_database(where), who=who)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    @contextmanager
    def act(self, what: str, object_: str, *, time: int, detail: str = "") -> Iterator[Database]:
        """One change with its line in the audit log: both happen or neither."""
        with self.database.transaction():
            yield self.database
            audit.log(self.database, time=time, who=self.who, what=what, object_=object_, detail=detail)

    def tenant(self, name: str) -> int:
        """Number of the tenant; made when it is new."""
        clean = stored(name.strip(), 200) or DEFAULT_TENANT
        self.database.run("INSERT INTO tenant (name) VALUES (?) ON CONFLICT DO NOTHING", (clean,))
        return self.database.number("SELECT id FROM tenant WHERE name = ?", (clean,))

    def server(self, word: str) -> int:
        """Number of the server of this id (`srv_...`), or of this name where only one has it.

        Raises:
            UsageError: none, or several.
        """
        word = stored(word, 300) or ""
        rows = self.database.run("SELECT id FROM server WHERE public_id = ?", (word,))
        rows = rows or self.database.run(
            "SELECT id FROM server WHERE lower(name) = ? LIMIT 2", (word.lower(),)
        )
        if len(rows) == 1:
            return int(rows[0][0])
        raise UsageError(
            f"{'No server' if not rows else 'More than one server'} is called {word!r}.",
            tip="Use its id (srv_...), as `exsweep fleet queue` shows it.",
        )

    def public_id(self, server: int) -> str:
        """`srv_...` of a server by its number."""
        row = self.database.one("SELECT public_id FROM server WHERE id = ?", (server,))
        return str(row[0]) if row else str(server)

    def assessment(self, number: int) -> Assessment:
        """A kept assessment, whole."""
        row = self.database.one("SELECT body FROM assessment WHERE id = ?", (number,))
        if row is None:
            raise UsageError(f"There is no assessment {number}.", tip="Use `exsweep fleet show SERVER`.")
        return unpack(bytes(row[0]))

    def setting(self, name: str, first: str) -> str:
        """The value kept under a name; `first` is kept where none was."""
        row = self.database.one("SELECT value FROM setting WHERE name = ?", (name,))
        if row is None:
            self.database.run(
                "INSERT INTO setting (name, value) VALUES (?,?) ON CONFLICT DO NOTHING", (name, first)
            )
            row = self.database.one("SELECT value FROM setting WHERE name = ?", (name,))
        return str(row[0]) if row else first
