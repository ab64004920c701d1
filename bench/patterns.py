"""Write the literals that exsweep's own rules look for in IIS and HttpProxy logs, one a line, for ripgrep in run.py.

    python bench/patterns.py build/literals.txt [--all]

The rules are asked themselves. As in a sweep, each rule is looked for by the clauses that are rarest in ordinary logs. `--all` writes every literal of every clause: most lines then have one, and ripgrep, which stops at the first hit
of a line, does much less work than to find out which rules a line may match.
"""

import argparse
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from exsweep.detect import Engine
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import RuleState, load_rules

LOGS = ("iis_w3c", "httpproxy")


def engine() -> Engine:
    every = load_formats()
    rules = load_rules(Path(str(files("exsweep.knowledge") / "data" / "rules")), [], formats=every)
    return Engine([rule for rule in rules.rules if rule.state is RuleState.RUNS], every)


def printable(literals: Iterable[bytes]) -> list[bytes]:
    """Distinct ones in order; not those with other bytes than ASCII, which ripgrep's file of patterns cannot hold."""
    return sorted({one for one in literals if one.isascii() and one.decode().isprintable()})


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="FILE")
    parser.add_argument("--all", action="store_true", help="every literal of every clause")
    args = parser.parse_args()
    made = engine()
    found: set[bytes] = set()
    for kind in LOGS:
        found.update(made.literals(kind) if args.all else made.swept(kind))
    chosen = printable(found)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(b"\n".join(chosen) + b"\n")
    print(f"{args.out}: {len(chosen)} literals")


if __name__ == "__main__":
    main()
