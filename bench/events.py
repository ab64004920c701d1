"""Windows events: what own and public rules find in real traces of attack techniques, and how fast.

python bench/events.py speed SHARED_DATA      records per CPU-second, against one query per rule without prefilter
python bench/events.py channel SHARED_DATA MB own|all [ordinary]    one synthetic log of so many MB, as triage reads it;
    `ordinary`: of the logs of computers at work only, not of those published as traces of attacks
python bench/events.py table SHARED_DATA      technique folder -> found by our rules / by Sigma / missed and why, into bench/events.md
"""

import csv
import io
import resource
import struct
import sys
import tempfile
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import pyarrow as pa

from exsweep.assess.joined import join
from exsweep.assess.results import TaskResult
from exsweep.assess.work import Task, start
from exsweep.detect import Engine, exact
from exsweep.detect.correlation import correlate, silent
from exsweep.detect.fields import FieldMap
from exsweep.evidence import open_evidence
from exsweep.knowledge.data_files import ROOT
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import Rule, load_rules
from exsweep.parse.batch import Batch
from exsweep.parse.winevent.layout import CHUNK as CHUNK_SIZE
from exsweep.parse.winevent.layout import FILE_HEADER, Place, lay_out
from exsweep.parse.winevent.reader import event_reader

PASSWORD = b"infected"
CHUNK = 8 << 20
MARKED = ("medium", "high", "critical")
CLEARED = {"PE-LOGCLEAR", "PE-LOGCLEAR-SYSTEM"}
HERE = Path(__file__).parent
BELOW = "<!-- What follows is made by `python bench/events.py table`; causes stand in bench/missed.csv. -->\n"


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def read(data: bytes, name: str) -> Iterator[Batch]:
    """Batches of one file, as triage reads it."""
    reader = event_reader(data[: 1 << 16], name)
    if reader is None:
        return
    for begin in range(0, len(data), CHUNK):
        yield from reader.feed(data[begin : begin + CHUNK], last=begin + CHUNK >= len(data))


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
    return tuple(
        rule for rule in loaded.running if rule.correlation is not None or set(rule.formats) & records
    )


def by_format(batches: Sequence[Batch]) -> dict[str, list[Batch]]:
    found: dict[str, list[Batch]] = defaultdict(list)
    for batch in batches:
        found[batch.format.id].append(batch)
    return found


def found_by(engine: Engine, rules: Sequence[Rule], batches: Sequence[Batch]) -> list[Rule]:
    """Rules that fired, by id, correlations among them; what only serves correlations is left out."""
    matches = []
    events = []
    for group in by_format(batches).values():
        matches.append(engine.match(group))
        events.append(engine.correlation_events(group, matches[-1]))
    counted = correlate(rules, pa.concat_tables(events, promote_options="default")) if events else []
    quiet = silent(rules)
    fired = {match.rule.id: match.rule for part in matches for match in part if match.rule.id not in quiet}
    return sorted((fired | {one.rule.id: one.rule for one in counted}).values(), key=lambda rule: rule.id)


def speed(shared: Path) -> None:
    """The whole of triage's reading over the public set, and the rules alone against one query per rule."""
    public = str(shared / "sigma_rules" / "rules.zip")
    with tempfile.TemporaryDirectory() as folder:
        for name, data in members(shared / "evtx" / "evtx.zip"):
            (Path(folder) / Path(name).name).write_bytes(data)
        for what, rules in (("own rules", ()), ("own and all public rules", (public,))):
            do = start(rules)
            for run in ("first run (prefilters made)", "prefilters made before"):
                _tell(f"triage, {what}, {run}", *_triage(folder, do))
    files = list(_each(shared))
    at = cpu_s()
    batches = [batch for name, data in files for batch in read(data, name)]
    records = sum(map(len, batches))
    _tell("reading alone", records, cpu_s() - at)
    rules = event_rules(False, Path(public))
    engine = Engine(rules, load_formats())
    joined = {kind: _joined(group) for kind, group in by_format(batches).items()}
    hits = sum(len(engine.match([batch])) for batch in joined.values())
    at = cpu_s()
    again = sum(len(engine.match([batch])) for batch in joined.values())
    _tell(f"{len(rules)} public rules alone, prefilters made before", records, cpu_s() - at)
    at = cpu_s()
    plain = _without_prefilter(rules, list(joined.values()))
    assert plain == hits == again, (plain, hits, again)
    _tell(f"{len(rules)} public rules alone, one query per rule, no prefilter", records, cpu_s() - at)


def channel(shared: Path, size: int, rules: Sequence[str], *, ordinary: bool) -> None:
    """Triage of one log of `size` bytes, made of the sound chunks of the public set with numbers that go on."""
    with tempfile.TemporaryDirectory() as folder:
        _synthetic(shared, Path(folder) / "channel.evtx", size, ordinary=ordinary)
        _tell(f"triage of {size >> 20} MB", *_triage(folder, start(rules)))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def _tell(what: str, records: int, took: float) -> None:
    print(f"| {what} | {records:,} | {took:.2f} | {records / took:,.0f} |", flush=True)


def _triage(folder: str, do: Callable[[Task], TaskResult]) -> tuple[int, float]:
    """Records, CPU-seconds: one task in this process, without an event store."""
    at = cpu_s()
    result = do(Task("bench", open_evidence([Path(folder)]).units))
    return sum(report.events for report in result.sources), cpu_s() - at


def _joined(group: Sequence[Batch]) -> Batch:
    return join([(0, "", batch) for batch in group]).batch


def _each(shared: Path) -> Iterator[tuple[str, bytes]]:
    return members(shared / "evtx" / "evtx.zip")


