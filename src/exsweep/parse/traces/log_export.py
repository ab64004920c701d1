"""Log lines that another system held, as JSON, CSV or lines of `name=value`: read as rows of their log. Search systems
(Sentinel, Elastic, Splunk), network sensors (Zeek, Suricata), load balancers and web application firewalls write them.

Which fields are which columns, and which hold the line itself: `log_exports.yml`. A table that has the log's own columns (of
Log Parser, a spreadsheet, PowerShell) needs no such entry. An export holds what somebody asked for, so it
covers no day: with it alone nobody can say that nothing happened.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

from exsweep.knowledge.formats import LogFormat, format_of, text_formats
from exsweep.knowledge.log_exports import LogExport, log_exports
from exsweep.parse.access_log import COLUMNS, asked
from exsweep.parse.front_lines import read_access
from exsweep.parse.header import Header, format_by_columns, known_names, normal_names, plain_row
from exsweep.parse.loose import read_loose
from exsweep.parse.text import TextDecoder, to_utf8
from exsweep.parse.traces.base import trace
from exsweep.parse.traces.log_rows import LogRows
from exsweep.parse.traces.named_values import NamedValues, ZeekTable, is_zeek_table, named_values
from exsweep.parse.winevent.mapping import at_path, nested
from exsweep.parse.winevent.stamps import normal
from exsweep.parse.winevent.texts import CsvRecords, JsonLines, JsonStream, Records, decoded
from exsweep.parse.zone import assumed, stamp_to_utc

_TRIED = 5
_TOP = 16 << 10
_VALUES = 4
_HEAD = 64 << 10
_BOM = b"\xef\xbb\xbf"
_BLANK = b"\0 \t\r\n"
_SEPARATORS = re.compile(rb"[,;\t|]")


_Cut: TypeAlias = Callable[[], Records]


def _cuts(text: bytes) -> Iterator[_Cut]:
    """The ways in which the text may be cut into records; none for what is neither JSON nor a table nor named values."""
    text = text.lstrip(_BLANK)
    first = text.partition(b"\n")[0]
    if text[:1] in (b"{", b"["):
        yield JsonLines if decoded(first.strip()) is not None else JsonStream
        yield partial(JsonStream, inside=True)
    elif is_zeek_table(text):
        yield ZeekTable
    else:
        if first.startswith(b"#TYPE"):  # PowerShell's word about what it exports
            first = text.partition(b"\n")[2].partition(b"\n")[0]
        if _names_a_field(first[:8192]):
            yield CsvRecords
        if any(_names_values(line) for line in text[:_TOP].split(b"\n", _TRIED)[:_TRIED]):
            yield NamedValues


def _names_values(line: bytes) -> bool:
    """Four values at least, one of them with a name that requests have; asked of every page and script of a server."""
    return line.count(b"=") >= _VALUES and not _csv_names().isdisjoint(
        name.encode() for name in named_values(line)
    )


def _cut_of(head: bytes) -> _Cut | None:
    """The way in which one of the first records is a log line."""
    text = to_utf8(head).removeprefix(_BOM)
    for cut in _cuts(text):
        for tried, record in enumerate(cut().feed(text + b"\n", last=False)):
            if record.value is not None and _read(record.value) is not None:
                return cut
            if tried >= _TRIED:
                break
    return None


@lru_cache(maxsize=256)
def _names_a_field(line: bytes) -> bool:
    """A table's first line; thousands of logs begin with the same one."""
    words = {word.strip(b'" \r').removesuffix(b" [UTC]") for word in _SEPARATORS.split(line.strip(b"| \r"))}
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
    needed = {path for one in known.exports for path in one.needs[0]}
    return {path.encode() for path in (*needed, *known.lines.paths)}


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


class _Row(NamedTuple):
    header: Header
    values: list[bytes]
    title: str
    """Of the export."""
    zoned: bool = True
    """Its time says of which zone it is."""


