"""Records whose quoted values may hold line breaks (what Export-Csv writes): one by one, across blocks."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from exsweep.parse.batch import RejectedLine
from exsweep.parse.columns import read_line, to_table
from exsweep.parse.header import Header
from exsweep.parse.lines import LINE_CAP, Block, Index

MAX_LINES = 1000
"""A record that goes on for longer is none: its first line is rejected and reading goes on below it."""


@dataclass(slots=True)
class Records:
    """Finished records in file order; line and offset are those of the first line of each."""

    header: Header
    rows: list[list[bytes]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    """The first line of each, as written."""
    rejected: list[RejectedLine] = field(default_factory=list)
    continued: int = 0
    """Lines in which a value of the line before goes on."""

    def table(self) -> pa.Table:
        """The records as columns."""
        return to_table(self.rows, self.header)

    def line(self) -> Index:
        """1-based line numbers."""
        return np.array(self.lines, np.int64)

    def offset(self) -> Index:
        """Byte offsets."""
        return np.array(self.offsets, np.int64)


class RecordReader:
    """Joins lines (by `\\n`) while a quote is open."""

    def __init__(self) -> None:
        self._open: deque[tuple[int, int, bytes]] = deque()
        self._quotes = 0
        self._size = 0

    @property
    def pending(self) -> bool:
        """A quote is open: lines wait for what follows."""
        return bool(self._open)

    def feed(self, block: Block, lines: Index, header: Header) -> Records:
        """Records that these lines (block line numbers) finish."""
        found = Records(header)
        for index in lines.tolist():
            line, offset, text = (
                block.first_line + index,
                block.offset + int(block.starts[index]),
                block.line(index),
            )
            if block.too_long:
                found.rejected.append(RejectedLine(line, offset, "too-long", text))
            else:
                self._open.append((line, offset, text))
                self._quotes += text.count(b'"')
                self._size += len(text)
                self._settle(found)
        return found

    def close(self, header: Header) -> Records:
        """What is left at the end of the file, or before a new header."""
        found = Records(header)
        while self._open:
            self._give_up(found)
            self._settle(found)
        return found

    def _settle(self, found: Records) -> None:
        """Turn what is open into a record when its quotes are balanced."""
        while self._open and (len(self._open) > MAX_LINES or self._size > LINE_CAP):
            self._give_up(found)
        if not self._open or self._quotes % 2:
            return
        line, offset, text = self._open[0]
        fields = read_line(b"\n".join(one[2] for one in self._open), found.header)
        if isinstance(fields, str):
            found.rejected.append(RejectedLine(line, offset, fields, text))
        else:
            found.rows.append(fields)
            found.lines.append(line)
            found.offsets.append(offset)
            found.texts.append(text)
        found.continued += len(self._open) - 1
        self._open.clear()
        self._quotes = self._size = 0

    def _give_up(self, found: Records) -> None:
        """Reject the first open line; the rest is tried without it."""
        line, offset, text = self._open.popleft()
        found.rejected.append(RejectedLine(line, offset, "open-quote", text))
        rest, self._open = self._open, deque()
        self._quotes = self._size = 0
        for one in rest:
            self._open.append(one)
            self._quotes += one[2].count(b'"')
            self._size += len(one[2])
            if self._quotes % 2 == 0:
                self._settle(found)
