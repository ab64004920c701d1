"""The event store: all rows of one log as Parquet, under ECS names where there are any, with their origin.

Columns: `@timestamp` (milliseconds, UTC), `log.line`, `log.offset`, then the log's own columns as text; a column that
ECS names carries the ECS name and keeps its own in the field's metadata (`native`). Bytes that are not UTF-8 are shown
as `\\xNN`. File metadata: `exsweep.path`, `exsweep.sha256` (empty until the file is sealed), `exsweep.kind`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exsweep.errors import StoreError
from exsweep.knowledge.formats import LogFormat
from exsweep.parse.batch import NO_TIME, Batch

_FIXED = ("@timestamp", "log.line", "log.offset")


class EventWriter:
    """Writes the batches of one log; a header with other columns begins another file. Nothing appears until `close`."""

    def __init__(self, folder: Path, name: str, kind: str, path: str) -> None:
        self._folder, self._name = folder, name
        self._meta = {"exsweep.kind": kind, "exsweep.path": path}
        self._writer: pq.ParquetWriter | None = None
        self._schema: pa.Schema | None = None
        self._files: list[tuple[Path, Path]] = []
        self.rows = 0

    def write(self, batch: Batch) -> None:
        """Append rows.

        Raises:
            StoreError: the disk is full or not writable.
        """
        if not len(batch):
            return
        table = _to_store(batch)
        try:
            if self._writer is None or not table.schema.equals(self._schema):
                self._begin(table.schema, batch.format)
            assert self._writer is not None
            self._writer.write_table(table)
        except OSError as error:
            raise StoreError(f"Cannot write to {self._folder}: {error.strerror or error}.", tip="Free space there, or name another folder with --out.") from error
        self.rows += len(batch)

    def _begin(self, schema: pa.Schema, kind: LogFormat) -> None:
        self._end()
        part = len(self._files)
        final = self._folder / (f"{self._name}.parquet" if part == 0 else f"{self._name}.{part}.parquet")
        hidden = final.with_suffix(f".{os.getpid()}.tmp")
        self._files.append((hidden, final))
        self._schema = schema
        unique = {name for name in schema.names if not pa.types.is_dictionary(schema.field(name).type)}
        deltas = {name: "DELTA_BINARY_PACKED" for name in _FIXED}
        self._writer = pq.ParquetWriter(
            hidden,
            schema.with_metadata({**self._meta, "exsweep.format": kind.id}),
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in schema.names if name not in unique],
            column_encoding=deltas,
            write_statistics=["@timestamp"],
        )

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def close(self) -> list[str]:
        """Put the files in place, all or none; their names."""
        self._end()
        for hidden, final in self._files:
            hidden.replace(final)
        return [final.name for _, final in self._files]

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._end()
        for hidden, _ in self._files:
            hidden.unlink(missing_ok=True)


def _to_store(batch: Batch) -> pa.Table:
    names = {native: ecs for ecs, native in reversed(batch.format.ecs.items())}
    stamps = pa.array(batch.time_ms, pa.int64(), mask=batch.time_ms == NO_TIME).cast(pa.timestamp("ms", tz="UTC"))
    fields = [pa.field("@timestamp", stamps.type), pa.field("log.line", pa.int64()), pa.field("log.offset", pa.int64())]
    columns: list[pa.Array | pa.ChunkedArray] = [stamps, pa.array(batch.line), pa.array(batch.offset)]
    taken = set(_FIXED)
    for native, values in zip(batch.table.column_names, batch.table.columns, strict=True):
        name = names.get(native, native)
        name = name if name not in taken else native
        taken.add(name)
        readable = _readable(values)
        fields.append(pa.field(name, readable.type, metadata={"native": native}))
        columns.append(readable)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _readable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pa.chunked_array([_readable_chunk(chunk) for chunk in values.chunks], type=_text_type(values.type))


def _text_type(kind: pa.DataType) -> pa.DataType:
    return pa.dictionary(pa.int32(), pa.string()) if pa.types.is_dictionary(kind) else pa.string()


def _readable_chunk(chunk: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(chunk.type):
        return pa.DictionaryArray.from_arrays(chunk.indices, _as_text(chunk.dictionary))
    return _as_text(chunk)


def _as_text(values: pa.Array) -> pa.Array:
    """Cast where all is UTF-8, which is nearly always and costs nothing; else decode one by one."""
    try:
        return pc.cast(values, pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if value is None else value.decode("utf-8", "backslashreplace") for value in values.to_pylist()], pa.string())


def read_events(file: Path, kind: LogFormat) -> Iterator[Batch]:
    """Rows of one stored file again as batches, columns under their native names, as bytes.

    Raises:
        StoreError: the file is not one of ours, or damaged.
    """
    try:
        source = pq.ParquetFile(file, read_dictionary=_dictionaries(file))
        for group in range(source.num_row_groups):
            yield _from_store(source.read_row_group(group), kind)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{file} cannot be read: {error}.", tip="Run triage again on the evidence.") from error


def _dictionaries(file: Path) -> list[str]:
    schema = pq.read_schema(file)
    return [name for name in schema.names if pa.types.is_dictionary(schema.field(name).type)]


def _from_store(table: pa.Table, kind: LogFormat) -> Batch:
    names, columns = [], []
    for field, values in zip(table.schema, table.columns, strict=True):
        native = (field.metadata or {}).get(b"native")
        if native is None:
            continue
        names.append(native.decode())
        columns.append(_as_bytes(values))
    stamps = table.column("@timestamp").cast(pa.int64()).combine_chunks()
    return Batch(
        format=kind,
        table=pa.table(dict(zip(names, columns, strict=True))) if names else pa.table({}),
        line=_ints(table.column("log.line")),
        offset=_ints(table.column("log.offset")),
        time_ms=np.asarray(pc.fill_null(stamps, int(NO_TIME)), dtype=np.int64),
    )


def _as_bytes(values: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = []
    for chunk in values.chunks:
        if pa.types.is_dictionary(chunk.type):
            chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.binary())))
        else:
            chunks.append(chunk.cast(pa.binary()))
    kind = pa.dictionary(pa.int32(), pa.binary()) if pa.types.is_dictionary(values.type) else pa.binary()
    return pa.chunked_array(chunks, type=kind)


def _ints(values: pa.ChunkedArray) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.asarray(values.combine_chunks(), dtype=np.int64)
