"""Web shells: recall and false alarms on the real sets, beside the public YARA rules on the same files; prints Markdown.

    python bench/webshells.py SHARED_DATA [--part report|tune|all] [--removal] > report.md

The malicious files are split by cluster of near duplicates (SHA-256 of its name, about 75 % for tuning), the benign ones
by file. Numbers of the tuning part say nothing; the report is on the rest. Times are of the processor. Needs yara-x.
"""

import argparse
import csv
import hashlib
import sys
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yara_x

from exsweep.detect.webshell import examine
from exsweep.detect.webshell.reading import read_page
from exsweep.model.files import FileReport, FileVerdict

TUNING_SHARE = 0.75
PASSWORD = b"infected"
MOST_CUTS = 12
FOUND = (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS)


class Sample(NamedTuple):
    row: dict[str, str]
    part: str
    data: bytes

    @property
    def name(self) -> str:
        return self.row["name"]


class Looked(NamedTuple):
    sample: Sample
    report: FileReport
    seconds: float
    yara: bool


def part_of(key: str) -> str:
    """`tune` or `report`."""
    share = int(hashlib.sha256(f"exsweep2:{key}".encode()).hexdigest()[:4], 16) / 65536
    return "tune" if share < TUNING_SHARE else "report"


def samples(folder: Path, archive: str, key: str, label: str) -> Iterator[Sample]:
    """Files of one set with that label."""
    with zipfile.ZipFile(folder / archive) as packed:
        names = {name.rpartition("/")[2]: name for name in packed.namelist()}
        with (folder / "SOURCES.csv").open(newline="", encoding="utf-8") as table:
            for row in csv.DictReader(table):
                if row["label"] == label:
                    yield Sample(row, part_of(row[key]), packed.read(names[row["name"]], pwd=PASSWORD))


def public_rules(folder: Path) -> yara_x.Scanner:
    """All public rules that compile, each file by itself."""
    compiler = yara_x.Compiler()
    for variable in ("filename", "filepath", "extension", "filetype", "owner"):
        compiler.define_global(variable, "")
    with zipfile.ZipFile(folder / "rules.zip") as packed:
        for name in sorted(packed.namelist()):
            if not name.endswith((".yar", ".yara")):
                continue
            compiler.new_namespace(name)
            try:
                compiler.add_source(packed.read(name, pwd=PASSWORD).decode("utf-8", "replace"))
            except yara_x.CompileError as error:
                print(f"left out {name}: {str(error)[:80]}", file=sys.stderr)
    scanner = yara_x.Scanner(compiler.build())
    scanner.set_timeout(10)
    return scanner


def look(sample: Sample, scanner: yara_x.Scanner) -> Looked:
    begin = time.process_time()
    report = examine(sample.data, sample.name)
    seconds = time.process_time() - begin
    return Looked(sample, report, seconds, bool(scanner.scan(sample.data).matching_rules))


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def recall(looked: list[Looked]) -> None:
    """Files and clusters per language."""
    groups: dict[str, list[Looked]] = defaultdict(list)
    for each in looked:
        groups[each.sample.row["language"]].append(each)
        groups["all"].append(each)
    print(
        "| language | files | found | malicious | clusters | clusters found | public YARA rules: files | clusters |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for language, members in sorted(groups.items()):
        clusters: dict[str, list[Looked]] = defaultdict(list)
        for each in members:
            clusters[each.sample.row["cluster"]].append(each)
        found = sum(each.report.verdict in FOUND for each in members)
        sure = sum(each.report.verdict is FileVerdict.MALICIOUS for each in members)
        ours = sum(all(each.report.verdict in FOUND for each in group) for group in clusters.values())
        theirs = sum(all(each.yara for each in group) for group in clusters.values())
        yara = sum(each.yara for each in members)
        print(
            f"| {language} | {len(members)} | {share(found, len(members))} | {share(sure, len(members))} | {len(clusters)}"
            f" | {share(ours, len(clusters))} | {share(yara, len(members))} | {share(theirs, len(clusters))} |"
        )


def alarms(looked: list[Looked]) -> None:
    """False alarms per project and class."""
    groups: dict[tuple[str, str], list[Looked]] = defaultdict(list)
    for each in looked:
        groups[each.sample.row["klass"], each.sample.row["repo"]].append(each)
        groups[each.sample.row["klass"], "all"].append(each)
    print("| class | project | pages | alarms | malicious | public YARA rules |")
    print("|---|---|---|---|---|---|")
    for (klass, repo), members in sorted(groups.items()):
        wrong = sum(each.report.verdict in FOUND for each in members)
        sure = sum(each.report.verdict is FileVerdict.MALICIOUS for each in members)
        yara = sum(each.yara for each in members)
        print(
            f"| {klass} | {repo} | {len(members)} | {wrong} ({share(wrong, len(members))}) | {sure} | {yara} ({share(yara, len(members))}) |"
        )


def wrong_ones(title: str, looked: list[Looked]) -> None:
    """One line each, with the terms of the score."""
    print(f"\n### {title}: {len(looked)}\n")
    for each in looked:
        terms = (
            ", ".join(f"{term.code} {term.points:g}" for term in each.report.reasons[:5]) or "nothing seen"
        )
        row = each.sample.row
        print(
            f"* `{each.sample.name}` ({row['language']}, {len(each.sample.data)} bytes, {row['repo']}): {each.report.score:g} = {terms}"
        )


def speed(title: str, looked: list[Looked]) -> None:
    seconds = sorted(each.seconds for each in looked)
    size = sum(len(each.sample.data) for each in looked)
    print(
        f"* {title}: {len(seconds)} files, {size / 1e6:.1f} MB, {sum(seconds):.1f} s; median {seconds[len(seconds) // 2] * 1000:.1f} ms,"
        f" 99 % {seconds[len(seconds) * 99 // 100] * 1000:.0f} ms, most {seconds[-1] * 1000:.0f} ms"
    )


def _rest_of_text(lines: list[str], number: int) -> range:
    """Numbers of the lines on which a text (`@"..."`) goes on that begins on a line: half of it would damage what follows."""
    if not 0 < number <= len(lines) or lines[number - 1].count('"') % 2 == 0 or '@"' not in lines[number - 1]:
        return range(0)
    end = next((each for each in range(number, len(lines)) if lines[each].count('"') % 2), number - 1)
    return range(number + 1, end + 2)


def without_evidence(data: bytes, report: FileReport) -> bytes:
    """The page without the lines that the report names; the same where it names none."""
    readings = read_page(data, f"page.{report.kind or 'asp'}")
    page = next((each for each in readings if each.encoding == report.encoding), readings[0])
    named = {seen.line for can in report.capabilities for seen in can.evidence}
    lines = page.text.split("\n")
    if page.language == "csharp":
        named |= {each for number in sorted(named) for each in _rest_of_text(lines, number)}
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in named).encode(
        "utf-8", "replace"
    )


