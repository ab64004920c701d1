"""Sigma correlation rules: what is counted, in which window, for which group."""

from collections.abc import Callable, Sequence

import pyarrow as pa
import pytest
from msgspec.structs import replace

from exsweep.detect import Correlated, Engine, correlate
from exsweep.detect.correlation import FIELD, schema
from exsweep.knowledge.rules import RuleSet, RuleState
from tests.detect.build import FORMATS, W3C, make_batch

Load = Callable[..., RuleSet]
SECOND = 1000
BASE = """
title: {name}
name: {name}
logsource: {{category: webserver}}
detection: {{s: {{cs-uri-stem: /{name}}}, condition: s}}
"""


def rules_text(correlation: str, names: Sequence[str] = ("a", "b", "c")) -> str:
    parts = [BASE.format(name=name) for name in names]
    return "---".join([*parts, f"\ntitle: counted\ncorrelation:\n{correlation}"])


def run(load: Load, correlation: str, events: Sequence[tuple[str, int, str]]) -> list[Correlated]:
    """Events are (rule, second, value of the field `ip`)."""
    rules = load(rules_text(correlation))
    assert not rules.problems, rules.problems
    table = pa.Table.from_pylist(
        [
            {"rule": rule, "time_ms": second * SECOND, "origin": at, FIELD + "ip": value}
            for at, (rule, second, value) in enumerate(events)
        ],
        schema=schema(["ip"]),
    )
    return correlate(rules.running, table)


COUNT = "  type: event_count\n  rules: a\n  timespan: 10s\n  group-by: [ip]\n  condition: {gte: 3}\n"


def test_an_event_count_counts_within_the_time_span(load: Load) -> None:
    close = [("a", at, "x") for at in (0, 5, 10)]
    far = [("a", at, "x") for at in (0, 5, 11)]
    assert [(one.first_ms, one.last_ms, one.value, one.origins) for one in run(load, COUNT, close)] == [
        (0, 10_000, 3.0, (0, 1, 2))
    ]
    assert run(load, COUNT, far) == []


def test_groups_are_counted_apart_and_without_case(load: Load) -> None:
    events = [("a", 0, "x"), ("a", 1, "X"), ("a", 2, "y"), ("a", 3, "x")]
    assert [one.group for one in run(load, COUNT, events)] == [{"ip": "x"}]


