"""Make `knowledge/data/baselines/microsoft.zst`, the compact list of the files that Exchange ships.

Usage: `python tools/convert_baselines.py FACTS_DIR DATA_DIR`. FACTS_DIR holds `default_files.csv` (scripts, all builds),
DATA_DIR `ms_hash_baselines/` (every web file, most builds). Running it twice changes nothing. The layout is told in
`knowledge/shelf.py`, which reads it.
"""

import argparse
import csv
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import zstandard

from exsweep.knowledge.shelf import CUT, Packed, folder_of

TARGET = Path(__file__).resolve().parent.parent / "src/exsweep/knowledge/data/baselines/microsoft.zst"
ROOTS = ("ClientAccess", "FrontEnd")
READ = "2026-11-20"
SOURCES = (
    f"github:microsoft/CSS-Exchange Security/src/Baselines/baseline_<build>.csv, all history before 7086a4338, MIT (read {READ})",
)
VERSION_FOLDER = re.compile(r"(?i)\\version(?=\\)|\\\d+\.\d+\.\d+(?:\.\d+)?(?=\\)")
LEVEL = 19
WINDOW_LOG = 24

File = tuple[str, str]
"""Path below the install folder and SHA-256 in hex."""


def relative(path: str) -> str:
    r"""One spelling of a path: no leading `\`, from the install folder, `version` for the folder named after the build.

    Eight of the published lists begin below `ClientAccess`, and lack the front end.
    """
    path = path.strip().lstrip("\\")
    if path.split("\\", 1)[0] not in ROOTS:
        path = f"ClientAccess\\{path}"
    return VERSION_FOLDER.sub(r"\\version", path)


def web_files(folder: Path) -> Iterator[tuple[File, list[str]]]:
    """Every row of the merged lists, with the builds that have it."""
    with (folder / "builds.csv").open(newline="", encoding="utf-8") as stream:
        names = [row["build"] for row in csv.DictReader(stream)]
    with lzma.open(folder / "baselines.csv.xz", "rt", newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield (relative(row["path"]), row["sha256"]), [names[at] for at in _ranges(row["builds"])]


def scripts(facts: Path) -> Iterator[tuple[File, list[str]]]:
    """Every script of the collected facts, with the builds that have it."""
    with (facts / "default_files.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            yield (relative(row["path"]), row["sha256"]), row["builds"].split()


def _ranges(text: str) -> Iterator[int]:
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _number(build: str) -> tuple[int, ...]:
    return tuple(int(part) for part in build.split("."))


def pack(facts: Path, data: Path) -> Packed:
    """Both sources as one list; the same input gives the same bytes."""
    found: dict[File, set[str]] = {}
    spelled: dict[str, Counter[str]] = {}
    tops: dict[str, set[str]] = {}
    for (path, sha256), builds in web_files(data / "ms_hash_baselines"):
        found.setdefault((path.lower(), sha256), set()).update(builds)
        spelled.setdefault(path.lower(), Counter())[path] += len(builds)
        for build in builds:
            tops.setdefault(build, set()).add(path.split("\\", 1)[0])
    for (path, sha256), builds in scripts(facts):
        found.setdefault((path.lower(), sha256), set()).update(builds)
        spelled.setdefault(path.lower(), Counter())[path] += len(builds)
        for build in builds:
            tops.setdefault(build, set()).add(path.split("\\", 1)[0])
    names = sorted(tops, key=_number)
    paths = sorted(spelled, key=str.encode)
    best = {
        path: min(counts.items(), key=lambda each: (-each[1], each[0]))[0] for path, counts in spelled.items()
    }
    by_path: dict[str, list[str]] = {}
    for path, sha256 in sorted(found):
        by_path.setdefault(path, []).append(sha256)
    sets: dict[tuple[str, ...], int] = {}
    hashes: dict[str, int] = {}
    counts, which, when = [], [], []
    for path in paths:
        counts.append(len(by_path[path]))
        for sha256 in by_path[path]:
            builds = tuple(sorted(found[path, sha256], key=_number))
            which.append(hashes.setdefault(sha256, len(hashes)))
            when.append(sets.setdefault(builds, len(sets)))
    at = {build: place for place, build in enumerate(names)}
    return Packed(
        version=1,
        read=READ,
        source=SOURCES,
        builds=tuple(names),
        tops=tuple(tuple(sorted(tops[build])) for build in names),
        folders=tuple(sorted({folder for path in spelled if (folder := folder_of(path))})),
        sets=tuple(tuple(at[build] for build in builds) for builds in sets),
        hashes=b"".join(bytes.fromhex(sha256)[:CUT] for sha256 in hashes),
        paths="\n".join(best[path] for path in paths),
        counts=_numbers(counts, 2),
        which=_numbers(which, 4),
        when=_numbers(when, 2),
    )


def _numbers(values: Sequence[int], width: int) -> bytes:
    return b"".join(value.to_bytes(width, "little") for value in values)


def convert(facts: Path, data: Path) -> bytes:
    """The bytes of the knowledge file."""
    settings = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=WINDOW_LOG)
    packer = zstandard.ZstdCompressor(compression_params=settings)
    return packer.compress(msgspec.msgpack.encode(pack(facts, data)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("facts", type=Path, help="folder with default_files.csv")
    parser.add_argument("data", type=Path, help="folder with ms_hash_baselines/")
    chosen = parser.parse_args(arguments)
    content = convert(chosen.facts, chosen.data)
    changed = not TARGET.exists() or TARGET.read_bytes() != content
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(content):,} bytes{', changed' if changed else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
