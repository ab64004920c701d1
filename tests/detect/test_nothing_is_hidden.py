"""The law of the prefilter: it never hides a row that exact evaluation of every row would match.

Rules and rows are random, made of the same few pieces, so that near misses are common: escapes of one letter, escapes
of escapes, odd bytes, quotes, the two letters that fold into ASCII.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.detect import Engine, matcher
from exsweep.detect.exact import RowTexts, connect, evaluate
from exsweep.detect.fields import FieldMap
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import LogSource, Rule, tree
from exsweep.model import Severity, Stage, Strength
from exsweep.parse.batch import Batch
from tests.detect.build import CSV, FORMATS, W3C, make_batch, raw_lines
from tests.detect.oracle import Row as Meaning

PIECES = (
    "/owa/auth/", "/ecp/", "autodiscover", ".json", "?", "@", "x.aspx", "ServerInfo~", "a]", "cmd=", "&", "power shell",
    "Kelvin", "sso", "é", "10.0.0.1", "::1", "2001:db8::7", "200", "7", "%2f", "%40", "%", "<", "$", "\\", "_", "-", "'",
)
ODD = (b"\xff", b"\xc3", "é".encode(), "ſ".encode(), "\u212a".encode(), b"\x00", b"\x0b", b"%ff", b"%c5%bf", b"%zz")
REGEXES = (
    r"owa/auth/[^/]+\.aspx", r"(?i)serverinfo~[^/]+/", r"(?i)kelvin|sso", r"^/ecp/.*\.(json|aspx)$", r"cmd=(a|b)?",
    r"(auto)?discover", r"[Oo]wa", r"(?:x\.){1,2}aspx", r"(?i)(/owa/|/ecp/)+x", r"a\]$", r"^-$", r"(?s)a.{0,20}json",
    r"(?i)K", r"auth/?x", r"(autodiscover){2}", r"10\.0\.0\.\d+", r".*", r"\x40", "\\?", "é",
)
FIELDS = {
    W3C.id: ("cs-uri-stem", "cs-uri-query", "c-uri", "cs-method", "c-useragent", "c-ip", "sc-status", "nothing"),
    CSV.id: ("UrlStem", "AnchorMailbox", "UserAgent", "src_ip", "HttpStatus", "TargetServer", "nothing"),
}


def escaped(data: bytes, choices: Sequence[int]) -> bytes:
    """Some bytes percent-encoded, as `choices` (0: as it is, 1: once, 2: twice) say."""
    made = [
        (bytes([byte]), b"%%%02X" % byte, b"%%25%02x" % byte)[choice]
        for byte, choice in zip(data, (list(choices) * (len(data) // max(len(choices), 1) + 1)), strict=False)
    ]
    return b"".join(made)


@st.composite
def values(draw: st.DrawFn) -> bytes:
    pieces = draw(st.lists(st.sampled_from(PIECES).map(str.encode) | st.sampled_from(ODD), max_size=4))
    data = b"".join(pieces)
    if draw(st.booleans()):
        data = data.swapcase()
    if draw(st.booleans()):
        data = escaped(data, draw(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=1, max_size=8)))
    return data


@st.composite
def leaf(draw: st.DrawFn, form: LogFormat) -> tree.Node:
    field = draw(st.sampled_from(FIELDS[form.id]))
    kind = draw(st.integers(0, 9))
    if kind <= 4:
        texts = draw(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3))
        parts: list[str | int] = ["".join(texts)]
        if draw(st.booleans()) and len(texts) > 1:
            parts = [texts[0], draw(st.sampled_from([tree.ANY_RUN, tree.ANY_ONE])), "".join(texts[1:])]
        if draw(st.booleans()):
            parts = [tree.ANY_RUN, *parts]
        if draw(st.booleans()):
            parts = [*parts, tree.ANY_RUN]
        where = draw(st.sampled_from([field, field, field, None]))
        if where is None:
            parts = [tree.ANY_RUN, *[one for one in parts if one != tree.ANY_RUN], tree.ANY_RUN]
        return tree.Text(where, tuple(parts), draw(st.booleans()))
    if kind <= 6:
        return tree.Regex(draw(st.sampled_from([field, field, None])), draw(st.sampled_from(REGEXES)))
    if kind == 7:
        return draw(st.sampled_from([tree.Null(field), tree.Exists(field, True), tree.Text(field, (tree.ANY_RUN,))]))
    if kind == 8:
        return tree.Network(field, draw(st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32", "::/0"])))
    return tree.Compare(field, draw(st.sampled_from(["<", ">=", "<>"])), 200)


def trees(form: LogFormat) -> st.SearchStrategy[tree.Node]:
    return st.recursive(
        leaf(form),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda of: tree.And(tuple(of))),
            st.lists(inner, min_size=2, max_size=3).map(lambda of: tree.Or(tuple(of))),
            inner.map(tree.Not),
        ),
        max_leaves=6,
    )


def rule(number: int, condition: tree.Node, form: LogFormat) -> Rule:
    return Rule(
        id=f"R{number}", version="0" * 12, title="random", logsource=LogSource(), level=Severity.LOW,
        stage=Stage.PROBE, strength=Strength.ATTEMPT, file="random:1", own=False, condition=condition, formats=(form.id,),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Rule], Batch]:
    form = draw(st.sampled_from(FORMATS))
    columns = list(form.columns)
    if draw(st.booleans()):
        columns.remove(draw(st.sampled_from([one for one in columns if one != form.ecs["url.path"]])))
    forbidden = b"\n" + (b" " if form.separator == " " else b"\r")
    rows = draw(
        st.lists(
            st.fixed_dictionaries({}, optional={column: values() for column in columns}).map(
                lambda row: {key: bytes(b for b in value if b not in forbidden) for key, value in row.items()}
            ),
            min_size=1, max_size=12,
        )
    )
    rules = [rule(at, draw(trees(form)), form) for at in range(draw(st.integers(1, 4)))]
    return rules, make_batch(form, rows, columns=columns)


DATABASE = connect()


def by_oracle(rules: list[Rule], batch: Batch) -> set[tuple[str, int]]:
    names = batch.table.column_names
    columns = [column.cast("binary").to_pylist() for column in batch.table.columns]
    rows = [Meaning(batch.format, dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
    return {
        (one.id, at)
        for one in rules
        for at, row in enumerate(rows)
        if one.condition is not None and row.holds(one.condition)
    }


def by_every_row(rules: list[Rule], batch: Batch) -> set[tuple[str, int]]:
    fields = FieldMap(batch.format)
    texts = RowTexts(fields, [batch.table], batch.time_ms)
    everything = np.ones(len(batch), bool)
    found, failed = evaluate(DATABASE, fields, texts, [(one, everything) for one in rules])
    assert not failed
    return {(one.id, int(row)) for one, rows in zip(rules, found, strict=True) for row in rows}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_exact_evaluation_means_what_the_specification_says(case: tuple[list[Rule], Batch]) -> None:
    assert by_every_row(*case) == by_oracle(*case)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_no_row_that_matches_is_outside_the_candidates(case: tuple[list[Rule], Batch]) -> None:
    rules, batch = case
    expected = by_every_row(rules, batch)
    engine = Engine(rules, FORMATS)
    candidates = engine.candidates(batch)
    assert {row for _, row in expected} <= set(candidates.tolist())
    kept = batch.take(candidates)
    found = {(one.rule.id, int(candidates[one.row])) for one in engine.match([kept])}
    assert found == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_full_and_sweep_find_the_same(case: tuple[list[Rule], Batch]) -> None:
    rules, batch = case
    engine = Engine(rules, FORMATS)
    data = raw_lines(batch)
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == 10)]
    spans = engine.sieve(batch.format.id, data)
    assert spans == sorted(spans)
    swept = {at for at, start in enumerate(starts) for begin, end in spans if begin <= start < end}
    matched = {one.row for one in engine.match([batch])}
    assert matched <= swept
    kept = batch.take(np.array(sorted(swept & set(range(len(batch)))), np.int64))
    again = {sorted(swept)[one.row] for one in engine.match([kept])}
    assert again == matched


@pytest.mark.skipif(matcher.hyperscan is None, reason="Hyperscan is not installed")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_without_hyperscan_the_same_rows_are_candidates(case: tuple[list[Rule], Batch]) -> None:
    rules, batch = case
    data = raw_lines(batch)
    fast = Engine(rules, FORMATS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "hyperscan", None)
        slow = Engine(rules, FORMATS)
        assert slow.candidates(batch).tolist() == fast.candidates(batch).tolist()
        assert slow.sieve(batch.format.id, data) == fast.sieve(batch.format.id, data)


@given(st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=6, unique=True), st.binary(max_size=40))
def test_both_matchers_give_the_same_hits(literals: list[bytes], data: bytes) -> None:
    patterns = list(enumerate(literals))
    fast = matcher.make_matcher(patterns).scan(data)
    slow = matcher.PlainMatcher(patterns).scan(data)
    assert sorted(zip(*map(np.ndarray.tolist, fast), strict=True)) == sorted(
        zip(*map(np.ndarray.tolist, slow), strict=True)
    )
