"""Compare two results of `exsweep triage` on the same evidence: everything outside `run`, and every stored event.

    python bench/same.py OUT_BEFORE OUT_AFTER

For changes that must change nothing but the time. Ends with 1 and the first differences where something differs.
Events are compared by format as rows in the order of path and offset, however they are cut into files. Of two folders
one may have been made with `--quick`: then the assessments are compared without what only a full run counts.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

MOST_SHOWN = 20


def assessment(folder: Path) -> dict[str, Any]:
    """The document without `run`."""
    found: dict[str, Any] = json.loads((folder / "assessment.json").read_bytes())
    del found["run"]
    return found


def differences(one: Any, other: Any, place: str = "") -> Iterator[str]:
    """Where two documents differ, as paths of keys."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if key not in one or key not in other:
                yield f"{place}.{key}: only {'after' if key in other else 'before'}"
            else:
                yield from differences(one[key], other[key], f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{place}[{at}]")
    elif one != other:
        yield f"{place}: {str(one)[:200]} != {str(other)[:200]}"


def events(folder: Path) -> dict[str, tuple[int, int]]:
    """For each kind of log: stored rows, and a sum over them that changes with any value or its column."""
    found: dict[str, tuple[int, int]] = {}
    with duckdb.connect() as database:
        for file in sorted((folder / "events").glob("*.parquet")):
            kind = file.name.rsplit("-", 2)[0]
            relation = database.read_parquet(str(file))
            told = ", ".join(
                f"""'{name.replace("'", "''")}', "{name.replace('"', '""')}\"""" for name in relation.columns
            )
            rows, total = relation.aggregate(f"count(*), sum(hash({told}))").fetchall()[0]
            before = found.get(kind, (0, 0))
            found[kind] = (before[0] + rows, before[1] + int(total or 0))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    args = parser.parse_args()
    said = list(differences(assessment(args.before), assessment(args.after)))
    if all((folder / "events").is_dir() for folder in (args.before, args.after)):
        said += list(differences(events(args.before), events(args.after), "events"))
    for line in said[:MOST_SHOWN]:
        print(line)
    print(f"{len(said)} differences" if said else "the same")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
