"""Lists of files as Unix programs and archives print them: `find`, `ls -lR`, `sha256sum`, `fls`, `7z l`, `unzip -l`, `tar -tv`.

Each line ends in a path; what stands before it (a size, a moment, a sum) is of one of the forms below. Disks of a server are
looked at on such systems too.
"""

import re

from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import trace
from exsweep.parse.traces.listing import ListingReader

_LOOKED_AT = 60
_FEW = 8
LONGEST = 1200
"""Bytes of a line."""
_WHEN = rb"(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?: [+-]\d{4})?"
_REST = rb"(?P<path>(?:[A-Za-z]:)?[^:*?\"<>|\t\r\n]{3,1000})(?: -> .*)?\r?"
"""A path as such; whether it is one, and of a file, is asked of what was found: names may hold blanks."""
_OWNER = rb"\S{1,64}\s{1,8}(?:\S{1,64}\s{1,8})?"
_MODE = rb"(?P<mode>[-dl][rwxsStT-]{9})[.+@]?\s{1,8}(?:\d{1,9}\s{1,8})?"
_FORMS = tuple(
    re.compile(before + _REST)
    for before in (
        rb"(?P<sum>[0-9a-fA-F]{32,128})\s[ *]?",
        rb"[rd-]/[rd-] (?P<deleted>\* )?[\d-]{1,40}(?:\(realloc\))?:\t",
        _WHEN + rb"\s{1,8}[D.][R.][H.][S.][A.]\s{1,16}(?P<size>\d{1,20})\s{1,16}(?:\d{1,20}\s{1,16})?",
        rb"\s{0,20}(?P<size>\d{1,20})\s{1,8}" + _WHEN + rb"\s{1,8}",
        _MODE + _OWNER + rb"(?P<size>\d{1,20})\s{1,8}" + _WHEN + rb"\s{1,8}",
        rb"",
    )
)
_NAMED = re.compile(rb"[\\/][^\\/]*\.\w{1,12}\Z")
_HEADING = re.compile(rb"(?P<folder>(?:[A-Za-z]:)?[^:*?\"<>|\t\r\n]{2,1000}):\s{0,8}")
_ENTRY = re.compile(
    _MODE
    + _OWNER
    + rb"(?P<size>\d{1,20})\s{1,8}(?:"
    + _WHEN
    + rb"|[A-Z][a-z]{2}\s{1,3}\d{1,2}\s{1,3}[\d:]{4,5})\s{1,8}"
    rb"(?P<name>[^\\/:*?\"<>|\t\r\n]{1,255})(?: -> .*)?\r?"
)
_TOTAL = re.compile(rb"total [\d.,]+[KMG]?\s*")
_MOUNT = re.compile(rb"^(?:\.[\\/]|/mnt/[A-Za-z](?=/)|/cygdrive/[A-Za-z](?=/))")


def is_path_list(head: bytes, _path: str = "") -> bool:
    """Of the first lines at least three of four are such, and of a few all."""
    if b"/" not in head and b"\\" not in head:
        return False
    lines = [one for one in to_utf8(head).split(b"\n", _LOOKED_AT)[:_LOOKED_AT] if one.strip()]
    others = 0 if len(lines) < _FEW else len(lines) // 4
    named = False
    for line in lines:
        if _read(line) is not None or _heading(line) is not None:
            named = True
        elif not (_ENTRY.fullmatch(line) or _TOTAL.fullmatch(line)):
            others -= 1
            if others < 0:
                return False
    return named


def _read(line: bytes) -> "re.Match[bytes] | None":
    """The line as one of a file: its path has a folder and the name an ending."""
    if len(line) > LONGEST or (b"/" not in line and b"\\" not in line):
        return None
    for form in _FORMS:
        found = form.fullmatch(line)
        if found is not None:
            return found if _NAMED.search(found["path"].strip()) else None
    return None


def _heading(line: bytes) -> bytes | None:
    found = _HEADING.fullmatch(line) if len(line) <= LONGEST else None
    return found["folder"] if found and (b"/" in found["folder"] or b"\\" in found["folder"]) else None


@trace("path_list", is_path_list, priority=-30)
class PathListReader(ListingReader):
    """One row a file."""

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip() or len(text) > LONGEST:
            self._other += bool(text.strip())
        elif (found := _ENTRY.fullmatch(text)) and self._folder:
            if found["mode"].startswith(b"-"):
                self._file(self._folder + b"\\" + found["name"].strip(), found, number, offset, text)
        elif found := _read(text):
            self._file(found["path"], found, number, offset, text)
        elif (folder := _heading(text)) is not None:
            self._folder = _plain(folder)
        else:
            self._other += 1

    def _file(self, path: bytes, found: "re.Match[bytes]", number: int, offset: int, raw: bytes) -> None:
        said = found.groupdict()
        values = {"Path": _plain(path), "Size": said.get("size") or b""}
        if said.get("when"):
            values["Modified"] = said["when"] + (b":00" if len(said["when"]) == 16 else b"")
        if len(said.get("sum") or b"") == 32:
            values["MD5"] = said["sum"].lower()
        if said.get("deleted"):
            values["Deleted"] = b"yes"
        self._wait(values, number, offset, raw)


def _plain(path: bytes) -> bytes:
    return _MOUNT.sub(b"", path).replace(b"/", b"\\").rstrip(b"\\")
