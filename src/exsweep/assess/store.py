"""The event store: all rows of all logs as Parquet, under ECS names where there are any, with their origin.

Columns: `@timestamp` (milliseconds, UTC), `log.file.path`, `log.line`, `log.offset`, then the log's own columns as text;
a column that ECS names carries the ECS name and keeps its own in the field's metadata (`native`). Bytes that are not
UTF-8 are shown as `\\xNN`. One file holds the rows of many small logs of one format and one set of columns, in order:
an Exchange server writes thousands of hourly files, and engines are slow with thousands of Parquet files.
"""

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exsweep.errors import StoreError
from exsweep.knowledge.formats import LogFormat
from exsweep.parse.batch import NO_TIME, Batch, Ints

_PATH = "log.file.path"
_FIXED = ("@timestamp", _PATH, "log.line", "log.offset")
_GROUP_ROWS = 65_536
_BATCH_ROWS = 16_384
"""Values that are encoded in one go: a twentieth quicker than by 1,024."""


class EventWriter:
    """Collects the rows of one task; files appear when `close` is called, all or none."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._parts: dict[tuple[str, tuple[str, ...], bool], _Part] = {}

    def write(self, batch: Batch, files: Sequence[tuple[str, int]]) -> None:
        """Append rows of one or more logs: (path, number of rows) of each in order.

        Raises:
            StoreError: the disk is full or not writable.
        """
        if not len(batch):
            return
        nulls = batch.format.records or any(column.null_count for column in batch.table.columns)
        key = (batch.format.id, tuple(batch.table.column_names), nulls)
        if key not in self._parts:
            name = f"{batch.format.id}-{self._name}-{len(self._parts):02}"
            self._parts[key] = _Part(self._folder, name, batch.format.id, nulls=nulls)
        with _as_store_error(self._folder):
            self._parts[key].add(batch, files)

    def close(self) -> list[tuple[str, str, int]]:
        """Put the files in place; name, format and rows of each."""
        with _as_store_error(self._folder):
            return [part.close() for part in self._parts.values()]

    def abandon(self) -> None:
        """Leave nothing behind."""
        for part in self._parts.values():
            part.abandon()


@contextlib.contextmanager
def _as_store_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Cannot write to {folder}: {error.strerror or error}.",
            tip="Free space there, then run the same command again: it goes on.",
        ) from error


def parquet_writer(path: Path, schema: pa.Schema, kind: str) -> pq.ParquetWriter:
    """How rows of one format are stored: what repeats is numbers by then, on which zstd spends time and gains nothing."""
    repeated = [name for name in schema.names if pa.types.is_dictionary(schema.field(name).type)]
    return pq.ParquetWriter(
        path,
        schema.with_metadata({"exsweep.format": kind}),
        compression={name: "lz4" if name in repeated else "zstd" for name in schema.names},
        compression_level={name: 1 for name in schema.names if name not in repeated} or None,
        use_dictionary=repeated,
        column_encoding=dict.fromkeys(("@timestamp", "log.line", "log.offset"), "DELTA_BINARY_PACKED"),
        write_statistics=["@timestamp"],
        write_batch_size=_BATCH_ROWS,
    )


class _Part:
    """One Parquet file in the making: small batches are gathered into row groups."""

    def __init__(self, folder: Path, name: str, kind: str, *, nulls: bool = True) -> None:
        """`nulls`: a row may lack a column; lines of a text never do, and are stored a tenth quicker."""
        self._final = folder / f"{name}.parquet"
        self._hidden = folder / f".{name}.{os.getpid()}.tmp"
        self._kind, self._nulls = kind, nulls
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[Batch] = []
        self._files: list[tuple[str, int]] = []
        self._waiting_rows = 0
        self._rows = 0

    def add(self, batch: Batch, files: Sequence[tuple[str, int]]) -> None:
        self._waiting.append(batch.without_buffer())
        self._files += files
        self._waiting_rows += len(batch)
        if self._waiting_rows >= _GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = _to_store(self._files, self._waiting, nulls=self._nulls)
        self._waiting, self._files, self._waiting_rows = [], [], 0
        if self._writer is None:
            self._writer = parquet_writer(self._hidden, table.schema, self._kind)
        self._writer.write_table(table.replace_schema_metadata(self._writer.schema.metadata))
        self._rows += table.num_rows

    def close(self) -> tuple[str, str, int]:
        self._flush()
        if self._writer is not None:
            self._writer.close()
        self._hidden.replace(self._final)
        return self._final.name, self._kind, self._rows

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            if self._writer is not None:
                self._writer.close()
            self._hidden.unlink(missing_ok=True)


def _to_store(files: Sequence[tuple[str, int]], batches: Sequence[Batch], *, nulls: bool) -> pa.Table:
    """Batches of one format and one set of columns as one table; text where the log has bytes."""
    form = batches[0].format
    names = {native: ecs for ecs, native in reversed(form.ecs.items())}
    table = (
        batches[0].table
        if len(batches) == 1
        else pa.concat_tables([batch.table for batch in batches]).unify_dictionaries()
    )
    times = np.concatenate([batch.time_ms for batch in batches])
    stamps = pa.array(times, pa.int64(), mask=times == NO_TIME).cast(pa.timestamp("ms", tz="UTC"))
    shown: dict[str, int] = {}
    codes = [
        shown.setdefault(path.encode("utf-8", "backslashreplace").decode(), len(shown)) for path, _ in files
    ]
    where = pa.DictionaryArray.from_arrays(
        pa.array(np.repeat(np.array(codes, np.int32), [rows for _, rows in files])),
        pa.array(list(shown), pa.string()),
    )
    fields = [
        pa.field("@timestamp", stamps.type),
        pa.field(_PATH, where.type, nullable=nulls),
        pa.field("log.line", pa.int64(), nullable=nulls),
        pa.field("log.offset", pa.int64(), nullable=nulls),
    ]
    columns: list[pa.Array | pa.ChunkedArray] = [
        stamps,
        where,
        pa.array(np.concatenate([batch.line for batch in batches])),
        pa.array(np.concatenate([batch.offset for batch in batches])),
    ]
    taken = set(_FIXED)
    for native, values in zip(table.column_names, table.columns, strict=True):
        name = names.get(native, native)
        name = name if name not in taken else native
        taken.add(name)
        readable = _readable(values)
        fields.append(pa.field(name, readable.type, nullable=nulls, metadata={"native": native}))
        columns.append(readable)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _readable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = pa.dictionary(pa.int32(), pa.string()) if pa.types.is_dictionary(values.type) else pa.string()
    return pa.chunked_array([_readable_chunk(chunk) for chunk in values.chunks], type=kind)


def _readable_chunk(chunk: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(chunk.type):
        return pa.DictionaryArray.from_arrays(chunk.indices, _as_text(chunk.dictionary), safe=False)
    return _as_text(chunk)


def _as_text(values: pa.Array) -> pa.Array:
    """Cast where all is UTF-8, which is nearly always and costs nothing; else decode one by one."""
    try:
        return pc.cast(values, pa.string())
    except pa.ArrowInvalid:
        return pa.array(
            [
                None if value is None else value.decode("utf-8", "backslashreplace")
                for value in values.to_pylist()
            ],
            pa.string(),
        )


def part_of(file: Path, to: Path, paths: Collection[str] | None) -> int | None:
    """Put the rows of these logs into a file of the same name in the folder `to`: all of it (None) is moved there.

    Returns the number of rows copied (of none no file is made); None where the file was moved.

    Raises:
        StoreError: the disk is full or not writable, or the file is damaged.
    """
    target, hidden = to / file.name, to / f".{file.name}.{os.getpid()}.tmp"
    with _as_store_error(to):
        to.mkdir(parents=True, exist_ok=True)
        if paths is None:
            file.replace(target)
            return None
        source = pq.ParquetFile(file, read_dictionary=_dictionaries(file))
        wanted = pa.array(sorted(path.encode("utf-8", "backslashreplace").decode() for path in paths))
        rows = 0
        with pq.ParquetWriter(hidden, source.schema_arrow, compression="zstd", compression_level=1) as writer:
            for group in range(source.num_row_groups):
                table = source.read_row_group(group)
                mine = table.filter(pc.is_in(table.column(_PATH).cast(pa.string()), value_set=wanted))
                rows += mine.num_rows
                if mine.num_rows:
                    writer.write_table(mine)
        if rows:
            hidden.replace(target)
        else:
            hidden.unlink()
    return rows


def read_events(file: Path, kind: LogFormat) -> Iterator[tuple[str, Batch]]:
    """Rows of one stored file again: (path of the log, batch), columns under their native names, as bytes.

    Raises:
        StoreError: the file is not one of ours, or damaged.
    """
    try:
        source = pq.ParquetFile(file, read_dictionary=_dictionaries(file))
        for group in range(source.num_row_groups):
            yield from _by_path(*_whole(source.read_row_group(group), kind))
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{file} cannot be read: {error}.", tip="Run triage again on the evidence."
        ) from error


def chosen_events(
    file: Path, kind: LogFormat, looked_at: Collection[str], choose: Callable[[Batch], Ints]
) -> Iterator[tuple[str, Batch]]:
    """Like `read_events`, but only the rows that `choose` names by their numbers in a batch.

    It is shown batches that have the columns `looked_at` alone; the others are read only where it chose something.

    Raises:
        StoreError: the file is not one of ours, or damaged.
    """
    try:
        source = pq.ParquetFile(file, read_dictionary=_dictionaries(file))
        narrow = [*_FIXED, *(name for name, native in _natives(source.schema_arrow) if native in looked_at)]
        for group in range(source.num_row_groups):
            few, _ = _whole(source.read_row_group(group, columns=narrow), kind)
            rows = choose(few)
            if len(rows):
                table = source.read_row_group(group).take(pa.array(rows))
                yield from _by_path(*_whole(table, kind))
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{file} cannot be read: {error}.", tip="Run triage again on the evidence."
        ) from error


def picked_events(file: Path, kind: LogFormat, rows: Ints) -> Iterator[tuple[str, Batch]]:
    """Like `read_events`, but only the rows with these numbers, ascending, counted from 0 over the whole file.

    Raises:
        StoreError: the file is not one of ours, or damaged.
    """
    try:
        source = pq.ParquetFile(file, read_dictionary=_dictionaries(file))
        begin = 0
        for group in range(source.num_row_groups):
            end = begin + source.metadata.row_group(group).num_rows
            here = rows[np.searchsorted(rows, begin) : np.searchsorted(rows, end)]
            if len(here):
                yield from _by_path(*_whole(source.read_row_group(group).take(pa.array(here - begin)), kind))
            begin = end
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{file} cannot be read: {error}.", tip="Run triage again on the evidence."
        ) from error


def write_rows(file: Path, kind: LogFormat, rows: Sequence[Mapping[str, str | None]]) -> int:
    """A stored file of rows that no log has: columns under their native names, each row its own origin's path.

    `log.file.path` of a row is what stands in its first column. Returns the number of rows.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {
        name: pa.array(
            [(row.get(name) or "").encode("utf-8", "backslashreplace") for row in rows], pa.binary()
        )
        for name in names
    }
    count = len(rows)
    batch = Batch(
        format=kind,
        table=pa.table(columns),
        line=np.arange(1, count + 1),
        offset=np.zeros(count, np.int64),
        time_ms=np.full(count, NO_TIME),
    )
    part = _Part(file.parent, file.stem, kind.id)
    part.add(batch, [(row.get(names[0]) or "", 1) for row in rows])
    with _as_store_error(file.parent):
        part.close()
    return count


