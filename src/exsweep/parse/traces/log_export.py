"""Log lines that a search system held (Sentinel, Elastic, Splunk), exported as JSON or CSV: read as rows of their log.

Which fields are which columns, and which hold the line itself: `log_exports.yml`. A table that has the log's own columns (of
Log Parser, a spreadsheet, PowerShell) needs no such entry. An export holds what somebody asked for, so it
covers no day: with it alone nobody can say that nothing happened.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from exsweep.knowledge.formats import LogFormat, format_of, text_formats
from exsweep.knowledge.log_exports import LogExport, log_exports
from exsweep.parse.access_log import COLUMNS, read_access
from exsweep.parse.header import Header, format_by_columns, known_names, normal_names, plain_row
from exsweep.parse.loose import read_loose
from exsweep.parse.text import TextDecoder, to_utf8
from exsweep.parse.traces.base import trace
from exsweep.parse.traces.log_rows import LogRows
from exsweep.parse.winevent.mapping import at_path, nested
from exsweep.parse.winevent.stamps import normal
from exsweep.parse.winevent.texts import CsvRecords, JsonLines, JsonStream, Records, decoded
from exsweep.parse.zone import stamp_to_utc

_TRIED = 5
_HEAD = 64 << 10
_BOM = b"\xef\xbb\xbf"
_BLANK = b"\0 \t\r\n"
_SEPARATORS = re.compile(rb"[,;\t]")


def _records_of(head: bytes) -> Records | None:
    """How the text is cut into records; None for what is neither JSON nor a table."""
    text = to_utf8(head).removeprefix(_BOM).lstrip(_BLANK)
    if text[:1] in (b"{", b"["):
        first = text.split(b"\n", 1)[0]
        return JsonLines() if decoded(first.strip()) is not None else JsonStream()
    if text.startswith(b"#TYPE"):  # PowerShell's word about what it exports
        text = text.partition(b"\n")[2]
    return CsvRecords() if _names_a_field(text.partition(b"\n")[0][:8192]) else None


@lru_cache(maxsize=256)
def _names_a_field(line: bytes) -> bool:
    """A table's first line; thousands of logs begin with the same one."""
    words = {word.strip(b'" \r').removesuffix(b" [UTC]") for word in _SEPARATORS.split(line)}
    if len(words) < 2:
        return False
    known = text_formats()
    return not words.isdisjoint(_csv_names()) or (
        _log_of(tuple(word.decode("utf-8", "replace") for word in words)) is not None
        and plain_row(line.rstrip(b"\r"), known_names(known), known, None) is None
    )


@lru_cache(maxsize=256)
def _log_of(names: tuple[str, ...]) -> LogFormat | None:
    """The log whose own columns these are."""
    return format_by_columns(names, text_formats())


@cache
def _csv_names() -> set[bytes]:
    known = log_exports()
    return {one.needs[0].encode() for one in known.exports} | {path.encode() for path in known.lines.paths}


