"""The twelve invariants, each over all rows of the table."""

import csv
import json
import random
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.assess import Settings, triage
from exsweep.cli.terminal import term
from exsweep.errors import EvidenceError
from exsweep.evidence import open_evidence, sources
from exsweep.export import EXPORTERS
from exsweep.export.text import visible
from exsweep.judge import fits
from exsweep.model import Level, decode
from tests.assess.example import NOW, judged, same_but_run
from tests.hostile.build import files_of, zipped
from tests.hostile.command import peak_of, triaged
from tests.hostile.conftest import Whole, seen
from tests.hostile.rows import ROWS, made

pytestmark = [pytest.mark.hostile, pytest.mark.timeout(900), pytest.mark.xdist_group("hostile rows")]
LIGHT = sorted(set(ROWS) - {"H06", "H32", "H33", "H34", "H40", "H42", "H46", "H57", "F05"})
"""Rows that take a few milliseconds: for laws that need many runs."""


def test_i1_every_run_ends_by_a_code_of_the_table_and_in_words(whole: Whole) -> None:
    assert whole.ran.code == 1  # the rest was looked at when it ran (`well_behaved`)


def test_i2_the_evidence_is_the_same_afterwards(whole: Whole) -> None:
    assert seen(whole.evidence) == whole.before


def test_i3_nothing_is_written_outside_the_output_folder(whole: Whole) -> None:
    beside = {path.name for path in whole.evidence.parent.iterdir()}
    assert beside == {"evidence", "out"}
    inside = {path.relative_to(whole.ran.folder).parts[0] for path in whole.ran.folder.rglob("*")}
    assert inside <= {
        ".work",
        "events",
        "custody.jsonl",
        "assessment.json",
        "report.html",
        "timeline.csv",
    } | {one.file_name for one in EXPORTERS.values()}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_i4_taking_cutting_or_flipping_never_helps(tmp_path_factory, data) -> None:
    name = data.draw(st.sampled_from([one for one in LIGHT if one not in ("H43",)]))
    folder = made(tmp_path_factory.mktemp("i4") / "e", name)
    try:
        before = judged(folder)
    except EvidenceError:
        return
    paths = [path for path in files_of(folder) if path.stat().st_size]
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    raw = bytearray(path.read_bytes())
    match data.draw(st.sampled_from(["take", "cut", "flip"])):
        case "take":
            path.unlink()
        case "cut":
            path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
        case _:
            dice = random.Random(data.draw(st.integers(0, 1000)))
            for _ in range(data.draw(st.sampled_from([1, 100, 2_000]))):
                raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
            path.write_bytes(raw)
    try:
        after = judged(folder)
    except EvidenceError:
        return  # nothing left to read: exit code 4, no verdict at all
    assert after.verdict.level is not Level.NO_SIGNS or before.verdict.level is Level.NO_SIGNS
    assert after.verdict.level.rank >= before.verdict.level.rank or any(
        gap.limits_verdict for gap in after.coverage.gaps
    ), (name, after.verdict.level)


@pytest.mark.parametrize("name", ["F17", "H22", "H45", "H75"])
def test_i4_a_log_of_which_the_telling_part_was_cut_off_is_not_clean(tmp_path: Path, name: str) -> None:
    """The same without chance: rows that show a break-in, of which only headings and some first lines are left."""
    evidence = made(tmp_path / "e", name)
    assert judged(evidence).verdict.level is Level.IN_USE
    for path in files_of(evidence):
        path.write_bytes(path.read_bytes()[:1_500])
    after = judged(evidence)
    assert after.verdict.level is not Level.NO_SIGNS
    assert after.verdict.level is Level.IN_USE or any(gap.limits_verdict for gap in after.coverage.gaps)


def test_i5_jobs_resuming_order_and_container_change_nothing(tmp_path: Path) -> None:
    evidence = made(tmp_path / "evidence", *LIGHT)
    one = triaged(evidence, tmp_path / "one", "--jobs", "1", seconds=200)
    two = triaged(evidence, tmp_path / "two", "--jobs", "3", memory=None, seconds=200)
    again = triaged(evidence, tmp_path / "two", "--jobs", "1", seconds=200)
    bytes_ = {same_but_run(ran.assessment) for ran in (one, two, again)}
    assert len(bytes_) == 1
    # A zip keeps regular files only, and no bytes that are no text in names; it is itself one level of nesting (H09).
    plain = made(
        tmp_path / "plain",
        *(name for name in LIGHT if name not in ("H09", "H13", "H55", "H56", "H58")),
    )
    box = zipped(plain, tmp_path / "plain.zip")
    assert same_but_run(judged(box)) == same_but_run(judged(plain))


def test_i6_every_origin_reads_back_to_the_quoted_bytes(whole: Whole) -> None:
    findings = whole.ran.assessment.findings
    wanted = {origin.path for finding in findings for origin in finding.origins if origin.offset is not None}
    data: dict[str, bytes] = {}
    for unit in open_evidence([whole.evidence]).units:
        for source in sources(unit):
            if source.path in wanted:
                data[source.path] = b"".join(source.chunks(1 << 20))
    checked = 0
    for finding in findings:
        for origin, excerpt in zip(finding.origins, (finding.excerpt, *finding.excerpts), strict=False):
            if (
                origin.offset is None
                or origin.path not in data
                or excerpt.isascii() is False
                or "\\x" in excerpt
            ):
                continue
            line = data[origin.path][origin.offset : origin.offset + 10_000].decode("latin-1")
            assert fits(excerpt[:3_900], line), (origin, excerpt[:80])
            checked += 1
    assert checked > 50