def test_a_long_attack_is_one_correlation_and_a_pause_makes_two(load: Load) -> None:
    events = [("a", at, "x") for at in (*range(0, 30, 2), *range(100, 110, 2))]
    found = run(load, COUNT, events)
    assert [(one.first_ms // SECOND, one.last_ms // SECOND) for one in found] == [(0, 28), (100, 108)]


def test_the_order_of_the_rows_does_not_matter(load: Load) -> None:
    events = [("a", at, "x") for at in (0, 4, 8)]
    forward, backward = run(load, COUNT, events), run(load, COUNT, events[::-1])
    assert [(one.first_ms, one.last_ms) for one in forward] == [
        (one.first_ms, one.last_ms) for one in backward
    ]


def test_a_value_count_counts_distinct_values(load: Load) -> None:
    text = "  type: value_count\n  rules: a\n  timespan: 1m\n  condition: {field: ip, gt: 2}\n"
    assert run(load, text, [("a", at, value) for at, value in enumerate("xxyyxx")]) == []
    assert [one.value for one in run(load, text, [("a", at, value) for at, value in enumerate("xyzzz")])] == [
        3.0
    ]


def test_a_temporal_rule_wants_all_rules_in_any_order(load: Load) -> None:
    text = "  type: temporal\n  rules: [a, b]\n  timespan: 10s\n  group-by: [ip]\n"
    assert len(run(load, text, [("b", 0, "x"), ("a", 9, "x")])) == 1
    assert run(load, text, [("b", 0, "x"), ("a", 11, "x")]) == []
    assert run(load, text, [("b", 0, "x"), ("a", 5, "y")]) == []


def test_a_temporal_ordered_rule_wants_the_order(load: Load) -> None:
    text = "  type: temporal_ordered\n  rules: [a, b, c]\n  timespan: 10s\n"
    assert len(run(load, text, [("a", 0, "x"), ("b", 2, "x"), ("c", 9, "x")])) == 1
    assert run(load, text, [("b", 0, "x"), ("a", 2, "x"), ("c", 9, "x")]) == []
    assert len(run(load, text, [("a", 0, "x"), ("b", 0, "x"), ("c", 0, "x")])) == 1, "one moment has no order"
    assert len(run(load, text, [("a", 0, "x"), ("a", 8, "x"), ("b", 9, "x"), ("c", 15, "x")])) == 1
    assert run(load, text, [("a", 0, "x"), ("b", 9, "x"), ("c", 15, "x")]) == []


@pytest.mark.parametrize(
    ("condition", "events", "expected"),
    [
        ("a and not b", "a", 1),
        ("a and not b", "ab", 1),
        ("a and b", "a", 0),
        ("a and (b or c)", "ac", 1),
        ("b and not a", "b", 1),
        ("a or b", "c", 0),
    ],
)
def test_an_extended_condition_is_an_expression_over_rules(
    load: Load, condition: str, events: str, expected: int
) -> None:
    text = f"  type: temporal\n  timespan: 1m\n  condition: {condition}\n"
    assert len(run(load, text, [(name, at, "x") for at, name in enumerate(events)])) == expected


@pytest.mark.parametrize(
    ("kind", "condition", "expected"),
    [
        ("value_sum", "{field: ip, gte: 60}", 60.0),
        ("value_avg", "{field: ip, gte: 20}", 20.0),
        ("value_median", "{field: ip, gte: 20}", 20.0),
        ("value_percentile", "{field: ip, gte: 20, percentile: 50}", 20.0),
        ("value_sum", "{field: ip, gte: 61}", None),
    ],
)
def test_numbers_are_summed_averaged_and_ranked(
    load: Load, kind: str, condition: str, expected: float | None
) -> None:
    text = f"  type: {kind}\n  rules: a\n  timespan: 1m\n  condition: {condition}\n"
    found = run(load, text, [("a", 0, "10"), ("a", 0, "20"), ("a", 0, "30"), ("a", 0, "no number")])
    assert [one.value for one in found] == ([] if expected is None else [expected])


def test_aliases_name_one_thing_that_two_rules_call_differently(load: Load) -> None:
    text = (
        "  type: temporal\n  rules: [a, b]\n  timespan: 1m\n  group-by: [who]\n"
        "  aliases: {who: {a: cs-username, b: c-ip}}\n"
    )
    rules = load(rules_text(text))
    engine = Engine(rules.running, FORMATS)
    batch = make_batch(
        W3C,
        [
            {"cs-uri-stem": "/a", "cs-username": "bob"},
            {"cs-uri-stem": "/b", "c-ip": "BOB"},
            {"cs-uri-stem": "/b"},
        ],
        times=[0, 1000, 2000],
    )
    events = engine.correlation_events([batch], engine.match([batch]))
    found = engine.correlate(events)
    assert [(one.group, one.origins) for one in found] == [({"who": "bob"}, (0, 1))]


def test_a_correlation_of_correlations(load: Load) -> None:
    text = rules_text("  type: event_count\n  rules: a\n  timespan: 10s\n  condition: {gte: 2}\n") + (
        "name: burst\n---\ntitle: bursts\ncorrelation: {type: event_count, rules: burst, timespan: 1h, condition: {gte: 2}}\n"
    )
    rules = load(text)
    assert not rules.problems
    rows = [{"rule": "a", "time_ms": at * SECOND, "origin": at} for at in (0, 1, 100, 101)]
    found = correlate(rules.running, pa.Table.from_pylist(rows, schema=schema([])))
    assert [one.origins for one in found if one.rule.title == "bursts"] == [(0, 1, 100, 101)]


def test_rules_that_only_serve_correlations_are_silent(load: Load) -> None:
    quiet = Engine(load(rules_text(COUNT)).running, FORMATS)
    loud = Engine(load(rules_text(COUNT + "  generate: true\n")).running, FORMATS)
    assert quiet.silent == {"a"}
    assert loud.silent == frozenset()


def test_a_correlation_of_the_users_takes_no_finding_of_ours_away(load: Load) -> None:
    whole = load(rules_text(COUNT)).running
    ours = [replace(rule, own=rule.correlation is None) for rule in whole]
    assert Engine(ours, FORMATS).silent == frozenset()


def test_a_correlation_shares_the_fate_of_its_rules(load: Load) -> None:
    text = rules_text(COUNT).replace("{category: webserver}", "{product: exchange, service: unheard-of}")
    counted = next(rule for rule in load(text).rules if rule.correlation)
    assert counted.state is RuleState.WAITING


def test_a_correlation_that_refers_to_itself_is_a_problem(load: Load) -> None:
    text = "title: c\nname: loop\ncorrelation: {type: event_count, rules: loop, timespan: 1h, condition: {gte: 2}}\n"
    rules = load(text)
    assert not rules.rules
    assert "itself" in rules.problems[0].reason


def test_events_without_a_time_cannot_be_correlated(load: Load) -> None:
    engine = Engine(load(rules_text(COUNT)).running, FORMATS)
    batch = make_batch(W3C, [{"cs-uri-stem": "/a"}] * 3)
    assert engine.correlation_events([batch], engine.match([batch])).num_rows == 0
