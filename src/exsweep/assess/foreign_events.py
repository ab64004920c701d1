"""Saved events from elsewhere, written anew: a jailed worker reads the Parquet, this process only takes its columns.

A Parquet file is parsed by native code, and one from another party may be made to harm it. So no such file is opened
outside the jail. What comes out of the jail is an Arrow stream of the few plain types that events have; it is checked in
full before anything is done with it. Source: Apache Arrow, "Security considerations" (untrusted data: ValidateFull).
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from exsweep.assess.jail import Jail
from exsweep.assess.pool import Pool
from exsweep.assess.store import parquet_writer
from exsweep.errors import EvidenceError, StoreError

_MANIFEST = "sources.json"
_SECONDS = 300.0
_NATIVE = b"native"


class GroupTask(msgspec.Struct, frozen=True):
    """A row group to read; -1: only tell how many there are."""

    path: str
    group: int = -1


class Group(msgspec.Struct, frozen=True):
    groups: int = 0
    kind: str = ""
    """Log format of the file."""
    data: bytes = b""
    """Arrow stream."""


def renewed(events: Path, target: Path) -> Path:
    """Write the events of a folder from elsewhere anew into `target`, which must not exist; returns it.

    Raises:
        EvidenceError: a file cannot be read, or holds what no event has.
        StoreError: there is no room.
    """
    try:
        target.mkdir()
        shutil.copyfile(events / _MANIFEST, target / _MANIFEST)
        for path in sorted(events.glob("*.parquet")):
            _renew(path, target / path.name)
    except OSError as error:
        raise StoreError(
            f"Events cannot be written to {target}: {error.strerror or error}.",
            tip="Free space on the temporary volume, or name another one in the environment variable TMPDIR.",
        ) from error
    return target


def _renew(source: Path, target: Path) -> None:
    pool: Pool[GroupTask, Group] = Pool(
        start, (), Group, 1, jail=Jail(readable=(str(source.resolve()),)), seconds=lambda _: _SECONDS
    )
    (about,) = _read(pool, [GroupTask(str(source))])
    writer: pq.ParquetWriter | None = None
    with contextlib.ExitStack() as stack:
        for group in _read(pool, [GroupTask(str(source), n) for n in range(about.groups)]):
            table = _checked(group.data, source.name)
            if writer is None:
                writer = stack.enter_context(parquet_writer(target, table.schema, about.kind))
            if not table.schema.equals(writer.schema):
                raise _refused(source.name, "its parts have different columns")
            writer.write_table(table.replace_schema_metadata(writer.schema.metadata))


def _read(pool: Pool[GroupTask, Group], tasks: list[GroupTask]) -> Iterator[Group]:
    """In order: one worker does one after the other."""
    for finished in pool.run(tasks):
        if finished.error is not None:
            raise finished.error
        if finished.result is None:
            raise _refused(Path(finished.task.path).name, finished.failure)
        yield finished.result


def _checked(data: bytes, name: str) -> pa.Table:
    """The columns, if they are of types that events have and sound in every byte."""
    try:
        table = pa.ipc.open_stream(pa.py_buffer(data)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _refused(name, f"{error}"[:200]) from error
    fields = []
    for field in table.schema:
        if not _plain(field.type):
            raise _refused(name, f"a column of type {field.type}"[:200])
        native = (field.metadata or {}).get(_NATIVE)
        fields.append(pa.field(field.name, field.type, metadata={_NATIVE: native} if native else None))
    return pa.table(table.columns, schema=pa.schema(fields))


def _plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return pa.types.is_integer(kind.index_type) and _plain(kind.value_type)
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_timestamp(kind)
    )


def start() -> Callable[[GroupTask], Group]:
    return work


def work(task: GroupTask) -> Group:
    """In the jail."""
    file = pq.ParquetFile(task.path)
    if task.group < 0:
        kind = (file.schema_arrow.metadata or {}).get(b"exsweep.format", b"")
        return Group(groups=file.num_row_groups, kind=kind.decode("ascii", "replace"))
    table = file.read_row_group(task.group)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return Group(data=sink.getvalue().to_pybytes())


def _refused(name: str, why: str) -> EvidenceError:
    return EvidenceError(
        f"The saved events in the bundle cannot be used: {name}: {why}.",
        tip="Ask its sender for the bundle again.",
    )
