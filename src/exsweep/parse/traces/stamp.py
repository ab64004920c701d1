"""One Windows file time as text; `filesystem.stamps` does a whole column."""

import numpy as np

from exsweep.parse.batch import NO_TIME
from exsweep.parse.filesystem.stamps import from_filetime, written


def filetime(raw: bytes) -> str:
    """Eight bytes as `2021-03-03 04:10:22.123Z`; empty for none, and for a moment that is none of a server's.

    >>> filetime((132_591_786_220_000_000).to_bytes(8, "little")), filetime(bytes(8))
    ('2021-03-01 19:10:22.000Z', '')
    """
    if len(raw) != 8:
        return ""
    ms = from_filetime(np.frombuffer(raw, "<u8"))
    if ms[0] == NO_TIME:
        return ""
    text: bytes = written(ms)[0].as_py()
    return text.decode()