def test_i7_triage_opens_no_socket_starts_no_program_and_imports_nothing_of_the_evidence(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers are kept from it by the jail (tests/assess/test_jail.py); here the supervisor's own code."""
    import socket
    import subprocess

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("triage must not do this")

    for module, names in ((socket, ("socket", "create_connection", "getaddrinfo")), (subprocess, ("Popen",))):
        for name in names:
            monkeypatch.setattr(module, name, refuse)
    monkeypatch.setattr("exsweep.assess.reading.JAILED", False)
    result = triage(Settings(evidence=(whole.evidence / "H22", whole.evidence / "H43"), now=NOW))
    for one in EXPORTERS.values():
        one.export(result)
    assert not list(whole.evidence.rglob("RAN"))
    assert not list(whole.evidence.rglob("__pycache__"))


def test_i8_evidence_reaches_each_output_only_as_text(whole: Whole) -> None:
    folder = whole.ran.folder
    page = (folder / "report.html").read_text("utf-8")
    assert "<script" not in page.lower()
    assert not re.search(r"<(?:img|svg|a|b|body)[^>]*\son\w+\s*=", page, re.I)
    assert not re.search(r"href=[\"']?\s*(?:javascript|data|file|http)", page, re.I) or "hxxp" in page
    assert "49</" not in re.findall(r"7\*7.{0,20}", page)
    json.loads((folder / "assessment.json").read_text("utf-8"), parse_constant=lambda word: pytest.fail(word))
    with (folder / "timeline.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len({len(one) for one in rows}) == 1
    assert not [cell for one in rows[1:] for cell in one if re.match(r"[=+\-@\t\r\uff1d]", cell)]
    for one in ("\x1b", "\x9b", "\u202e", "\u200b", "\x07", "\ud800"):
        assert one not in term(f"a{one}b")
        assert one not in visible(f"a{one}b")


def test_h75_secrets_of_the_evidence_stand_in_no_output(whole: Whole) -> None:
    for one in EXPORTERS.values():
        data = (whole.ran.folder / one.file_name).read_bytes()
        assert b"Summer2021Secret" not in data and b"c2lnbmF0dXJl" not in data, one.name
    exact = (whole.ran.folder / "assessment.json").read_text("utf-8")
    assert "password=[masked:password:" in exact and "access_token=[masked:token:" in exact


TEXT = [
    "F06",
    "F10",
    "F11",
    "F12",
    "F13",
    "F15",
    "F17",
    "H04",
    "H18",
    "H22",
    "H28",
    "H29",
    "H30",
    "H31",
    "H35",
    "H37",
    "H38",
    "H39",
    "H43",
    "H45",
    "H47",
    "H48",
    "H75",
    "H78",
    "H79",
    "H80",
]
"""Rows whose web logs can be counted by hand: every line that is neither empty nor a heading is one record."""


def test_i9_every_line_of_a_log_is_an_event_or_rejected(tmp_path: Path) -> None:
    for name in TEXT:
        evidence = made(tmp_path / name, name)
        result = judged(evidence)
        logs = {one.path for one in result.custody if one.kind == "iis_w3c" and one.duplicate_of is None}
        lines = 0
        for unit in open_evidence([evidence]).units:
            for source in sources(unit):
                data = b"".join(source.chunks()) if source.path in logs else b""
                lines += sum(
                    bool(line.strip(b"\r")) and not line.startswith(b"#")
                    for line in data.rstrip(b"\0").split(b"\n")
                )
        told = [one for one in result.coverage.sources if one.kind == "iis_w3c"]
        assert sum(one.events + one.rejected for one in told) == lines > 0, name


def test_i9_every_rejected_line_is_told(whole: Whole) -> None:
    """Counts of the gaps and of the sources agree, and no source has more days' events than events."""
    rejected = 0
    for gap in whole.ran.assessment.coverage.gaps:
        if found := re.match(r"(\d+) of (\d+) (?:lines|records) could not be read", gap.reason):
            rejected += int(found[1])
            assert int(found[1]) <= int(found[2])
    assert rejected == sum(one.rejected for one in whole.ran.assessment.coverage.sources)
    assert all(
        sum(day.events for day in one.days) <= one.events for one in whole.ran.assessment.coverage.sources
    )


def test_i11_memory_is_bounded_by_budgets(whole: Whole, tmp_path: Path) -> None:
    """A line of 96 MiB, bombs, holes of a terabyte, floods: none costs more than what a run needs by itself (some 200 MiB) and a piece."""
    out = tmp_path / "out"
    assert peak_of(whole.evidence, out, "--jobs", "1", seconds=240) < 450 << 20
    assert same_but_run(decode((out / "assessment.json").read_bytes())) == same_but_run(whole.ran.assessment)


def test_i12_what_one_row_holds_does_not_change_what_is_said_of_another(tmp_path: Path) -> None:
    """Two servers' evidence judged one after the other, and in another order, in one process."""
    for name in ("H22", "H45", "H48"):
        made(tmp_path / name, name)
    first = {name: same_but_run(judged(tmp_path / name)) for name in ("H22", "H45", "H48")}
    second = {name: same_but_run(judged(tmp_path / name)) for name in ("H48", "H45", "H22")}
    assert first == second
    shutil.rmtree(tmp_path / "H22")
