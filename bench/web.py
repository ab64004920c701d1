"""Every page and every reading API call on the demo nation: time from request to whole answer, and CPU time of all threads.

    make demo-fleet && .venv/bin/python bench/web.py build/fleet/fleet.db [--times 20] [--write bench/web.md]

In one process, through the whole application (gate, view, template), without the network. The bar is 300 ms; the queue's is 10.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

from starlette.testclient import TestClient

from exsweep.fleet import clusters, queue
from exsweep.fleet.store import Fleet
from exsweep.web.application import application
from exsweep.web.routes import API, Route, routes
from exsweep.web.service import Service, Settings

BAR_MS, QUEUE_MS = 300.0, 10.0
SKIP = {"start", "collector"}


def addresses(store: str) -> dict[str, str]:
    """Gap of a path -> what fills it."""
    with Fleet.open(store, who="bench") as fleet:
        first = queue.queue(fleet, int(time.time()), limit=1)[0].server
        found = clusters.clusters(fleet, 1)
        return {"{server}": first} | ({"{cluster}": found[0].cluster} if found else {})


def filled(route: Route, gaps: dict[str, str], client: TestClient) -> str | None:
    """The address of a route, or None where nothing here fills its gaps."""
    path = route.path
    for gap, value in gaps.items():
        path = path.replace(gap, value)
    server = gaps["{server}"]
    if "{row}" in path:
        rows = client.get(f"{API}/cases/{server}/timeline").json()["rows"]
        path = path.replace("{row}", rows[0]["id"]) if rows else path
    if "{finding}" in path:
        found = client.get(f"{API}/cases/{server}").json()["findings"]
        path = path.replace("{finding}", found[0]["id"]) if found else path
    return None if "{" in path else path


def measure(client: TestClient, address: str, times: int) -> tuple[float, float, float, int]:
    """(median ms, 95 % ms, median CPU ms, bytes)."""
    taken, worked, size = [], [], 0
    for number in range(times + 1):
        begun, before = time.perf_counter(), time.process_time()
        answer = client.get(address, headers={"accept": "*/*" if API in address else "text/html"})
        if number:  # the first one reads templates and warms the file's pages
            taken.append((time.perf_counter() - begun) * 1000)
            worked.append((time.process_time() - before) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{address}: {answer.status_code} {answer.text[-300:]}")
        size = len(answer.content)
    taken.sort()
    return statistics.median(taken), taken[math.ceil(0.95 * len(taken)) - 1], statistics.median(worked), size


def main() -> int:
    """Print the table; exit code 1 when a bar is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    gaps = addresses(asked.store)
    lines = ["| address | median ms | 95 % ms | CPU ms | KB |", "| --- | ---: | ---: | ---: | ---: |"]
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        service = Service(
            Settings(store=asked.store, folder=Path(folder), hosts=frozenset({"testserver"}), jobs=0)
        )
        with TestClient(application(service)) as client:
            client.get("/start", params={"token": service.start_token})
            for each in routes():
                if each.method != "GET" or each.name in SKIP:
                    continue
                if "{" not in each.path and client.get(each.path).status_code in (403, 404, 422):
                    continue  # a page of accounts or of operators: not for the one person here
                path = filled(each, gaps, client)
                if path is None:
                    continue
                for address in ([path] if each.html else []) + ([API + path.rstrip("/")] if each.api else []):
                    median, most, work, size = measure(client, address, asked.times)
                    worst = max(worst, most if not path.endswith(".csv") else 0)
                    for gap, value in gaps.items():
                        address = address.replace(value, gap)
                    lines.append(
                        f"| `{address}` | {median:.1f} | {most:.1f} | {work:.1f} | {size / 1000:.0f} |"
                    )
                    print(lines[-1], flush=True)
    with Fleet.open(asked.store, who="bench") as fleet:
        taken = []
        for _ in range(asked.times):
            begun = time.perf_counter()
            queue.queue(fleet, int(time.time()))
            taken.append((time.perf_counter() - begun) * 1000)
        first = statistics.median(taken)
    lines.append(f"| first 50 of the queue (function alone) | {first:.2f} | {max(taken):.2f} | | |")
    print(lines[-1])
    print(f"slowest 95 %: {worst:.0f} ms (bar {BAR_MS:.0f}); queue {first:.2f} ms (bar {QUEUE_MS:.0f})")
    if asked.write:
        asked.write.write_text(HEAD + "\n".join(lines) + "\n")
    return int(worst > BAR_MS or first > QUEUE_MS)


HEAD = """# Pages on the demo nation

30,000 made-up servers, 3 million findings, SQLite, one process on a shared machine with two cores:
`make demo-fleet && .venv/bin/python bench/web.py build/fleet/fleet.db --write bench/web.md`.
Bars: 300 ms for every page and call, 10 ms for the queue. A CSV of the whole fleet is no page and has no bar.

"""

if __name__ == "__main__":
    sys.exit(main())
