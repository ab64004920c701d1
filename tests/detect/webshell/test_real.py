"""The real sets: a floor below what bench/webshells.md measured. Larger files and the other benign ones: the bench."""

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

from exsweep.detect.webshell import examine
from exsweep.model.files import FileVerdict

FOUND = (FileVerdict.MALICIOUS, FileVerdict.SUSPICIOUS)
LARGEST = 12_000
LEAST_FOUND = 0.985
"""Of the smaller malicious files, which are the hardest; measured on 2026-11-20: all but one, see the bench."""
MOST_ALARMS = 0.003


def _files(folder: Path, archive: str, label: str) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(folder / archive) as packed:
        names = {name.rpartition("/")[2]: name for name in packed.namelist()}
        with (folder / "SOURCES.csv").open(newline="", encoding="utf-8") as table:
            for row in csv.DictReader(table):
                if row["label"] == label and int(row["size"]) < LARGEST:
                    yield row["name"], packed.read(names[row["name"]], pwd=b"infected")


def test_small_web_shells_are_found(shared_data: Path) -> None:
    missed: list[str] = []
    count = 0
    for name, data in _files(shared_data / "webshells", "webshells.zip", "malicious"):
        count += 1
        if examine(data, name).verdict not in FOUND:
            missed.append(name)
    assert len(missed) <= count * (1 - LEAST_FOUND), missed


def test_ordinary_pages_are_left_alone(shared_data: Path) -> None:
    wrong: list[str] = []
    count = 0
    for number, (name, data) in enumerate(_files(shared_data / "web_benign", "web_benign.zip", "benign")):
        if number % 6:
            continue
        count += 1
        if examine(data, name).verdict in FOUND:
            wrong.append(name)
    assert len(wrong) <= count * MOST_ALARMS, wrong
    # In pages of ASP.NET none was found on 2026-11-20, the aim being one in 2,000: no room for any here.
    assert [name for name in wrong if not name.endswith((".asp", ".inc", ".asa"))] == []
