"""Write the logs of a busy Exchange server: 30 days, any size, with the bundled example's break-in.

    python bench/gen_server.py OUT_DIR --gb 10 [--seed 20210228]

IIS of both sites a day a file, HttpProxy and EWS an hour a file, at most 10 MB; small logs as in the example.
Planted events stand in OUT_DIR.truth.json. Same arguments, same bytes. Time stamps and request ids are new in
every row; users, addresses and paths repeat as they do on a server.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np

from templates import Index, Template, stamp, template

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from example import scene
from example.generate import fill, oldest_kept
from example.server import Server
from example.staff import HOURS_FREE, HOURS_SCHOOL, staff_day
from example.story import story
from example.tree import BOM, CRLF, KINDS, LogKind, Tree, httpproxy

SHARES = {"iis/front": 0.40, "iis/back": 0.20, "httpproxy": 0.34, "ews": 0.06}
ROLL_BYTES = 10_000_000
CHUNK_BYTES = 8_000_000
FIRST_DAY = date(2021, 2, 8)
DAYS = 30
BIG_KINDS = {
    "iis/front": replace(KINDS["iis/front"], header=KINDS["iis/back"].header),
    "iis/back": KINDS["iis/back"],
    "ews": KINDS["ews"],
}
"""The columns of the front end site stay the same here: the pattern rows have one set."""
PATTERN_DAYS = {False: date(2021, 3, 2), True: date(2021, 3, 4)}
"""Days of the example whose rows are repeated: before and after the update."""

Planted = tuple[int, bytes, str]


def is_big(kind: str) -> bool:
    """Is this one of the logs that fill the disk? The others are taken from the example as they are."""
    return kind.split("/")[0] in ("iis", "httpproxy", "ews")


@dataclass(slots=True)
class Splitter:
    """Takes the example's rows apart: planted ones of the big logs, and everything of the small logs."""

    small: Tree
    planted: dict[str, list[Planted]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, time_ms: int, row: bytes, truth: str = "") -> None:
        if not is_big(kind):
            self.small.add(kind, time_ms, row, truth)
        elif truth:
            self.planted[kind].append((time_ms, row, truth))


