"""Rows that another program made of the disk's records and wrote as JSON lines (Velociraptor): read as the lists they stand for.

Which fields are which columns: `row_exports` of `data/filesystem.yml`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from exsweep.knowledge.filesystem import RowExport, filesystem
from exsweep.parse.text import to_utf8
from exsweep.parse.traces.base import LinesReader, trace
from exsweep.parse.winevent.texts import decoded

_TRIED = 5
_DEVICE = re.compile(r"^\\\\[.?]\\")
_SHOUTED = re.compile(r"[A-Z]+(?:_[A-Z]+)*")


def export_of(head: bytes) -> RowExport | None:
    """The export whose fields one of the first records has."""
    for line in to_utf8(head).removeprefix(b"\xef\xbb\xbf").split(b"\n", _TRIED)[:_TRIED]:
        record = decoded(line) if line.lstrip()[:1] == b"{" else None
        if record is None:
            continue
        for one in filesystem().row_exports:
            if all(any(name in record for name in names) for names in one.needs):
                return one
    return None


def is_rows(head: bytes, _path: str = "") -> bool:
    """JSON lines with the fields of such an export."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{" and export_of(head) is not None


@trace("rows", is_rows)
class RowsReader(LinesReader):
    """One row a record. The first record that fits says what the file is."""

    KIND = "mftecmd"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._export: RowExport | None = None

    def line(self, text: bytes, number: int, offset: int) -> None:
        if not text.strip():
            return
        record = decoded(text)
        if record is not None and self._export is None:
            self._export = export_of(text)
        if record is None or self._export is None:
            self.reject(number, offset, "no-record", text)
            return
        self.kind = self._export.format
        values = {column: _value(record, names) for column, names in self._export.columns.items()}
        if "UpdateReasons" in values:
            values["UpdateReasons"] = "|".join(map(_spoken, values["UpdateReasons"].split("|")))
        self.row(values, line=number, offset=offset, raw=text, kind=self.kind)


def _value(record: Mapping[str, Any], names: Sequence[str]) -> str:
    """The first field that says something; `folder of X`: the path X without its last part."""
    for name in names:
        field = name.removeprefix("folder of ")
        said = _plain(record.get(field), first=field.endswith("Times"))
        if said:
            said = _DEVICE.sub("", said)
            return said.rpartition("\\")[0] if field != name else said
    return ""


def _plain(value: object, *, first: bool = False) -> str:
    if isinstance(value, list):
        parts = [_plain(one) for one in value]
        return (parts[0] if parts else "") if first else "|".join(filter(None, parts))
    if isinstance(value, dict):
        return _plain(value.get("Path") or value.get("Date"))
    if isinstance(value, bool):
        return str(value)
    return "" if value is None else str(value)


def _spoken(reason: str) -> str:
    """`FILE_CREATE` as MFTECmd writes it: `FileCreate`."""
    if not _SHOUTED.fullmatch(reason):
        return reason
    return "".join(part.capitalize() for part in reason.split("_"))
