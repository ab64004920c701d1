"""The law of the prefilter: it never hides a row that exact evaluation of every row would match.

Rules and rows are random, made of the same few pieces, so that near misses are common: escapes of one letter, escapes
of escapes, odd bytes, quotes, the two letters that fold into ASCII.
"""

from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exsweep.detect import Engine, familiar, matcher
from exsweep.detect.exact import Database, RowTexts, evaluate
from exsweep.detect.fields import FieldMap, Kind
from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import LogSource, Rule, tree
from exsweep.model import Severity, Stage, Strength
from exsweep.parse.batch import Batch
from tests.detect.build import CSV, FORMATS, W3C, make_batch, raw_lines, swept_lines
from tests.detect.oracle import Row as Meaning

PIECES = (
    "/owa/auth/",
    "/ecp/",
    "autodiscover",
    ".json",
    "?",
    "@",
    "x.aspx",
    "ServerInfo~",
    "a]",
    "cmd=",
    "&",
    "power shell",
    "Kelvin",
    "sso",
    "é",
    "10.0.0.1",
    "::1",
    "2001:db8::7",
    "200",
    "7",
    "%2f",
    "%40",
    "%",
    "<",
    "$",
    "\\",
    "_",
    "-",
    "'",
)
ODD = (
    b"\xff",
    b"\xc3",
    "é".encode(),
    "ſ".encode(),
    "\u212a".encode(),
    b"\x00",
    b"\x0b",
    b"%ff",
    b"%c5%bf",
    b"%zz",
)
TEXTS = tuple(piece.encode() for piece in PIECES)
PLAIN = (lambda byte: bytes([byte]),)
ESCAPED = (lambda byte: b"%%%02X" % byte, lambda byte: b"%%25%02x" % byte)
REGEXES = {
    r"owa/auth/[^/]+\.aspx": "/owa/auth/z.aspx",
    r"(?i)serverinfo~[^/]+/": "ServerInfo~a]@x/",
    r"(?i)kelvin|sso": "kelvin sso",
    r"(?i)(sso){2}": "ssosso",
    r"^/ecp/.*\.(json|aspx)$": "/ecp/a.json",
    r"cmd=(a|b)?": "x&cmd=",
    r"(auto)?discover": "discover",
    r"[Oo]wa/au": "/owa/auth",
    r"(?:x\.){1,2}aspx": "x.x.aspx",
    r"(?i)(/owa/|/ecp/)+x": "/OWA//ecp/x",
    r"a\]$": "~a]",
    r"^-$": "-",
    r"(?s)a.{0,20}json": "auto.json",
    r"auth/?x": "authx",
    r"(autodiscover){2}": "autodiscoverautodiscover",
    r"10\.0\.0\.\d+": "10.0.0.77",
    r".*": "",
    r"\x40owa": "@owa",
    r"power shell": "power shell",
    r"é": "é",
}
"""Pattern -> text that it matches."""
FIELDS = {
    W3C.id: (
        "cs-uri-stem",
        "cs-uri-query",
        "c-uri",
        "cs-method",
        "c-useragent",
        "c-ip",
        "sc-status",
        "nothing",
    ),
    CSV.id: ("UrlStem", "AnchorMailbox", "UserAgent", "src_ip", "HttpStatus", "TargetServer", "nothing"),
}


