"""Blocks of real-looking rows that can be stamped out fast with new times and new request ids.

A template is some megabytes of rows rendered by the example's own code. Stamping copies a run of rows and
overwrites every time stamp and every request id in it with numpy, at several hundred megabytes a second.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Index = NDArray[np.int64]

_STAMP = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_REQUEST_ID = re.compile(
    rb"(?:^[0-9T:.-]+Z,|cafeReqId=|ActID=)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
)
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
"""Places of the fourteen digits in `2021-02-28T04:10:21`."""
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_HEX_PLACES = np.array([n for n in range(36) if n not in (8, 13, 18, 23)])


@dataclass(frozen=True, slots=True)
class Template:
    """Rows end to end, each with CRLF; positions are byte offsets into `data`."""

    data: Bytes
    starts: Index
    """Start of each row, and the end of the last."""
    stamps: Index
    stamp_rows: Index
    ids: Index

    def __len__(self) -> int:
        return len(self.starts) - 1


def template(rows: list[bytes]) -> Template:
    """Find the places to overwrite in `rows` (without line ends, in time order)."""
    starts, stamps, stamp_rows, ids = [0], [], [], []
    for number, row in enumerate(rows):
        at = starts[-1]
        for found in _STAMP.finditer(row):
            stamps.append(at + found.start())
            stamp_rows.append(number)
        ids += [at + found.start(1) for found in _REQUEST_ID.finditer(row)]
        starts.append(at + len(row) + 2)
    data = np.frombuffer(b"\r\n".join(rows) + b"\r\n", dtype=np.uint8)
    return Template(data, *(np.array(x, dtype=np.int64) for x in (starts, stamps, stamp_rows, ids)))


def stamp(
    source: Template, first: int, count: int, seconds: Index, rng: np.random.Generator
) -> tuple[bytes, Index]:
    """`count` rows from row `first` on with the times `seconds` (Unix, sorted, one a row).

    Gives the bytes and the start of each row in them, with the end of the last.
    """
    begin, end = source.starts[first], source.starts[first + count]
    out = source.data[begin:end].copy()
    low, high = np.searchsorted(source.stamps, (begin, end))
    rows = source.stamp_rows[low:high] - first
    digits = _clock_digits(seconds)
    out[(source.stamps[low:high] - begin)[:, None] + _DIGITS] = digits[rows]
    low, high = np.searchsorted(source.ids, (begin, end))
    noise = np.frombuffer(rng.bytes(16 * int(high - low)), dtype=np.uint8).reshape(-1, 16)
    nibbles = np.empty((len(noise), 32), dtype=np.uint8)
    nibbles[:, ::2], nibbles[:, 1::2] = noise >> 4, noise & 15
    out[(source.ids[low:high] - begin)[:, None] + _HEX_PLACES] = _HEX[nibbles]
    return out.tobytes(), source.starts[first : first + count + 1] - begin


def _clock_digits(seconds: Index) -> Bytes:
    """Fourteen ASCII digits `YYYYMMDDhhmmss` a row."""
    days = seconds // 86_400
    kinds, which = np.unique(days, return_inverse=True)
    dates = np.array(
        [list(str(np.datetime64(int(day), "D")).replace("-", "").encode()) for day in kinds], dtype=np.uint8
    )
    clock = seconds % 86_400
    parts = np.stack((clock // 3600, clock // 60 % 60, clock % 60), axis=1)
    digits = np.stack((parts // 10, parts % 10), axis=2).reshape(-1, 6) + 48
    return np.concatenate((dates[which], digits.astype(np.uint8)), axis=1)
