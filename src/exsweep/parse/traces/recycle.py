r"""What was put into the recycle bin: `$Recycle.Bin\SID\$I......`, where it lay and when it went.

Source: https://forensics.wiki/windows/#recycle-bin (forms 1 and 2; analyst knowledge, 2026-11-28)
"""

import re
import struct

from exsweep.knowledge.pages import ships
from exsweep.knowledge.places import place_of
from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.traces.stamp import filetime

_NAME = re.compile(r"(?i)(?:^|/)(?:\$|%24)I[0-9A-Z]{6}[^/]*$")
_SID = re.compile(r"(?i)(?:^|/)(?:\$|%24)?Recycle\.Bin/(S-1-[0-9-]+)/")


def is_recycled(head: bytes, path: str = "") -> bool:
    """By name and by its first number."""
    return head[1:8] == bytes(7) and head[:1] in (b"\1", b"\2") and _NAME.search(path) is not None


@trace("recycle_bin", is_recycled)
class RecycleReader(WholeReader):
    """One row."""

    KIND = "recycle_bin"
    LIMIT = 1 << 20

    def read(self, data: bytes) -> None:
        if len(data) < 28:
            self.damaged("The record of a removed file is cut short.")
            self.reject(1, 0, "cut", data)
            return
        version, size = struct.unpack_from("<QQ", data)
        raw = data[24:544] if version == 1 else data[28 : 28 + 2 * int.from_bytes(data[24:28], "little")]
        path = raw.decode("utf-16-le", "replace").split("\0")[0]
        name = path.rpartition("\\")[2]
        sid = _SID.search(self.path.replace("\\", "/"))
        self.row(
            {
                "Deleted": filetime(data[16:24]),
                "Path": path,
                "Name": name,
                "Extension": name.rpartition(".")[2].lower() if "." in name else "",
                "Size": size,
                "User": sid[1] if sid else "",
                "Place": place_of(path).kind,
                "Shipped": "yes" if ships(path) else "no",
            },
            line=1,
        )
