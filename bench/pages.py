"""Many pages: what `exsweep triage` of a folder of them costs, in CPU time and memory a page; prints Markdown.

    python bench/pages.py SHARED_DATA --pages 20000 [--largest 8192] [--jobs 2] [--keep FOLDER]

The pages are those benign ones of data/web_benign that are not larger than that, in order of their names and from the first again,
each with a number of its own behind it: no two are equal. With `--equal` nothing is put behind them.
`--pages` may be given more than once: what a page more costs is the difference.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measure import Measured, measure
from webshells import Sample, samples

IN_A_FOLDER = 500


def write(folder: Path, pages: list[Sample], count: int, equal: bool) -> int:
    """Writes `count` pages; returns their bytes."""
    total = 0
    for number in range(count):
        page = pages[number % len(pages)]
        data = page.data if equal else page.data + b"\r\n<!-- %d -->\r\n" % number
        place = folder / f"d{number // IN_A_FOLDER:04}" / f"p{number:07}.{page.name.rpartition('.')[2]}"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
        total += len(data)
    return total


def run(folder: Path, pages: list[Sample], count: int, options: argparse.Namespace) -> tuple[int, Measured]:
    evidence, out = folder / f"pages-{count}", folder / f"out-{count}"
    evidence.mkdir()
    size = write(evidence, pages, count, options.equal)
    command = ["triage", str(evidence), "--out", str(out), "--jobs", str(options.jobs)]
    measured = measure([sys.executable, "-m", "exsweep", *command])
    if options.keep is None:
        shutil.rmtree(evidence)
        shutil.rmtree(out)
    if measured.code not in (0, 1, 3):
        raise SystemExit(measured.output)
    return size, measured


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--pages", type=int, action="append")
    arguments.add_argument("--largest", type=int, default=8_192, metavar="BYTES")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--equal", action="store_true")
    arguments.add_argument("--keep", type=Path, help="folder that is left with pages and results")
    options = arguments.parse_args()
    benign = samples(options.data / "web_benign", "web_benign.zip", "name", "benign")
    pages = sorted((each for each in benign if len(each.data) <= options.largest), key=lambda each: each.name)
    print("| pages | MB | wall s | CPU-s | CPU-ms a page | largest process MiB | all processes MiB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="exsweep-pages-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        for count in options.pages or [20_000]:
            size, found = run(folder, pages, count, options)
            print(
                f"| {count:,} | {size / 1e6:.1f} | {found.wall_s:.1f} | {found.cpu_s:.1f} |"
                f" {found.cpu_s / count * 1000:.2f} | {found.peak_mib:.0f} | {found.tree_mib:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
