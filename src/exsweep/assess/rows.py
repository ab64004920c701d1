"""From a row of columns to a `Hit`: text for people and for the judge, bytes shown where they are no text."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pyarrow as pa

from exsweep.model import Hit, Origin
from exsweep.parse.batch import NO_TIME, Batch

_VALUE_CAP = 4_000
FOLD_AFTER = 1_000
"""Events kept per rule, file and day; what follows is counted onto the last one (H46: noise must not drown a case)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text(value: bytes, cap: int = _VALUE_CAP) -> str:
    """Bytes as text; bytes that are not UTF-8 as `\\xNN`."""
    return value[:cap].decode("utf-8", "backslashreplace")


def moment(time_ms: int) -> datetime | None:
    """Milliseconds since 1970 as an aware time in UTC; None for `NO_TIME`."""
    return None if time_ms == NO_TIME else _EPOCH + timedelta(milliseconds=int(time_ms))


class Cells:
    """Values of a batch, made into objects a column at a time: one by one they cost a hundred times as much."""

    def __init__(self, batch: Batch) -> None:
        names = {native: ecs for ecs, native in reversed(batch.format.ecs.items())}
        empty = {value.encode() for value in batch.format.empty}
        self._columns = [
            (names.get(name, name), _shown(values, empty))
            for name, values in zip(batch.table.column_names, batch.table.columns, strict=True)
            if values.null_count < len(values)
        ]
        native = batch.format.ecs.get("winlog.record_id")
        self._records = batch.table[native].to_pylist() if native in batch.table.column_names else None

    def fields(self, row: int) -> dict[str, str]:
        """Non-empty columns of a row: ECS name where the format maps the column, else its own."""
        return {name: said for name, values in self._columns if (said := values[row]) is not None}

    def record(self, row: int) -> int | None:
        """Number of the record where the format has records (Windows events), else None."""
        said = self._records[row] if self._records is not None else None
        return int(said) if said and said.isdigit() and len(said) <= 20 else None


def _shown(values: pa.ChunkedArray, empty: Collection[bytes]) -> list[str | None]:
    """Each row's text; None where there is none."""

    def told(value: bytes | None) -> str | None:
        return None if value is None or value in empty else text(value)

    found: list[str | None] = []
    for chunk in values.chunks:
        if not pa.types.is_dictionary(chunk.type):
            found += map(told, chunk.to_pylist())
            continue
        codes = np.asarray(chunk.indices.fill_null(-1), np.int64)
        used, where = np.unique(codes, return_inverse=True)
        texts = [told(one) for one in chunk.dictionary.take(pa.array(used, mask=used < 0)).to_pylist()]
        found += [texts[one] for one in where.tolist()]
    return found


def fields(batch: Batch, row: int) -> dict[str, str]:
    """Non-empty columns of one row; see `Cells`, which is for many."""
    return Cells(batch.part(row, row + 1)).fields(0)


def rebuilt(batch: Batch, row: int) -> str:
    """The line as the log would write it, from its columns: exact where no column was dropped."""
    separator = batch.format.separator
    parts = []
    for values in batch.table.columns:
        part = text(values[row].as_py() or b"")
        quoted = batch.format.quoting and (separator in part or '"' in part)
        parts.append('"' + part.replace('"', '""') + '"' if quoted else part)
    return separator.join(parts)[:_VALUE_CAP]


def hit(
    rule: str,
    batch: Batch,
    row: int,
    path: str,
    sha256: str,
    *,
    excerpt: str | None = None,
    cells: Cells | None = None,
) -> Hit:
    """What a rule found. `cells`: those of the batch, where more of its rows are made into hits."""
    raw = batch.raw(row)
    said, at = (Cells(batch.part(row, row + 1)), 0) if cells is None else (cells, row)
    return Hit(
        rule=rule,
        kind=batch.format.id,
        origin=Origin(
            path=path,
            sha256=sha256,
            line=int(batch.line[row]),
            offset=int(batch.offset[row]),
            record=said.record(at),
        ),
        time=moment(int(batch.time_ms[row])),
        fields=said.fields(at),
        excerpt=excerpt if excerpt is not None else text(raw) if raw is not None else rebuilt(batch, row),
    )


def fold(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """First 1,000 events per rule, file and day; the rest as a count on the last one. Order is kept."""
    seen: Counter[tuple[str, str, object]] = Counter()
    kept: dict[int, Hit] = {}
    last: dict[tuple[str, str, object], int] = {}
    for place, item in enumerate(hits):
        key = (item.rule, item.origin.path, item.time.date() if item.time else None)
        seen[key] += 1
        if seen[key] <= FOLD_AFTER:
            kept[place], last[key] = item, place
        else:
            home = kept[last[key]]
            kept[last[key]] = msgspec.structs.replace(
                home, count=home.count + item.count, last_time=item.last_time or item.time or home.last_time
            )
    return tuple(kept.values())


def column(batch: Batch, name: str) -> pa.Array | None:
    """A native column as one array, or None."""
    if name not in batch.table.column_names:
        return None
    values = batch.table.column(name)
    combined = values.combine_chunks()
    return (
        combined.chunk(0) if isinstance(combined, pa.ChunkedArray) and combined.num_chunks == 1 else combined
    )
