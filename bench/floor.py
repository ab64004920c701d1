"""What the parts cost that no triage can leave out, each alone, beside ripgrep on the same bytes: CPU-seconds a GB.

    python bench/floor.py build/server build/literals.txt

The first 64 MiB of each kind of log that has as much; medians of `--repeat` rounds. ripgrep and reading take them from a file.
"""

import argparse
import hashlib
import resource
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from exsweep.assess.store import EventWriter
from exsweep.assess.tools import tools
from exsweep.detect.matcher import Matcher, make_matcher
from exsweep.knowledge.formats import LogFormat, text_formats
from exsweep.parse import Reader, recognise
from exsweep.parse.header import Header, directive, fields_header

PIECE = 4 << 20
MOST = 64 << 20
"""Bytes of each kind that are looked at."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("logs", type=Path)
    parser.add_argument("patterns", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    engine = tools(()).engine
    with TemporaryDirectory() as name:
        for kind, whole in pieces_of(given.logs):
            matcher = make_matcher((0, literal) for literal in engine.swept(kind.id))
            told: dict[str, list[float]] = defaultdict(list)
            for _ in range(given.repeat):
                for part, seconds in parts(whole, kind, matcher, given.patterns, Path(name)):
                    told[part].append(seconds * 1e9 / len(whole))
            print(f"{kind.id}: {len(whole) / 1e6:.0f} MB")
            for part, rates in told.items():
                print(f"  {part:45} {statistics.median(rates):.2f}")


def pieces_of(logs: Path) -> list[tuple[LogFormat, bytes]]:
    """Text of each kind of log, file after file."""
    found: dict[str, tuple[LogFormat, bytearray]] = {}
    for file in sorted(one for one in logs.rglob("*") if one.is_file()):
        with file.open("rb") as opened:
            head = opened.read(65_536)
            kind = recognise(head, str(file))
            if kind is not None and not kind.multiline:
                text = found.setdefault(kind.id, (kind, bytearray()))[1]
                if len(text) < MOST:
                    text += head + opened.read(MOST - len(text))
                    del text[text.rfind(b"\n") + 1 :]
    return [(kind, bytes(text)) for _, (kind, text) in sorted(found.items()) if len(text) >= MOST // 2]


def parts(
    whole: bytes, kind: LogFormat, matcher: Matcher, patterns: Path, folder: Path
) -> Iterator[tuple[str, float]]:
    """Each part with the CPU-seconds that it took."""
    file = folder / "log"
    file.write_bytes(whole)
    yield "ripgrep, counting matches", ripgrep(file, patterns)
    begin = time.process_time()
    with file.open("rb", buffering=0) as opened:
        while opened.read(PIECE):
            pass
    yield "reading", time.process_time() - begin
    begin = time.process_time()
    hashlib.sha256(whole).hexdigest()
    yield "SHA-256", time.process_time() - begin
    pieces = [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)]
    begin = time.process_time()
    for piece in pieces:
        matcher.scan(piece)
    yield "Hyperscan with a call for each hit", time.process_time() - begin
    begin = time.process_time()
    for piece in pieces:
        np.flatnonzero(np.frombuffer(piece, np.uint8) == 10)
    yield "line breaks", time.process_time() - begin
    header = header_of(whole, kind)
    lines = b"".join(line for line in whole.splitlines(keepends=True)[:-1] if line[:1].isdigit())
    scale = len(whole) / len(lines)
    yield "cutting into fields, one column kept", scale * cut(lines, header, header.kept[:1], plain=True)
    yield "cutting, all stored columns", scale * cut(lines, header, header.kept, plain=True)
    yield "the same, distinct values where they repeat", scale * cut(lines, header, header.kept, plain=False)
    reader = Reader(kind)
    batches = [batch for piece in pieces for batch in reader.feed(piece)]
    begin = time.process_time()
    writer = EventWriter(folder, "floor")
    for batch in batches:
        writer.write(batch, [("log", len(batch))])
    writer.close()
    yield "Parquet, and making text of bytes", time.process_time() - begin


def ripgrep(file: Path, patterns: Path) -> float:
    command = ["rg", "-i", "-F", "-f", str(patterns), "--count-matches", "-j1", "-a", str(file)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def header_of(whole: bytes, kind: LogFormat) -> Header:
    for line in whole[:65_536].splitlines():
        found = directive(line)
        header = fields_header(found[1], text_formats(), kind, "") if found and found[0] == "fields" else None
        if header is not None:
            return header
    raise SystemExit("The log has no #Fields line.")


def cut(lines: bytes, header: Header, columns: tuple[str, ...], *, plain: bool) -> float:
    """CPU-seconds of pyarrow.csv."""
    options = pc.ConvertOptions(
        column_types={name: pa.binary() if plain else header.type_of(name) for name in columns},
        include_columns=list(columns),
        strings_can_be_null=False,
        null_values=[],
        check_utf8=False,
    )
    begin = time.process_time()
    at = 0
    while at < len(lines):
        end = lines.rfind(b"\n", at, at + PIECE) + 1
        pc.read_csv(
            pa.BufferReader(pa.py_buffer(memoryview(lines)[at:end])),
            read_options=pc.ReadOptions(
                column_names=list(header.names), block_size=1 << 20, use_threads=False
            ),
            parse_options=pc.ParseOptions(
                delimiter=header.format.separator, quote_char='"' if header.format.quoting else False
            ),
            convert_options=options,
        )
        at = end
    return time.process_time() - begin


if __name__ == "__main__":
    main()
