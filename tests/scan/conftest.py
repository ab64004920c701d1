"""The double, started once, and one scan over all of its servers."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest

from exsweep.knowledge.cves import patched
from exsweep.knowledge.scanning import Limits, Rates, checks
from exsweep.scan import ScanResult, Scope, Settings, Target, Wishes, read_scope, scan
from tests.scan.double.rows import ROWS, Row, address_of
from tests.scan.double.server import Double, Request, can_run

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SCOPE = """
who: "Test order 1"
from: 2026-11-01
until: 2026-12-01
contact: scan@example.org
page: https://example.org/scan
targets: ["127.77.0.0/16", "::1/128", mail.example.test]
ports: [{ports}]
allow: [identify, manifest, webshells]
"""


def scope_for(port: int, text: str = SCOPE) -> Scope:
    return read_scope(text.format(ports=port), now=NOW)


def fast_rates() -> Rates:
    return msgspec.structs.replace(
        checks().rates,
        per_second=5_000,
        per_network=5_000,
        per_neighbourhood=5_000,
        push_back_s=0.05,
        push_backs=99,
        resets=99,
    )


def short_limits() -> Limits:
    return msgspec.structs.replace(checks().limits, connect_s=3.0, total_s=3.0, slow_s=0.5, visits=1)


class Watching:
    """Remembers nothing but counts."""

    def __init__(self) -> None:
        self.total = self.resumed = 0

    def planned(self, targets: int, resumed: int) -> None:
        self.total, self.resumed = targets, resumed

    def told(self, one: ScanResult) -> None:
        pass


def run_scan(
    scope: Scope, targets: list[Target], wishes: Wishes | None = None, rates: Rates | None = None
) -> list[ScanResult]:
    found: list[ScanResult] = []
    settings = Settings(
        scope=scope,
        targets=targets,
        wishes=wishes or Wishes(),
        rates=rates or fast_rates(),
        limits=short_limits(),
        clock=lambda: NOW,
    )
    scan(settings, Watching(), found.append, None)
    return found


@pytest.fixture(scope="session")
def needs_double() -> None:
    if not can_run():
        pytest.skip("the openssl program is not here to make certificates for the double")
    if sys.platform != "linux":
        pytest.skip("only Linux answers on all of 127.0.0.0/8 without preparation")


@dataclass(frozen=True)
class Scanned:
    """All rows of the table after one scan."""

    results: dict[str, ScanResult]
    requests: dict[str, list[Request]]
    elsewhere: list[str]


@pytest.fixture(scope="session")
def scanned(needs_double: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    rows = {address_of(number): row for number, row in enumerate(ROWS)}
    manners = {address: row.manners for address, row in rows.items() if row.manners is not None}
    for row in ROWS:
        patched(
            row.build
        )  # slow the first time; double and scan share one interpreter here, and tarpits set short limits
    with Double(tmp_path_factory.mktemp("double"), manners) as double:
        targets = [
            Target(name=row.site_name, address=address, port=double.port) for address, row in rows.items()
        ]
        found = {
            rows[one.address].name: one for one in run_scan(scope_for(double.port), targets) if one.address
        }
        yield Scanned(found, {rows[a].name: asked for a, asked in double.requests.items()}, [])


def row_named(name: str) -> Row:
    return next(row for row in ROWS if row.name == name)
