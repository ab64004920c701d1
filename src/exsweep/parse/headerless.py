"""Lines before any header: read by number and shape of their fields, one by one."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.columns import Columns, to_table
from exsweep.parse.fields import split
from exsweep.parse.header import Header, normal_names
from exsweep.parse.lines import Block, Index
from exsweep.parse.shapes import infer, proves


class ShapeReader:
    """Infers the header of lines that have none; goes on with a header as long as lines fit it."""

    def __init__(self, kind: LogFormat) -> None:
        self.kind = kind
        self._header: Header | None = None

    def read(self, block: Block, lines: Index) -> Iterator[tuple[Header | None, Columns]]:
        """Runs of lines with one inferred header each, in file order; header None: only rejected lines."""
        rows: list[list[bytes]] = []
        good: list[int] = []
        bad: list[tuple[int, str]] = []
        for index in lines.tolist():
            found = "too-long" if block.too_long else self._fields(block.line(index))
            if isinstance(found, str):
                bad.append((index, found))
                continue
            header, fields = found
            if header != self._header:
                if good or bad:
                    yield self._header, _columns(self._header, rows, good, bad)
                rows, good, bad = [], [], []
                self._header = header
            rows.append(fields)
            good.append(index)
        if good or bad:
            yield self._header, _columns(self._header, rows, good, bad)

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
        for reading in (fields, [field for field in fields if field]):
            names = infer(self.kind, reading)
            if names is not None:
                return Header(self.kind, normal_names(self.kind, names), inferred=True), list(reading)
        return "no-header"


def _columns(
    header: Header | None, rows: list[list[bytes]], good: list[int], bad: list[tuple[int, str]]
) -> Columns:
    table = pa.table({}) if header is None else to_table(rows, header)
    return Columns(table, np.array(good, np.int64), bad)
