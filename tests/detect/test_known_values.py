"""What rules ask of single values: told value by value and told by the database are the same."""

from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from exsweep.assess.tools import tools
from exsweep.detect import Engine, exact, values
from exsweep.detect.fields import FieldMap
from exsweep.knowledge.formats import format_of
from tests.detect.build import make_batch

ODD = [
    b"",
    b"-",
    b"a b",
    b"a+b",
    b"%2fowa%2Fauth",
    b"\xff\xfe",
    "ſhell.ASPX".encode(),
    b"GET",
    b"POST",
    b"200",
    b"404",
    None,
]


def _said(kind: str, column: str) -> list[bytes | None]:
    """Values of the column in the examples of all rules."""
    rules = [rule for rule in tools().running if kind in rule.formats]
    return [
        said.encode()
        for rule in rules
        for row in (*rule.examples.match, *rule.examples.no_match)
        for name, said in row.items()
        if name.lower() == column
    ]


@pytest.mark.parametrize("kind", ["iis_w3c", "httpproxy"])
def test_values_told_one_by_one_and_by_the_database_are_equal(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = FieldMap(format_of(kind))
    rules = [rule for rule in tools().running if rule.condition is not None and kind in rule.formats]
    known = values.KnownValues(fields, rules, (), exact.Database())
    monkeypatch.setattr(values, "FEW", 1 << 30)
    assert known._columns
    told = 0
    for name, column in known._columns.items():
        asked = list(dict.fromkeys([*ODD, *_said(kind, name)]))[:200]
        table = pa.table({name: pa.array(asked, pa.binary())})

        def rows(table: pa.Table = table) -> exact.RowTexts:
            return exact.RowTexts(fields, [table], np.zeros(table.num_rows, np.int64))

        single = values._tested(column, rows(), fields)
        queried = known._queried(column, rows(), len(asked))
        assert queried is not None
        if single is None:  # a rule of this column compares numbers: only the database reads those
            continue
        told += 1
        differing = [
            (asked[at], column.rules[rule][1].id)
            for at, rule in product(range(len(asked)), range(len(column.rules)))
            if single[at, rule] != queried[at, rule]
        ]
        assert not differing
    assert told


def test_a_rule_that_wants_one_of_several_columns_looks_at_rows_that_have_one() -> None:
    """Half of an EWS log is read mail; it is read as somebody else only where one of three columns names somebody."""
    form = format_of("ews")
    named = ("ImpersonatedUser", "ActAsUser", "ProxyAsUser")
    asked = [dict(zip(named, values, strict=True)) for values in product(("", r"EXAMPLE\boss"), repeat=3)]
    mine = {"SoapAction": "GetItem", "HttpStatus": "200", "AuthenticatedUser": r"EXAMPLE\svc"}
    batch = make_batch(form, [mine | row for row in asked])
    rules = [rule for rule in tools().running if rule.id == "PE-EWS-AS-OTHER"]
    engine = Engine(rules, [form])
    assert engine.candidates(batch).tolist() == list(range(1, 8))
    assert [match.row for match in engine.match([batch])] == list(range(1, 8))
