"""Few rows are tested one by one, many by a query: both say the same, for every condition and every odd value."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exsweep.detect import exact
from exsweep.detect.direct import Direct
from exsweep.detect.fields import FieldMap
from exsweep.knowledge.rules import LogSource, Rule, tree
from exsweep.model import Severity, Stage, Strength
from tests.detect.build import CSV, FORMATS, make_batch

DATABASE = exact.Database()
PIECES = ("a", "A", "b.aspx", "\\", "%2f", "%", "_", "é", "ß", "İ", " ", "+", "1", "10.0.0.1", "-", "\n", ".")
text = st.lists(st.sampled_from(PIECES), max_size=5).map("".join)
word = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join)
field = st.sampled_from(["UrlStem", "UserAgent", "AnchorMailbox", "ClientIpAddress", "Nowhere", "url"])
part = st.one_of(word, st.sampled_from([tree.ANY_RUN, tree.ANY_ONE]))
leaf = st.one_of(
    st.builds(tree.Text, st.one_of(field, st.none()), st.lists(part, max_size=5).map(tuple), st.booleans()),
    st.builds(
        tree.Regex,
        field,
        st.sampled_from([r"(?i)a.*b", r"\\\w", r"^\S+$", r"[é-ÿ]", r"\d+\.\d+", r"(?s)a.b", ".{3,}"]),
    ),
    st.builds(tree.Network, field, st.sampled_from(["10.0.0.0/8", "::/0"])),
    st.builds(tree.Null, field),
    st.builds(tree.Exists, field, st.booleans()),
    st.builds(tree.SameAs, field, field, st.sampled_from(["equals", "startswith", "endswith", "contains"])),
)
nodes = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda of: tree.And(tuple(of))),
        st.lists(inner, min_size=1, max_size=4).map(lambda of: tree.Or(tuple(of))),
        inner.map(tree.Not),
    ),
    max_leaves=6,
)
rows = st.lists(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("UrlStem", "UserAgent", "AnchorMailbox", "ClientIpAddress"), text)
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=120)
@given(node=nodes, events=rows, w3c=st.booleans())
def test_row_by_row_and_by_query_are_equal(node: tree.Node, events: list[dict[str, str]], w3c: bool) -> None:
    form = FORMATS[0] if w3c else CSV
    names = {"UrlStem": "cs-uri-stem", "UserAgent": "cs(User-Agent)", "AnchorMailbox": "cs-uri-query"}
    made = [{names.get(k, k) if w3c else k: v for k, v in one.items()} for one in events]
    batch = make_batch(form, made)
    fields = FieldMap(form)
    rule = Rule(
        id="r",
        version="1",
        title="r",
        logsource=LogSource(),
        level=Severity.LOW,
        stage=Stage.PROBE,
        strength=Strength.ATTEMPT,
        file="r:1",
        own=False,
        condition=node,
    )
    texts = exact.RowTexts(fields, [batch.table], batch.time_ms)
    asked, failed = exact.queried(DATABASE(), fields, texts, [(rule, np.ones(len(batch), bool))])
    direct = Direct(node, fields, own=False)
    if failed:
        return
    assert direct.test is not None
    assert [at for at in range(len(batch)) if direct.test(texts.reader(at))] == asked[0].tolist()
    assert direct.rows(range(len(batch)), texts.reader) == asked[0].tolist()


def test_numbers_and_times_are_left_to_the_database() -> None:
    fields = FieldMap(CSV)
    assert Direct(tree.Compare("HttpStatus", ">", 5), fields, own=False).test is None
    assert Direct(tree.TimePart("DateTime", "hour", 3), fields, own=False).test is None


@pytest.mark.parametrize(("value", "hit"), [("a1b1c", True), ("ab", False), ("a" * 20_000, False)])
def test_a_pattern_with_many_wildcards_reads_a_value_once(value: str, hit: bool) -> None:
    parts: list[str | int] = [tree.ANY_RUN, *(["a", tree.ANY_RUN] if not hit else []), "a", tree.ANY_ONE]
    parts += [tree.ANY_RUN, "b", tree.ANY_ONE, tree.ANY_RUN, "c"]
    direct = Direct(tree.Text("UrlStem", tuple(parts)), FieldMap(CSV), own=False)
    assert direct.test is not None
    assert direct.test(lambda _place, _view: value) is hit
