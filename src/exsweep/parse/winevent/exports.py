"""Events that were exported as JSON, CSV or XML: recognised by what they say, read record by record."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from exsweep.knowledge.event_exports import Container, EventExport, event_exports
from exsweep.model import SourceState
from exsweep.parse.batch import RejectedLine
from exsweep.parse.lines import BOM
from exsweep.parse.text import TextDecoder, to_utf8
from exsweep.parse.winevent.carried import carried
from exsweep.parse.winevent.mapping import Mapper
from exsweep.parse.winevent.record import Event, Found
from exsweep.parse.winevent.shown import ShownRecords, looks_shown
from exsweep.parse.winevent.stamps import normal
from exsweep.parse.winevent.texts import (
    CsvRecords,
    JsonLines,
    JsonStream,
    Record,
    Records,
    XmlRecords,
    csv_fields,
    csv_header,
    decoded,
)
from exsweep.parse.winevent.xml import RefusedXmlError, read_xml
from exsweep.parse.zone import assumed

TRIED = 5
"""Records at the start of a file that may tell what it is: the first may be damaged."""
_VIEWER = ("Level", "Date and Time", "Source", "Event ID", "Task Category")
_XML_EVENT = re.compile(rb"<Event(?:\s[^<>]{0,300})?>.*?</Event>", re.S)


@dataclass(frozen=True, slots=True)
class Export:
    """What a file was recognised as."""

    kind: EventExport
    container: Container
    lines: bool = False
    """JSON with one record a line."""
    dotted: bool = False
    """Names are paths with dots."""
    inside: bool = False
    """The records are a list inside one object."""
    carried: bool = False
    """The event stands as text in one field of each record."""
    names: tuple[str, ...] = ()
    """Columns of a table whose own heading is in another language."""


def recognise_export(head: bytes, path: str = "") -> Export | None:
    """The export that begins with `head` (64 KiB are enough for usual records); None when it is none that we know.

    Content alone decides; `path` is accepted so that all recognisers are called alike.
    """
    text = to_utf8(head).removeprefix(BOM).lstrip(b"\0 \t\r\n")
    first = text[:1]
    if first in (b"{", b"["):
        return _json(text)
    if first == b"<":
        return _xml(text)
    shown = _shown(text)
    if shown is not None:
        return shown
    return (
        _csv(text)
        if first.isalpha() or first in b'"_@|' or first >= b"\x80" or text.startswith(b"#TYPE")
        else None
    )


def _json(text: bytes) -> Export | None:
    rows = [decoded(row) for row in text.split(b"\n", TRIED)[:TRIED]]
    records = [row for row in rows if row is not None]
    lines = bool(records)
    for inside in (False, True):
        for record in records or _first_of(text, inside=inside):
            for inner, is_carried in _readings(record):
                if (found := _fitting(inner, Container.JSON)) is not None:
                    return Export(
                        found[0],
                        Container.JSON,
                        lines=lines,
                        dotted=found[1],
                        inside=inside,
                        carried=is_carried,
                    )
        records, lines = [], False
    return None


def _readings(record: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """The record itself, and the one that stands as text in it."""
    yield record, False
    inner = carried(record)
    if inner is not None:
        yield inner, True


def _first_of(text: bytes, *, inside: bool) -> list[dict[str, Any]]:
    found = JsonStream(inside=inside).feed(text, last=False)
    return list(islice((one.value for one in found if one.value is not None), TRIED))


def _fitting(record: dict[str, Any], container: Container) -> tuple[EventExport, bool] | None:
    """The first export that the record fits, and whether its names are dotted."""
    for dotted in (False, True):
        for one, mapper in _mappers(container, dotted):
            if mapper.unwrap(record) is not None:
                return one, dotted
    return None


@cache
def _mappers(container: Container, dotted: bool) -> tuple[tuple[EventExport, Mapper], ...]:
    known = event_exports()
    return tuple(
        (one, Mapper(one, known, dotted=dotted))
        for one in known.exports
        if one.container in (container, Container.ANY)
    )


def _xml(text: bytes) -> Export | None:
    match = _XML_EVENT.search(text)
    if match is None:
        return None
    try:
        value = read_xml(match[0]).get("Event")
    except RefusedXmlError:
        return None
    found = _fitting(value, Container.XML) if isinstance(value, dict) else None
    return Export(found[0], Container.XML) if found else None


def _shown(text: bytes) -> Export | None:
    """Only where a colon stands near the start: nearly all files that are asked about are logs."""
    if b":" not in text[:400] or not looks_shown(text):
        return None
    return Export(
        next(one for one in event_exports().exports if one.container is Container.SHOWN), Container.SHOWN
    )


def _csv(text: bytes) -> Export | None:
    header, _, rest = text.partition(b"\n")
    if header.startswith(b"#TYPE"):
        header, _, _ = rest.partition(b"\n")
    if len(header) > 8192 or header.count(b",") + header.count(b";") + header.count(b"\t") < 2:
        return None
    header = header.rstrip(b"\r")
    return _csv_export(header) or _csv_carrier(text, header) or _viewer_table(header, rest)


@lru_cache(maxsize=256)
def _csv_export(header: bytes) -> Export | None:
    """Which export has these columns; thousands of logs of a server begin with the same few lines."""
    names = set(csv_header(header)[0])
    dotted = any("." in name for name in names)
    for one, _ in _mappers(Container.CSV, dotted):
        if names.issuperset(one.needs):
            return Export(one, Container.CSV, dotted=dotted)
    return None


def _csv_carrier(text: bytes, header: bytes) -> Export | None:
    """A table of a search system, one column of which holds the events."""
    if not _names_carrier(header):
        return None
    for record in islice(CsvRecords().feed(text, last=False), TRIED):
        inner = carried(record.value or {})
        found = _fitting(inner, Container.JSON) if inner is not None else None
        if found is not None:
            return Export(found[0], Container.CSV, dotted=found[1], carried=True)
    return None


@lru_cache(maxsize=256)
def _names_carrier(header: bytes) -> bool:
    return not set(event_exports().carriers).isdisjoint(csv_header(header)[0])


def _viewer_table(header: bytes, rest: bytes) -> Export | None:
    """The table that the Event Viewer saves, whose headings are in the language of Windows: five, and a text without one."""
    if not any(header.count(mark) == len(_VIEWER) - 1 for mark in (b",", b";", b"\t")):
        return None
    names, delimiter = csv_header(header)
    first = csv_fields(rest.partition(b"\n")[0].rstrip(b"\r"), delimiter)
    if len(names) != len(_VIEWER) or first is None or len(first) != len(_VIEWER) + 1:
        return None
    if not first[3].isdecimal() or normal(first[1])[0] == first[1]:
        return None
    kind = next(one for one in event_exports().exports if one.id == "event_viewer_csv")
    return Export(kind, Container.CSV, names=_VIEWER)


_MIXED = (Container.JSON, Container.CSV)


class ExportSource:
    """Events of one exported file in its order; every record is an event, or rejected with its reason."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._current = Mapper(export.kind, event_exports(), dotted=export.dotted)
        self._mappers = [self._current]
        self._decoder = TextDecoder()
        self._records: Records = _records_of(export)

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[list[Found]]:
        """A list of some hundred events at a time."""
        found: list[Found] = []
        for record in self._records.feed(self._decoder.feed(chunk, last=last), last=last):
            found.append(self._event(record))
            if len(found) >= 256:
                yield found
                found = []
        if found:
            yield found

    def _event(self, record: Record) -> Found:
        inner = None if record.value is None else self._unwrapped(record.value)
        if inner is None:
            return RejectedLine(record.line, record.offset, record.reason or "no-event", record.raw)
        system, data = self._current.event(inner)
        return Event(system, data, record.line, record.offset, record.raw)

    def _unwrapped(self, value: dict[str, Any]) -> dict[str, Any] | None:
        """The record as `_current` reads it; a file may hold events of several kinds, the next is of the last one's as a rule."""
        record = carried(value) if self._export.carried else value
        if record is None:
            return None
        inner = self._current.unwrap(record)
        if inner is not None or self._export.container not in _MIXED:
            return inner
        for mapper in self._mappers:
            if (inner := mapper.unwrap(record)) is not None:
                self._current = mapper
                return inner
        container = Container.JSON if self._export.carried else self._export.container
        found = _fitting(record, container)
        if found is None:
            return None
        self._current = Mapper(found[0], event_exports(), dotted=found[1])
        self._mappers.append(self._current)
        return self._current.unwrap(record)

    def state(self) -> tuple[SourceState, str]:
        """READ: what is rejected is counted by itself."""
        return SourceState.READ, ""

    def facts(self) -> dict[str, str]:
        """`export.kind`, and how many times did not say their zone."""
        said = {"export.kind": self._export.kind.id}
        if unzoned := sum(one.unzoned for one in self._mappers):
            said["export.times_without_zone"] = str(unzoned)
        return said

    def notes(self) -> Iterator[str]:
        """The same in words."""
        for one in self._mappers:
            yield f"Exported events: {one.export.title}."
        if self._decoder.encoding is not None:
            yield f"The text is {self._decoder.encoding.upper()}: byte offsets count in its UTF-8 form."
        local = [one for one in self._mappers if one.export.local_time]
        if unzoned := sum(one.unzoned for one in local):
            yield (
                f"{unzoned} times are written without a zone, as the computer showed them that exported the "
                f"events: {_taken_for()}"
            )
        if doubtful := sum(one.doubtful for one in local):
            yield (
                f"{doubtful} of them fall into an hour that the clock showed twice or not at all: they may "
                "be one hour later than told."
            )


def _taken_for() -> str:
    zone = assumed()
    if zone:
        return f"they were taken for times of the zone {zone}, as --assume-tz says."
    return "they were taken for UTC and may be off by hours; name the zone with --assume-tz."


def _records_of(export: Export) -> Records:
    if export.container is Container.CSV:
        return CsvRecords(export.names)
    if export.container is Container.XML:
        return XmlRecords()
    if export.container is Container.SHOWN:
        return ShownRecords()
    return JsonLines() if export.lines else JsonStream(inside=export.inside)
