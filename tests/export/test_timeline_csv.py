"""The CSV is for spreadsheets: nothing in it may run."""

import csv
import io
import shutil
import subprocess

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exsweep.export import EXPORTERS
from exsweep.export.formats.timeline_csv import COLUMNS, NOTE, cell
from exsweep.model import Assessment
from tests.export.samples import SAMPLES, finding

BEGINNINGS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def table(assessment: Assessment) -> list[list[str]]:
    return list(csv.reader(io.StringIO(EXPORTERS["csv"].export(assessment).decode("utf-8-sig"), newline="")))


def column(rows: list[list[str]], name: str) -> list[str]:
    return [row[COLUMNS.index(name)] for row in rows[1:]]


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://evil.example","x")',
        '@SUM(1+1)*cmd|" /C calc"!A0',
        "+1",
        "-1",
        "\t=1",
        "\r=1",
        " =1",
        '"=1',
        "＝1+1",
    ],
)
def test_a_formula_becomes_text(text: str) -> None:
    assert cell(text)[0] in "'\\"


def test_a_formula_behind_a_semicolon_becomes_text_too() -> None:
    assert cell('a;=1+1;"@x') == "a;'=1+1;\"'@x"
    assert cell("a;+cmd|' /C calc'!A0") == "a;'+cmd|' /C calc'!A0"
    assert cell("a;-SUM(1)") == "a;'-SUM(1)"


@given(st.text(st.characters(codec=None), max_size=60))
def test_no_text_at_all_begins_a_formula(text: str) -> None:
    first, *others = cell(text).split(";")
    assert not first.lstrip(" \"'").startswith(BEGINNINGS) or first.startswith("'")
    assert not [part for part in others if part.lstrip(' "').startswith(("=", "@", "\uff1d", "\uff20"))]


def test_ordinary_lines_stay_as_they_are() -> None:
    line = (
        "2021-02-28 04:19:40 POST /x.aspx - 443 - Mozilla/5.0+(X;+Y)+AppleWebKit/537.36+(KHTML,+like+Gecko)"
    )
    assert cell(line) == line


def test_the_header_names_the_columns_and_ends_with_the_note() -> None:
    header = table(SAMPLES["school_in_use"]())[0]
    assert header == [*COLUMNS, NOTE]


def test_each_line_of_the_timeline_is_one_row_whatever_stands_in_it() -> None:
    assessment = SAMPLES["hostile"]()
    rows = table(assessment)
    assert {len(row) for row in rows} == {len(COLUMNS) + 1}
    in_timeline = {row.finding for row in assessment.timeline}
    alone = sum(1 for item in assessment.findings if item.id not in in_timeline)
    assert len(rows) - 1 == len(assessment.timeline) + alone


def test_rows_are_in_order_of_time() -> None:
    times = column(table(SAMPLES["school_in_use"]()), "time_utc")
    assert times == sorted(times)


def test_a_finding_without_a_time_is_not_dropped_and_comes_last() -> None:
    timeless = finding("F-notime", first_seen=None, last_seen=None)
    assessment = msgspec.structs.replace(SAMPLES["town_no_signs"](), findings=(finding("F-1"), timeless))
    rows = table(assessment)
    assert column(rows, "finding") == ["F-1", "F-notime"]
    assert column(rows, "time_utc")[1] == ""


@pytest.mark.long
def test_a_spreadsheet_finds_no_formula_in_the_timeline(tmp_path):
    """LibreOffice opens the file as a person would and saves it in its own form, where formulas stand apart."""
    office = shutil.which("soffice") or shutil.which("localc")
    if office is None:
        pytest.skip("LibreOffice (Debian: libreoffice-calc-nogui) is not installed")
    traps = (
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1)",
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("http://evil.example/","x")',
        "＝1+1",
        "a;=1+1",
    )
    case = msgspec.structs.replace(
        SAMPLES["school_in_use"](),
        timeline=(),
        findings=tuple(finding(f"F-{n}", excerpt=text) for n, text in enumerate(traps)),
    )
    (tmp_path / "timeline.csv").write_bytes(EXPORTERS["csv"].export(case))
    (tmp_path / "control.csv").write_bytes(b'"=1+1"\r\n')
    subprocess.run(
        [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "fods", "--outdir",
         tmp_path, tmp_path / "timeline.csv", tmp_path / "control.csv"],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    saved = (tmp_path / "timeline.fods").read_text("utf-8")
    assert "evil.example" in saved or "evil" in saved, "the lines are there"
    assert "table:formula=" not in saved
    assert 'xlink:href="http' not in saved.partition("<office:body")[2]
    assert "table:formula=" in (tmp_path / "control.fods").read_text("utf-8"), (
        "a bare formula is one to this program"
    )
