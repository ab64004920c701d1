"""Hosts a second, CPU and memory of a scan, against a local double on all of 127.0.0.0/8. Linux, openssl and taskset.

`python bench/scan.py [--hosts N] [--repeat N]` prints a table. Server on the second core, client on the first; client
CPU (user and system) a host is the figure to trust on a shared machine.
"""

import argparse
import asyncio
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from exsweep.knowledge.scanning import checks
from exsweep.scan import Journal, Kind, ScanResult, Settings, Target, Wishes, read_scope, scan, seal
from exsweep.scan.asks import as_bytes, of_check
from exsweep.scan.replies import Reader, Reply
from exsweep.scan.transport import Connection

ROOT = Path(__file__).resolve().parents[1]
DOUBLE = "tests.scan.double.many"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SCOPE = """
who: bench
from: 2026-01-01
until: 2027-01-01
contact: bench@example.org
page: https://example.org/
targets: [127.64.0.0/10]
ports: [{ports}]
"""


sys.path.insert(0, str(ROOT))
double = importlib.import_module(DOUBLE)  # of the tests: not a part of the program


LAST: list[float] = []
"""When the last live host was done: the time for which tarpits are waited for after it counts for nobody."""


class Quiet:
    """Watches nothing."""

    def planned(self, targets: int, resumed: int) -> None:
        pass

    def told(self, one: ScanResult) -> None:
        pass


def one_request(port: int, hosts: int, at_once: int) -> int:
    """TCP, TLS, one GET, the answer read: nothing of the plan, the judgement or the journal."""
    scope = read_scope(SCOPE.format(ports=port), now=NOW)
    ask, limits = of_check("owa"), checks().limits
    good = 0

    async def one(where: str, slots: asyncio.Semaphore) -> None:
        nonlocal good
        async with slots:
            connection = Connection(limits, None)
            if await connection.open(where, port) is None:
                answer, _ = await connection.ask(as_bytes(ask, where, scope), Reader(limits, ask.body_bytes))
                good += isinstance(answer, Reply) and answer.header("x-owa-version") == "15.2.1748.39"
            connection.close()

    async def everything() -> None:
        slots = asyncio.Semaphore(at_once)
        await asyncio.gather(*(one(where, slots) for where in double.addresses(hosts)))

    asyncio.run(everything())
    return good


def whole_scan(
    ports: tuple[int, int], hosts: int, at_once: int, tarpits: float = 0.0, out: Path | None = None
) -> int:
    """The scan as users run it, two requests a host, with rates that never bind. `tarpits` more hosts are mute."""
    scope = read_scope(SCOPE.format(ports=f"{ports[0]}, {ports[1]}"), now=NOW)
    rates = msgspec.structs.replace(
        checks().rates, per_second=1e5, per_network=1e5, per_neighbourhood=1e5, connections=at_once
    )
    targets = [Target(address=where, port=ports[0]) for where in double.addresses(hosts)]
    targets += [Target(address=where, port=ports[1]) for where in double.addresses(int(hosts * tarpits))]
    good = 0
    LAST.clear()

    def keep(one: ScanResult) -> None:
        nonlocal good
        if one.kind is Kind.EXACT:
            good += 1
            LAST[:] = [time.perf_counter()]
        if journal is not None:
            journal.keep(one)

    wishes = Wishes(seed=1)
    journal = Journal(out, seal(targets, wishes, (1, 1)), 1, resume=False) if out else None
    settings = Settings(
        scope=scope,
        targets=targets,
        wishes=wishes,
        rates=rates,
        limits=checks().limits,
        clock=lambda: datetime.now(UTC),
    )
    scan(settings, Quiet(), keep, journal)
    return good


def memory(port: int, hosts: int) -> float:
    """MiB of resident memory that one open TLS connection with an answered request costs."""
    scope = read_scope(SCOPE.format(ports=port), now=NOW)
    ask, limits = of_check("owa"), checks().limits

    async def held() -> float:
        kept = []
        before = _resident()
        for where in double.addresses(hosts):
            connection = Connection(limits, None)
            await connection.open(where, port)
            await connection.ask(as_bytes(ask, where, scope), Reader(limits, ask.body_bytes))
            kept.append(connection)
        return (_resident() - before) / len(kept)

    return asyncio.run(held())


def _resident() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise SystemExit("this bench needs Linux")


def _measured(name: str, port: int, tarpit: int, hosts: int) -> dict[str, float]:
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    with tempfile.TemporaryDirectory() as folder:
        good = {
            "one-200": lambda: one_request(port, hosts, 200),
            "one-1000": lambda: one_request(port, hosts, 1000),
            "scan-200": lambda: whole_scan((port, tarpit), hosts, 200),
            "scan-1000": lambda: whole_scan((port, tarpit), hosts, 1000),
            "scan-200-journal": lambda: whole_scan((port, tarpit), hosts, 200, out=Path(folder) / "r.jsonl"),
            "scan-200-tarpits": lambda: whole_scan((port, tarpit), hosts, 200, tarpits=0.25),
            "memory": lambda: memory(port, hosts),
        }[name]()
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return {
        "good": good,
        "wall_s": (LAST[0] if LAST else time.perf_counter()) - started,
        "cpu_s": cpu,
        "rss_mib": used.ru_maxrss / 1024,
    }


ROWS = {
    "one-200": "one request, 200 at once",
    "one-1000": "one request, 1,000 at once",
    "scan-200": "whole scan (two requests, judged), 200 at once",
    "scan-1000": "whole scan, 1,000 at once",
    "scan-200-journal": "whole scan with journal and results on disk, 200 at once",
    "scan-200-tarpits": "whole scan, and a quarter more hosts that are mute after TCP (20 % of all), 200 at once",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hosts", type=int, default=4_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--child", nargs=3, metavar=("ROW", "PORT", "TARPIT"), help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        row, port, tarpit = chosen.child
        print(json.dumps(_measured(row, int(port), int(tarpit), chosen.hosts)))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        double.many(Path(folder), "taskset", "-c", str(_cores()[-1])) as ports,
    ):
        print(f"{chosen.hosts:,} hosts, median of {chosen.repeat}, load {os.getloadavg()[0]:.1f}\n")
        print(
            "| what | live hosts/s wall | client CPU ms/host | 1 core would do, hosts/s | peak MiB | right |"
        )
        print("|---|---|---|---|---|---|")
        for row, words in ROWS.items():
            runs = list(_runs(row, ports, chosen.hosts, chosen.repeat))
            wall, cpu = (statistics.median(run[key] for run in runs) for key in ("wall_s", "cpu_s"))
            rss, good = max(run["rss_mib"] for run in runs), min(run["good"] for run in runs)
            each = cpu / chosen.hosts
            print(
                f"| {words} | {chosen.hosts / wall:,.0f} | {each * 1000:.2f} | {1 / each:,.0f} | {rss:.0f} | {good:,.0f} |"
            )
        held = next(_runs("memory", ports, 1_000, 1))["good"]
        print(f"\nMemory of an open connection (1,000 held, one answer read on each): {held:.3f} MiB")


def _runs(row: str, ports: tuple[int, int], hosts: int, repeat: int) -> Iterator[dict[str, float]]:
    command = ["taskset", "-c", str(_cores()[0]), sys.executable, __file__, "--hosts", str(hosts)]
    for _ in range(repeat):
        child = [*command, "--child", row, *map(str, ports)]
        yield json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
