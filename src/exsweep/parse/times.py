"""The moment of each row as Unix milliseconds (UTC), column-wise; a stamp that cannot be is no time, not an error."""

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.parse.batch import NO_TIME
from exsweep.parse.header import Header
from exsweep.parse.lines import Index, Octets

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_ISO = re.compile(
    rb"\s*(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?\s*"
)
_CLOCK = re.compile(rb"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_DATE = re.compile(rb"(\d{4})-(\d\d)-(\d\d)")
_USUAL = "2021-03-07T15:04:05.678Z"
_EPOCH = date(1970, 1, 1).toordinal()
_MONTH_DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def iso_ms(value: bytes) -> int | None:
    """Milliseconds of an ISO 8601 stamp with ASCII digits; no zone means UTC.

    >>> iso_ms(b"1970-01-02T00:00:00.5Z"), iso_ms(b"2021-02-30T00:00:00Z")
    (86400500, None)
    """
    match = _ISO.fullmatch(value)
    if match is None:
        return None
    day = day_of(b"-".join(match.group(1, 2, 3)))
    clock = clock_ms(b":".join(match.group(4, 5, 6)) + (b"." + match[7] if match[7] else b""))
    if day is None or clock is None:
        return None
    zone = match[8]
    shift = 0
    if zone and zone != b"Z":
        digits = zone[1:].replace(b":", b"")
        shift = (int(digits[:2]) * 60 + int(digits[2:])) * 60_000 * (-1 if zone[:1] == b"-" else 1)
    return day * DAY_MS + clock - shift


def day_of(value: bytes) -> int | None:
    """Days since 1970-01-01 of `YYYY-MM-DD`; None when there is no such day."""
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).toordinal() - _EPOCH
    except ValueError:
        return None


def clock_ms(value: bytes) -> int | None:
    """Milliseconds since midnight of `HH:MM:SS[.fff]`; None for what no clock shows (`23:59:60` too)."""
    match = _CLOCK.fullmatch(value)
    if match is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * 1000 + int(((match[4] or b"") + b"000")[:3])


def row_ms(fields: Sequence[bytes], header: Header) -> int | None:
    """`Clock.times` of one row whose day stands in it: milliseconds, or None."""
    kind = header.format.time
    present = [fields[header.place[name]] for name in kind.columns if name in header.place]
    if kind.style == "iso":
        found = map(iso_ms, present if kind.any else present[:1])
        return next((one for one in found if one is not None), None)
    if len(present) < len(kind.columns):
        return None
    day, clock = day_of(present[0]), clock_ms(present[1])
    return None if day is None or clock is None else day * DAY_MS + clock


class Clock:
    """Times of the rows of one file, in file order. Remembers the day where a header gives it instead of the rows."""

    def __init__(self) -> None:
        self._day: int | None = None
        self._last = -1

    def header_date(self, value: bytes) -> None:
        """A `#Date:` line: rows below it without a date column begin on this day."""
        self._day = day_of(value[:10])
        self._last = -1

    def times(self, table: pa.Table, header: Header) -> Index:
        """One value a row, NO_TIME where the stamp is missing or impossible."""
        kind = header.format.time
        present = [name for name in kind.columns if name in header.names]
        none = np.full(table.num_rows, NO_TIME, np.int64)
        if not present or not table.num_rows:
            return none
        if kind.style == "iso":
            return self._iso(table, present, kind.any, none)
        clock = values_ms(table[kind.columns[1]], "clock") if kind.columns[1] in present else none
        if kind.columns[0] not in present:
            return self._rolled(clock)
        days = values_ms(table[kind.columns[0]], "day")
        return np.where((clock == NO_TIME) | (days == NO_TIME), NO_TIME, days * DAY_MS + clock)

    def _iso(self, table: pa.Table, present: list[str], alternatives: bool, none: Index) -> Index:
        found = values_ms(table[present[0]], "iso")
        for name in present[1:] if alternatives else ():
            if not (found == NO_TIME).any():
                break
            found = np.where(found == NO_TIME, values_ms(table[name], "iso"), found)
        return found

    def _rolled(self, clock: Index) -> Index:
        """Times of day to moments: one that is more than half a day earlier than the one before is on the next day."""
        times = np.full(len(clock), NO_TIME, np.int64)
        for place, value in enumerate(clock.tolist()):
            if self._day is None or value == NO_TIME:
                continue
            if self._last - value > DAY_MS // 2:
                self._day += 1
            self._last = value
            times[place] = self._day * DAY_MS + value
        return times


