"""Write the literals that exsweep's own rules look for in IIS and HttpProxy logs, one a line, for ripgrep in run.py.

    python bench/patterns.py build/literals.txt [--format iis_w3c --format httpproxy]

They are what the engine's prefilter really looks for: each rule's clauses in every spelling that a log may have.
"""

import argparse
from importlib.resources import files
from pathlib import Path

from exsweep.detect import Engine
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import RuleState, load_rules


def literals(formats: list[str]) -> list[bytes]:
    """Distinct literals, in order; only printable ASCII: other bytes would change how ripgrep reads its file."""
    every = load_formats()
    own = Path(str(files("exsweep.knowledge") / "data" / "rules"))
    rules = load_rules(own, [], formats=every)
    engine = Engine([rule for rule in rules.rules if rule.state is RuleState.RUNS], every)
    found = {literal for name in formats for literal in engine.literals(name)}
    return sorted(one for one in found if one.isascii() and one.decode().isprintable())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, metavar="FILE")
    parser.add_argument("--format", action="append", dest="formats", help="default: iis_w3c and httpproxy")
    args = parser.parse_args()
    found = literals(args.formats or ["iis_w3c", "httpproxy"])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(b"\n".join(found) + b"\n")
    print(f"{args.out}: {len(found)} literals")


if __name__ == "__main__":
    main()
