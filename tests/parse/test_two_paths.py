"""The quick path (pyarrow) and the exact path (line by line) give the same result, whatever the quotes do."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exsweep.parse import columns
from exsweep.parse.columns import FEW
from tests.parse.reading import Result, read

CSV_HEADER = b"#Fields: DateTime,UrlStem,AnchorMailbox,ProxyAction\r\n"
PART = st.sampled_from(
    [
        b'"',
        b'""',
        b",",
        b",",
        b"a",
        b'"a,b"',
        b'"x ""y"" z"',
        b"\r",
        b"\xff",
        b" ",
        b"\x00",
        b'",',
        b',"',
        b"\xef\xbb\xbf",
    ]
)
GOOD = st.sampled_from(
    [
        b"2021-03-01T00:00:00.000Z,/owa/,x,y",
        b'2021-03-01T00:00:00.000Z,"/owa/,""a""",x,y',
        b'2021-03-01T00:00:00.000Z,"",,""',
        b"2021-03-01T00:00:00.000Z,/owa/,x,y,,",
    ]
)
LINES = st.lists(st.one_of(GOOD, GOOD, st.lists(PART, max_size=9).map(b"".join)), min_size=2, max_size=30)


@pytest.fixture
def either(monkeypatch: pytest.MonkeyPatch):
    def both(data: bytes, kind: str) -> tuple[Result, Result]:
        results = []
        for few in (2, 10**9):
            monkeypatch.setattr(columns, "FEW", few)
            results.append(read(data, kind))
        monkeypatch.setattr(columns, "FEW", FEW)
        return results[0], results[1]

    return both


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, ending=st.sampled_from([b"\n", b"\r\n"]))
def test_quoted_lines_are_read_alike(either, lines: list[bytes], ending: bytes):
    quick, exact = either(CSV_HEADER + ending.join(lines), "httpproxy")
    assert quick.events() == exact.events()
    assert quick.rejected == exact.rejected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        st.lists(
            st.sampled_from([b" ", b"-", b"/x", b"2021-03-01", b"10:00:00", b"\xff", b'"', b"\r"]), max_size=9
        ).map(b"".join),
        min_size=2,
        max_size=30,
    )
)
def test_blank_separated_lines_are_read_alike(either, lines: list[bytes]):
    header = b"#Fields: date time cs-method cs-uri-stem sc-status\n"
    quick, exact = either(header + b"\n".join(lines), "iis_w3c")
    assert quick.events() == exact.events()
    assert quick.rejected == exact.rejected


def test_a_wrong_line_that_is_not_utf8_costs_only_itself(either):
    """pyarrow's own handler of invalid rows dies on such a line."""
    good = b"2021-03-01T00:00:00.000Z,/owa/,x,y\n"
    quick, exact = either(CSV_HEADER + good * 20 + b"2021,\xff\xff\n" + good * 20, "httpproxy")
    assert quick.events() == exact.events()
    assert len(quick.rows) == 40
    assert [one.reason for one in quick.rejected] == ["field-count"]


def test_columns_have_the_type_that_a_batch_promises(either):
    good = b"2021-03-01T00:00:00.000Z,/owa/,x,y\n"
    quick, exact = either(CSV_HEADER + good * 20, "httpproxy")
    assert quick.batches[0].table.schema == exact.batches[0].table.schema
    assert [str(kind) for kind in quick.batches[0].table.schema.types] == [
        "binary",
        *["dictionary<values=binary, indices=int32, ordered=0>"] * 3,
    ]
    assert all(column.num_chunks == 1 for column in quick.batches[0].table.columns)
