"""Hunts over a lake of many servers: what they cost. `python bench/hunt.py CASE FOLDER [--servers 1000] [--rows 10000]`.

CASE is the output folder of a triage of the bundled example: its rows, moved to other addresses, fill every server. Prints a
Markdown table: CPU seconds and peak memory of the whole command, start-up included.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import pyarrow as pa
import pyarrow.parquet as pq

from exsweep.assess.gather import Gathered
from exsweep.assess.manifest import write_manifest
from exsweep.assess.results import StoredTable
from exsweep.fleet import intake
from exsweep.fleet.lake import Lake, keep
from exsweep.fleet.nation import simulate
from exsweep.fleet.store import Fleet
from exsweep.model import SourceReport

PLANTED = "192.0.2.213"
EVERY = 26
VARIANTS = 20
SIGMA = """
title: POST to a page below aspnet_client
id: 0a0a7f8e-3a53-44a0-9d5b-6a7f0a7f2b11
logsource: {category: webserver}
detection:
  selection: {cs-method: POST, cs-uri-stem|contains: /aspnet_client/}
  condition: selection
level: high
"""


def make(case: Path, folder: Path, servers: int, rows: int) -> None:
    store = Fleet.open(folder / "fleet.db", who="bench")
    lake = Lake(folder / "fleet.lake")
    intake.add(
        store, ((f"made up {at}", one) for at, (one, _) in enumerate(simulate(servers, 7))), now=1_617_000_000
    )
    tables = {
        kind: pa.concat_tables([pq.read_table(file) for file in sorted((case / "events").glob(f"{kind}-*.parquet"))],
                               promote_options="default").combine_chunks()
        for kind in ("iis_w3c", "httpproxy")
    }  # fmt: skip
    shares = {"iis_w3c": rows * 7 // 10, "httpproxy": rows * 3 // 10}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        made: dict[tuple[int, bool], Path] = {}
        for (server,) in store.database.run("SELECT id FROM server ORDER BY id"):
            key = int(server) % VARIANTS, int(server) % EVERY == 0
            if key not in made:
                made[key] = Path(name) / f"{key[0]}-{key[1]}"
                made[key].mkdir()
                variant(made[key], *key, tables, shares)
            keep(store, lake, int(server), None, made[key], now=1_617_000_000)


def variant(
    folder: Path, number: int, planted: bool, tables: dict[str, pa.Table], shares: dict[str, int]
) -> None:
    """One server's rows: a stretch of the example's, its addresses moved."""
    stored, paths = [], set()
    for kind, table in tables.items():
        part = moved(table.slice(number * 997 % (len(table) - shares[kind]), shares[kind]), number, planted)
        file = f"{kind}-x-00.parquet"
        part = part.replace_schema_metadata({"exsweep.format": kind})
        pq.write_table(part, folder / file, compression="zstd", compression_level=1)
        stored.append(StoredTable(file, kind, len(part)))
        paths |= set(part.column("log.file.path").unique().to_pylist())
    sources = tuple(
        SourceReport(path=path, kind="iis_w3c", size=1, sha256=f"{number:064x}") for path in sorted(paths)
    )
    write_manifest(folder, Gathered(sources=sources, hits=(), tables=tuple(stored)))


def moved(table: pa.Table, number: int, planted: bool) -> pa.Table:
    at = table.schema.get_field_index("source.ip")
    field = table.schema.field(at)
    values = [
        None if one is None else one.replace("198.51.", f"10.{number % 250}.")
        for one in table.column(at).to_pylist()
    ]
    if planted:
        values[len(values) // 2] = PLANTED
    column = pa.array(values, pa.string()).dictionary_encode()
    return table.set_column(at, pa.field("source.ip", column.type, metadata=field.metadata), column)


def measure(title: str, command: list[str], environment: dict[str, str]) -> str:
    began = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "exsweep", *command], env=environment, stdout=subprocess.PIPE
    )
    out = process.stdout.read() if process.stdout else b""
    _, _, used = os.wait4(process.pid, 0)
    wall = perf_counter() - began
    said = out.decode(errors="replace").split("\n", 1)[0]
    return f"| {title} | {used.ru_utime + used.ru_stime:.1f} | {wall:.1f} | {used.ru_maxrss >> 10} | {said[18:110]} |"


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("case", type=Path)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--servers", type=int, default=1_000)
    asked.add_argument("--rows", type=int, default=10_000)
    given = asked.parse_args()
    if not (given.folder / "fleet.db").exists():
        given.folder.mkdir(parents=True, exist_ok=True)
        make(given.case, given.folder, given.servers, given.rows)
    environment = os.environ | {"EXSWEEP_FLEET": str(given.folder / "fleet.db")}
    (given.folder / "rule.yml").write_text(SIGMA)
    many = "\n".join([*(f"10.251.{at >> 8}.{at & 255}" for at in range(9_999)), PLANTED])
    (given.folder / "many.txt").write_text(many)
    print("| hunt | CPU s | wall s | MiB | said |\n|---|---|---|---|---|")
    for title, words in {
        "dry run": ["hunt", "--dry-run", PLANTED],
        "one address, as a field": ["hunt", f"ip:{PLANTED}"],
        "one address, anywhere": ["hunt", PLANTED],
        "a path": ["hunt", "path:/aspnet_client/ffb*"],
        "a file name, anywhere": ["hunt", "FfbUSwue.aspx"],
        "an agent": ["hunt", "agent:python-requests*"],
        "a text that is nowhere": ["hunt", "nothing-like-this"],
        "one address, since 6 March": ["hunt", f"ip:{PLANTED}", "--since", "2021-03-06"],
        "a Sigma rule": ["hunt", "--sigma", str(given.folder / "rule.yml")],
        "10,000 addresses": ["hunt", "--ioc", str(given.folder / "many.txt")],
        "SQL: rows by source.ip": ["hunt", "--sql", 'SELECT "source.ip", count(*) n FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 3'],
    }.items():  # fmt: skip
        print(measure(title, words, environment), flush=True)


if __name__ == "__main__":
    main()
