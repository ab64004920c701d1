"""Everything that bench/README.md says of speed, memory and starts, in one go and unattended.

    python bench/sizes.py build/bench [--gb 1,3,10] [--repeat 1] [--rows full,full2,quick]

Makes the servers that are not there yet, measures each beside wc and ripgrep, and prints Markdown as soon as each part is
known; the same stands in SCRATCH/sizes.md, so that a run that was stopped leaves what it had. Needs about 1.4 times the
largest size on the disk. The memory of a triage is flat if its columns do not grow from size to size.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from measure import measure
from run import contenders, run, table, warm

HERE = Path(__file__).resolve().parent
PAGE = '<%@ Page Language="C#" %>\n<html><body>hello</body></html>\n'
LINE = (
    "2021-03-01 10:00:00 10.0.0.5 POST /owa/auth/x.js - 443 - 192.0.2.5 python-requests/2.25 - 200 0 0 15\n"
)
STARTS = 5


def server(scratch: Path, gb: float) -> tuple[Path, Path]:
    """A server of this size and its literals, made where they are missing."""
    logs, literals = scratch / f"server{gb:g}", scratch / f"literals{gb:g}.txt"
    if not Path(f"{logs}.truth.json").exists():
        subprocess.run([sys.executable, HERE / "gen_server.py", logs, "--gb", f"{gb:g}"], check=True)
    if not literals.exists():
        subprocess.run([sys.executable, HERE / "patterns.py", literals], check=True)
    return logs, literals


def starts(scratch: Path, exsweep: list[str]) -> str:
    """CPU seconds of what should feel instant: median of STARTS after one that fills the caches."""
    page = scratch / "page" / "x.aspx"
    page.parent.mkdir(exist_ok=True)
    page.write_text(PAGE, encoding="utf-8")
    line = scratch / "line.log"
    line.write_text(LINE, encoding="utf-8")
    lines = ["| start | CPU s | wall s |", "|---|---|---|"]
    for title, command in (
        ("`exsweep --version`", [*exsweep, "--version"]),
        ("`exsweep triage --help`", [*exsweep, "triage", "--help"]),
        ("one line on `exsweep triage -`", ["sh", "-c", f'exec "$@" triage - < {line}', "sh", *exsweep]),
        ("`exsweep triage` of a folder with one page", [*exsweep, "triage", str(page.parent)]),
    ):
        runs = [measure(command) for _ in range(STARTS + 1)][1:]
        if any(one.code not in (0, 1, 3) for one in runs):
            raise RuntimeError(f"{title}: {runs[0].output[-300:]}")
        cpu, wall = (
            statistics.median(values) for values in zip(*((m.cpu_s, m.wall_s) for m in runs), strict=True)
        )
        lines.append(f"| {title} | {cpu:.2f} | {wall:.2f} |")
    return "\n".join(lines)


def of_size(scratch: Path, gb: float, args: argparse.Namespace, exsweep: list[str]) -> str:
    logs, literals = server(scratch, gb)
    warm(logs)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=scratch) as folder:
        wanted = {"wc", "rg", "rg-lines", *args.rows.split(",")}
        entries = [one for one in contenders(logs, literals, Path(folder), exsweep, None) if one.id in wanted]
        return f"## {gb:g} GB\n\n{table(run(entries, args.repeat), entries)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scratch", type=Path, metavar="SCRATCH")
    parser.add_argument("--gb", default="1,3,10", help="sizes, comma-separated")
    parser.add_argument("--rows", default="full,full2,quick", help="rows of run.py beside wc and ripgrep")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--exsweep", default=f"{sys.executable} -m exsweep", help="how to call exsweep")
    args = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its modules compiled
    args.scratch.mkdir(parents=True, exist_ok=True)
    exsweep = args.exsweep.split()
    parts: list[Callable[[], str]] = [
        lambda: (
            f"# {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {platform.machine()}, {os.cpu_count()} cores, "
            f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
        ),
        lambda: starts(args.scratch, exsweep),
    ]
    parts += [
        lambda gb=float(size): of_size(args.scratch, gb, args, exsweep)  # type: ignore[misc]
        for size in args.gb.split(",")
    ]
    written = args.scratch / "sizes.md"
    written.write_text("", encoding="utf-8")
    for part in parts:
        try:
            text = part()
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            text = f"Not measured: {error}"
        print(f"{text}\n", flush=True)
        with written.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
