"""Lines of one header to a table: pyarrow for lines that are surely plain, one by one for the rest, same result."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.fields import fit, open_quote
from exsweep.parse.header import Header
from exsweep.parse.lines import Block, Index, Mask, Octets, count_of

FEW = 200
"""Below this number of lines one by one is quicker than a table of pyarrow.csv."""
CUT = 1 << 20
"""Bytes that pyarrow cuts into fields before it makes columns of them: what stays in the processor's cache (measured: a
fifth less than 6 MiB at once). No line may be longer."""
SHORT = 64
"""Bytes of a value of which the column is remembered where all rows of a small log have it."""
_LF, _CR, _NUL, _QUOTE = 10, 13, 0, 34


@dataclass(slots=True)
class Columns:
    """What `count` chosen lines gave: a row each for `rows` (block line numbers, rising), a reason for the others."""

    table: pa.Table
    rows: Index
    rejected: list[tuple[int, str]] = field(default_factory=list)


class ColumnReader:
    """Reads lines under headers. Remembers only whether counting separators first has paid off, never content."""

    def __init__(self) -> None:
        self._count_first = False

    def read(self, block: Block, chosen: Index, header: Header) -> Columns:
        """The chosen lines (block line numbers, rising) as columns."""
        if len(chosen) < FEW or len(header.names) < 2:
            return _one_by_one(block, chosen, header)
        odd = _odd_lines(block, chosen, header.format)
        table = None if self._count_first else self._plain(block, chosen[~odd], header)
        if table is None:
            odd |= _wrong_count(block, chosen, header)
            self._count_first = bool(odd.any())
            table = self._plain(block, chosen[~odd], header)
        if table is None:
            return _one_by_one(block, chosen, header)
        if not odd.any():
            return Columns(table, chosen)
        return _merge(Columns(table, chosen[~odd]), _one_by_one(block, chosen[odd], header))

    def _plain(self, block: Block, lines: Index, header: Header) -> pa.Table | None:
        """All of the lines through pyarrow, or None when it does not give exactly one row a line.

        As long as nothing but line breaks separates lines, as many rows as lines means that each line is a row.
        """
        if not len(lines):
            return header.schema.empty_table()
        if header.format.quoting and open_quote(block.line(int(lines[-1])), header.format.separator.encode()):
            return None
        data = _gather(block, lines)
        longest = int((block.stops[lines] - block.starts[lines]).max())
        try:
            table = pc.read_csv(
                pa.BufferReader(pa.py_buffer(data)),
                read_options=pc.ReadOptions(
                    column_names=list(header.names),
                    block_size=min(len(data) + 1, max(CUT, 2 * longest)),
                    use_threads=False,
                ),
                parse_options=_parse_options(header.format.separator, header.format.quoting),
                convert_options=header.convert_options,
            )
        except pa.ArrowInvalid:
            # No invalid_row_handler: it dies on a bad row that is not UTF-8.
            return None
        return table.unify_dictionaries().combine_chunks() if table.num_rows == len(lines) else None


def _gather(block: Block, lines: Index) -> memoryview:
    """The bytes of the lines with their line breaks, not copied where they stand together."""
    view = memoryview(block.data)
    jumps = np.flatnonzero(np.diff(lines) != 1)
    if not len(jumps):
        return view[int(block.starts[lines[0]]) : int(block.stops[lines[-1]])]
    first = np.concatenate((lines[:1], lines[jumps + 1]))
    final = np.concatenate((lines[jumps], lines[-1:]))
    pairs = zip(block.starts[first].tolist(), block.stops[final].tolist(), strict=True)
    return memoryview(b"".join([view[start:stop] for start, stop in pairs]))


def _odd_lines(block: Block, chosen: Index, kind: LogFormat) -> Mask:
    """Chosen lines that go the exact way at once: those from which bytes were taken off, those with NUL, and those in
    which a quote and a lone CR (a line break to pyarrow) could make up for each other in the count of rows."""
    odd = block.altered.copy()
    octets = block.octets()
    odd |= octets[np.minimum(block.starts, len(octets) - 1)] == _CR
    if b"\0" in block.data:
        odd[_line_of(block, np.flatnonzero(octets == _NUL))] = True
    if kind.quoting and count_of(octets, _CR) != block.returns:
        odd[_line_of(block, _lone_returns(octets))] = True
    return odd[chosen]


def _lone_returns(octets: Octets) -> Index:
    places = np.flatnonzero(octets == _CR)
    following = octets[np.minimum(places + 1, len(octets) - 1)]
    lone: Index = places[(following != _LF) | (places + 1 >= len(octets))]
    return lone


def _line_of(block: Block, places: Index) -> Index:
    lines: Index = np.searchsorted(block.stops, places, side="right")
    return lines


def _wrong_count(block: Block, chosen: Index, header: Header) -> Mask:
    """Chosen lines whose separators do not make the header's number of fields, or that hold what the count cannot
    see through: a quote in a format with quoting, a lone CR."""
    octets = block.octets()
    separators = np.flatnonzero(octets == ord(header.format.separator))
    before = np.searchsorted(separators, block.starts)
    after = np.searchsorted(separators, np.maximum(block.ends, block.starts))
    wrong = (after - before) != len(header.names) - 1
    wrong[_line_of(block, _lone_returns(octets))] = True
    if header.format.quoting:
        wrong[_line_of(block, np.flatnonzero(octets == _QUOTE))] = True
    found: Mask = wrong[chosen]
    return found


@lru_cache(maxsize=8)
def _parse_options(separator: str, quoting: bool) -> pc.ParseOptions:
    return pc.ParseOptions(
        delimiter=separator,
        quote_char='"' if quoting else False,
        double_quote=quoting,
        newlines_in_values=False,
    )


def _one_by_one(block: Block, chosen: Index, header: Header) -> Columns:
    good: list[int] = []
    rows: list[list[bytes]] = []
    rejected: list[tuple[int, str]] = []
    for index in chosen.tolist():
        found = too_long(block) or read_line(block.line(index), header)
        if isinstance(found, str):
            rejected.append((index, found))
        else:
            good.append(index)
            rows.append(found)
    return Columns(to_table(rows, header), np.array(good, np.int64), rejected)


def too_long(block: Block) -> str | None:
    """The reason to reject the one line of a block that was cut at the cap."""
    return "too-long" if block.too_long else None


def read_line(line: bytes, header: Header) -> list[bytes] | str:
    """Fields of one line, or the reason code why there are none."""
    found = fit(line, header.format, header.names)
    if (
        isinstance(found, str)
        and header.format.quoting
        and open_quote(line, header.format.separator.encode())
    ):
        return "open-quote"
    return found


def to_table(rows: Sequence[Sequence[bytes]], header: Header) -> pa.Table:
    """Rows of all columns of the header as a table of the kept ones."""
    if not rows:
        return header.schema.empty_table()
    columns = list(zip(*rows, strict=True))
    arrays = []
    for place, plain in header.places:
        column = columns[place]
        if len(column[0]) <= SHORT and column.count(column[0]) == len(column):
            arrays.append(_same(column[0], len(column), plain))
        else:
            values = pa.array(column, pa.binary())
            arrays.append(values if plain else values.dictionary_encode())
    return pa.Table.from_arrays(arrays, schema=header.schema)


@lru_cache(maxsize=4096)
def _same(value: bytes, rows: int, plain: bool) -> pa.Array:
    """A column with one value in all rows, as most have in a small log."""
    values = pa.array([value] * rows, pa.binary())
    return values if plain else values.dictionary_encode()


def _merge(one: Columns, other: Columns) -> Columns:
    rejected = sorted([*one.rejected, *other.rejected])
    if not len(other.rows):
        return Columns(one.table, one.rows, rejected)
    rows = np.concatenate((one.rows, other.rows))
    order = np.argsort(rows, kind="stable")
    table = (
        pa.concat_tables([one.table, other.table]).unify_dictionaries().combine_chunks().take(pa.array(order))
    )
    return Columns(table.combine_chunks(), rows[order], rejected)