def removal(looked: list[Looked]) -> None:
    """What is said of each file that is found after the named lines are cut out, up to `MOST_CUTS` times."""
    rounds: Counter[int] = Counter()
    left: list[tuple[str, FileReport]] = []
    parts: list[float] = []
    for each in looked:
        data, report = each.sample.data, each.report
        before = data.count(b"\n") + 1
        cuts = 0
        while report.verdict in FOUND and cuts < MOST_CUTS:
            changed = without_evidence(data, report)
            if changed == data:
                break
            data, cuts = changed, cuts + 1
            report = examine(data, each.sample.name)
        if report.verdict in FOUND:
            left.append((each.sample.name, report))
        else:
            rounds[cuts] += 1
            parts.append(1 - (data.count(b"\n") + 1) / before)
    print("\n### Removing the dangerous part\n\n| cuts until unremarkable | files |\n|---|---|")
    for cuts, count in sorted(rounds.items()):
        print(f"| {cuts} | {count} |")
    parts.sort()
    print(f"\nLines lost, median: {share(round(100 * parts[len(parts) // 2]), 100) if parts else '-'}")
    causes: dict[str, list[str]] = defaultdict(list)
    for name, report in left:
        causes[", ".join(f"{why.code} {why.points:g}" for why in report.reasons[:3])].append(name)
    print(f"\nStill found: {len(left)}\n\n| files | what is left | which |\n|---|---|---|")
    for cause, names in sorted(causes.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"| {len(names)} | {cause} | {', '.join(f'`{name[:8]}`' for name in names)} |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--part", choices=("report", "tune", "all"), default="report")
    arguments.add_argument("--removal", action="store_true", help="cut out what is named, and look again")
    options = arguments.parse_args()
    scanner = public_rules(options.data / "yara_rules")

    def wanted(sample: Sample) -> bool:
        return options.part in ("all", sample.part)

    bad = [
        look(each, scanner)
        for each in samples(options.data / "webshells", "webshells.zip", "cluster", "malicious")
        if wanted(each)
    ]
    good = [
        look(each, scanner)
        for each in samples(options.data / "web_benign", "web_benign.zip", "name", "benign")
        if wanted(each)
    ]
    print(f"## Part `{options.part}`\n")
    recall(bad)
    print()
    alarms(good)
    wrong_ones("Missed", [each for each in bad if each.report.verdict not in FOUND])
    wrong_ones("False alarms", [each for each in good if each.report.verdict in FOUND])
    print("\n### Time\n")
    speed("malicious", bad)
    speed("benign", good)
    if options.removal:
        removal([each for each in bad if each.report.verdict in FOUND])


if __name__ == "__main__":
    main()
