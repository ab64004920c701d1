"""Windows file times to Unix milliseconds and to text, a column at a time."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from exsweep.parse.batch import NO_TIME, Ints

_TICKS_1970 = 116_444_736_000_000_000
_LAST = 253_402_300_799_999
"""End of the year 9999: what no text form of a time goes beyond."""


def from_filetime(ticks: npt.NDArray[np.uint64]) -> Ints:
    """100-nanosecond ticks since 1601 as Unix milliseconds; NO_TIME for zero and for what no calendar can write."""
    whole = ticks.astype(np.int64)
    ms = (whole - _TICKS_1970) // 10_000
    return np.where((whole > 0) & (ms <= _LAST), ms, NO_TIME)


def written(ms: Ints) -> pa.Array:
    """`2021-03-03 04:10:22.123Z`; null where there is no time."""
    stamps = pa.array(ms, pa.int64(), mask=ms == NO_TIME).cast(pa.timestamp("ms", tz="UTC"))
    return stamps.cast(pa.string()).cast(pa.binary())
