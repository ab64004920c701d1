"""Names in UTF-16 to bytes in UTF-8, a column at a time: nearly all are ASCII, which needs no decoding."""

from collections.abc import Sequence
from typing import overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.parse.batch import Ints
from exsweep.parse.filesystem.records import Bytes


def texts(data: Bytes, at: Ints, length: Ints) -> pa.Array:
    """`length` UTF-16 units from each byte `at` on; half a surrogate pair keeps its three bytes."""
    if not len(at):
        return pa.array([], pa.binary())
    ends = np.cumsum(length)
    inside = np.arange(int(ends[-1])) - np.repeat(ends - length, length)
    where = np.repeat(at, length) + 2 * inside
    low, high = data[where], data[where + 1]
    odd = (high > 0) | (low >= 0x80)
    offsets = np.concatenate((np.zeros(1, np.int64), ends)).astype(np.int32)
    plain = pa.Array.from_buffers(
        pa.binary(), len(at), [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(low.tobytes())]
    )
    if not odd.any():
        return plain
    rows = np.unique(np.searchsorted(ends, np.flatnonzero(odd), side="right"))
    said = plain.to_pylist()
    for row in rows.tolist():
        start = int(at[row])
        raw = data[start : start + 2 * int(length[row])].tobytes()
        said[row] = raw.decode("utf-16-le", "surrogatepass").encode("utf-8", "surrogatepass")
    return pa.array(said, pa.binary())


def joined(folders: pa.Array, names: pa.Array, drive: bytes = b"") -> pa.Array:
    r"""`C:` + `\inetpub` + `\` + `x.aspx`."""
    whole = pc.binary_join_element_wise(folders, names, pa.scalar(b"\\", pa.binary()))
    if not drive:
        return whole
    return pc.binary_join_element_wise(pa.scalar(drive, pa.binary()), whole, pa.scalar(b"", pa.binary()))


class Told(Sequence[bytes]):
    """Rows of columns as text, made when somebody asks: what a record says, for people to read."""

    def __init__(self, table: pa.Table, start: int = 0, end: int | None = None) -> None:
        self._table, self._start = table, start
        self._end = table.num_rows if end is None else end

    def __len__(self) -> int:
        return self._end - self._start

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> "Told": ...

    def __getitem__(self, place: int | slice) -> "bytes | Told":
        """The row as `Name=value; Name=value`, or a part of the rows."""
        if isinstance(place, slice):
            start, end, _ = place.indices(len(self))
            return Told(self._table, self._start + start, self._start + end)
        row = self._start + range(len(self))[place]
        values = ((name, self._table.column(name)[row].as_py()) for name in self._table.column_names)
        return b"; ".join(name.encode() + b"=" + value for name, value in values if value)
