"""The records of text exports: JSON lines, JSON arrays, CSV and XML, each with the place where it stands; any chunk sizes."""

import codecs
import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from exsweep.parse.lines import BOM, LINE_CAP, LineSplitter
from exsweep.parse.winevent.xml import RefusedXmlError, read_xml

RECORD_CAP = 4 << 20
"""Bytes of one record; longer ones are rejected and the next one is still found."""
CSV_LINES = 4096
"""Lines that a quoted value may go on for."""
_EVENT, _EVENT_END = b"<Event", b"</Event>"
_RULED = b"|-+:= \t\r"
"""Of such signs the line is made that stands below the names of a drawn table."""
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Record:
    """One record as it stands; `value` is None where it cannot be read."""

    line: int
    offset: int
    raw: bytes
    value: dict[str, Any] | None
    reason: str = ""


class Records(Protocol):
    """Reads one file of text (UTF-8)."""

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        """Records that are complete; with `last` what is left."""


def decoded(raw: bytes) -> dict[str, Any] | None:
    """A JSON object, or None."""
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            value = json.loads(raw.decode("utf-8", "backslashreplace"))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def one_a_line(splitter: LineSplitter, chunk: bytes, *, last: bool) -> Iterator[tuple[int, int, bytes]]:
    """Number, offset and text of each line that is not blank; of one that is too long what is kept of it."""
    for block in splitter.feed(chunk, last=last):
        for index in range(len(block)):
            raw = block.line(index)
            if raw.strip():
                yield block.first_line + index, block.offset + int(block.starts[index]), raw


class JsonLines:
    """One object a line."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        for block in self._splitter.feed(chunk, last=last):
            for index in range(len(block)):
                raw = block.line(index)
                if not raw.strip():
                    continue
                line, offset = block.first_line + index, block.offset + int(block.starts[index])
                value = None if block.too_long else decoded(raw)
                reason = "" if value is not None else "too-long" if block.too_long else "not-json"
                yield Record(line, offset, raw, value, reason)


_LIST_WITHIN = 64 << 10
_LIST = re.compile(r'"\s{0,80}:\s{0,80}\[\s{0,80}(?=\{)')
_ALL = re.compile(r".*", re.S)


def _list_begins(text: str) -> int:
    found = _LIST.search(text, 0, _LIST_WITHIN)
    return found.end() if found else -1


class JsonStream:
    """Objects one after another, in an array or not, over any number of lines; with `inside` those of the first list of one
    object, as search systems answer: `{"took": 3, "hits": {"hits": [{...}, {...}]}}`."""

    _between = re.compile(r"[\s,\[\]\x00\ufeff]*")
    _again = re.compile(r"\n\s{0,80}\{|\},\s{0,80}\{")

    def __init__(self, *, inside: bool = False) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._scan = json.JSONDecoder(strict=False).raw_decode
        self._text = ""
        self._offset = 0
        self._line = 1
        self._broken = False
        self._inside = inside
        """The list inside one object has not begun yet."""
        self._ends = inside

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        text = self._text + self._decoder.decode(chunk, last)
        at = 0
        if self._inside:
            at = _list_begins(text)
            if at < 0 and not last and len(text) < _LIST_WITHIN:
                self._text = text
                return
            self._inside, at = False, max(at, 0)
            self._pass(text[:at])
        while at < len(text):
            match = self._between.match(text, at)
            start = match.end() if match else at
            if self._ends and "]" in text[at:start]:
                start = len(text)  # what stands behind the list are no records of it
                self._between = _ALL
            self._pass(text[at:start])
            at = start
            if at >= len(text):
                break
            value, end = self._one(text, at)
            if end is None:
                if not last and len(text) - at < RECORD_CAP:
                    break
                again = self._again.search(text, at + 1)
                end = again.end() - 1 if again else len(text)
            raw = text[at:end].encode("utf-8", "surrogateescape")
            if value is not None:
                yield Record(self._line, self._offset, raw, value)
            elif not self._broken:
                yield Record(self._line, self._offset, raw[:RECORD_CAP], None, "not-json")
            self._broken = value is None
            self._pass(text[at:end])
            at = end
        self._text = text[at:]

    def _one(self, text: str, at: int) -> tuple[dict[str, Any] | None, int | None]:
        """The object at `at` and where it ends; no end when it cannot be read."""
        if text[at] != "{":
            return None, None
        try:
            value, end = self._scan(text, at)
        except (ValueError, RecursionError):
            return None, None
        return value, end

    def _pass(self, piece: str) -> None:
        self._offset += len(piece.encode("utf-8", "surrogateescape"))
        self._line += piece.count("\n")


class CsvRecords:
    """Rows below a header; quoted values may hold line breaks. `names` are taken for those of the header."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._splitter = LineSplitter()
        self._called = list(names)
        self._names: list[str] | None = None
        self._delimiter = ","
        self._waiting: list[tuple[int, int, bytes]] = []
        self._open = False
        self._size = 0

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        for block in self._splitter.feed(chunk, last=last):
            for index in range(len(block)):
                place = block.first_line + index, block.offset + int(block.starts[index])
                yield from self._line((*place, block.line(index)))
        if last and self._waiting:
            line, offset, raw = self._waiting[0]
            rest, self._waiting, self._open = self._waiting[1:], [], False
            yield Record(line, offset, raw, None, "open-quote")
            for one in rest:
                yield from self._line(one)
            yield from self.feed(b"", last=True) if self._waiting else ()

    def _line(self, one: tuple[int, int, bytes]) -> Iterator[Record]:
        waiting = [one]
        while waiting:
            line, offset, raw = waiting.pop()
            if not self._waiting and not raw.strip():
                continue
            self._waiting.append((line, offset, raw))
            self._size += len(raw)
            self._open ^= self._delimiter != "|" and bool(raw.count(b'"') & 1)
            if not self._open:
                yield from self._row()
            elif len(self._waiting) > CSV_LINES or self._size > LINE_CAP:
                first, *rest = self._waiting
                yield Record(*first, None, "open-quote")
                waiting += reversed(rest)
                self._reset()

    def _reset(self) -> None:
        self._waiting, self._open, self._size = [], False, 0

    def _row(self) -> Iterator[Record]:
        line, offset, _ = self._waiting[0]
        raw = b"\n".join(one for _, _, one in self._waiting)
        self._reset()
        if self._names is None:
            if not raw.startswith(b"#TYPE"):
                names, self._delimiter = csv_header(raw)
                self._names = self._called or names
            return
        if self._delimiter == "|" and not raw.strip(_RULED):
            return
        values = csv_fields(raw, self._delimiter)
        if values is None or len(values) < min(2, len(self._names)):
            yield Record(line, offset, raw, None, "field-count" if values is not None else "not-csv")
            return
        value: dict[str, Any] = dict(zip(self._names, values, strict=False))
        if len(values) > len(self._names):
            value["#rest"] = "\n".join(values[len(self._names) :])
        yield Record(line, offset, raw, value)


