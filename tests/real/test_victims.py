"""Lines that victims pasted in public, judged as their labels say."""

import csv
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exsweep.assess import Settings, triage
from exsweep.judge import fits
from exsweep.model import Assessment, Level

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ALLOWED = {
    # where one line proves no more, `suspicious` is the right word for a break-in that the owner knows of
    "exploited": {Level.SUSPICIOUS, Level.BROKEN_INTO, Level.IN_USE},
    "probe": {Level.ATTACKED},
    "benign": {Level.NO_SIGNS, Level.CANNOT_TELL},
}


def cases(folder: Path) -> list[tuple[str, str, bytes]]:
    """(case, label, text) of every open case; some lie in a zip, for they hold shell text."""
    found = []
    with (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            archive, _, member = row["file"].rpartition(":")
            if archive:
                with zipfile.ZipFile(folder / archive) as box:
                    text = box.read(member, pwd=b"infected")
            else:
                text = (folder / member).read_bytes()
            found.append((row["case"], row["verdict"], text))
    return found


def judged(text: bytes) -> Assessment:
    return triage(Settings(evidence=(), stdin=text, now=NOW))


@pytest.fixture(scope="module")
def open_cases(shared_data: Path) -> list[tuple[str, str, bytes]]:
    return cases(shared_data / "victim_reports")


def test_all_open_cases_are_judged_as_their_labels_say(open_cases):
    wrong = []
    for case, label, text in open_cases:
        verdict = judged(text).verdict
        if verdict.level not in ALLOWED[label]:
            wrong.append(f"{case}: {label}, judged {verdict.level} because of {verdict.reasons}")
    assert not wrong, "\n".join(wrong)
    assert len(open_cases) == 14


def test_every_reason_leads_to_a_line_of_what_was_pasted(open_cases):
    for case, _, text in open_cases:
        lines = text.split(b"\n")
        for finding in judged(text).findings:
            for origin, excerpt in zip(finding.origins, (finding.excerpt, *finding.excerpts), strict=True):
                assert origin.line is not None
                quoted = lines[origin.line - 1].rstrip(b"\r").decode("utf-8", "backslashreplace")
                assert excerpt and fits(excerpt, quoted), f"{case} {finding.id}"


def test_cutting_what_was_pasted_never_makes_it_harmless(open_cases):
    for case, _, text in open_cases:
        whole = judged(text).verdict.level
        for cut in range(0, len(text), max(1, len(text) // 12)):
            if not text[:cut].strip():
                continue
            part = judged(text[:cut])
            assert part.verdict.level is not Level.NO_SIGNS or whole is Level.NO_SIGNS, f"{case} cut at {cut}"
            if part.verdict.level.rank < whole.rank:
                assert any(gap.limits_verdict for gap in part.coverage.gaps), (
                    f"{case} cut at {cut}: better without a named gap"
                )
