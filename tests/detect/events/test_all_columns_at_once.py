"""All columns of records are searched in one pass, and rules without a literal on distinct values: nothing is lost by it."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.detect import Engine, exact
from exsweep.detect.fields import FieldMap
from exsweep.detect.together import Together
from exsweep.knowledge.formats import load_formats
from exsweep.knowledge.rules import LogSource, Rule, RuleState, tree
from exsweep.model import Severity, Stage, Strength
from exsweep.parse.batch import Batch
from tests.detect.events.making import SYSMON, batch_of, event

DATABASE = exact.Database()
NAMES = ("Image", "ParentImage", "CommandLine", "User", "OwnName")
PIECES = (b"a", b"B.exe", b"cmd", b"\\x", b" ", b"1", b"\xc3\xa9", b"\xe9", b"\xb6", "\N{SNOWMAN}".encode())
PIECES = (*PIECES, "\N{LARGE YELLOW CIRCLE}".encode(), b"\xf0\x9f", "Ж".encode(), b"^^")
WORDS = (
    "a",
    "b.exe",
    "CMD",
    "\\x",
    "1",
    "é",
    "¶",
    "\N{SNOWMAN}",
    "\N{LARGE YELLOW CIRCLE}",
    "Жa",
    "^^",
    "aé",
)

field = st.sampled_from((*NAMES, "EventID"))
around = st.sampled_from([(), (tree.ANY_RUN,)])
text = st.builds(
    lambda name, before, word, behind, cased: tree.Text(name, (*before, word, *behind), cased),
    st.one_of(field, field, st.none()),
    around,
    st.sampled_from(WORDS),
    around,
    st.booleans(),
)
regex = st.builds(tree.Regex, field, st.sampled_from([r"\s[a-f]", r"(?i)CMD.?\.", r"^\S+$", r"[é-ÿ]"]))
same = st.builds(tree.SameAs, field, field, st.sampled_from(["equals", "endswith"]))
leaf = st.one_of(text, text, regex, same, st.builds(tree.Null, field))
nodes = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda of: tree.And(tuple(of))),
        st.lists(inner, min_size=1, max_size=4).map(lambda of: tree.Or(tuple(of))),
        inner.map(tree.Not),
    ),
    max_leaves=6,
)
value = st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join)
rows = st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, value)), min_size=1, max_size=8)


def batch(values: list[dict[str, bytes]]) -> Batch:
    """Process creations with these values; bytes, for evidence may hold any."""
    made = batch_of([event(SYSMON, 1, **dict.fromkeys(NAMES, "x"))] * len(values))
    table = made.table
    for name in NAMES:
        column = pa.array([one.get(name) for one in values], pa.binary()).dictionary_encode()
        table = table.set_column(table.column_names.index(name), name, column)
    return Batch(made.format, table, made.line, made.offset, made.time_ms)


def rule(at: int, node: tree.Node, kind: str) -> Rule:
    return Rule(
        id=f"r{at}",
        version="1",
        title="r",
        logsource=LogSource(),
        level=Severity.LOW,
        stage=Stage.PROBE,
        strength=Strength.ATTEMPT,
        file="r:1",
        own=False,
        condition=node,
        formats=(kind,),
        state=RuleState.RUNS,
    )


@settings(max_examples=150, deadline=None)
@given(conditions=st.lists(nodes, min_size=1, max_size=4), values=rows, more=rows)
def test_what_is_searched_at_once_finds_what_every_row_would_say(
    conditions: list[tree.Node], values: list[dict[str, bytes]], more: list[dict[str, bytes]]
) -> None:
    batches = [batch(values), batch(more)]
    form = batches[0].format
    rules = [rule(at, node, form.id) for at, node in enumerate(conditions)]
    engine = Engine(rules, load_formats())
    fields = FieldMap(form)
    for one in batches:
        texts = exact.RowTexts(fields, [one.table], one.time_ms)
        everything = [(each, np.ones(len(one), bool)) for each in rules]
        asked, failed = exact.queried(DATABASE(), fields, texts, everything)
        expected = sorted(
            (row, each.id)
            for each, found in zip(rules, asked, strict=True)
            for row in found.tolist()
            if each.id not in failed
        )
        found = [(match.row, match.rule.id) for match in engine.match([one])]
        assert found == expected
        candidates = engine.candidates(one)
        assert {row for row, _ in expected} <= set(candidates.tolist())
    told = [engine.look(one) for one in batches]
    kept = [one.take(looked.rows) for one, looked in zip(batches, told, strict=True)]
    again = engine.match(kept, [looked.may for looked in told])
    assert [(one.batch, int(told[one.batch].rows[one.row]), one.rule.id) for one in again] == [
        (one.batch, one.row, one.rule.id) for one in engine.match(batches)
    ]


def test_what_was_looked_at_once_is_matched_across_blocks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exsweep.detect.engine.BLOCK", 2)
    node = tree.Text("Image", (tree.ANY_RUN, "cmd.exe"))
    batches = [
        batch([{"Image": b"x\\cmd.exe"}] * 5 + [{"Image": b"cmd.exe.txt"}]),
        batch([{"Image": b"cmd.EXE"}]),
    ]
    engine = Engine([rule(0, node, batches[0].format.id)], load_formats())
    told = [engine.look(one) for one in batches]
    kept = [one.take(looked.rows) for one, looked in zip(batches, told, strict=True)]
    found = engine.match(kept, [looked.may for looked in told])
    assert [(one.batch, one.row) for one in found] == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)]


def test_a_short_literal_is_looked_for_in_its_own_column_only() -> None:
    wanted = {"eventid": {0}, "image": {1}}
    literals = {0: (b"1",), 1: (b"cmd.exe",)}
    table = pa.table(
        {
            "EventID": pa.array([b"1", b"3", None], pa.binary()).dictionary_encode(),
            "Image": pa.array([b"1cmd.EXE", b"1", b"cmd.exe"], pa.binary()).dictionary_encode(),
            "Pid": pa.array([b"1", b"cmd.exe", b"1"], pa.binary()),
        }
    )
    found = dict(Together(wanted, set(), literals, 3).hits(table, "*"))
    assert {probe: rows.tolist() for probe, rows in found.items()} == {
        ("eventid", 0): [True, False, False],
        ("image", 1): [True, False, True],
    }


def test_a_rule_of_emojis_alone_does_not_make_every_row_a_candidate() -> None:
    node = tree.Text("CommandLine", (tree.ANY_RUN, "\N{LARGE YELLOW CIRCLE}", tree.ANY_RUN))
    one = batch([{"CommandLine": b"whoami"}, {"CommandLine": "x \N{LARGE YELLOW CIRCLE}".encode()}, {}])
    engine = Engine([rule(0, node, one.format.id)], load_formats())
    assert engine.unfiltered(one.format.id) == ()
    assert engine.candidates(one).tolist() == [1]


def test_a_rule_that_asks_for_no_value_keeps_few_candidates() -> None:
    node = tree.And(
        (tree.SameAs("Image", "ParentImage", "equals"), tree.Not(tree.Text("Image", (tree.ANY_RUN, "exe"))))
    )
    values = [{"Image": b"A.exe", "ParentImage": b"a.EXE"}, {"Image": b"A.bin", "ParentImage": b"a.BIN"}, {}]
    one = batch(values)
    assert Engine([rule(0, node, one.format.id)], load_formats()).candidates(one).tolist() == [1]