def csv_header(raw: bytes) -> tuple[list[str], str]:
    """Names of the columns, without the ` [UTC]` that the Azure portal appends, and what separates them."""
    raw = raw.removeprefix(BOM)
    delimiter = max(",;\t|", key=lambda one: raw.count(one.encode()))
    names = csv_fields(raw, delimiter) or []
    return [name.strip().removesuffix(" [UTC]") for name in names], delimiter


def csv_fields(raw: bytes, delimiter: str) -> list[str] | None:
    """Values of one row, or None when it is none. Tables drawn with `|` (Markdown, consoles) may begin and end with one."""
    if delimiter == "|":
        return [
            cell.strip() for cell in raw.strip().strip(b"|").decode("utf-8", "backslashreplace").split("|")
        ]
    lines = [f"{line}\n" for line in raw.decode("utf-8", "backslashreplace").split("\n")]
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


class XmlRecords:
    """`<Event>` elements, whatever stands between them: a root element, a declaration, nothing."""

    def __init__(self) -> None:
        self._data = b""
        self._offset = 0
        self._line = 1

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        data = self._data + chunk
        at = 0
        while True:
            start = _opening(data, at)
            if start < 0:
                keep = len(data) if last else max(at, len(data) - len(_EVENT))
                self._pass(data, at, keep)
                at = keep
                break
            self._pass(data, at, start)
            at = start
            end = data.find(_EVENT_END, at)
            if end < 0 and not last and len(data) - at < RECORD_CAP:
                break
            stop = len(data) if end < 0 else end + len(_EVENT_END)
            following = _opening(data, at + 1, stop)
            if following > 0:  # this one has no end of its own
                yield Record(self._line, self._offset, data[at:following], None, "not-xml")
                stop = following
            else:
                yield self._record(data[at:stop])
            self._pass(data, at, stop)
            at = stop
        self._data = data[at:]

    def _record(self, raw: bytes) -> Record:
        if len(raw) > RECORD_CAP:
            return Record(self._line, self._offset, raw[:RECORD_CAP], None, "too-long")
        try:
            value = read_xml(raw).get("Event")
        except RefusedXmlError:
            value = None
        good = value if isinstance(value, dict) else None
        return Record(self._line, self._offset, raw, good, "" if good is not None else "not-xml")

    def _pass(self, data: bytes, start: int, stop: int) -> None:
        self._offset += stop - start
        self._line += data.count(b"\n", start, stop)


def _opening(data: bytes, at: int, end: int | None = None) -> int:
    """Where the next `<Event>` or `<Event ...>` begins; -1 when there is none."""
    stop = len(data) if end is None else end
    found = data.find(_EVENT, at, stop)
    while found >= 0 and data[found + len(_EVENT) : found + len(_EVENT) + 1] not in (
        b" ",
        b">",
        b"\n",
        b"\r",
        b"\t",
    ):
        found = data.find(_EVENT, found + 1, stop)
    return found
