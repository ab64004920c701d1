"""What the judgement of pages says and costs, to compare two programs: a change for speed may change neither word nor figure.

    python bench/same_pages.py SHARED_DATA --out before.jsonl [--benign 600] [--largest 60000]
    python bench/same_pages.py SHARED_DATA --out after.jsonl --against before.jsonl

All malicious files below the size and a fixed sample of benign ones (first by SHA-256 of their names), each judged
without a limit of time, so that load changes nothing. One line a file: the whole report and milliseconds of the processor.
Exits with 1 and names the files where a report differs.
"""

import argparse
import hashlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from exsweep.detect.webshell import examine

sys.path.insert(0, str(Path(__file__).resolve().parent))
from webshells import Sample, samples


def chosen(data: Path, benign: int, largest: int) -> list[tuple[str, Sample]]:
    bad = samples(data / "webshells", "webshells.zip", "cluster", "malicious")
    good = samples(data / "web_benign", "web_benign.zip", "name", "benign")
    some = sorted(good, key=lambda each: hashlib.sha256(each.name.encode()).digest())[:benign]
    return [("benign", each) for each in some] + [
        ("malicious", each) for each in bad if len(each.data) < largest
    ]


def look(label: str, sample: Sample) -> dict[str, Any]:
    begin = time.process_time()
    report = examine(sample.data, sample.name)
    spent = (time.process_time() - begin) * 1000
    return {
        "label": label,
        "name": sample.name,
        "ms": round(spent, 2),
        "report": json.loads(msgspec.json.encode(report)),
    }


def costs(title: str, rows: list[dict[str, Any]]) -> None:
    for label in ("benign", "malicious"):
        spent = sorted(row["ms"] for row in rows if row["label"] == label)
        if spent:
            print(
                f"{title}, {label}: {len(spent)} files, mean {statistics.fmean(spent):.1f} ms of the processor,"
                f" median {statistics.median(spent):.2f}, 99 % {spent[len(spent) * 99 // 100]:.0f}, most {spent[-1]:.0f}"
            )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--against", type=Path)
    arguments.add_argument("--benign", type=int, default=600)
    arguments.add_argument("--largest", type=int, default=60_000, metavar="BYTES")
    options = arguments.parse_args()
    rows = [look(*each) for each in chosen(options.data, options.benign, options.largest)]
    options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    costs("now", rows)
    if options.against is None:
        return 0
    before = [json.loads(line) for line in options.against.read_text(encoding="utf-8").splitlines()]
    costs("before", before)
    old = {(row["label"], row["name"]): row["report"] for row in before}
    new = {(row["label"], row["name"]): row["report"] for row in rows}
    wrong = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    for label, name in wrong:
        was, now = old.get((label, name), {}), new.get((label, name), {})
        parts = [part for part in was.keys() | now.keys() if was.get(part) != now.get(part)]
        print(f"differs: {label} {name}: {', '.join(sorted(parts))}")
    print(f"{len(new)} files, {len(wrong)} reports differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
