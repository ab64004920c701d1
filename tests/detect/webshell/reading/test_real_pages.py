"""The published samples and the benign pages of real projects are read whole."""

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from exsweep.detect.webshell.reading import read_page

# Samples of which only the HTML is left: two file managers whose code was blanked, a defaced page, a lone include.
NO_CODE_LEFT = 4


def _files(folder: Path) -> Iterator[tuple[dict[str, str], bytes]]:
    with (
        zipfile.ZipFile(folder / f"{folder.name}.zip") as archive,
        (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as table,
    ):
        for row in csv.DictReader(table):
            yield row, archive.read(row["name"], pwd=b"infected")


def test_every_malicious_sample_with_code_gives_blocks(shared_data: Path) -> None:
    empty, broken = [], []
    for row, data in _files(shared_data / "webshells"):
        page = read_page(data, row["name"])[0]
        if row["label"] == "malicious" and not page.blocks:
            empty.append(row["name"])
        if "script-encode-broken" in page.tricks:
            broken.append(row["name"])
    assert len(empty) <= NO_CODE_LEFT, empty
    assert broken == []


def test_the_language_of_the_samples_is_known(shared_data: Path) -> None:
    wrong = []
    for row, data in _files(shared_data / "webshells"):
        told = row["language"].split("-")[1]
        page = read_page(data, row["name"])[0]
        if told != "unknown" and page.blocks and page.language != told:
            wrong.append((row["name"], told, page.language))
    # The labels are a guess as well: one page of two languages, one whose script tag is cut off.
    assert len(wrong) <= 3, wrong


@pytest.mark.long
def test_benign_pages_show_next_to_no_tricks(shared_data: Path) -> None:
    harmless = {"script-encode", "other-kind", "unclosed-block", "no-server-tags", "code-in-binary"}
    odd = [
        (row["name"], page.tricks)
        for row, data in _files(shared_data / "web_benign")
        for page in read_page(data, row["name"])
        if row["label"] == "benign" and set(page.tricks) - harmless
    ]
    assert len(odd) <= 2, odd
