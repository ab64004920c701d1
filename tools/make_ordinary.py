"""Write lines of ordinary logs, which tell a sweep what is rare in one: an ordinary day of the bundled example's staff.

    python tools/make_ordinary.py src/exsweep/knowledge/data/ordinary

Same bytes each time. Whatever these lines are, a sweep finds the same; they decide only what it looks for first.
"""

import argparse
from collections import defaultdict
from datetime import date
from pathlib import Path

from example import scene
from example.scene import SEED
from example.server import Server
from example.staff import staff_day

DAY = date(2021, 3, 2)
FORMATS = {"iis": "iis_w3c", "httpproxy": "httpproxy", "ews": "ews"}
LINES = 500


class Rows:
    """Rows of a day, by kind of log."""

    def __init__(self) -> None:
        self.by_kind: dict[str, list[tuple[int, bytes]]] = defaultdict(list)

    def add(self, kind: str, time_ms: int, row: bytes, truth: str = "") -> None:
        """Note a row, as `example.tree.Tree` does."""
        if not truth:
            self.by_kind[kind].append((time_ms, row))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    out: Path = parser.parse_args().out
    rows = Rows()
    server = Server(rows, scene.stream(SEED, "ordinary ids", DAY))
    staff_day(server, scene.stream(SEED, "ordinary", DAY), DAY, scene.people(SEED, 2400), 1.0)
    out.mkdir(parents=True, exist_ok=True)
    for family, name in FORMATS.items():
        kinds = {kind: timed for kind, timed in rows.by_kind.items() if kind.split("/")[0] == family}
        every = sum(map(len, kinds.values())) / LINES
        lines = []
        for kind in sorted(kinds):
            day = [row for _, row in sorted(kinds[kind])]
            lines += [day[int(at * every)] for at in range(int(len(day) / every))]
        (out / f"{name}.log").write_bytes(b"".join(line + b"\n" for line in lines))


if __name__ == "__main__":
    main()