def _technique_of(shared: Path) -> dict[str, str]:
    """Name of a file -> the publisher's folder (an ATT&CK tactic); empty where it is of no attack."""
    with (shared / "evtx" / "SOURCES.csv").open(encoding="utf-8") as file:
        return {row["name"]: row["expected"].removeprefix("ATT&CK folder: ") for row in csv.DictReader(file)}


def _synthetic(shared: Path, path: Path, size: int, *, ordinary: bool) -> None:
    sound = []
    head = b""
    technique = _technique_of(shared)
    for name, data in _each(shared):
        if ordinary and technique.get(name):
            continue
        head = head or data[:FILE_HEADER]
        chunks = (data[at : at + CHUNK_SIZE] for at in range(FILE_HEADER, len(data), CHUNK_SIZE))
        laid = ((chunk, lay_out(chunk)) for chunk in chunks if len(chunk) == CHUNK_SIZE)
        sound += [(chunk, layout.places) for chunk, layout in laid if layout.sound and layout.places]
    number = 1
    with path.open("wb") as out:
        out.write(head)
        for chunk, places in cycle(sound):
            if out.tell() >= size:
                return
            out.write(_renumbered(chunk, places, number))
            number += len(places)


def _renumbered(chunk: bytes, places: Sequence[Place], first: int) -> bytes:
    """The chunk with other record numbers, and checksums that fit: a second copy would not be counted."""
    made = bytearray(chunk)
    for number, place in enumerate(places, first):
        struct.pack_into("<Q", made, place.offset + 8, number)
    last = first + len(places) - 1
    struct.pack_into("<QQQQ", made, 8, first, last, first, last)
    (free,) = struct.unpack_from("<I", made, 48)
    struct.pack_into("<I", made, 52, zlib.crc32(made[512:free]))
    struct.pack_into("<I", made, 124, zlib.crc32(made[128:512], zlib.crc32(made[:120])))
    return bytes(made)


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
    our_rules, their_rules = (
        event_rules(True, None),
        event_rules(False, shared / "sigma_rules" / "rules.zip"),
    )
    own, public = Engine(our_rules, load_formats()), Engine(their_rules, load_formats())
    where = _technique_of(shared)
    lines: dict[str, list[str]] = defaultdict(list)
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    missed: list[tuple[str, str, str]] = []
    for name, data in members(shared / "evtx" / "evtx.zip"):
        batches = list(read(data, name))
        fired = found_by(own, our_rules, batches)
        ours = [rule.id for rule in fired if rule.level in MARKED]
        noted = [rule.id for rule in fired if rule.level not in MARKED]
        theirs = [rule for rule in found_by(public, their_rules, batches) if rule.level in MARKED]
        folder = where.get(name) or "(no technique)"
        totals[folder].update(
            files=1,
            ours=int(bool(ours)),
            cleared=int(bool(ours) and set(ours) <= CLEARED),
            noted=int(not ours and bool(noted)),
            sigma=int(bool(theirs)),
            neither=int(not ours and not theirs),
        )
        if not ours:
            missed.append((folder, name[11:], ", ".join(noted)))
        lines[folder].append(
            f"| {name[11:].replace('|', ' ')} | {', '.join(ours) or '-'} | {', '.join(noted) or '-'} | {len(theirs) or '-'} |"
        )
    out = io.StringIO()
    out.write(
        "| technique folder | files | found by our rules | of them only a cleared log | only noted (low) | by Sigma "
        "| by neither |\n|---|---|---|---|---|---|---|\n"
    )
    for folder, count in sorted(totals.items()):
        out.write(
            f"| {folder} | {count['files']} | {count['ours']} | {count['cleared']} | {count['noted']} "
            f"| {count['sigma']} | {count['neither']} |\n"
        )
    for folder in sorted(lines):
        out.write(f"\n## {folder}\n\n| file | our rules | noted (low) | Sigma rules |\n|---|---|---|---|\n")
        out.write("\n".join(lines[folder]) + "\n")
    out.write(_why(missed))
    return out.getvalue()


def _why(missed: Sequence[tuple[str, str, str]]) -> str:
    """Files of attack folders that no own rule above `low` names, with their cause; a file without one says so."""
    causes = {
        row["file"]: row["cause"] for row in csv.DictReader((HERE / "missed.csv").open(encoding="utf-8"))
    }
    here = [one for one in missed if one[0] != "(no technique)"]
    rows = [
        f"| {folder} | {name} | {noted or '-'} | {causes.get(name, '**not looked at yet**')} |"
        for folder, name, noted in sorted(here)
    ]
    for name in sorted(set(causes) - {name for _, name, _ in here}):
        rows.append(f"| | {name} | | found now: take it out of bench/missed.csv |")
    return (
        "\n## Missed or only noted, and why\n\n"
        'What no own rule above `low` names (samples of parsers without a technique left out). "Too little": the records of the file '
        "alone do not\ntell the act from daily work; a rule would alarm on ordinary servers.\n\n"
        "| folder | file | noted (low) | cause |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def write_table(shared: Path) -> None:
    """Put the table in the place of the last one."""
    page = HERE / "events.md"
    before, found, _ = page.read_text(encoding="utf-8").partition(BELOW)
    if not found:
        sys.exit(f"{page} has no line {BELOW!r}")
    page.write_text(before + BELOW + "\n" + table(shared), encoding="utf-8")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["speed", data]:
            speed(Path(data))
        case ["channel", data, size, "own" | "all" as which, *more] if more in ([], ["ordinary"]):
            given = [str(Path(data) / "sigma_rules" / "rules.zip")] if which == "all" else []
            channel(Path(data), int(size) << 20, given, ordinary=bool(more))
        case ["table", data]:
            write_table(Path(data))
        case _:
            sys.exit(__doc__)
