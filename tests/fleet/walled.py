"""A PostgreSQL set up as docs/how-to/postgresql.md says: an owner of the tables, and a user for the pages."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

from exsweep.fleet.store import Fleet

ROOT = Path(__file__).resolve().parents[2]
OWNER, WEB = "exsweep_owner", "exsweep_web"


def connect(address: str) -> Any:
    return import_module("psycopg").connect(address, autocommit=True)


def as_user(postgres: str, user: str, database: str = "exsweep") -> str:
    """The address of the tests' PostgreSQL for another user."""
    host = postgres.partition("host=")[2]
    return f"postgresql://{user}@/{database}?host={host}"


def statements() -> tuple[list[str], list[str]]:
    """What the page tells an administrator to run, and what it tells the owner."""
    page = (ROOT / "docs" / "how-to" / "postgresql.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    return [[one.strip() for one in text.split(";") if one.strip()] for text in (first, second)]  # type: ignore[return-value]


def set_up(postgres: str) -> tuple[str, str]:
    """(address of the owner, address for the pages) of a fresh store."""
    administrator, owner = statements()
    with connect(postgres) as database:
        database.execute("DROP DATABASE IF EXISTS exsweep WITH (FORCE)")
        for user in (OWNER, WEB):
            database.execute(f"DROP ROLE IF EXISTS {user}")
        for statement in administrator:
            database.execute(statement)
    Fleet.open(as_user(postgres, OWNER), who="owner").database.close()
    with connect(as_user(postgres, OWNER)) as database:
        for statement in owner:
            database.execute(statement)
    return as_user(postgres, OWNER), as_user(postgres, WEB)