def _natives(schema: pa.Schema) -> list[tuple[str, str]]:
    """Columns of a log in the store: (name there, native name)."""
    return [
        (field.name, field.metadata[b"native"].decode())
        for field in schema
        if field.metadata and b"native" in field.metadata
    ]


def _dictionaries(file: Path) -> list[str]:
    schema = pq.read_schema(file)
    return [name for name in schema.names if pa.types.is_dictionary(schema.field(name).type)]


def _whole(table: pa.Table, kind: LogFormat) -> tuple[Batch, pa.Array]:
    """Stored rows as a batch, and the path of the log of each."""
    natives = _natives(table.schema)
    stamps = table.column("@timestamp").cast(pa.int64()).combine_chunks()
    batch = Batch(
        format=kind,
        table=pa.Table.from_arrays(
            [_as_bytes(table.column(name)) for name, _ in natives], names=[native for _, native in natives]
        ),
        line=_ints(table.column("log.line")),
        offset=_ints(table.column("log.offset")),
        time_ms=np.asarray(pc.fill_null(stamps, int(NO_TIME)), dtype=np.int64),
    )
    return batch, table.column(_PATH).combine_chunks()


def _by_path(batch: Batch, paths: pa.Array) -> Iterator[tuple[str, Batch]]:
    codes = np.asarray(paths.indices)
    borders = np.flatnonzero(np.diff(codes)) + 1
    for start, end in zip([0, *borders.tolist()], [*borders.tolist(), len(codes)], strict=True):
        if end > start:
            yield paths.dictionary[int(codes[start])].as_py(), batch.part(start, end)


def _as_bytes(values: pa.ChunkedArray) -> pa.ChunkedArray:
    chunks = []
    for chunk in values.chunks:
        if pa.types.is_dictionary(chunk.type):
            chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(pa.binary())))
        else:
            chunks.append(chunk.cast(pa.binary()))
    kind = pa.dictionary(pa.int32(), pa.binary()) if pa.types.is_dictionary(values.type) else pa.binary()
    return pa.chunked_array(chunks, type=kind)


def _ints(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(values.combine_chunks(), dtype=np.int64)
