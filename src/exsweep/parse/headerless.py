"""Lines before any header: read by number and shape of their fields, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.columns import Columns, to_table
from exsweep.parse.fields import split
from exsweep.parse.header import Header, normal_names
from exsweep.parse.lines import Block, Index
from exsweep.parse.shapes import infer, proves


@dataclass(slots=True)
class _Run:
    header: Header
    rows: list[list[bytes]] = field(default_factory=list)
    good: list[int] = field(default_factory=list)


class ShapeReader:
    """Infers the header of lines that have none; goes on with a header as long as lines fit it."""

    def __init__(self, kind: LogFormat) -> None:
        self.kind = kind
        self._header: Header | None = None

    def read(self, block: Block, lines: Index) -> Iterator[tuple[Header | None, Columns]]:
        """Lines by their inferred header, each in file order; header None: only rejected lines."""
        found: dict[tuple[str, ...], _Run] = {}
        bad: list[tuple[int, str]] = []
        for index in lines.tolist():
            line = "too-long" if block.too_long else self._fields(block.line(index))
            if isinstance(line, str):
                bad.append((index, line))
                continue
            self._header, fields = line
            run = found.setdefault(self._header.names, _Run(self._header))
            run.rows.append(fields)
            run.good.append(index)
        for run in found.values():
            yield run.header, Columns(to_table(run.rows, run.header), np.array(run.good, np.int64))
        if bad:
            yield None, Columns(pa.table({}), np.empty(0, np.int64), bad)

    def _fields(self, line: bytes) -> tuple[Header, list[bytes]] | str:
        fields = split(line, self.kind)
        known = self._header
        if (
            known is not None
            and known.format is self.kind
            and len(fields) == len(known.names)
            and proves(self.kind, known.names, fields)
        ):
            return known, fields
        while self.kind.separator == " " and fields and not fields[-1]:
            fields = fields[:-1]
        for reading in (fields, [one for one in fields if one]):
            names = infer(self.kind, reading)
            if names is not None:
                return Header(self.kind, normal_names(self.kind, names), inferred=True), list(reading)
        return "no-header"