def _read(record: Mapping[str, Any]) -> _Row | None:
    """None where the record is no log line."""
    known = log_exports()
    dotted = any("." in name for name in record)
    for one in known.exports:
        for inner in _unwrapped(record, one.inside):
            fields = nested(inner) if dotted or any("." in name for name in inner) else inner
            if all(_first(fields, paths) for paths in one.needs):
                return _row(fields, one)
    for inner in _unwrapped(record, known.lines.inside):
        fields = nested(inner) if any("." in name for name in inner) else inner
        for path in known.lines.paths:
            found = _line(_first(fields, (path,)))
            if found is not None:
                return _Row(*found, "log lines as they stood")
    return _own_columns(record)


def _row(record: Mapping[str, Any], one: LogExport) -> _Row:
    stamp, zoned = _moment(record, one.time)
    if not zoned:
        stamp, _ = stamp_to_utc(stamp)
    day, _, clock = stamp.partition("T")
    values = {"date": day, "time": clock[:8]}
    values |= {name: _first(record, paths).replace(" ", "+") or "-" for name, paths in one.columns.items()}
    made = {name: value.encode("utf-8", "backslashreplace") for name, value in values.items()}
    target = _first(record, one.columns.get("cs-uri-stem", ()))
    if target:
        _split(made, *asked(target.encode("utf-8", "backslashreplace")))
    return _Row(Header(format_of(one.format), tuple(made)), list(made.values()), one.title, zoned or not day)


def _split(values: dict[str, bytes], method: bytes, host: bytes, stem: bytes, query: bytes) -> None:
    """A field may hold the whole address, or the whole line of the request."""
    values["cs-uri-stem"] = stem
    for name, value in (("cs-method", method), ("cs-host", host or b"-"), ("cs-uri-query", query)):
        if values.get(name, b"-") == b"-" or (name == "cs-method" and not values[name].isalpha()):
            values[name] = value
    values["cs-method"] = values["cs-method"].upper()


def _moment(record: Mapping[str, Any], paths: tuple[str, ...]) -> tuple[str, bool]:
    """`normal` of the first that is a moment (`time` may be how long it took); `date+time`: it stands in two fields."""
    for path in paths:
        stamp, zoned = normal(" ".join(_first(record, (one,)) for one in path.split("+")))
        if stamp[10:11] == "T":
            return stamp, zoned
    return "", False


def _own_columns(record: Mapping[str, Any]) -> _Row | None:
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
    made = [value.encode("utf-8", "backslashreplace") for value in values.values()]
    return _Row(Header(one, tuple(values)), made, "a table of the log's own columns")


def _text(value: object) -> str:
    """Of a list of names and values, as PowerShell makes JSON of a command's parameters: the command's own words."""
    if isinstance(value, list):
        return " ".join(
            f'-{one["Name"]} "{_text(one.get("Value"))}"'
            if isinstance(one, dict) and "Name" in one
            else _text(one)
            for one in value
        )
    return "" if value is None or isinstance(value, dict) else str(value)


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
    return _cut_of(head) is not None


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
            # The first records say how the rest is cut: they are waited for, whatever the chunks.
            self._start += text
            cut = _cut_of(self._start)
            if cut is None and not last and len(self._start) < _HEAD:
                return
            text, self._start = self._start, b""
            self._records = (cut or JsonLines)()
        for record in self._records.feed(text, last=last):
            found = None if record.value is None else _read(record.value)
            if found is None:
                self.reject(record.line, record.offset, record.reason or "no-log-line", record.raw)
                continue
            self.add(
                found.header,
                found.values,
                line=record.line,
                offset=record.offset,
                raw=record.raw,
                covers=False,
            )
            if found.title not in self._titles:
                self._titles.add(found.title)
                self.kind = found.header.format.id
                self.tally.note(
                    f"Exported, not the log itself: {found.title}. An export holds what was asked for: it does not stand in for "
                    "the server's own log."
                )
            if not found.zoned:
                zone = assumed()
                self.tally.note(
                    "Times without a zone: "
                    + (
                        f"read as those of {zone}."
                        if zone
                        else "taken for UTC; name the zone with --assume-tz."
                    )
                )
