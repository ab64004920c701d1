"""Long runs of quiet lines are folded; what worked, was starred or commented on never is, and no line is lost."""

from hypothesis import given
from hypothesis import strategies as st

from exsweep.web.draw.folds import Fold, folds


class Row:
    def __init__(self, worked: bool, starred: bool = False, said: int = 0) -> None:
        self.worked, self.starred, self.said = worked, starred, said


ROWS = st.lists(st.builds(Row, st.booleans(), st.booleans(), st.integers(0, 2)), max_size=60)


@given(ROWS, st.booleans())
def test_every_line_stands_once_in_its_place(rows: list[Row], fold: bool) -> None:
    assert [row for part in folds(rows, fold=fold) for row in part.rows] == rows


@given(st.integers(0, 40), st.integers(0, 40))
def test_what_worked_or_was_marked_is_never_folded(before: int, after: int) -> None:
    for marked in (Row(True), Row(False, starred=True), Row(False, said=1)):
        parts = folds([*(Row(False) for _ in range(before)), marked, *(Row(False) for _ in range(after))])
        assert all(marked not in part.rows for part in parts if part.folded)


def test_a_run_of_more_than_eight_is_folded_but_for_its_ends() -> None:
    parts = folds([Row(False) for _ in range(100)])
    assert [(len(part.rows), part.folded) for part in parts] == [(2, False), (96, True), (2, False)]
    assert not any(part.folded for part in folds([Row(False) for _ in range(8)]))
    assert folds([], fold=True) == [] and isinstance(folds([Row(True)], fold=False)[0], Fold)
