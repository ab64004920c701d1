"""Measure exsweep beside wc, ripgrep and its peers on the same logs in one run, and print ratios.

    python bench/run.py LOG_DIR --patterns LITERALS [--repeat 3] [--only wc,rg] [--peers-venv DIR]

LITERALS holds one fixed string a line, exported from the rules that exsweep runs: ripgrep looks for the same.
Runs are interleaved; times are medians, memory is the maximum. Only ratios within one table mean anything.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import Measured, measure

HERE = Path(__file__).resolve().parent
PEER_SAMPLE_BYTES = 30_000_000
"""Peers are so slow that they get the first lines of the largest IIS log only."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure on `size_bytes` of logs."""

    id: str
    title: str
    command: list[str]
    size_bytes: int
    good_codes: tuple[int, ...] = (0,)
    out: Path | None = None
    """Folder that must not exist when the command starts."""


def contenders(
    logs: Path, patterns: Path | None, scratch: Path, exsweep: list[str], venv: Path | None
) -> list[Contender]:
    """All that can run here; what cannot is named on standard error with the reason."""
    size = sum(path.stat().st_size for path in logs.rglob("*") if path.is_file())
    count = 'find "$1" -type f -print0 | wc -l --files0-from=- | tail -1'
    found = [Contender("wc", "`wc -l`", ["sh", "-c", count, "sh", str(logs)], size)]
    if patterns and shutil.which("rg"):
        literals = len(patterns.read_bytes().splitlines())
        for name, title, count_what in (
            ("rg", "counting matches", "--count-matches"),
            ("rg-lines", "counting lines (stops at the first match of a line)", "-c"),
        ):
            shell = (
                f'rg -j1 -uuu -a -i -F {count_what} --no-filename -f "$2" "$1"'
                " | awk '{s += $1} END {print s + 0}'"
            )
            found.append(
                Contender(
                    name,
                    f"ripgrep, {literals} literals, {title}",
                    ["sh", "-c", shell, "sh", str(logs), str(patterns)],
                    size,
                )
            )
    else:
        print("run: no ripgrep row: rg is not installed or --patterns is missing", file=sys.stderr)
    for name, title, more in (
        ("full", "`exsweep triage --jobs 1`", ["--jobs", "1"]),
        ("full2", "`exsweep triage --jobs 2`", ["--jobs", "2"]),
        ("quick", "`exsweep triage --quick --jobs 1`", ["--jobs", "1", "--quick"]),
    ):
        out = scratch / name
        command = [*exsweep, "triage", str(logs), "--out", str(out), *more]
        found.append(Contender(name, title, command, size, (0, 1, 3), out))
    return found + (peers(logs, scratch, venv) if venv else [])


def peers(logs: Path, scratch: Path, venv: Path) -> list[Contender]:
    """dissect.target and plaso where the environment has them."""
    sample = scratch / "u_ex_sample.log"
    largest = max(logs.rglob("u_ex*.log"), key=lambda path: path.stat().st_size)
    with largest.open("rb") as source, sample.open("wb") as target:
        # Line by line: a command's `ru_maxrss` starts at the size that this process has when it starts it.
        while target.tell() < PEER_SAMPLE_BYTES and (line := source.readline()):
            target.write(line)
    size = sample.stat().st_size
    found = []
    python = venv / "bin" / "python"
    if measure([str(python), "-c", "import dissect.target"]).code == 0:
        found.append(
            Contender(
                "dissect",
                "dissect.target, IIS only",
                [str(python), str(HERE / "peers.py"), "dissect", str(sample)],
                size,
            )
        )
    else:
        print("run: no dissect row: the peers' environment cannot import dissect.target", file=sys.stderr)
    names = [venv / "bin" / name for name in ("log2timeline", "log2timeline.py")]
    plaso = next(
        (path for path in names if path.exists() and measure([str(path), "--version"]).code == 0), None
    )
    if plaso:
        store = scratch / "plaso"
        options = "-q -u --status_view none --single_process --parsers text/winiis"
        shell = f'mkdir "$3" && "$1" {options} --storage_file "$3/out.plaso" "$2"'
        found.append(
            Contender(
                "plaso",
                "plaso, IIS only",
                ["sh", "-c", shell, "sh", str(plaso), str(sample), str(store)],
                size,
                out=store,
            )
        )
    else:
        print("run: no plaso row: the peers' environment has no log2timeline that starts", file=sys.stderr)
    return found


