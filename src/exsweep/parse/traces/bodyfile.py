"""A body file of The Sleuth Kit (`fls -m`), and what `mactime -d` makes of it.

`MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`, times as seconds since 1970, UTC.
Source: https://wiki.sleuthkit.org/index.php?title=Body_file (analyst knowledge, 2026-11-28)
"""

import re
from datetime import UTC, datetime

from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import LinesReader, trace
from exsweep.parse.traces.listing import placed

_ROW = re.compile(
    rb"[0-9a-fA-F]{0,32}\|[^\r\n]{1,4000}\|[0-9\-]{1,40}\|[^|]{0,40}\|\d*\|\d*\|\d+\|-?\d*\|-?\d*\|-?\d*\|-?\d*\r?"
)
_MARKS = re.compile(rb"\s*\((?P<mark>deleted(?:-realloc)?|\$FILE_NAME)\)\s*$")
_TIMES = ("Accessed", "Modified", "Changed", "Created")
_MOST = 253_402_300_799


def is_bodyfile(head: bytes, _path: str = "") -> bool:
    """One of the first whole lines is a row."""
    lines = to_utf8(head).split(b"\n", 20)[:20]
    return any(b"|" in line and _ROW.fullmatch(line) for line in lines if not line.startswith(b"#"))


@trace("bodyfile", is_bodyfile)
class BodyfileReader(LinesReader):
    """One row a line; lines of `$FILE_NAME` times are rows with their own mark."""

    KIND = "disk_listing"

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip() or text.startswith(b"#"):
            return
        if not _ROW.fullmatch(text):
            self.reject(number, offset, "columns", text)
            return
        md5, rest = text.split(b"|", 1)
        name, _, mode, _, _, size, *times = rest.rsplit(b"|", 9)
        marks = []
        while found := _MARKS.search(name):
            marks.append(found["mark"].decode())
            name = name[: found.start()]
        if mode[:2] in (b"d/", b"-/") and mode[2:3] == b"d":
            self.tally.facts["folders"] = str(int(self.tally.facts.get("folders", "0")) + 1)
        values: dict[str, str | bytes] = {
            "Path": name.replace(b"/", b"\\"),
            "Size": size,
            "MD5": md5 if md5.strip(b"0") else b"",
            "Deleted": "yes" if any(mark.startswith("deleted") for mark in marks) else "",
            "Attributes": mode,
            "Source": "$FILE_NAME" if "$FILE_NAME" in marks else "",
        }
        values |= {column: _moment(value) for column, value in zip(_TIMES, times, strict=True)}
        self.row(placed(values), line=number, offset=offset, raw=text)


def _moment(seconds: bytes) -> str:
    number = int(seconds) if seconds.lstrip(b"-").isdigit() and len(seconds) < 13 else 0
    if not 0 < number <= _MOST:
        return ""
    return datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%d %H:%M:%S")
