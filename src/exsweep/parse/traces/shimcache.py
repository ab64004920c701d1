"""The list of programs that Windows knew (AppCompatCache, ShimCache): one value of the SYSTEM hive, in five forms.

That a program stands in it does not prove that it ran; the time is the file's own.
Source: https://github.com/EricZimmerman/AppCompatCacheParser and https://github.com/mandiant/ShimCacheParser (forms of the
entries; analyst knowledge, 2026-11-28)
"""

import struct
from collections.abc import Iterator

from exsweep.parse.traces.stamp import filetime

_WINDOWS_7 = 0xBADC0FEE
_MOST = 4_096
_EXECUTED = 2
Entry = tuple[str, str, str]
"""Path, time of the file, `Yes`, `No` or empty where this Windows does not say whether it ran."""


def entries(data: bytes) -> Iterator[Entry]:
    """All entries that are whole, newest first; nothing where the form is not known."""
    if len(data) < 0x40:
        return
    (first,) = struct.unpack_from("<I", data)
    if first == _WINDOWS_7:
        yield from _windows_7(data)
    elif first == 0x80 and data[0x80:0x84] in (b"00ts", b"10ts"):
        yield from _windows_8(data)
    elif first in (0x30, 0x34) and data[first : first + 4] == b"10ts":
        yield from _windows_10(data, first)


def _windows_10(data: bytes, at: int) -> Iterator[Entry]:
    for _ in range(_MOST):
        if data[at : at + 4] != b"10ts" or at + 14 > len(data):
            return
        size, length = struct.unpack_from("<IH", data, at + 8)
        path = data[at + 14 : at + 14 + length]
        yield _path(path), filetime(data[at + 14 + length : at + 22 + length]), ""
        at += 12 + size


def _windows_8(data: bytes) -> Iterator[Entry]:
    at = 0x80
    for _ in range(_MOST):
        if data[at : at + 4] not in (b"00ts", b"10ts") or at + 14 > len(data):
            return
        size, length = struct.unpack_from("<IH", data, at + 8)
        rest = at + 14 + length
        package = int.from_bytes(data[rest : rest + 2], "little")
        rest += 2 + package
        flags = int.from_bytes(data[rest : rest + 4], "little")
        ran = "Yes" if flags & _EXECUTED else "No"
        yield _path(data[at + 14 : at + 14 + length]), filetime(data[rest + 8 : rest + 16]), ran
        at += 12 + size


def _windows_7(data: bytes) -> Iterator[Entry]:
    """64-bit form: Windows Server 2008 R2."""
    count = min(int.from_bytes(data[4:8], "little"), _MOST)
    for number in range(count):
        at = 0x80 + 48 * number
        if at + 48 > len(data):
            return
        length, _, _, where = struct.unpack_from("<HHIQ", data, at)
        flags = int.from_bytes(data[at + 24 : at + 28], "little")
        ran = "Yes" if flags & _EXECUTED else "No"
        yield _path(data[where : where + length]), filetime(data[at + 16 : at + 24]), ran


def _path(raw: bytes) -> str:
    r"""Without the mark of the system's own paths; `00000000\t...` of programs from the store stays."""
    return raw.decode("utf-16-le", "replace").split("\0")[0].removeprefix("\\??\\")