def table(results: dict[str, list[Measured]], entries: list[Contender]) -> str:
    """Markdown; the last column compares bytes per CPU-second with ripgrep's in the same run."""

    def speed(entry: Contender) -> float:
        return entry.size_bytes / 1e9 / max(statistics.median(m.cpu_s for m in results[entry.id]), 1e-3)

    base = next((speed(entry) for entry in entries if entry.id == "rg"), None)
    lines = [
        "| what | GB | wall s | CPU s | GB/s | GB/CPU-s | process MiB | all processes MiB | x ripgrep |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for entry in entries:
        runs = results[entry.id]
        wall, cpu = (
            statistics.median(values) for values in zip(*((m.wall_s, m.cpu_s) for m in runs), strict=True)
        )
        size = entry.size_bytes / 1e9
        ratio = f"{speed(entry) / base:.2g}" if base else "-"
        lines.append(
            f"| {entry.title} | {size:.2f} | {wall:.1f} | {cpu:.1f} | {size / wall:.3g} | {speed(entry):.3g} "
            f"| {max(m.peak_mib for m in runs):.0f} | {max(m.tree_mib for m in runs):.0f} | {ratio} |"
        )
    return "\n".join(lines)


def run(entries: list[Contender], repeat: int) -> dict[str, list[Measured]]:
    """Measure all, interleaved. Raises `RuntimeError` when a command ends with a code that means failure."""
    results: dict[str, list[Measured]] = {entry.id: [] for entry in entries}
    for turn in range(repeat):
        for entry in entries:
            if entry.out and entry.out.exists():
                shutil.rmtree(entry.out)
            measured = measure(entry.command)
            if measured.code not in entry.good_codes:
                raise RuntimeError(f"{entry.id} ended with {measured.code}: {measured.output[-600:]}")
            results[entry.id].append(measured)
            last = measured.output.rsplit("\n", 1)[-1][:100]
            times = f"{measured.wall_s:.1f} s, {measured.cpu_s:.1f} CPU-s"
            print(f"{turn + 1}/{repeat} {entry.id}: {times}; {last}", file=sys.stderr)
    return results


def warm(logs: Path) -> None:
    """Read all logs once, so that every row finds them in memory."""
    measure(["sh", "-c", 'find "$1" -type f -exec cat {} + > /dev/null', "sh", str(logs)])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("logs", type=Path, metavar="LOG_DIR")
    parser.add_argument("--patterns", type=Path, metavar="LITERALS", help="one fixed string a line")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--only", default="", help="comma-separated: wc, rg, rg-lines, full, full2, quick, dissect, plaso"
    )
    parser.add_argument("--exsweep", default=f"{sys.executable} -m exsweep", help="how to call exsweep")
    parser.add_argument(
        "--peers-venv", type=Path, metavar="DIR", help="environment with dissect.target and plaso"
    )
    parser.add_argument(
        "--scratch", type=Path, metavar="DIR", help="where results go (default: a temporary folder)"
    )
    args = parser.parse_args()
    if not args.logs.is_dir():
        print(f"run: {args.logs} is not a folder: make one with bench/gen_server.py", file=sys.stderr)
        return 2
    wanted = set(filter(None, args.only.split(",")))
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        entries = contenders(args.logs, args.patterns, Path(scratch), args.exsweep.split(), args.peers_venv)
        entries = [entry for entry in entries if not wanted or entry.id in wanted]
        if not entries:
            print(f"run: nothing to measure: {args.only!r} names nothing that can run here", file=sys.stderr)
            return 2
        warm(args.logs)
        try:
            results = run(entries, args.repeat)
        except RuntimeError as error:
            print(f"run: {error}", file=sys.stderr)
            return 1
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{where}; median of {args.repeat}, warm cache\n")
    print(table(results, entries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
