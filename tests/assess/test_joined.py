"""Rows of many small event logs are put together by format, whatever columns each of them has."""

import pyarrow as pa

from exsweep.assess.joined import Gathering, join
from exsweep.parse.batch import Batch
from tests.detect.events.making import SYSMON, batch_of, event


def _with(**data: str) -> Batch:
    return batch_of([event(SYSMON, 1, **data)])


def test_a_column_that_one_file_lacks_is_null_in_its_rows() -> None:
    joined = join([(0, "a.evtx", _with(Image="a", Odd="1")), (1, "b.evtx", _with(Image="b", Other="2"))])
    table = joined.batch.table
    assert table["Odd"].to_pylist() == [b"1", None]
    assert table["Other"].to_pylist() == [None, b"2"]
    assert table["Image"].to_pylist() == [b"a", b"b"]
    assert [(part.place, part.path, part.rows) for part in joined.parts] == [
        (0, "a.evtx", 1),
        (1, "b.evtx", 1),
    ]


def test_names_that_differ_in_letter_case_are_one_column() -> None:
    table = join([(0, "a", _with(OddName="1")), (1, "b", _with(ODDNAME="2"))]).batch.table
    assert table["OddName"].to_pylist() == [b"1", b"2"]
    assert "ODDNAME" not in table.column_names


def test_records_wait_for_their_format_and_not_for_their_columns() -> None:
    gathering = Gathering()
    for at, name in enumerate(("One", "Two", "Three")):
        assert not list(gathering.add(at, name, _with(**{name: "x"})))
    joined = list(gathering.rest())
    assert [len(one.batch) for one in joined] == [3]
    assert isinstance(joined[0].batch.table["One"].type, pa.DictionaryType)
    assert not list(gathering.rest())
