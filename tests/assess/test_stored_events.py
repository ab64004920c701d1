"""Stored events come back as they were, lines without gaps and rows that lack a column side by side."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from exsweep.assess.store import EventWriter, read_events
from exsweep.knowledge.formats import format_of
from exsweep.parse.batch import NO_TIME, Batch


def _batch(values: list[bytes | None], stems: list[bytes]) -> Batch:
    count = len(values)
    columns = {"cs-uri-query": pa.array(values, pa.binary()), "cs-uri-stem": pa.array(stems, pa.binary())}
    table = pa.table({**columns, "cs-uri-stem": columns["cs-uri-stem"].dictionary_encode()})
    times = np.array([1_614_600_000_000, *([NO_TIME] * (count - 1))], np.int64)
    return Batch(format_of("iis_w3c"), table, np.arange(1, count + 1), np.arange(count) * 10, times)


def test_a_row_that_lacks_a_column_is_stored_beside_those_that_lack_none(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, "task")
    whole = _batch([b"a=1", b"\xff", b"-"], [b"/owa/", b"/\xe9", b"/owa/"])
    lacking = _batch([b"b=2", None], [b"/ecp/", b"/ecp/"])
    writer.write(whole, [("a.log", 3)])
    writer.write(lacking, [("b.log", 2)])
    writer.write(whole, [("c.log", 3)])
    stored = writer.close()
    assert [rows for _, _, rows in stored] == [6, 2]
    assert [pq.read_schema(tmp_path / name).field("url.query").nullable for name, _, _ in stored] == [
        False,
        True,
    ]
    found = {
        path: (batch.table.to_pydict(), batch.line.tolist(), batch.time_ms.tolist())
        for name, _, _ in stored
        for path, batch in read_events(tmp_path / name, format_of("iis_w3c"))
    }
    assert list(found) == ["a.log", "c.log", "b.log"]
    assert found["b.log"][0] == lacking.table.to_pydict()
    assert found["a.log"] == found["c.log"]
    assert found["a.log"][1:] == ([1, 2, 3], whole.time_ms.tolist())
    assert found["a.log"][0]["cs-uri-query"] == [
        b"a=1",
        b"\\xff",
        b"-",
    ]  # shown, as all bytes that are no text
