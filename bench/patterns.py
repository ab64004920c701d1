"""Write the literals that exsweep's own rules look for in IIS and HttpProxy logs, one a line, for ripgrep in run.py.

    python bench/patterns.py build/server build/literals.txt [--all]

The rules are asked themselves. As in a sweep, each rule is looked for by its rarest clauses, judged by samples of the
logs. `--all` writes every literal of every clause: most lines then have one, and ripgrep, which stops at the first hit
of a line, does much less work than to find out which rules a line may match.
"""

import argparse
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from exsweep.detect import Engine
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import RuleState, load_rules

SAMPLE_BYTES = 1 << 20
LOGS = {"iis_w3c": "u_ex*.log", "httpproxy": "HttpProxy*.[Ll][Oo][Gg]"}


def engine() -> Engine:
    every = load_formats()
    rules = load_rules(Path(str(files("exsweep.knowledge") / "data" / "rules")), [], formats=every)
    return Engine([rule for rule in rules.rules if rule.state is RuleState.RUNS], every)


def samples(folder: Path, name: str) -> list[bytes]:
    """The beginning of the largest log in each folder that has such logs."""
    largest: dict[Path, Path] = {}
    for path in sorted(folder.rglob(name)):
        best = largest.setdefault(path.parent, path)
        if path.stat().st_size > best.stat().st_size:
            largest[path.parent] = path
    found = []
    for path in largest.values():
        with path.open("rb") as file:
            found.append(file.read(SAMPLE_BYTES))
    return found


def printable(literals: Iterable[bytes]) -> list[bytes]:
    """Distinct ones in order; not those with other bytes than ASCII, which ripgrep's file of patterns cannot hold."""
    return sorted({one for one in literals if one.isascii() and one.decode().isprintable()})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("logs", type=Path, metavar="LOG_DIR")
    parser.add_argument("out", type=Path, metavar="FILE")
    parser.add_argument("--all", action="store_true", help="every literal of every clause")
    args = parser.parse_args()
    made = engine()
    found: set[bytes] = set()
    for kind, name in LOGS.items():
        if args.all:
            found.update(made.literals(kind))
        else:
            for sample in samples(args.logs, name):
                found.update(made.swept(kind, sample))
    chosen = printable(found)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(b"\n".join(chosen) + b"\n")
    print(f"{args.out}: {len(chosen)} literals")


if __name__ == "__main__":
    main()
