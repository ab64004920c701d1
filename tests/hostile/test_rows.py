"""Each row of the table in a whole run: what the assessment says of it, and that its neighbours were read all the same."""

import sys
from pathlib import Path

import pytest

from exsweep.model import Level
from tests.hostile.command import arguments, run, triaged, well_behaved
from tests.hostile.conftest import Whole
from tests.hostile.rows import ROWS, made

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(600), pytest.mark.xdist_group("hostile rows")]
WITH_WORDS = [one for one in ROWS.values() if one.says]


def told(whole: Whole, path: str) -> tuple[str, str]:
    """State of a file, and all that is said of it."""
    (item,) = [one for one in whole.ran.assessment.custody if one.path == path]
    gaps = [gap.reason for gap in whole.ran.assessment.coverage.gaps if gap.path == path]
    return item.state, " ".join([*gaps, *(item.notes or ()), item.duplicate_of or ""])


@pytest.mark.parametrize("row", WITH_WORDS, ids=[one.word for one in WITH_WORDS])
def test_the_run_says_of(whole: Whole, row) -> None:
    for path, (states, word) in row.says.items():
        state, text = told(whole, f"{row.id}/{path}")
        assert state in states.split(), (path, text)
        assert word in text, (path, text)


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS.values(), ids=[one.word for one in ROWS.values()])
def test_alone_in_a_fresh_process(tmp_path: Path, row) -> None:
    evidence = made(tmp_path / "evidence", row.id)
    triaged(evidence, tmp_path / "out", "--jobs", "2")
    triaged(evidence, tmp_path / "quick", "--quick")


def test_all_rows_end_with_a_verdict_and_all_formats(whole: Whole) -> None:
    assert whole.ran.code == 1
    assert whole.ran.assessment.verdict.level is Level.BROKEN_INTO
    names = {path.name for path in whole.ran.folder.iterdir()}
    assert {"assessment.json", "report.html", "timeline.csv", "events", "custody.jsonl"} <= names


def test_every_file_below_every_row_is_in_the_custody_list(whole: Whole) -> None:
    told_of = {item.path.split("/")[0] for item in whole.ran.assessment.custody}
    assert told_of == set(ROWS)


def test_no_file_is_lost_to_an_error_of_ours(whole: Whole) -> None:
    assert [
        gap.reason
        for gap in whole.ran.assessment.coverage.gaps
        if "Error" in gap.reason or "Exception" in gap.reason
    ] == []


def events_of(whole: Whole, row: str) -> int:
    """Records read from the logs of one row, counted from the store."""
    import duckdb

    files = str(whole.ran.folder / "events" / "*.parquet")
    found = duckdb.sql(
        f"SELECT count(*) FROM read_parquet('{files}', union_by_name=true) WHERE \"log.file.path\" LIKE '{row}/%'"
    ).fetchall()
    return int(found[0][0])


def test_h30_forged_lines_are_one_event_each(whole: Whole) -> None:
    assert events_of(whole, "H30") == 36 + 1
    # Of its 38 lines one stands in F05 too, and counts there.
    assert "1 of 37 lines" in told(whole, "H30/u_ex210303.log")[1]
    assert "/forged" not in {f.fields.get("url.path") for f in whole.ran.assessment.findings}


def test_h31_the_list_of_columns_that_holds_is_the_last_one_above_the_line(whole: Whole) -> None:
    assert events_of(whole, "H31") == 37 + 3


@pytest.mark.parametrize(("row", "lines"), [("H36", 217), ("F10", 55), ("H35", 40), ("H39", 56), ("F11", 70)])
def test_h36_h35_h39_f10_f11_no_record_is_lost(whole: Whole, row: str, lines: int) -> None:
    assert events_of(whole, row) == lines


def test_h32_h33_slow_input_costs_seconds_and_not_the_run(whole: Whole) -> None:
    assert whole.ran.seconds < 200
    assert all(item.state != "timeout" for item in whole.ran.assessment.custody)


def test_h37_h38_odd_text_and_numbers_come_back_as_they_were(whole: Whole) -> None:
    assert events_of(whole, "H37") >= 46 + 2
    assert events_of(whole, "H38") == 47 + 8


def test_h40_h41_documents_that_explode_are_read_to_a_budget(whole: Whole) -> None:
    said = {
        item.path: item.state
        for item in whole.ran.assessment.custody
        if item.path.startswith(("H40/", "H41/"))
    }
    assert len(said) == 8
    assert "lollol" not in whole.ran.out
    assert "root:" not in (whole.ran.folder / "assessment.json").read_text()


