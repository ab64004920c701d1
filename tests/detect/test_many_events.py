"""What is counted by the million, and values that are asked about once: quick ways find what the slow ones find."""

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exsweep.detect import Engine, values
from exsweep.detect.runs import _of_counts, _of_windows
from exsweep.detect.stacks import Ordered, Stack
from exsweep.detect.sweep import Sweep
from exsweep.knowledge.rules import Correlation, RuleSet
from tests.detect.build import FORMATS, W3C, make_batch

Load = Callable[..., RuleSet]
PAGE = """
title: unknown page
logsource: {category: webserver}
detection:
  page: {url.path|contains: /auth/}
  shipped: {url.path|endswith: [/logon.aspx, /logoff.aspx]}
  condition: page and not shipped
"""


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=40).map(sorted),
    st.sampled_from([">", ">=", "<", "<=", "==", "!="]),
    st.integers(1, 6),
    st.integers(0, 20),
)
def test_counting_all_windows_at_once_is_counting_them_one_by_one(
    seconds: list[int], op: str, threshold: int, span: int
) -> None:
    counted = Correlation(type="event_count", rules=("a",), timespan_ms=span, op=op, threshold=threshold)
    times = np.array(seconds, np.int64)
    rows = np.arange(len(times))
    events = Ordered([Stack("a", times, rows, {})], np.zeros(len(times), np.int64), rows)
    assert list(_of_counts(times, counted)) == list(_of_windows(times, events, counted))


@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=30))
def test_a_sweep_chooses_each_line_by_its_own_patterns(lines: list[set[int]]) -> None:
    rules = [(frozenset({0, 1}), frozenset({2})), (frozenset({3}), frozenset({4, 5}))]
    ids = np.array([one for line in lines for one in sorted(line)], np.int64)
    begins = np.cumsum([0, *map(len, lines)])[:-1]
    wanted = [any(all(clause & line for clause in rule) for rule in rules) for line in lines]
    assert Sweep(rules).choose(ids, begins).tolist() == wanted


def test_a_value_that_the_rule_refuses_makes_no_candidate(load: Load) -> None:
    engine = Engine(load(PAGE).running, FORMATS)
    paths = ["/auth/logon.aspx", "/auth/new.aspx", "/other", "/auth/LOGOFF.aspx", "/auth/new.aspx"]
    batch = make_batch(W3C, [{"cs-uri-stem": path} for path in paths])
    for _ in range(2):  # asked, then remembered
        assert engine.candidates(batch).tolist() == [1, 4]
        assert [match.row for match in engine.match([batch])] == [1, 4]


def test_too_many_new_values_are_left_to_the_exact_evaluation(load: Load) -> None:
    engine = Engine(load(PAGE).running, FORMATS)
    paths = [f"/auth/{number}.aspx" for number in range(values.MOST_NEW)] + ["/auth/logon.aspx"]
    batch = make_batch(W3C, [{"cs-uri-stem": path} for path in paths])
    assert len(engine.candidates(batch)) == len(paths)
    assert len(engine.match([batch])) == len(paths) - 1