def values_ms(column: pa.ChunkedArray, style: str) -> Index:
    """A column of stamps as numbers: `iso` and `clock` in milliseconds, `day` in days; NO_TIME for bad ones."""
    parts = [_array_ms(chunk, style) for chunk in column.chunks]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _array_ms(array: pa.Array, style: str) -> Index:
    if isinstance(array, pa.DictionaryArray):
        distinct = _array_ms(array.dictionary, style)
        if not len(distinct):
            return np.full(len(array), NO_TIME, np.int64)
        codes: Index = np.asarray(array.indices).astype(np.int64)
        return distinct[codes]
    offsets, data = binary_parts(array)
    widths = np.diff(offsets)
    if style == "iso" and len(widths) >= 32 and (widths == len(_USUAL)).all():
        usually = _usual_iso(array, data[int(offsets[0]) : int(offsets[-1])].reshape(-1, len(_USUAL)))
        if usually is not None:
            return usually
    times = np.full(len(array), NO_TIME, np.int64)
    width = int(widths[0]) if len(widths) else 0
    usual = widths == width
    if (
        style == "day"
        or len(widths) < 32
        or (style == "iso" and width < 19)
        or (style == "clock" and width != 8)
    ):
        rest = np.arange(len(widths))
    else:
        begin = int(offsets[0])
        if usual.all():
            cells = data[begin : begin + width * len(widths)].reshape(len(widths), width)
        else:
            cells = data[offsets[:-1][usual][:, None] + np.arange(width)]
        found = _fixed_iso(cells) if style == "iso" else _fixed_clock(cells)
        times[usual] = found
        rest = np.flatnonzero(times == NO_TIME)
    one = {"iso": iso_ms, "clock": clock_ms, "day": day_of}[style]
    for place in rest.tolist():
        value = one(data[offsets[place] : offsets[place + 1]].tobytes())
        if value is not None:
            times[place] = value
    return times


def _usual_iso(array: pa.Array, cells: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> Index | None:
    """All stamps at once where each is written as _USUAL; None: some are not. Six times as quick as `_fixed_iso`."""
    if not ((cells[:, -1] == ord("Z")).all() and (cells[:, :4] != ord("0")).any(axis=1).all()):
        return None
    try:
        stamps = pc.cast(pc.cast(array, pa.string()), pa.timestamp("ms", "UTC"))
    except pa.ArrowInvalid:
        return None
    return np.asarray(stamps.cast(pa.int64()), np.int64)


def binary_parts(array: pa.Array) -> "tuple[np.ndarray[tuple[int], np.dtype[np.int32]], Octets]":
    """Offsets (one more than values) and bytes of a binary array, not copied."""
    _, offsets, data = array.buffers()
    numbers = (
        np.frombuffer(offsets, np.int32, count=len(array) + 1, offset=4 * array.offset)
        if offsets
        else np.zeros(1, np.int32)
    )
    octets = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    return numbers, octets


def _two(digits: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]", place: int) -> Index:
    return digits[:, place].astype(np.int64) * 10 + digits[:, place + 1]


def _fixed_clock(cells: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]", at: int = 0) -> Index:
    digits = cells - np.uint8(48)
    hour, minute, second = _two(digits, at), _two(digits, at + 3), _two(digits, at + 6)
    places = [at, at + 1, at + 3, at + 4, at + 6, at + 7]
    good = (cells[:, at + 2] == 58) & (cells[:, at + 5] == 58)
    for place in places:
        good &= digits[:, place] < 10
    good &= (hour < 24) & (minute < 60) & (second < 60)
    return np.where(good, ((hour * 60 + minute) * 60 + second) * 1000, NO_TIME)


def _fixed_iso(cells: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> Index:
    """`2021-03-07T15:04:05[.mmm][Z]`; other forms come out as NO_TIME and are read one by one."""
    width = cells.shape[1]
    digits = cells - np.uint8(48)
    year = _two(digits, 0) * 100 + _two(digits, 2)
    month, day = _two(digits, 5), _two(digits, 8)
    good = (cells[:, 10] == 84) | (cells[:, 10] == 32)
    for place in (0, 1, 2, 3, 5, 6, 8, 9):
        good &= digits[:, place] < 10
    good &= (cells[:, 4] == 45) & (cells[:, 7] == 45)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    good &= (year > 0) & (month > 0) & (month < 13) & (day > 0) & (day <= _MONTH_DAYS[np.minimum(month, 12)])
    good &= leap | (month != 2) | (day < 29)
    clock = _fixed_clock(cells, 11)
    milli: Index = np.zeros(len(cells), np.int64)
    if width in (23, 24):
        good &= (cells[:, 19] == 46) & (digits[:, 20:23] < 10).all(axis=1)
        milli = digits[:, 20].astype(np.int64) * 100 + _two(digits, 21)
    if width in (20, 24):
        good &= cells[:, width - 1] == 90
    elif width not in (19, 23):
        good &= False
    good &= clock != NO_TIME
    # Days from a civil date (year shifted to begin in March), after Howard Hinnant's published algorithm.
    shifted = year - (month <= 2)
    era_year = shifted % 400
    day_of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    days = shifted // 400 * 146_097 + era_year * 365 + era_year // 4 - era_year // 100 + day_of_year - 719_468
    return np.where(good, days * DAY_MS + clock + milli, NO_TIME)