class Dice(Random):
    """Random rules and rows; the seed is the whole case."""

    def value(self) -> bytes:
        pieces = [
            self.choice(TEXTS) if self.random() < 0.85 else self.choice(ODD) for _ in range(self.randrange(5))
        ]
        data = b"".join(pieces)
        if self.random() < 0.4:
            data = data.swapcase()
        if self.random() < 0.4:
            data = b"".join(self.choice(self.choice([PLAIN, PLAIN, ESCAPED]))(byte) for byte in data)
        return data

    def disguised(self, text: str, kind: Kind) -> bytes:
        """Another spelling of the text that means the same at such a place."""
        data = text.encode()
        if self.random() < 0.5:
            data = data.swapcase()
        if self.random() < 0.3:
            data = data.replace(b"s", "ſ".encode()).replace(b"k", "\u212a".encode())
        if kind is Kind.AGENT:
            data = data.replace(b" ", self.choice([b" ", b"+", b", ", b"  "]))
        if kind not in (Kind.PLAIN, Kind.AGENT) and self.random() < 0.7:
            way = self.choice([[PLAIN, ESCAPED], [ESCAPED], [PLAIN, PLAIN, PLAIN, ESCAPED]])
            data = b"".join(self.choice(self.choice(way))(byte) for byte in data)
        return data

    def planted(self, rules: list[Rule], form: LogFormat) -> dict[str, bytes]:
        """A row in which the texts of one rule stand where the rule looks for them."""
        row: dict[str, bytes] = {}
        fields = FieldMap(form)
        spelling = {column.lower(): column for column in form.columns}
        condition = self.choice(rules).condition
        assert condition is not None
        for leaf in tree.leaves(condition):
            text = REGEXES[leaf.pattern] if isinstance(leaf, tree.Regex) else "10.0.0.1"
            if isinstance(leaf, tree.Text):
                text = "".join(part if isinstance(part, str) else "xy"[part:] for part in leaf.parts)
            place = self.choice(fields.places(leaf.field, False))
            column = place.column or self.choice([one.lower() for one in form.columns])
            if place.kind is Kind.JOINED and fields.query and "?" in text:
                text, _, behind = text.partition("?")
                row[spelling[fields.query]] = self.disguised(behind, place.kind)
            if column in spelling:
                row[spelling[column]] = self.disguised(text, place.kind)
        return row

    def allowed(self, data: bytes, form: LogFormat) -> bytes:
        """What the log can hold: no line break, and no blank where blanks separate."""
        forbidden = b"\n " if form.separator == " " else b"\n\r"
        return bytes(byte for byte in data if byte not in forbidden)

    def leaf(self, form: LogFormat) -> tree.Node:
        field = self.choice(FIELDS[form.id])
        kind = self.randrange(10)
        if kind <= 4:
            return self.text(field)
        if kind <= 6:
            return tree.Regex(self.choice([field, field, None]), self.choice(sorted(REGEXES)))
        if kind == 7:
            return self.choice(
                [tree.Null(field), tree.Exists(field, True), tree.Text(field, (tree.ANY_RUN,))]
            )
        if kind == 8:
            return tree.Network(field, self.choice(["10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32", "::/0"]))
        return tree.Compare(field, self.choice(["<", ">=", "<>"]), 200)

    def text(self, field: str) -> tree.Text:
        texts = [self.choice(PIECES) for _ in range(self.randint(1, 3))]
        parts: list[str | int] = ["".join(texts)]
        if len(texts) > 1 and self.random() < 0.5:
            parts = [texts[0], self.choice([tree.ANY_RUN, tree.ANY_ONE]), "".join(texts[1:])]
        cased = self.random() < 0.3
        if self.random() < 0.25:
            return tree.Text(
                None, (tree.ANY_RUN, *[one for one in parts if one != tree.ANY_RUN], tree.ANY_RUN), cased
            )
        before, behind = (tree.ANY_RUN,) * self.randrange(2), (tree.ANY_RUN,) * self.randrange(2)
        return tree.Text(field, (*before, *parts, *behind), cased)

    def tree(self, form: LogFormat, depth: int = 2) -> tree.Node:
        kind = self.randrange(5) if depth else 0
        if kind <= 1:
            return self.leaf(form)
        if kind == 2:
            return tree.Not(self.tree(form, depth - 1))
        of = tuple(self.tree(form, depth - 1) for _ in range(self.randint(2, 3)))
        return tree.And(of) if kind == 3 else tree.Or(of)


def rule(number: int, condition: tree.Node, form: LogFormat) -> Rule:
    return Rule(
        id=f"R{number}",
        version="0" * 12,
        title="random",
        logsource=LogSource(),
        level=Severity.LOW,
        stage=Stage.PROBE,
        strength=Strength.ATTEMPT,
        file="random:1",
        own=False,
        condition=condition,
        formats=(form.id,),
    )


