"""Read a whole file of events in a test."""

from dataclasses import dataclass

from exsweep.parse.batch import Batch
from exsweep.parse.tally import Tally
from exsweep.parse.winevent import EventReader, event_reader


@dataclass(frozen=True)
class Seen:
    """What one file gave."""

    batches: list[Batch]
    tally: Tally
    reader: EventReader

    def rows(self) -> list[dict[str, str]]:
        """Rows in file order, without empty cells; `_format`, `_line`, `_offset`, `_time_ms` beside the columns."""
        found = []
        for batch in self.batches:
            for number, row in enumerate(batch.table.to_pylist()):
                cells = {
                    name: value.decode("utf-8", "surrogatepass")
                    for name, value in row.items()
                    if value is not None
                }
                cells["_format"] = batch.format.id
                cells["_line"], cells["_offset"] = str(batch.line[number]), int(batch.offset[number])
                cells["_time_ms"] = int(batch.time_ms[number])
                found.append(cells)
        return sorted(found, key=lambda one: one["_offset"])

    def column(self, name: str) -> list[str | None]:
        return [row.get(name) for row in self.rows()]


def read(
    data: bytes, path: str = "", *, sizes: tuple[int, ...] = (), reader: EventReader | None = None
) -> Seen:
    """All of `data`; `sizes` cut it into pieces, the last one repeated."""
    reader = reader or event_reader(data[: 64 << 10], path) or EventReader()
    batches: list[Batch] = []
    at, place = 0, 0
    while sizes and at < len(data):
        size = sizes[min(place, len(sizes) - 1)]
        batches += reader.feed(data[at : at + size])
        at, place = at + size, place + 1
    batches += reader.feed(data[at:], last=True)
    tally = reader.tally
    assert tally.lines == tally.events + tally.rejected
    assert tally.events == sum(len(batch) for batch in batches)
    return Seen(batches, tally, reader)
