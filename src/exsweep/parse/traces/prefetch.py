r"""A prefetch file (`Windows\Prefetch\NAME.EXE-HASH.pf`): that a program ran, how often, when last, and what it opened.

Windows Server keeps none unless it was turned on. Since Windows 10 the files are packed (`MAM`, LZXPRESS Huffman).
Source: https://github.com/libyal/libscca/blob/main/documentation/Windows%20Prefetch%20File%20(PF)%20format.asciidoc
(analyst knowledge, 2026-11-28)
"""

import struct

from dissect.util.compression import lzxpress_huffman

from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.traces.stamp import filetime

_MAM = b"MAM"
_SCCA = b"SCCA"
_BIGGEST = 64 << 20
_RUNS = {17: (120, 1, 144), 23: (128, 1, 152), 26: (128, 8, 208), 30: (128, 8, 208), 31: (128, 8, 200)}
"""Version -> where the times of runs stand, how many there are, where their number stands."""
_SHORT_METRICS = 0x128
"""Version 30 with its metrics here keeps the number of runs eight bytes earlier."""
_MOST_FILES = 4_000


def is_prefetch(head: bytes, _path: str = "") -> bool:
    """Packed, or as it is since Windows XP."""
    return (head[:3] == _MAM and head[3:4] in (b"\x04", b"\x84")) or head[4:8] == _SCCA


@trace("prefetch", is_prefetch)
class PrefetchReader(WholeReader):
    """One row, with the columns that PECmd gives it."""

    KIND = "prefetch"

    def read(self, data: bytes) -> None:
        plain = self._unpacked(data) if data[:3] == _MAM else data
        if data[:3] == _MAM and plain and len(plain) < int.from_bytes(data[4:8], "little"):
            self.damaged("This prefetch file is cut short: a part could be unpacked.")
        version = int.from_bytes(plain[:4], "little")
        if plain[4:8] != _SCCA or version not in _RUNS or len(plain) < 304:
            self.damaged(
                "This prefetch file cannot be unpacked, is cut short, or has a form that is not known here."
            )
            self.reject(1, 0, "no-prefetch", data[:64])
            return
        (metrics,) = struct.unpack_from("<I", plain, 84)
        names_at, names_size, volumes_at, volumes = struct.unpack_from("<4I", plain, 100)
        at, many, count_at = _RUNS[version]
        if version == 30 and metrics == _SHORT_METRICS:
            count_at = 200
        runs = [filetime(plain[at + 8 * n : at + 8 * n + 8]) for n in range(many)]
        named = plain[names_at : names_at + min(names_size, 1 << 20)].decode("utf-16-le", "replace")
        files = [name for name in named.split("\0") if name][:_MOST_FILES]
        values = {
            "SourceFilename": self.path,
            "ExecutableName": plain[16:76].decode("utf-16-le", "replace").split("\0")[0],
            "Hash": f"{int.from_bytes(plain[76:80], 'little'):X}",
            "Size": str(len(data)),
            "Version": str(version),
            "RunCount": str(int.from_bytes(plain[count_at : count_at + 4], "little")),
            "LastRun": runs[0],
            "FilesLoaded": ", ".join(files),
        }
        values |= {f"PreviousRun{n}": one for n, one in enumerate(runs[1:])}
        if volumes and volumes_at + 24 <= len(plain):
            where, length, made, serial = struct.unpack_from("<IIQI", plain, volumes_at)
            start = volumes_at + where
            values["Volume0Name"] = plain[start : start + 2 * min(length, 512)].decode("utf-16-le", "replace")
            values["Volume0Serial"] = f"{serial:X}"
            values["Volume0Created"] = filetime(made.to_bytes(8, "little"))
        self.row(values, line=1)

    def _unpacked(self, data: bytes) -> bytes:
        (size,) = struct.unpack_from("<I", data.ljust(8, b"\0"), 4)
        if size > _BIGGEST:
            return b""
        start = 12 if data[3] & 0x80 else 8
        try:
            return bytes(lzxpress_huffman.decompress(data[start:]))[:size]
        except (ValueError, IndexError, EOFError, TypeError, AttributeError, struct.error):
            return b""  # what the library raises for damaged input; `read` says so