def _unwrapped(record: Mapping[str, Any], inside: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for name in inside:
        inner = record.get(name)
        if isinstance(inner, dict):
            yield inner
    yield record


def _first(record: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    for path in paths:
        value = record[path] if path in record else at_path(record, tuple(path.split(".")))
        if isinstance(value, list) and value:
            value = value[0]
        if value is not None and value != "" and not isinstance(value, dict | list):
            return str(value)
    return ""


def _read(record: Mapping[str, Any]) -> tuple[Header, list[bytes], str] | None:
    """Header, values and the title of the export; None where the record is no log line."""
    known = log_exports()
    dotted = any("." in name for name in record)
    for one in known.exports:
        for inner in _unwrapped(record, one.inside):
            fields = nested(inner) if dotted or any("." in name for name in inner) else inner
            if all(_first(fields, (path,)) for path in one.needs):
                return _row(fields, one)
    for inner in _unwrapped(record, known.lines.inside):
        fields = nested(inner) if any("." in name for name in inner) else inner
        for path in known.lines.paths:
            found = _line(_first(fields, (path,)))
            if found is not None:
                return *found, "log lines as they stood"
    return _own_columns(record)


def _row(record: Mapping[str, Any], one: LogExport) -> tuple[Header, list[bytes], str]:
    stamp, zoned = normal(_first(record, one.time))
    if not zoned:
        stamp, _ = stamp_to_utc(stamp)
    day, _, clock = stamp.partition("T")
    values = {"date": day, "time": clock[:8]}
    values |= {name: _first(record, paths).replace(" ", "+") or "-" for name, paths in one.columns.items()}
    header = Header(format_of(one.format), tuple(values))
    return header, [value.encode("utf-8", "backslashreplace") for value in values.values()], one.title


def _own_columns(record: Mapping[str, Any]) -> tuple[Header, list[bytes], str] | None:
    """A row of a table that somebody made of the log itself; a spreadsheet writes its dates in its own way."""
    names = tuple(record)
    one = _log_of(names)
    if one is None:
        return None
    values = dict(zip(normal_names(one, names), map(_text, record.values()), strict=True))
    when = one.time.columns
    if one.time.style == "w3c":
        day, _, clock = normal(" ".join(values.get(name, "") for name in when).strip())[0].partition("T")
        values |= dict(zip(when, (day, clock[:8]), strict=True))
        values = {name: value.replace(" ", "+") or "-" for name, value in values.items()}
    else:
        values |= {name: normal(values[name])[0] for name in when if values.get(name)}
    return (
        Header(one, tuple(values)),
        [value.encode("utf-8", "backslashreplace") for value in values.values()],
        "a table of the log's own columns",
    )


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _line(text: str) -> tuple[Header, list[bytes]] | None:
    """The line by its own shape; only whole ones count."""
    line = text.strip().encode("utf-8", "backslashreplace")
    if not line or b"\n" in line:
        return None
    access = read_access(line)
    if access is not None:
        return Header(format_of("iis_w3c"), COLUMNS, inferred=True), list(access)
    found = read_loose([line], 0, text_formats())
    if found is None or found.missing or len(found.fields) < 3:
        return None
    return Header(found.header.format, normal_names(found.header.format, found.header.names)), found.fields


def is_log_export(head: bytes, _path: str = "") -> bool:
    """One of the first records is a log line."""
    records = _records_of(head)
    if records is None:
        return False
    text = to_utf8(head).removeprefix(_BOM)
    for tried, record in enumerate(records.feed(text, last=False)):
        if record.value is not None and _read(record.value) is not None:
            return True
        if tried >= _TRIED:
            break
    return False


@trace("log_export", is_log_export, priority=-10)
class LogExportReader(LogRows):
    """One row a record; what is no log line is rejected with its reason."""

    KIND = "iis_w3c"

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self._decoder = TextDecoder()
        self._records: Records | None = None
        self._start = b""
        self._titles: set[str] = set()

    def take(self, chunk: bytes, *, last: bool) -> None:
        text = self._decoder.feed(chunk, last=last)
        if self._records is None:
            # The first line says how the rest is cut: it is waited for, whatever the chunks.
            self._start += text
            if not last and len(self._start) < _HEAD and b"\n" not in self._start.lstrip(_BLANK):
                return
            text, self._start = self._start, b""
            self._records = _records_of(text) or JsonLines()
        for record in self._records.feed(text, last=last):
            found = None if record.value is None else _read(record.value)
            if found is None:
                self.reject(record.line, record.offset, record.reason or "no-log-line", record.raw)
                continue
            header, fields, title = found
            self.add(header, fields, line=record.line, offset=record.offset, raw=record.raw, covers=False)
            if title not in self._titles:
                self._titles.add(title)
                self.kind = header.format.id
                self.tally.note(
                    f"Exported, not the log itself: {title}. An export holds what was asked for: it does not stand in for "
                    "the server's own log."
                )
