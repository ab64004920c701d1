"""What a sweep needs of lines that it does not parse: which ones are wanted, and the days of all of them."""

import numpy as np

from exsweep.parse.header import Header
from exsweep.parse.lines import Block, Index, Mask
from exsweep.parse.tally import Tally
from exsweep.parse.times import DAY_MS, day_of

_STAMP = 10
"""Bytes of a date at the start of a line."""


def touched(block: Block, spans: list[tuple[int, int]]) -> Mask:
    """Lines that one of the spans touches; an empty span touches the line that it stands in."""
    chosen = np.zeros(len(block), np.bool_)
    if spans:
        pairs = np.array(spans, np.int64).reshape(-1, 2)
        first = np.searchsorted(block.stops, pairs[:, 0], side="right")
        final = np.searchsorted(block.stops, np.maximum(pairs[:, 1] - 1, pairs[:, 0]), side="right")
        edges = np.zeros(len(block) + 1, np.int64)
        np.add.at(edges, np.minimum(first, len(block)), 1)
        np.add.at(edges, np.minimum(final + 1, len(block)), -1)
        chosen = np.cumsum(edges[:-1]) > 0
    return chosen


def count_days(block: Block, lines: Index, header: Header, tally: Tally) -> None:
    """Count the days of the lines by their first ten bytes; nothing where lines do not begin with a date.

    A day beyond the span of the events that were parsed widens it, to the day only.
    """
    if header.names[0] not in header.format.time.columns:
        return
    lines = lines[block.ends[lines] - block.starts[lines] >= _STAMP]
    if not len(lines):
        return
    stamps = block.octets()[block.starts[lines][:, None] + np.arange(_STAMP)]
    changes = np.flatnonzero((stamps[1:] != stamps[:-1]).any(axis=1)) + 1
    begins = np.concatenate((np.zeros(1, np.int64), changes))
    counts = np.diff(np.append(begins, len(lines)))
    for place, count in zip(begins.tolist(), counts.tolist(), strict=True):
        day = day_of(stamps[place].tobytes())
        if day is not None:
            tally.count_days(np.full(count, day, np.int64))
            first, last = tally.first_ms, tally.last_ms
            if first is None or last is None or not first // DAY_MS <= day <= last // DAY_MS:
                tally.span(day * DAY_MS, day * DAY_MS)
