"""Web shells rewritten: recall on the real files after each rewrite that keeps their meaning; prints Markdown.

    python bench/rewrites.py SHARED_DATA --journal FILE [--part report|tune|all] [--jobs 2] [--seconds 600]

Every file that is found as it is, is rewritten in every way that applies to it. What was looked at stands in the journal, a line
each, and is not looked at again: stopped or out of time, the same command goes on. Give each program a journal of its own.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
from exsweep.detect.webshell import examine
from exsweep.model.files import FileVerdict
from webshells import FOUND, Sample, samples, share

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.detect.webshell.rewrites import REWRITES

AS_IT_IS = "as it is"
DOES_NOT_APPLY = "does not apply"


class Looked(NamedTuple):
    file: str
    cluster: str
    rewrite: str
    verdict: str


def look(sample: Sample, rewrite: str) -> Looked:
    """Of one file in one dress."""
    data: bytes | None = sample.data
    if rewrite != AS_IT_IS:
        data = REWRITES[rewrite](sample.data, sample.name.rpartition(".")[2])
    verdict = DOES_NOT_APPLY if data is None else examine(data, sample.name).verdict.value
    return Looked(sample.name, sample.row["cluster"], rewrite, verdict)


def line(looked: Looked) -> str:
    """In the journal."""
    return json.dumps(looked._asdict()) + "\n"


def journal(path: Path) -> dict[tuple[str, str], Looked]:
    """What was looked at before; the line that was being written when the program ended is left out."""
    done: dict[tuple[str, str], Looked] = {}
    for text in path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else ():
        if text.endswith("\n"):
            each = Looked(**json.loads(text))
            done[each.file, each.rewrite] = each
    return done


def missing(files: list[Sample], done: dict[tuple[str, str], Looked]) -> Iterator[tuple[Sample, str]]:
    """What is still to be looked at: files as they are first, then rewrite by rewrite."""
    for rewrite in (AS_IT_IS, *REWRITES):
        for each in files:
            if (each.name, rewrite) not in done:
                yield each, rewrite


def table(done: dict[tuple[str, str], Looked]) -> None:
    """Recall of files and clusters; a cluster is found when all its files are."""
    found = {each.value for each in FOUND}
    known = {each.file for each in done.values() if each.rewrite == AS_IT_IS and each.verdict in found}
    print(
        "| rewrite | applies to | found | malicious | clusters | clusters found |\n|---|---|---|---|---|---|"
    )
    lost: list[str] = []
    for rewrite in (AS_IT_IS, *REWRITES):
        rows = [each for each in done.values() if each.rewrite == rewrite and each.verdict != DOES_NOT_APPLY]
        rows = [each for each in rows if rewrite == AS_IT_IS or each.file in known]
        clusters: dict[str, bool] = defaultdict(lambda: True)
        for each in rows:
            clusters[each.cluster] &= each.verdict in found
        hits = sum(each.verdict in found for each in rows)
        sure = sum(each.verdict == FileVerdict.MALICIOUS.value for each in rows)
        whole = sum(clusters.values())
        print(
            f"| {rewrite} | {len(rows)} | {hits} ({share(hits, len(rows))}) | {share(sure, len(rows))}"
            f" | {len(clusters)} | {share(whole, len(clusters))} |"
        )
        lost += [f"* {rewrite}: `{each.file}`" for each in sorted(rows) if each.verdict not in found]
    print(f"\nNot found: {len(lost)}\n\n" + "\n".join(lost))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--journal", type=Path, required=True)
    arguments.add_argument("--part", choices=("report", "tune", "all"), default="all")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--seconds", type=float, default=600.0, help="after which no more is begun")
    options = arguments.parse_args()
    files = [
        each
        for each in samples(options.data / "webshells", "webshells.zip", "cluster", "malicious")
        if options.part in ("all", each.part)
    ]
    done = journal(options.journal)
    # Without the line that was cut off: what is written next would stand behind it.
    options.journal.write_text("".join(map(line, done.values())), encoding="utf-8")
    end = time.monotonic() + options.seconds
    rest = list(missing(files, done))
    step = 8 * options.jobs
    with (
        options.journal.open("a", encoding="utf-8") as written,
        ProcessPoolExecutor(options.jobs) as pool,
    ):
        for begin in range(0, len(rest), step):
            if time.monotonic() > end:
                print(f"{len(rest) - begin} still to do: run it again", file=sys.stderr)
                break
            for each in pool.map(look, *zip(*rest[begin : begin + step], strict=True)):
                done[each.file, each.rewrite] = each
                written.write(line(each))
            written.flush()
    table(done)


if __name__ == "__main__":
    main()
