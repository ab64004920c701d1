"""Read a trace in chunks of any size and look at its rows as text."""

from exsweep.parse.traces import TraceReader, reader_of


def read(data: bytes, path: str, step: int = 1 << 20) -> tuple[list[dict[str, str]], TraceReader]:
    """Rows without their empty columns, `_line` and `_time` beside them."""
    reader = reader_of(data[: 64 << 10], path)
    assert reader is not None, path
    batches = []
    for start in range(0, len(data), step):
        batches += list(reader.feed(data[start : start + step]))
    batches += list(reader.feed(b"", last=True))
    rows = []
    for batch in batches:
        lines, times = batch.line.tolist(), batch.time_ms.tolist()
        for place, row in enumerate(batch.table.to_pylist()):
            said = {name: value.decode("utf-8", "surrogateescape") for name, value in row.items() if value}
            rows.append(said | {"_line": str(lines[place]), "_time": str(times[place])})
        for place in range(len(batch)):
            batch.raw(place)
    assert reader.tally.lines == reader.tally.events + reader.tally.rejected
    return rows, reader