@dataclass(slots=True)
class Rows:
    """Collects the rows of a pattern day."""

    by_kind: dict[str, list[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, time_ms: int, row: bytes, truth: str = "") -> None:
        self.by_kind[kind].append((time_ms, row))


def templates(seed: int, scale: float) -> dict[tuple[str, bool], Template]:
    """A template per log kind for the days before (`False`) and after (`True`) the update."""
    users = scene.people(seed, 2400)
    found = {}
    for patched, day in PATTERN_DAYS.items():
        rows = Rows()
        staff_day(
            Server(rows, scene.stream(seed, "bench ids", day)),
            scene.stream(seed, "bench", day),
            day,
            users,
            scale,
        )
        for kind, timed in rows.by_kind.items():
            if not is_big(kind):
                continue
            found[kind, patched] = template([row for _, row in sorted(timed)])
    return found


class Writer:
    """Writes files of one kind and notes where planted rows came to stand."""

    def __init__(
        self,
        out: Path,
        kind: LogKind,
        patterns: dict[tuple[str, bool], Template],
        planted: list[Planted],
        seed: int,
    ) -> None:
        self.out, self.kind, self.patterns = out, kind, patterns
        self.planted = sorted(planted)
        self.rng = np.random.default_rng([seed, *kind.id.encode()])
        self.places: dict[str, list[tuple[str, int, int, str, str]]] = defaultdict(list)
        self.bytes = 0

    def period(self, begin: int, end: int, size: float, roll: int | None = None) -> None:
        """Rows of about `size` bytes between two Unix seconds; a new file after `roll` bytes."""
        number, done = 0, 0.0
        while done < size or (number == 0 and self._due(end)):
            number += 1
            want = min(size - done, roll or size)
            until = end if done + want >= size else int(begin + (end - begin) * (done + want) / size)
            since = int(begin + (end - begin) * done / size) if done else begin
            self._file(number, since, until, want)
            done += max(want, 1)

    def _due(self, end: int) -> bool:
        return bool(self.planted) and self.planted[0][0] < end * 1000

    def _file(self, number: int, begin: int, end: int, size: float) -> None:
        name = self.kind.roll(begin * 1000).replace("-1.LOG", f"-{number}.LOG")
        path = self.out / self.kind.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            position = _Position(path.relative_to(self.out).as_posix())
            self._header(file, position, begin, first=True)
            parts = max(1, round(size / CHUNK_BYTES))
            edges = np.linspace(begin, end, parts + 1).astype(np.int64)
            restart = parts // 2 if parts > 2 and begin // 86_400 % 7 == 0 else None
            for part in range(parts):
                low, high = int(edges[part]), int(edges[part + 1])
                if part == restart or (
                    part and scene.build_at(low * 1000) != scene.build_at(int(edges[part - 1]) * 1000)
                ):
                    self._header(file, position, low, first=False)
                self._rows(file, position, low, high, size / parts)
            self.bytes += position.offset

    def _header(self, file: BinaryIO, position: "_Position", seconds: int, *, first: bool) -> None:
        block = CRLF.join([*self.kind.header(seconds * 1000, first), b""])
        position.put(file, BOM + block if first and self.kind.bom else block)

    def _rows(self, file: BinaryIO, position: "_Position", begin: int, end: int, size: float) -> None:
        pattern = self.patterns[self.kind.id, scene.build_at(begin * 1000) == scene.BUILD_AFTER]
        mean = len(pattern.data) / len(pattern)
        left = max(1, round(size / mean))
        times = np.sort(self.rng.integers(begin, max(end, begin + 1), left))
        for first, count in self._runs(pattern, left):
            seconds, times = times[:count], times[count:]
            text, starts = stamp(pattern, first, count, seconds, self.rng)
            until = end if not len(times) else int(times[0])
            self._merge(file, position, text, starts, seconds, until)

    def _runs(self, pattern: Template, count: int) -> Iterator[tuple[int, int]]:
        """Runs of consecutive pattern rows, begun at random, `count` rows in all."""
        while count:
            first = int(self.rng.integers(0, len(pattern)))
            run = min(count, len(pattern) - first)
            yield first, run
            count -= run

    def _merge(
        self, file: BinaryIO, position: "_Position", text: bytes, starts: Index, seconds: Index, until: int
    ) -> None:
        done = 0
        while self._due(until):
            time_ms, row, truth = self.planted.pop(0)
            place = int(starts[np.searchsorted(seconds, time_ms // 1000, side="right")])
            position.put(file, text[done:place])
            done = max(done, place)
            self.places[truth].append(
                (position.path, position.line, position.offset, scene.iso(time_ms), self.kind.id)
            )
            position.put(file, row + CRLF)
        position.put(file, text[done:])


@dataclass(slots=True)
class _Position:
    path: str
    line: int = 1
    offset: int = 0

    def put(self, file: BinaryIO, data: bytes) -> None:
        file.write(data)
        self.line += data.count(b"\n")
        self.offset += len(data)


def generate(
    out: Path, gigabytes: float, seed: int
) -> tuple[int, dict[str, list[tuple[str, int, int, str, str]]], dict[str, str]]:
    """Write everything; gives bytes written, places of planted rows, seeded names."""
    splitter = Splitter(Tree(oldest_kept()))
    names = fill(splitter, scale=1.0, seed=seed)
    places = splitter.small.write(out)
    written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    patterns = templates(seed, scale=60.0 if gigabytes > 1 else 12.0)
    weight = {kind: len(pattern.data) for (kind, patched), pattern in patterns.items() if not patched}
    proxies = sum(size for kind, size in weight.items() if kind.startswith("httpproxy/"))
    for kind_id in sorted(weight):
        family = kind_id if kind_id in SHARES else "httpproxy"
        share = SHARES[family] * (weight[kind_id] / proxies if family == "httpproxy" else 1.0)
        kind = BIG_KINDS.get(kind_id) or httpproxy(kind_id.split("/")[1])
        writer = Writer(out, kind, patterns, splitter.planted[kind_id], seed)
        _month(writer, share * gigabytes * 1e9, hourly=family in ("httpproxy", "ews"))
        written += writer.bytes
        for truth, found in writer.places.items():
            places[truth] += found
    return written, places, names


def _month(writer: Writer, size: float, *, hourly: bool) -> None:
    days = [FIRST_DAY + timedelta(days=n) for n in range(DAYS)]
    hours = [
        (day, hour, (HOURS_SCHOOL if scene.is_school_day(day) else HOURS_FREE)[hour] + 1)
        for day in days
        for hour in range(24)
    ]
    total = sum(weight for _, _, weight in hours)
    if hourly:
        for day, hour, weight in hours:
            begin = scene.day_start(day) // 1000 + hour * 3600
            writer.period(begin, begin + 3600, size * weight / total, ROLL_BYTES)
        return
    for day in days:
        begin = scene.day_start(day) // 1000
        writer.period(begin, begin + 86_400, size * sum(w for d, _, w in hours if d == day) / total)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT_DIR", help="new or empty folder")
    parser.add_argument("--gb", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=scene.SEED)
    args = parser.parse_args()
    if args.out.exists() and any(args.out.iterdir()):
        print(f"gen_server: {args.out} is not empty: name a new folder", file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    size, places, names = generate(args.out, args.gb, args.seed)
    took = time.perf_counter() - begin
    truth = args.out.parent / f"{args.out.name}.truth.json"
    truth.write_text(
        json.dumps({"made_by": "exsweep bench/gen_server.py"} | story(places, names), indent=1) + "\n",
        "utf-8",
    )
    speed = f"{size / 1e9:.2f} GB in {took:.0f} s ({size / 1e6 / took:.0f} MB/s)"
    print(f"{args.out}: {speed}; planted events in {truth}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
