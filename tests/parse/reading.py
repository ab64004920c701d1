"""Read bytes in any chunks and look at the result as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from exsweep.knowledge.formats import LogFormat, format_of
from exsweep.parse import NO_TIME, Batch, Reader, RejectedLine, Sieve, Tally
from exsweep.parse.sweep import Chooser


@dataclass
class Result:
    """Rows and rejected lines of all batches, in the order of their lines."""

    tally: Tally
    batches: list[Batch]
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)

    def events(self) -> list[tuple[int, int, int | None, dict[str, Any]]]:
        """(line, offset, time, columns) of each event."""
        return list(zip(self.lines, self.offsets, self.times, self.rows, strict=True))

    def column(self, name: str) -> list[bytes]:
        return [row[name] for row in self.rows]


def read(
    data: bytes, kind: LogFormat | str = "iis_w3c", *, cuts: Sequence[int] = (), sieve: Chooser | None = None
) -> Result:
    """Read `data` as one file, cut into chunks at the places `cuts`."""
    reader = Reader(format_of(kind) if isinstance(kind, str) else kind)
    places = [0, *sorted(min(max(cut, 0), len(data)) for cut in cuts), len(data)]
    result = Result(reader.tally, [])
    for index in range(len(places) - 1):
        chunk = data[places[index] : places[index + 1]]
        for batch in reader.feed(chunk, last=index == len(places) - 2, sieve=Sieve(sieve) if sieve else None):
            result.batches.append(batch)
            result.rows += batch.table.to_pylist() if batch.table.num_columns else []
            result.lines += batch.line.tolist()
            result.offsets += batch.offset.tolist()
            result.times += [None if time == NO_TIME else time for time in batch.time_ms.tolist()]
            result.rejected += batch.rejected
    result.rejected.sort(key=lambda one: one.line)
    order = sorted(range(len(result.lines)), key=result.lines.__getitem__)
    for values in (result.rows, result.lines, result.offsets, result.times):
        values[:] = [values[place] for place in order]
    return result


IIS_FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
IIS_HEADER = (
    b"#Software: Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n#Date: 2021-03-01 00:00:00\r\n#Fields: "
    + IIS_FIELDS.encode()
    + b"\r\n"
)


def iis_line(
    time: str = "10:00:00",
    stem: str = "/owa/",
    query: str = "-",
    agent: str = "Mozilla/5.0",
    status: int = 200,
    *,
    date: str = "2021-03-01",
    client: str = "203.0.113.9",
) -> bytes:
    """One line of the default field list, without its line break."""
    return f"{date} {time} 10.0.0.5 GET {stem} {query} 443 - {client} {agent} - {status} 0 0 15".encode()
