"""Lists of files as other programs write them: a table (Autopsy, FTK Imager, Everything, mactime) or JSON (Velociraptor, osquery,
ConvertTo-Json). Which fields are which columns: `file_tables` of `data/filesystem.yml`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from exsweep.knowledge.filesystem import FileTable, filesystem
from exsweep.parse.text import TextDecoder, to_utf8
from exsweep.parse.traces.base import trace
from exsweep.parse.traces.listing import ListingReader
from exsweep.parse.winevent.mapping import at_path
from exsweep.parse.winevent.stamps import normal
from exsweep.parse.winevent.texts import CsvRecords, JsonLines, JsonStream, Records, decoded

_HEAD = 64 << 10
_TRIED = 3
_TIMES = ("Modified", "Created", "Accessed", "Changed")
_PATH = re.compile(r"[^\r\n]*[\\/][^\\/\r\n]+")
_IMAGE = re.compile(r"^.*?\[root\]|^/img_[^/]+(?:/vol_[^/]+)?|^/mnt/[a-z](?=/)|^\\\\[.?]\\")
"""How imaging programs and mounts call what lies above the root of the disk."""
_SETTLED = re.compile(r"\d{4}-\d\d-\d\dT")
_EITHER_WAY = re.compile(r"\d{1,2}[./-]\d")
_WEEKDAY = re.compile(r"^[A-Z][a-z]{2} (?=[A-Z][a-z]{2} \d)")
_WORDED = re.compile(r"^(\d{4})-([A-Z][a-z]{2})-(\d\d)")
_Cut: TypeAlias = Callable[[], Records]


def _cut_of(text: bytes) -> tuple[_Cut, FileTable] | None:
    """How the text is cut into records, and the table that the first of them is a row of."""
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\0 \t\r\n")
    first = text.partition(b"\n")[0]
    cut: _Cut
    if text[:1] in (b"{", b"["):
        cut = JsonLines if decoded(first.strip()) is not None else JsonStream
    elif _may_name(first[:4096]):
        cut = CsvRecords
    else:
        return None
    for tried, record in enumerate(cut().feed(text + b"\n", last=False)):
        if record.value is not None and (found := _table_of(record.value)) is not None:
            return cut, found
        if tried >= _TRIED:
            break
    return None


def _may_name(line: bytes) -> bool:
    return any(mark in line for mark in b",;\t") and any(
        name.encode() in line for one in filesystem().file_tables for name in one.needs[0]
    )


def _table_of(record: Mapping[str, Any]) -> FileTable | None:
    for one in filesystem().file_tables:
        if all(_first(record, names) for names in one.needs) and _PATH.fullmatch(_path(record, one)):
            return one
    return None


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first field with a value; `a+b` joins a folder and a name."""
    for name in names:
        parts = [_text(record, part) for part in name.split("+")]
        if all(parts):
            folder, *rest = parts
            return "\\".join([folder.rstrip("\\/"), *rest]) if rest else folder
    return ""


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record[name] if name in record else at_path(record, tuple(name.split(".")))
    if isinstance(value, dict):
        value = value.get("DateTime", value.get("value"))
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _path(record: Mapping[str, Any], one: FileTable) -> str:
    return _IMAGE.sub("", _first(record, one.columns["Path"])).replace("/", "\\")


def is_file_table(head: bytes, _path: str = "") -> bool:
    """One of the first records is a file."""
    return _cut_of(to_utf8(head)) is not None


@trace("file_table", is_file_table, priority=-15)
class FileTableReader(ListingReader):
    """One row a file."""

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._text = TextDecoder()
        self._start = b""
        self._cut: tuple[Records, FileTable] | None = None

    def take(self, chunk: bytes, *, last: bool) -> None:
        text = self._text.feed(chunk, last=last)
        if self._cut is None:
            self._start += text
            found = _cut_of(self._start)
            if found is None and not last and len(self._start) < _HEAD:
                return
            cut, table = found or (JsonLines, filesystem().file_tables[0])
            text, self._start = self._start, b""
            self._cut = cut(), table
        records, table = self._cut
        for record in records.feed(text, last=last):
            path = _path(record.value, table) if record.value is not None else ""
            if record.value is None or not path:
                self.reject(record.line, record.offset, record.reason or "no-path", record.raw)
                continue
            self._wait(dict(_values(record.value, path, table)), record.line, record.offset, record.raw)
        if last:
            self.close()


def _values(record: Mapping[str, Any], path: str, table: FileTable) -> Iterator[tuple[str, bytes]]:
    yield "Path", path.encode("utf-8", "surrogateescape")
    for column, names in table.columns.items():
        value = _first(record, names)
        if column in _TIMES:
            value = _settled(value)
        if value and column != "Path":
            yield column, value.encode("utf-8", "backslashreplace")


def _settled(value: str) -> str:
    """A moment that can be read in one way only, in the form of the store; others are left to the whole list's order."""
    stamp, _ = normal(_WORDED.sub(r"\2 \3 \1", _WEEKDAY.sub("", value)))
    settled = _SETTLED.match(stamp) and not _EITHER_WAY.match(value)
    return stamp[:19].replace("T", " ") if settled else value
