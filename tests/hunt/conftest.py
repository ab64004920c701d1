"""Three servers with kept events, made by a real triage of small logs; and an empty fleet for each test."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.fleet import intake, sources
from exsweep.fleet.lake import Lake
from exsweep.fleet.store import Fleet
from exsweep.model import Server, encode
from tests.fleet.conftest import postgres

__all__ = ["postgres"]

NOW = 1_615_500_000
HEAD = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken\n"
)
INTRUDER = "203.0.113.77"


def line(
    time: str,
    method: str,
    path: str,
    address: str,
    *,
    query: str = "-",
    agent: str = "Mozilla/5.0",
    status: int = 200,
) -> str:
    return f"2021-03-{time} 192.0.2.10 {method} {path} {query} 443 - {address} {agent} - {status} 0 0 15\n"


QUIET = "".join(
    line(f"0{day} 0{hour}:10:00", "GET", f"/owa/{hour}.gif", f"198.51.100.{hour}")
    for day in range(1, 8)
    for hour in range(1, 9)
)
LOGS = {
    "a.example.test": QUIET
    + line("03 04:10:22", "POST", "/aspnet_client/qwertzui.aspx", INTRUDER, agent="python-requests/2.25.1")
    + line("05 04:10:22", "POST", "/aspnet_client/qwertzui.aspx", INTRUDER, agent="python-requests/2.25.1"),
    "b.example.test": QUIET
    + line(
        "06 01:00:00", "GET", "/owa/auth/logon.aspx", INTRUDER, query="url=%2fASPNET_client%2fqwert%7aui.aspx"
    )
    + line("06 01:00:01", "GET", "/owa/\xe9t\xe9/Stra\xdfe.aspx", "198.51.100.99"),
    "c.example.test": QUIET,
}


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as `exsweep triage --out` leaves them."""
    folder = tmp_path_factory.mktemp("cases")
    for name, text in LOGS.items():
        evidence = folder / f"evidence-{name}" / "inetpub" / "logs" / "LogFiles" / "W3SVC1"
        evidence.mkdir(parents=True)
        (evidence / "u_ex2103.log").write_bytes((HEAD + text).encode("latin-1"))
        (evidence.parents[3] / f"page-{name}.aspx").write_text("<html>nothing</html>")
        out = folder / name
        made = triage(
            Settings(
                evidence=(folder / f"evidence-{name}",), now=datetime(2021, 3, 11, tzinfo=UTC), out=out, jobs=1,
                server=Server(name=name),
            )
        )  # fmt: skip
        (out / "assessment.json").write_bytes(encode(made))
    return folder


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "fleet.lake")


@pytest.fixture
def fleet(tmp_path: Path, lake: Lake, cases: Path) -> Iterator[Fleet]:
    """The three servers, added."""
    with Fleet.open(tmp_path / "fleet.db", who="tester") as store:
        bring(store, lake, cases)
        yield store


def bring(store: Fleet, lake: Lake, cases: Path, *names: str, **named: object) -> intake.Added:
    paths = tuple(cases / name for name in names or LOGS)
    return intake.add(store, sources.read(paths), now=NOW, lake=lake, **named)  # type: ignore[arg-type]


Copy = Callable[[str], Path]


@pytest.fixture
def copied(tmp_path: Path, cases: Path) -> Copy:
    """A copy of a case, to be damaged."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(cases / name, tmp_path / f"copy-{name}"))

    return copy
