"""How others write Windows events: `event_exports.yml`, typed. Which field is which column; what a record says of its log."""

from collections.abc import Iterator
from enum import StrEnum
from functools import cache

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge import data_files

_FILE = "event_exports.yml"


class Container(StrEnum):
    """What the records are written in."""

    JSON = "json"
    """One object a line, or an array of objects."""
    CSV = "csv"
    XML = "xml"
    SHOWN = "shown"
    """Text with labels, as programs show events to people."""
    ANY = "any"
    """JSON or CSV with the same names."""


class Shape(StrEnum):
    """How the event's own values stand in a field."""

    FIELDS = "fields"
    """An object: names and values, perhaps nested."""
    SMALL = "small"
    """The same, with the first letter of each name made small."""
    JSON = "json"
    """Text that is JSON."""
    XML = "xml"
    """Text that is the XML of `EventData`."""
    ANY = "any"
    """An object, or text in JSON or XML."""
    MESSAGE = "message"
    """The text that people read: kept, and taken apart where nothing else has the values."""
    REST = "rest"
    """All fields of the record that are nothing else."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place with values of the event."""

    path: str
    """Dotted; `#rest` is what stands behind the last named column of a CSV."""
    shape: Shape = msgspec.field(name="as")


class EventExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in which events are exported."""

    id: str
    title: str
    """Plain words for people."""
    container: Container
    needs: tuple[str, ...]
    """Dotted paths (below `inside`, if the record has that) that a record of this kind has."""
    inside: tuple[str, ...] = ()
    """Fields that may hold the record as a whole."""
    nested: bool = False
    """The record has Windows' own shape: `System`, `EventData`, `UserData`."""
    where: dict[str, tuple[str, ...]] = {}
    """Dotted path -> the values, one of which it has: tables of several kinds of event."""
    system: dict[str, tuple[str, ...]] = {}
    """System column -> dotted paths, the first with a value counts."""
    fixed: dict[str, str] = {}
    """System column -> its value: programs that watch tell of the same acts as events of Windows do, under other names."""
    values: dict[str, tuple[str, ...]] = {}
    """Value of the event -> dotted paths, the first with a value counts. `a+b`: a folder and a name, joined."""
    data: tuple[Part, ...] = ()
    ignore: tuple[str, ...] = ()
    """Top-level fields of the collector that are no value of the event."""
    ignore_with: dict[str, str] = {}
    """Those of `ignore` that are the collector's only where another field stands beside them."""
    unnamed: str = ""
    """How the export names values that have no name in the event: this word and their place, from 1."""
    local_time: bool = False
    """Times without a zone are the local time of whoever exported, not UTC."""
    source: tuple[str, ...]


class ClearedLog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that says that a log was cleared."""

    channel: str
    id: str
    log: str | None = None
    """Value with the name of the log; None: the event's own channel."""


class ShownSentence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sentence with which the text of an event begins, and what it is the text of."""

    text: str
    channel: str
    id: str
    provider: str = ""
    level: str = ""
    plain: bool = False
    """Below it stand the values under their own names."""
    until: str = ""
    """Beginning of the last line, where lines of any form stand between."""


class EventText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the text of an event tells, in this order in every language of Windows."""

    id: str
    channel: str
    provider: str
    values: tuple[str, ...] = ()
    """Names of the values; `-` for one that nobody needs."""
    begins: str = ""
    """Or the words with which the text begins, where it is not translated."""


class EventExports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file."""

    exports: tuple[EventExport, ...]
    """In the order in which they are tried."""
    carriers: tuple[str, ...]
    """Fields in which other systems hold the event as text."""
    carriers_inside: tuple[str, ...]
    """Fields that may hold the record as a whole."""
    carriers_source: tuple[str, ...]
    cleared: tuple[ClearedLog, ...]
    cleared_source: tuple[str, ...]
    channel_of_provider: dict[str, str]
    channel_source: tuple[str, ...]
    own_utc: tuple[str, ...]
    """Values in which events tell their moment in UTC."""
    own_utc_source: tuple[str, ...]
    shown_labels: dict[str, tuple[str, ...]]
    """English label of an event shown as text -> the same in the languages of Windows."""
    shown_source: tuple[str, ...]
    shown_sentences: tuple[ShownSentence, ...]
    """For texts that have only the description of an event."""
    shown_sentences_source: tuple[str, ...]
    texts: tuple[EventText, ...]
    """For exports that kept the number and the text of an event, and no more."""
    texts_source: tuple[str, ...]
    alert_labels: dict[str, tuple[str, ...]]
    """Value of a started process -> how programs that watch label it, in small letters without spaces."""
    alert_source: tuple[str, ...]
    labels: dict[str, str]
    """`Section/Label` or `Label` of a rendered message -> name of the value."""
    labels_source: tuple[str, ...]


@cache
def event_exports() -> EventExports:
    """The shipped ones.

    Raises:
        KnowledgeError: the file cannot be read as such, or contradicts itself.
    """
    made = data_files.document(_FILE, EventExports)
    problems = list(_problems(made))
    if problems:
        raise KnowledgeError(f"data/{_FILE}: {'; '.join(problems)}.", tip="Compare with its other entries.")
    return made


def _problems(made: EventExports) -> Iterator[str]:
    seen: set[str] = set()
    for one in made.exports:
        if one.id in seen:
            yield f"two exports have the id {one.id!r}"
        seen.add(one.id)
        if not one.needs or not one.source:
            yield f"{one.id}: needs or source is missing"
        if one.nested == bool(one.system):
            yield f"{one.id}: either `nested` or `system` tells where the fields are"
        for name in sorted(set(one.ignore_with) - set(one.ignore)):
            yield f"{one.id}: {name!r} of ignore_with is not in ignore"
    for name in (
        "carriers_source",
        "cleared_source",
        "channel_source",
        "own_utc_source",
        "shown_source",
        "texts_source",
        "alert_source",
        "labels_source",
    ):
        if not getattr(made, name):
            yield f"{name} is missing"
