"""What a sweep needs of lines that it does not parse: which ones are wanted, and the days of all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.header import Header
from exsweep.parse.lines import Block, Index, Mask
from exsweep.parse.tally import Tally
from exsweep.parse.times import DAY_MS, day_of

Chooser: TypeAlias = Callable[[bytes, Index], tuple[Index, Index]]
"""Of whole lines and where each ends (behind its line break), the numbers of those that are worth parsing, counted from 0; then
those of them that are not, where the line has exactly the fields of its header."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """Chooses lines. Only rows that rules match are told of a log; a chosen line that is no row is counted as rejected."""

    choose: Chooser
    """Decides by the line alone."""
    kind: str = ""
    """Format of the rows that it can tell; those of another, in a log that was joined of several, are all read. Empty: any."""

    def knows(self, kind: LogFormat) -> bool:
        """It can tell which lines of this format are wanted."""
        return self.kind in ("", kind.id)


_STAMP = 10
"""Bytes of a date at the start of a line, ..."""
_HOUR = 13
"""... and with the hour behind it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The lines of a block that a sieve chooses."""

    chosen: Mask
    spared: Mask
    """Those of them that are not worth parsing, where the line has exactly the fields of its header."""

    def of(self, block: Block, lines: Index, header: Header) -> Index:
        """Which of these lines, all under this header, are to be parsed."""
        left = self.chosen[lines]
        maybe = np.flatnonzero(self.spared[lines])
        if len(maybe) and not block.too_long:
            count, separator = block.data.count, header.format.separator.encode()
            some = lines[maybe]
            places = zip(block.starts[some].tolist(), block.ends[some].tolist(), strict=True)
            counts = np.array([count(separator, start, end) for start, end in places])
            left[maybe[counts == len(header.names) - 1]] = False
        return lines[left]


def wanted(block: Block, sieve: Sieve) -> Wanted:
    """Ask a sieve."""
    chosen, spared = np.zeros(len(block), np.bool_), np.zeros(len(block), np.bool_)
    some, few = sieve.choose(block.data, block.stops)
    chosen[some], spared[few] = True, True
    return Wanted(chosen, spared)


def count_days(block: Block, lines: Index, header: Header, tally: Tally) -> None:
    """Count the days and hours of the lines by their first bytes; nothing where lines do not begin with a date.

    A day beyond the span of the events that were parsed widens it, to the day only.
    """
    if header.names[0] not in header.format.time.columns:
        return
    lines = lines[block.ends[lines] - block.starts[lines] >= _HOUR]
    if not len(lines):
        return
    starts = block.starts[lines]
    # Eight bytes from each place on, as one number; thirteen bytes are two of them that overlap.
    eights = np.ndarray((len(block.data) - 7,), np.uint64, block.data, strides=(1,))
    front, back = eights[starts], eights[starts + (_HOUR - 8)]
    changes = np.flatnonzero((front[1:] != front[:-1]) | (back[1:] != back[:-1])) + 1
    begins = np.concatenate((np.zeros(1, np.int64), changes))
    counts = np.diff(np.append(begins, len(lines)))
    for place, count in zip(begins.tolist(), counts.tolist(), strict=True):
        start = int(starts[place])
        day = day_of(block.data[start : start + _STAMP])
        if day is not None:
            hour = bytes(block.data[start + _STAMP + 1 : start + _HOUR])
            tally.count_day(day, count, int(hour) if hour.isdigit() else None)
            first, last = tally.first_ms, tally.last_ms
            if first is None or last is None or not first // DAY_MS <= day <= last // DAY_MS:
                tally.span(day * DAY_MS, day * DAY_MS)
