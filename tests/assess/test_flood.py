"""A rule that matches without end is counted, not kept: what is told is the same, memory does not grow with it."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.assess.flood import Flood
from exsweep.assess.rows import FOLD_AFTER, fold, hit, moment
from exsweep.detect import Match
from exsweep.model import Hit, Severity, Stage, Strength
from exsweep.parse.batch import NO_TIME, Batch
from tests.detect.events.making import SYSMON, batch_of, event
from tests.judge.build import rule

RULE = rule("NOISE", Stage.POST_EXPLOITATION, Strength.AMBIGUOUS, level=Severity.LOW)
DAY = 86_400_000


def noise(rows: int, times: list[int]) -> Batch:
    batch = batch_of([event(SYSMON, 1, CommandLine=f"x {row}") for row in range(rows)])
    made = np.resize(np.array(times, np.int64), rows)
    return replace(batch, time_ms=made)


def told(flood: Flood, batch: Batch, pieces: list[tuple[int, int]]) -> tuple[tuple[Hit, ...], int]:
    """Hits of rows of one file that come in pieces, and how many of them were kept on the way."""
    hits = []
    for begin, end in pieces:
        part = batch.part(begin, end)
        matches = [Match(RULE, 0, row) for row in range(len(part))]
        for match in flood.kept(part, matches, np.zeros(len(part), np.int64)):
            hits.append((0, hit(RULE.id, part, match.row, "a.evtx", "ab" * 32)))
    return fold(flood.counted(hits)), len(hits)


@settings(max_examples=8, deadline=None)
@given(
    st.integers(1, FOLD_AFTER + 60),
    st.lists(st.sampled_from([5, DAY, 2 * DAY, NO_TIME]), min_size=1, max_size=2, unique=True),
    st.integers(1, 900),
)
def test_counting_as_they_come_tells_what_folding_all_of_them_tells(
    rows: int, times: list[int], size: int
) -> None:
    batch = noise(rows, times)
    pieces = [(begin, min(begin + size, rows)) for begin in range(0, rows, size)]
    found, _ = told(Flood(), batch, pieces)
    whole = fold([hit(RULE.id, batch, row, "a.evtx", "ab" * 32) for row in range(rows)])
    assert found == whole
    assert sum(one.count for one in found) == rows


def test_of_a_flood_only_the_first_thousand_a_day_are_kept() -> None:
    found, kept = told(Flood(), noise(FOLD_AFTER + 500, [5]), [(0, 700), (700, FOLD_AFTER + 500)])
    assert kept == len(found) == FOLD_AFTER
    assert found[-1].count == 501


def test_of_many_rules_on_many_days_fewer_are_kept_and_all_are_counted() -> None:
    days = 40
    batch = noise(days * FOLD_AFTER, [day * DAY for day in range(days)])
    found, kept = told(Flood(), batch, [(0, len(batch))])
    assert kept < 8_000
    assert sum(one.count for one in found) == days * FOLD_AFTER
    assert {one.time for one in found} == {moment(day * DAY) for day in range(days)}