def case_of(seed: int) -> tuple[list[Rule], Batch]:
    dice = Dice(seed)
    form = dice.choice(FORMATS)
    columns = list(form.columns)
    if dice.random() < 0.3:
        columns.remove(dice.choice([one for one in columns if one != form.ecs["url.path"]]))
    rules = [rule(at, dice.tree(form), form) for at in range(dice.randint(1, 4))]
    rows = []
    for _ in range(dice.randint(1, 16)):
        row = {column: dice.value() for column in columns if dice.random() < 0.5}
        if dice.random() < 0.7:
            row |= dice.planted(rules, form)
        rows.append({column: dice.allowed(value, form) for column, value in row.items()})
    return rules, make_batch(form, rows, columns=columns)


cases = st.integers(0, 2**32).map(case_of)


DATABASE = Database()


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


@settings(max_examples=300, deadline=None)
@given(cases)
def test_exact_evaluation_means_what_the_specification_says(case: tuple[list[Rule], Batch]) -> None:
    assert by_every_row(*case) == by_oracle(*case)


@settings(max_examples=300, deadline=None)
@given(cases)
def test_no_row_that_matches_is_outside_the_candidates(case: tuple[list[Rule], Batch]) -> None:
    rules, batch = case
    expected = by_every_row(rules, batch)
    engine = Engine(rules, FORMATS)
    candidates = engine.candidates(batch)
    assert {row for _, row in expected} <= set(candidates.tolist())
    kept = batch.take(candidates)
    found = {(one.rule.id, int(candidates[one.row])) for one in engine.match([kept])}
    assert found == expected


@settings(max_examples=300, deadline=None)
@given(cases, st.booleans(), st.booleans())
def test_full_and_sweep_find_the_same(case: tuple[list[Rule], Batch], sampled: bool, learned: bool) -> None:
    rules, batch = case
    if learned:  # every day's rows came before, so that what is harmless in them is known
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(familiar, "OFTEN", 1)
            patch.setattr(familiar, "AGAIN", 1)
            compare(rules, batch, sampled, passes=3)
    else:
        compare(rules, batch, sampled, passes=1)


def compare(rules: list[Rule], batch: Batch, sampled: bool, passes: int) -> None:
    ordinary = b"GET /owa/auth/x.aspx?cmd=ServerInfo~ /ecp/ 200\n" * 9 if sampled else b""
    engine = Engine(
        rules, FORMATS, lambda kind: ordinary
    )  # clauses are chosen by what is rare in another log
    data = raw_lines(batch)
    for _ in range(passes):
        lines = swept_lines(engine, batch.format.id, data)
    assert lines == sorted(lines)
    swept = set(lines)
    matched = {one.row for one in engine.match([batch])}
    assert matched <= swept
    kept = batch.take(np.array(sorted(swept & set(range(len(batch)))), np.int64))
    again = {sorted(swept)[one.row] for one in engine.match([kept])}
    assert again == matched


@pytest.mark.skipif(matcher.hyperscan is None, reason="Hyperscan is not installed")
@settings(max_examples=150, deadline=None)
@given(cases)
def test_without_hyperscan_the_same_rows_are_candidates(case: tuple[list[Rule], Batch]) -> None:
    rules, batch = case
    data = raw_lines(batch)
    fast = Engine(rules, FORMATS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "hyperscan", None)
        slow = Engine(rules, FORMATS)
        assert slow.candidates(batch).tolist() == fast.candidates(batch).tolist()
        assert swept_lines(slow, batch.format.id, data) == swept_lines(fast, batch.format.id, data)


LITERALS = st.binary(min_size=1, max_size=4).filter(lambda literal: b"\0" not in literal)


@given(st.lists(LITERALS, min_size=1, max_size=20, unique=True), st.binary(max_size=40))
@example([b"%02d" % number for number in range(30)], b"07\1\2nothing07\3 \1\2NOTHING00\3 29")
def test_both_matchers_give_the_same_hits(literals: list[bytes], data: bytes) -> None:
    patterns = list(enumerate(literals))
    fast = matcher.make_matcher(patterns).scan(data)
    slow = matcher.PlainMatcher(patterns).scan(data)
    assert sorted(zip(*map(np.ndarray.tolist, fast), strict=True)) == sorted(
        zip(*map(np.ndarray.tolist, slow), strict=True)
    )
