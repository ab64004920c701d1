"""Small logs of one format read together: what a table of columns costs is paid once for many files.

Each of them gives the same rows and the same tally as a `Reader` of its own does; one that is not plain is read by one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.batch import Batch, RejectedLine, line_at
from exsweep.parse.columns import ColumnReader, Columns
from exsweep.parse.header import Header
from exsweep.parse.lines import BLOCK_BYTES, Block, Index, LineSplitter
from exsweep.parse.reader import Reader, maybe_headers
from exsweep.parse.sweep import Sieve, wanted
from exsweep.parse.tally import Tally
from exsweep.parse.times import Clock

MOST_BYTES = BLOCK_BYTES
"""Of files that are read together."""


@dataclass(frozen=True, slots=True)
class Stack:
    """Rows of one or more files, file after file. In `batch` each has the line and the offset in its own file."""

    batch: Batch
    files: tuple[int, ...]
    """Numbers of the files, rising."""
    rows: tuple[int, ...]
    """How many of the rows each has."""
    data: bytes
    starts: Index
    """Where the line of each row begins in `data`."""

    def raw(self, row: int) -> bytes:
        """The line of a row without its line end, at most 64 KiB."""
        return line_at(self.data, int(self.starts[row]))


def is_plain(data: bytes, kind: LogFormat) -> bool:
    """The whole text of a small log can be read with that of others: its last line is whole, nothing in it is odd."""
    return not kind.multiline and data.endswith(b"\n") and b"\0" not in data


def read_several(
    texts: Sequence[bytes], kind: LogFormat, sieve: Sieve | None = None
) -> tuple[list[Tally], list[Stack]]:
    """Whole texts of logs of one format, each plain and all of them at most MOST_BYTES: what each gave, and its rows."""
    data = b"".join(texts)
    ends = np.cumsum([len(text) for text in texts])
    blocks = list(LineSplitter().feed(data, last=True))
    if len(blocks) != 1 or blocks[0].too_long:  # endless lines, or nothing but line breaks
        found = [_alone(number, text, kind, sieve) for number, text in enumerate(texts)]
        return [tally for tally, _ in found], [stack for _, stacks in found for stack in stacks]
    block = blocks[0]
    firsts = np.concatenate(([0], np.searchsorted(block.stops, ends, side="right")))
    readers, groups, odd = _sorted(block, kind, firsts.tolist())
    stacks = []
    chosen = wanted(block, sieve) if sieve is not None and groups else None
    for header, members in groups.items():
        lines = np.concatenate([lines for _, lines in members])
        few = chosen if sieve is not None and sieve.knows(header.format) else None
        if few is not None:
            lines = few.of(block, lines, header)
        columns = ColumnReader().read(block, lines, header)
        stacks.append(_stack(block, header, columns, members, firsts, readers, whole=few is None))
    tallies = [reader.tally for reader in readers]
    for number in odd:
        tallies[number], alone = _alone(number, texts[number], kind, sieve)
        stacks += alone
    return tallies, [stack for stack in stacks if len(stack.batch)]


def _sorted(
    block: Block, kind: LogFormat, firsts: list[int]
) -> tuple[list[Reader], dict[Header, list[tuple[int, Index]]], list[int]]:
    """A reader for each file, that has counted its header lines; files with the lines below their one header, by that
    header; numbers of the files that have another order."""
    data = block.ends > block.starts
    headers = maybe_headers(block, data)
    readers: list[Reader] = []
    groups: dict[Header, list[tuple[int, Index]]] = {}
    odd: list[int] = []
    for number, (begin, end) in enumerate(pairwise(firsts)):
        reader = Reader(kind)
        readers.append(reader)
        mine = headers[bisect_left(headers, begin) : bisect_left(headers, end)]
        header = reader.only_header(block, begin, mine, data[begin:end])
        if isinstance(header, Header):
            groups.setdefault(header, []).append((number, np.flatnonzero(data[begin:end]) + begin))
        elif header is None:
            odd.append(number)
    return readers, groups, odd


def _stack(
    block: Block,
    header: Header,
    columns: Columns,
    members: Sequence[tuple[int, Index]],
    firsts: Index,
    readers: Sequence[Reader],
    *,
    whole: bool,
) -> Stack:
    """`whole`: these are the rows of all lines of the files (`members`: number and lines)."""
    numbers = [number for number, _ in members]
    times = Clock().times(columns.table, header)
    borders = np.searchsorted(columns.rows, firsts).tolist()
    rejected: dict[int, list[RejectedLine]] = {}
    begins = np.where(firsts > 0, block.stops[np.maximum(firsts, 1) - 1], 0)
    for index, reason in columns.rejected:
        file = int(np.searchsorted(firsts, index, side="right")) - 1
        place = int(block.starts[index]) - int(begins[file])
        rejected.setdefault(file, []).append(
            RejectedLine(index - int(firsts[file]) + 1, place, reason, block.line(index))
        )
    told = columns.table.select([name for name in header.telling if name in columns.table.column_names])
    for file, lines in members:
        begin, end = borders[file], borders[file + 1]
        rows = told.slice(begin, end - begin)
        readers[file].took(
            rows, times[begin:end], header, rejected.get(file, ()), None if whole else (block, lines)
        )
    counts = np.array([borders[file + 1] - borders[file] for file in numbers], np.int64)
    files = np.repeat(np.array(numbers, np.int64), counts)
    starts = block.starts[columns.rows]
    batch = Batch(
        header.format, columns.table, columns.rows - firsts[files] + 1, starts - begins[files], times
    )
    return Stack(batch, tuple(numbers), tuple(counts.tolist()), block.data, starts)


def _alone(number: int, text: bytes, kind: LogFormat, sieve: Sieve | None) -> tuple[Tally, list[Stack]]:
    """A file by a reader of its own."""
    reader = Reader(kind)
    stacks = list(_each(number, text, reader.feed(text, last=True, sieve=sieve)))
    return reader.tally, stacks


def _each(number: int, text: bytes, batches: Iterator[Batch]) -> Iterator[Stack]:
    for batch in batches:
        if batch.lines is None:
            yield Stack(replace(batch, rejected=()), (number,), (len(batch),), text, batch.offset)
        else:
            ends = np.cumsum([len(line) + 1 for line in batch.lines])
            yield Stack(
                replace(batch, rejected=()),
                (number,),
                (len(batch),),
                b"\n".join(batch.lines),
                np.concatenate(([0], ends[:-1])),
            )
