"""Removing or cutting evidence never makes a server look better than it did, without a gap that says so (I4)."""

import shutil
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.errors import EvidenceError
from exsweep.model import Assessment, Level
from tests.assess.example import judged


def worse_or_explained(before, after) -> bool:
    """Not towards harmlessness, unless a gap that limits the verdict is named; never to `no_signs`."""
    if after.verdict.level is Level.NO_SIGNS:
        return before.verdict.level is Level.NO_SIGNS
    return after.verdict.level.rank >= before.verdict.level.rank or any(
        gap.limits_verdict for gap in after.coverage.gaps
    )


def core(evidence: Path, folder: Path, truth) -> Path:
    """Only the files in which something was planted: small enough to judge hundreds of times."""
    for name in sorted({event["path"] for event in truth["events"] if event.get("intruder")}):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(evidence / name, target)
    return folder


@pytest.fixture(scope="module")
def untouched(example, tmp_path_factory) -> Path:
    return core(example.evidence, tmp_path_factory.mktemp("untouched"), example.truth)


@cache
def whole(evidence: Path) -> Assessment:
    """What is said of the core of the evidence as long as nobody touches it."""
    return judged(evidence)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_removing_or_cutting_any_file_never_improves_the_verdict(example, untouched, tmp_path_factory, data):
    folder = core(example.evidence, tmp_path_factory.mktemp("core"), example.truth)
    before = whole(untouched)
    assert before.verdict.level is Level.IN_USE
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=len(paths), unique=True)):
        size = path.stat().st_size
        if data.draw(st.booleans()):
            path.unlink()
        else:
            keep = data.draw(st.integers(0, size - 1))
            path.write_bytes(path.read_bytes()[:keep])
    try:
        after = judged(folder)
    except EvidenceError:
        return  # nothing left to read: exit code 4, no verdict at all
    assert worse_or_explained(before, after), (after.verdict, after.coverage.gaps)


def test_flipped_bytes_never_improve_the_verdict(example, untouched, tmp_path):
    folder = core(example.evidence, tmp_path / "core", example.truth)
    before = whole(untouched)
    for path in sorted(folder.rglob("*.log")) + sorted(folder.rglob("*.LOG")):
        if path.is_file():
            data = bytearray(path.read_bytes())
            for place in range(7, len(data), max(1, len(data) // 50)):
                data[place] ^= 0x15
            path.write_bytes(bytes(data))
    assert worse_or_explained(before, judged(folder))
