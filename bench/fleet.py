"""Measures the fleet on a made-up nation: loading, every query, clusters against the truth, curves against published counts.

Run: python bench/fleet.py [--servers N] [--seed S] [--store FILE] [--truth FILE]; prints Markdown. With --store and --truth
of an earlier `exsweep fleet simulate` nothing is loaded again.
"""

import argparse
import math
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from exsweep.fleet import clusters, curves, intake, patching, queue, recheck, sectors, show
from exsweep.fleet.nation import Truth, simulate
from exsweep.fleet.store import Fleet
from exsweep.knowledge.nation import nation

PUBLISHED = (
    (date(2021, 3, 9), 100_000, "Microsoft/RiskIQ"),
    (date(2021, 3, 11), 80_000, "Palo Alto Expanse"),
    (date(2021, 3, 12), 82_000, "Microsoft/RiskIQ"),
    (date(2021, 3, 14), 69_548, "RiskIQ"),
    (date(2021, 3, 14), 62_018, "Kryptos Logic"),
    (date(2021, 3, 22), 30_000, "MSRC/RiskIQ: fewer than"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--truth", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.store or Path(folder) / "fleet.db"
        with Fleet.open(path, who="bench") as fleet:
            if asked.truth:
                lines = asked.truth.read_bytes().splitlines()
                truth = [msgspec.json.decode(line, type=Truth) for line in lines]
            else:
                truth = _load(fleet, asked.servers, asked.seed)
            _sizes(fleet, path)
            _queries(fleet)
            _clusters(fleet, truth)
            _curves(fleet, truth)


def _load(fleet: Fleet, servers: int, seed: int) -> list[Truth]:
    truth = []

    def reads():
        for one, real in simulate(servers, seed):
            truth.append(real)
            yield "made up", one

    begin, used = time.perf_counter(), time.process_time()
    intake.add(fleet, reads(), now=int(time.time()))
    print(
        f"Loaded in {time.perf_counter() - begin:.0f} s ({time.process_time() - used:.0f} s of processor), "
        "making the servers up included.\n"
    )
    return truth


def _sizes(fleet: Fleet, path: Path) -> None:
    numbers = [
        fleet.database.number(f"SELECT COUNT(*) FROM {name}") for name in ("server", "finding", "link")
    ]
    size = path.stat().st_size / 1e6 if path.exists() else 0
    print(f"{numbers[0]:,} servers, {numbers[1]:,} findings, {numbers[2]:,} keys; store {size:,.0f} MB.\n")


def _queries(fleet: Fleet) -> None:
    now = int(time.time())
    worst = int(fleet.database.run("SELECT id FROM server ORDER BY tier, place DESC LIMIT 1")[0][0])
    month = (date(2021, 2, 20), date(2021, 4, 15))
    jobs: dict[str, Callable[[], object]] = {
        "queue, first 50": lambda: queue.queue(fleet, now),
        "queue, first 50 of T5": lambda: queue.queue(fleet, now, tier=5),
        "queue, first 50 of a sector": lambda: queue.queue(fleet, now, sector="police"),
        "five numbers": lambda: queue.numbers(fleet),
        "one server": lambda: show.show(fleet, worst),
        "sectors": lambda: sectors.groups(fleet),
        "curve, 55 days": lambda: curves.curve(fleet, *month),
        "updates, Kaplan-Meier": lambda: patching.patching(fleet, "ProxyLogon"),
        "clusters, 50 largest with reasons": lambda: clusters.clusters(fleet),
        "why two servers": lambda: clusters.why(fleet, worst, worst + 1),
        "re-checks due": lambda: recheck.due(fleet, now),
        "rule x day over all findings": lambda: fleet.database.run(
            "SELECT rule, day, findings FROM rule_day ORDER BY rule, day"
        ),
    }
    print("| query | median ms | worst of 7 ms |\n|---|---|---|")
    for name, job in jobs.items():
        times = []
        for _ in range(7):
            begin = time.perf_counter()
            job()
            times.append(1000 * (time.perf_counter() - begin))
        print(f"| {name} | {statistics.median(times):.1f} | {max(times):.1f} |")
    print()


def _clusters(fleet: Fleet, truth: list[Truth]) -> None:
    begin = time.perf_counter()
    count = clusters.compute(fleet, int(time.time()))
    took = time.perf_counter() - begin
    real = {each.name: each.campaign for each in truth}
    rows = fleet.database.run(
        "SELECT m.cluster_id, s.name FROM cluster_server m JOIN server s ON s.id = m.server_id"
    )
    found: dict[int, Counter[int | None]] = {}
    for cluster, name in rows:
        found.setdefault(int(cluster), Counter())[real[str(name)]] += 1
    sizes = Counter(campaign for campaign in real.values() if campaign is not None)

    def pairs(number: int) -> int:
        return number * (number - 1) // 2

    linked = sum(pairs(sum(each.values())) for each in found.values())
    right = sum(pairs(number) for each in found.values() for who, number in each.items() if who is not None)
    whole = sum(pairs(number) for number in sizes.values())
    lone = sum(number for each in found.values() for who, number in each.items() if who is None)
    print(
        f"Clusters computed anew in {took:.1f} s: {count} clusters of {len(rows):,} servers; truth: {len(sizes)} campaigns "
        f"on {sum(sizes.values()):,} servers.\n\n"
        f"Pairs of servers: precision {right / max(linked, 1):.4f}, recall {right / max(whole, 1):.4f}; "
        f"servers of no campaign in a cluster: {lone:,}.\n"
    )


def _curves(fleet: Fleet, truth: list[Truth]) -> None:
    rates = nation()
    scale = rates.exposed_world / len(truth)
    found = patching.patching(fleet, "ProxyLogon", rates.patched, date(2021, 3, 31))
    share = {day.date: day.share for day in found.days}
    print(
        "| day | published open | from the fleet | difference | two standard errors of the sample |\n|---|---|---|---|---|"
    )
    for day, published, source in PUBLISHED:
        before = share[date.fromordinal(day.toordinal() - 1)]
        ours = before * rates.exposed_world
        error = 2 * math.sqrt(before * (1 - before) / found.servers) * rates.exposed_world
        print(
            f"| {day} | {published:,} ({source}) | {ours:,.0f} | {100 * (ours / published - 1):+.1f} % | {error:,.0f} |"
        )
    mid = patching.patching(fleet, "ProxyLogon", date(2021, 3, 9), date(2021, 3, 22))
    print(
        f"\nHalf-life of open servers 03-09 to 03-22: {mid.half_life} +- {mid.uncertain} days (published points: 7.5); "
        f"{found.servers:,} servers watched, {found.lost:,} lost from sight.\n"
    )
    curve = curves.curve(fleet, date(2021, 1, 1), date(2021, 4, 15))
    ours = {day.date: day.broken_into + day.spread for day in curve.days}
    real = Counter(each.broken_into.astimezone(UTC).date() for each in truth if each.broken_into)
    windows = (
        ("until 02-25", date(2021, 1, 1), date(2021, 2, 25)),
        ("02-26 to 02-28", date(2021, 2, 26), date(2021, 2, 28)),
        ("03-01 to 03-02", date(2021, 3, 1), date(2021, 3, 2)),
        ("03-03 to 03-06", date(2021, 3, 3), date(2021, 3, 6)),
        ("03-07 to 03-08", date(2021, 3, 7), date(2021, 3, 8)),
        ("03-09 to 03-10", date(2021, 3, 9), date(2021, 3, 10)),
        ("03-11 on", date(2021, 3, 11), date(2021, 4, 15)),
    )
    print("| days | truly broken into | way in seen | with spans spread |\n|---|---|---|---|")
    exact = {day.date: day.broken_into for day in curve.days}
    for title, first, last in windows:

        def total(of: dict[date, float] | dict[date, int] | Counter[date], low: date, high: date) -> float:
            return sum(value for day, value in of.items() if low <= day <= high)

        print(
            f"| {title} | {total(real, first, last):,.0f} | {total(exact, first, last):,.0f} "
            f"| {total(ours, first, last):,.0f} |"
        )
    blind = sum(each.blind for each in truth)
    peak = max(real, key=lambda day: real[day])
    print(
        f"\nPeak: truth {peak}, curve {max(exact, key=lambda day: exact[day])}; {blind:,} servers whose logs begin later."
    )
    print(f"Times {scale:.1f} for the world. {datetime.now(UTC):%Y-%m-%d}.")


if __name__ == "__main__":
    main()
