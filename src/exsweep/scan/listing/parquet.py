"""The table as Parquet, for engines and notebooks: the columns of the CSV, with times and numbers as such."""

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from exsweep.scan.listing.columns import COLUMNS, cells
from exsweep.scan.listing.kinds import Entry, list_format

_LISTS = frozenset({"certain", "possible", "exploited", "back_doors_seen", "servers"})
_ROWS = 20_000

if TYPE_CHECKING:
    import pyarrow as pa


@list_format("parquet", title="the same table as Parquet, for SQL and notebooks", binary=True)
def write(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The whole file; row groups of 20,000. A cell without a value is null, a list without one is empty."""
    # Not at the top: every scan would carry 50 MB for a file that few ask for.
    import pyarrow as pa
    import pyarrow.parquet as pq

    out, schema = io.BytesIO(), _schema()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        rows: list[dict[str, object]] = []
        for each in entries:
            rows.append(_row(each))
            if len(rows) == _ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, schema))
    yield out.getvalue()


def _schema() -> "pa.Schema":
    """Column of `COLUMNS` -> type; text but for these."""
    import pyarrow as pa

    types = {
        "time": pa.timestamp("us", tz="UTC"),
        "port": pa.int32(),
        "visits": pa.int32(),
        **{name: pa.list_(pa.string()) for name in _LISTS},
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in COLUMNS])


def _row(of: Entry) -> dict[str, object]:
    text = dict(zip(COLUMNS, cells(of), strict=True))
    found: dict[str, object] = {
        name: value.split() if name in _LISTS else value or None for name, value in text.items()
    }
    return found | {"time": of.result.time, "port": of.result.port, "visits": of.result.visits}
