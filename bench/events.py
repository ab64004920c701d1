"""Windows events: what own and public rules find in real traces of attack techniques, and how fast.

python bench/events.py speed SHARED_DATA      records per CPU-second, against one query per rule without prefilter
python bench/events.py table SHARED_DATA      technique folder -> found by our rules / by Sigma / missed, as Markdown
"""

import csv
import io
import resource
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from exsweep.detect import Engine, exact
from exsweep.detect.fields import FieldMap
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule, load_rules
from exsweep.parse.batch import Batch
from exsweep.parse.winevent.reader import event_reader

PASSWORD = b"infected"
CHUNK = 8 << 20
MARKED = ("medium", "high", "critical")


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(data: bytes, name: str) -> Iterator[Batch]:
    """Batches of one file, as triage reads it."""
    reader = event_reader(data[: 1 << 16], name)
    if reader is None:
        return
    for start in range(0, len(data), CHUNK):
        yield from reader.feed(data[start : start + CHUNK], last=start + CHUNK >= len(data))


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            yield name, archive.read(name, pwd=PASSWORD)


def event_rules(own: bool, public: Path | None) -> tuple[Rule, ...]:
    """Rules that run on Windows events."""
    records = {form.id for form in load_formats() if form.events}
    loaded = load_rules(
        ROOT / "rules" if own else None, (public,) if public is not None else (), formats=load_formats()
    )
    return tuple(rule for rule in loaded.running if set(rule.formats) & records)


def by_format(batches: Sequence[Batch]) -> dict[str, list[Batch]]:
    found: dict[str, list[Batch]] = defaultdict(list)
    for batch in batches:
        found[batch.format.id].append(batch)
    return found


def matched(engine: Engine, batches: Sequence[Batch]) -> Iterator[tuple[Rule, Batch, int]]:
    for group in by_format(batches).values():
        for match in engine.match(group):
            yield match.rule, group[match.batch], match.row


def speed(shared: Path) -> None:
    rules = event_rules(False, shared / "sigma_rules" / "rules.zip")
    at = cpu_s()
    batches: list[Batch] = []
    for name, data in members(shared / "evtx" / "evtx.zip"):
        batches += read(data, name)
    reading = cpu_s() - at
    records = sum(len(batch) for batch in batches)
    engine = Engine(rules, load_formats())
    at = cpu_s()
    hits = Counter(rule.id for rule, _, _ in matched(engine, batches))
    first = cpu_s() - at
    at = cpu_s()
    again = sum(1 for _ in matched(engine, batches))
    warm = cpu_s() - at
    at = cpu_s()
    plain = _without_prefilter(rules, batches)
    slow = cpu_s() - at
    assert plain == hits.total() == again, (plain, hits.total(), again)
    print(f"{records} records, {len(rules)} rules, {hits.total()} matches of {len(hits)} rules")
    for what, took in (
        ("reading alone", reading),
        ("rules, first run (prefilters made)", first),
        ("rules, prefilters made before", warm),
        ("reading and rules", reading + first),
        ("one query per rule, no prefilter", slow),
    ):
        print(f"| {what} | {took:.2f} CPU-s | {records / took:,.0f} records per CPU-s |")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _without_prefilter(rules: Sequence[Rule], batches: Sequence[Batch]) -> int:
    """Every rule asks the database about every row of its formats."""
    database = exact.connect()
    found = 0
    for kind, group in by_format(batches).items():
        fields = FieldMap(group[0].format)
        texts = exact.RowTexts(
            fields, [batch.table for batch in group], np.concatenate([batch.time_ms for batch in group])
        )
        everything = np.ones(len(texts), bool)
        for rule in rules:
            if kind in rule.formats:
                rows, _ = exact.queried(database, fields, texts, [(rule, everything)])
                found += len(rows[0])
    return found


def table(shared: Path) -> str:
    """Markdown. Folders are those of the publisher (ATT&CK tactics); a file counts as found from severity medium on."""
    own = Engine(event_rules(True, None), load_formats())
    public = Engine(event_rules(False, shared / "sigma_rules" / "rules.zip"), load_formats())
    where = {
        row["name"]: row["expected"].removeprefix("ATT&CK folder: ") or "(no technique)"
        for row in csv.DictReader((shared / "evtx" / "SOURCES.csv").open(encoding="utf-8"))
    }
    lines: dict[str, list[str]] = defaultdict(list)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for name, data in members(shared / "evtx" / "evtx.zip"):
        batches = list(read(data, name))
        ours = Counter(rule.id for rule, _, _ in matched(own, batches) if rule.level in MARKED)
        theirs = Counter(rule.title for rule, _, _ in matched(public, batches) if rule.level in MARKED)
        folder = where.get(name, "(no technique)")
        totals[folder].update(
            files=1, ours=int(bool(ours)), sigma=int(bool(theirs)), neither=int(not ours and not theirs)
        )
        lines[folder].append(
            f"| {name[11:].replace('|', ' ')} | {', '.join(sorted(ours)) or '-'} | {len(theirs) or '-'} |"
        )
    out = io.StringIO()
    out.write(
        "| technique folder | files | found by our rules | by Sigma | by neither |\n|---|---|---|---|---|\n"
    )
    for folder, count in sorted(totals.items()):
        out.write(
            f"| {folder} | {count['files']} | {count['ours']} | {count['sigma']} | {count['neither']} |\n"
        )
    for folder in sorted(lines):
        out.write(f"\n## {folder}\n\n| file | our rules | Sigma rules |\n|---|---|---|\n")
        out.write("\n".join(lines[folder]) + "\n")
    return out.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("speed", "table"):
        sys.exit(__doc__)
    if sys.argv[1] == "speed":
        speed(Path(sys.argv[2]))
    else:
        print(table(Path(sys.argv[2])))
