"""A store for each test; on PostgreSQL too where its programs are installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from exsweep.fleet import intake
from exsweep.fleet.intake import Added
from exsweep.fleet.store import Fleet
from exsweep.model import Assessment
from tests.fleet.build import NOW

Add = Callable[..., Added]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL that these tests started; reached through a socket only."""
    if not (shutil.which("initdb") and shutil.which("pg_ctl")):
        pytest.skip("no PostgreSQL here: initdb and pg_ctl are not on the path")
    if find_spec("psycopg") is None:
        pytest.skip("no psycopg here: install exsweep[postgres]")
    # PostgreSQL refuses to run as root: in a container it runs as nobody, in a folder that nobody may enter.
    user = "nobody" if os.geteuid() == 0 else None
    # Not among pytest's own folders: root's are closed to nobody, and the path of a socket has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="exsweep-pg-", dir="/tmp") as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        data = folder / "data"

        def run(*words: str | Path) -> None:
            with (folder / "said").open("w") as said:
                subprocess.run(words, check=True, user=user, cwd="/", stdout=said, stderr=said)

        run("initdb", "-D", data, "-U", "exsweep", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://exsweep@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgres"])
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    where: str | Path = tmp_path / "fleet.db"
    if request.param == "postgres":
        where = request.getfixturevalue("postgres")
        connect = import_module("psycopg").connect
        with connect(str(where), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    with Fleet.open(where, who="tester") as store:
        yield store


@pytest.fixture
def add(fleet: Fleet) -> Add:
    """`add(assessment, ..., now=..., tenant=..., server=...)`."""

    def adding(*assessments: Assessment, now: int = NOW, **named: object) -> Added:
        reads = [("here", each) for each in assessments]
        return intake.add(fleet, reads, now=now, **named)  # type: ignore[arg-type]  # names as they come

    return adding
