"""Hosts a second, CPU and memory of a scan, against a local double on all of 127.0.0.0/8. Linux, openssl and taskset.

`python bench/scan.py [--hosts N] [--repeat N] [--only WORD]` prints tables. Server on the second core, client on the first;
client CPU (user and system) a host is the figure to trust on a shared machine. Tarpits are measured with few places and servers
that take their time, so that places bind and not the processor, with and without them in turns.
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


LAST: list[tuple[float, float]] = []
"""(wall, CPU) when the last live host was done: the time for which tarpits are waited for after it counts for nobody."""


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
    port: int, hosts: int, at_once: int, tarpits: tuple[int, float] = (0, 0.0), out: Path | None = None
) -> int:
    """The scan as users run it, two requests a host, with rates that never bind.

    `tarpits`: their port, and how many more hosts (as a part of `hosts`) they are.
    """
    scope = read_scope(SCOPE.format(ports=f"{port}, {tarpits[0] or port}"), now=NOW)
    rates = msgspec.structs.replace(
        checks().rates, per_second=1e5, per_network=1e5, per_neighbourhood=1e5, connections=at_once
    )
    targets = [Target(address=where, port=port) for where in double.addresses(hosts)]
    mute = double.addresses(int(hosts * tarpits[1]))
    targets += [Target(address=where, port=tarpits[0]) for where in mute]
    good = 0
    LAST.clear()

    def keep(one: ScanResult) -> None:
        nonlocal good
        if one.kind is Kind.EXACT:
            good += 1
            LAST[:] = [(time.perf_counter(), time.process_time())]
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


def _measured(name: str, ports: list[int], hosts: int) -> dict[str, float]:
    servers, mute, far, mute_after_tls = ports
    few = min(hosts, 1_500)
    with tempfile.TemporaryDirectory() as folder:
        rows = {
            "one-200": lambda: one_request(servers, hosts, 200),
            "one-1000": lambda: one_request(servers, hosts, 1000),
            "scan-200": lambda: whole_scan(servers, hosts, 200),
            "scan-1000": lambda: whole_scan(servers, hosts, 1000),
            "scan-200-journal": lambda: whole_scan(servers, hosts, 200, out=Path(folder) / "r.jsonl"),
            "scan-200-mute": lambda: whole_scan(servers, hosts, 200, (mute, 0.25)),
            "far-40": lambda: whole_scan(far, few, 40),
            "far-40-mute": lambda: whole_scan(far, few, 40, (mute, 0.25)),
            "far-40-mute-after-tls": lambda: whole_scan(far, few, 40, (mute_after_tls, 0.25)),
            "memory": lambda: memory(servers, hosts),
        }
        started, before = time.perf_counter(), time.process_time()
        good = rows[name]()
    wall, cpu = LAST[-1] if LAST else (time.perf_counter(), time.process_time())
    return {
        "good": good,
        "wall_s": wall - started,
        "cpu_s": cpu - before,
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "hosts": few if name.startswith("far") else hosts,
    }


ROWS = {
    "one-200": "one request, 200 at once",
    "one-1000": "one request, 1,000 at once",
    "scan-200": "whole scan (two requests, judged), 200 at once",
    "scan-1000": "whole scan, 1,000 at once",
    "scan-200-journal": "whole scan with journal and results on disk, 200 at once",
    "scan-200-mute": "whole scan, 200 at once, and a quarter more hosts (20 % of all) that are mute after TCP",
    "far-40": "whole scan of servers that take 0.1 s an answer, 40 at once",
    "far-40-mute": "the same, and 20 % of all hosts mute after TCP",
    "far-40-mute-after-tls": "the same, and 20 % of all hosts mute after TLS",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hosts", type=int, default=4_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--only", default="", help="rows whose name holds this")
    options.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.child:
        row, *ports = chosen.child
        print(json.dumps(_measured(row, list(map(int, ports)), chosen.hosts)))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        double.many(Path(folder), "taskset", "-c", str(_cores()[-1])) as ports,
    ):
        rows = [row for row in ROWS if chosen.only in row]
        found: dict[str, list[dict[str, float]]] = {row: [] for row in rows}
        for _ in range(chosen.repeat):  # in turns: what else the machine does falls on all of them
            for row in rows:
                found[row].append(_run(row, ports, chosen.hosts))
        _print(found, chosen.repeat)
        held = _run("memory", ports, 1_000)["good"]
        print(f"\nMemory of an open connection (1,000 held, one answer read on each): {held:.3f} MiB")


def _print(found: dict[str, list[dict[str, float]]], repeat: int) -> None:
    print(f"median of {repeat} in turns, load {os.getloadavg()[0]:.1f}\n")
    print("| what | live hosts/s wall | client CPU ms/host | 1 core would do, hosts/s | peak MiB | right |")
    print("|---|---|---|---|---|---|")
    for row, runs in found.items():
        hosts = runs[0]["hosts"]
        wall, cpu = (statistics.median(run[key] for run in runs) for key in ("wall_s", "cpu_s"))
        rss, good = max(run["rss_mib"] for run in runs), min(run["good"] for run in runs)
        each = cpu / hosts
        print(
            f"| {ROWS[row]} | {hosts / wall:,.0f} | {each * 1000:.2f} | {1 / each:,.0f} | {rss:.0f} | {good:,.0f} of {hosts:,} |"
        )
    for row, runs in found.items():
        alone = found.get(row.partition("-mute")[0])
        if "-mute" in row and alone:
            pairs = zip(alone, runs, strict=True)
            ratios = ", ".join(f"{one['wall_s'] / both['wall_s']:.2f}" for one, both in pairs)
            print(f"\nPace of live hosts with tarpits by that without, {row}: {ratios}")


def _run(row: str, ports: tuple[int, ...], hosts: int) -> dict[str, float]:
    command = ["taskset", "-c", str(_cores()[0]), sys.executable, __file__, "--hosts", str(hosts)]
    child = [*command, "--child", row, *map(str, ports)]
    found: dict[str, float] = json.loads(
        subprocess.run(child, check=True, capture_output=True, text=True).stdout
    )
    return found


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