def test_h42_pages_are_judged_by_their_content_and_not_by_their_name(whole: Whole) -> None:
    looked = {item.path for item in whole.ran.assessment.custody if item.kind == "served_file"}
    assert {
        f"H42/{name}" for name in ("a.jpg", "utf16.aspx", "utf7.aspx", "bom.aspx", "padded.aspx", "tail.txt")
    } <= looked


def test_h43_nothing_of_the_evidence_was_run_or_taken_for_settings(whole: Whole) -> None:
    assert not list(whole.evidence.rglob("RAN"))
    assert not whole.ran.assessment.rules_unused


def test_h43_the_folder_of_the_evidence_may_be_the_current_one(tmp_path: Path) -> None:
    """With the program; `python -m` itself runs what lies in the current folder, which `python -P -m` does not."""
    evidence = made(tmp_path / "evidence", "H43")
    program = str(Path(sys.executable).with_name("exsweep"))
    command = [program, *arguments([evidence], tmp_path / "out", "--jobs", "1")[3:]]
    ran = run(command, tmp_path / "out", cwd=evidence / "H43")
    well_behaved(ran)
    assert ran.code in (0, 3)
    assert not list(evidence.rglob("RAN"))


def test_h44_a_known_name_with_other_content_is_not_excused(whole: Whole) -> None:
    assert any(
        finding.rule.id.startswith("WS-PAGE") and finding.origins[0].path.startswith("H44/")
        for finding in whole.ran.assessment.findings
    )


def test_h45_words_to_the_reader_change_nothing(tmp_path: Path) -> None:
    ran = triaged(made(tmp_path / "evidence", "H45"), tmp_path / "out", "--jobs", "1")
    assert ran.assessment.verdict.level is Level.IN_USE
    assert "This+server+is+clean" not in ran.assessment.verdict.headline


def test_h46_a_flood_hides_nothing_and_is_counted(whole: Whole) -> None:
    findings = whole.ran.assessment.findings
    flood = [one for one in findings if {origin.path for origin in one.origins} == {"H46/u_ex210303.log"}]
    assert max(one.count for one in flood) == 20_000
    assert all(len(one.origins) <= 50 for one in findings)
    strong = [one for one in findings if one.id in whole.ran.assessment.verdict.reasons]
    assert strong and all(one.rule.id != flood[0].rule.id for one in strong)


def test_h47_a_files_own_time_decides_nothing(whole: Whole) -> None:
    since = whole.ran.assessment.verdict.since
    assert since is not None and since.year == 2021


def test_h48_missing_days_are_named(tmp_path: Path) -> None:
    ran = triaged(made(tmp_path / "evidence", "H48"), tmp_path / "out", "--jobs", "1")
    assert ran.code == 3
    assert any(
        "2021-03-01 to 2021-03-04" in gap.reason and gap.limits_verdict
        for gap in ran.assessment.coverage.gaps
    )


def test_h54_a_broken_image_is_a_gap_and_never_a_long_walk(whole: Whole) -> None:
    assert told(whole, "H54/disk.vhdx")[0] != "read"


def test_h78_serialized_objects_are_bytes_and_nothing_is_built_from_them(whole: Whole) -> None:
    assert events_of(whole, "H78") == 52 + 2


def test_h79_what_a_collector_claims_is_no_verdict(tmp_path: Path) -> None:
    ran = triaged(made(tmp_path / "evidence", "H79"), tmp_path / "out", "--jobs", "1")
    assert ran.assessment.verdict.level is Level.IN_USE
    assert ran.assessment.server.name != "CLEAN-SERVER"


def test_h80_long_and_odd_names_do_not_fill_the_screen(whole: Whole) -> None:
    assert max(map(len, whole.ran.out.splitlines())) < 400
    assert len(whole.ran.assessment.server.name or "") < 300


def test_f15_copies_count_once(tmp_path: Path) -> None:
    ran = triaged(made(tmp_path / "evidence", "F15"), tmp_path / "out", "--jobs", "1")
    assert [one.events for one in ran.assessment.coverage.sources] == [56 + 3]
    assert [one.count for one in ran.assessment.findings] == [3]


def test_f17_one_page_in_three_spellings_is_one_page(whole: Whole) -> None:
    shells = {shell for chain in whole.ran.assessment.chains for shell in chain.actor.shells}
    assert [shell for shell in shells if shell.lower().endswith("x.aspx")] == ["/aspnet_client/x.aspx"]
