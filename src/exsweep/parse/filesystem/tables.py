"""Small columns of file system records, and rows that wait packed."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.parse.batch import Ints

Mask = npt.NDArray[np.bool_]


def extension(names: pa.Array) -> pa.Array:
    """What stands behind the last dot, lower case; empty where there is none, or something odd."""
    found = pc.extract_regex(names, r"(?s)\.(?P<e>[0-9A-Za-z_]{1,12})$").field("e")
    return pc.ascii_lower(pc.fill_null(found.cast(pa.string()), "")).cast(pa.binary())


def digits(values: Ints, missing: Mask | None = None) -> pa.Array:
    """Numbers as text; null where one is missing."""
    return pa.array(values, mask=missing).cast(pa.string()).cast(pa.binary())


def words(values: Mask, yes: str, no: str) -> pa.Array:
    """One of two words a row."""
    both = pa.array([no.encode(), yes.encode()], pa.binary())
    return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), both)


def packed(rows: pa.Table) -> bytes:
    """Rows as compressed bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
        out.write_table(rows)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def unpacked(data: bytes) -> pa.Table:
    """The rows again."""
    return pa.ipc.open_stream(data).read_all().combine_chunks()
