"""The JSON of one `.evtx` record to an event's columns: the usual shape typed and quick, every other one as a tree."""

from typing import Any

import msgspec

from exsweep.parse.winevent.flatten import data_of, flat, system_of
from exsweep.parse.winevent.record import Data, System

_Scalar = int | str | None


class _Attributes(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(name="Name", default=None)
    time: str | None = msgspec.field(name="SystemTime", default=None)
    activity: str | None = msgspec.field(name="ActivityID", default=None)
    process: _Scalar = msgspec.field(name="ProcessID", default=None)
    thread: _Scalar = msgspec.field(name="ThreadID", default=None)
    user: str | None = msgspec.field(name="UserID", default=None)


class _Element(msgspec.Struct, gc=False):
    attributes: _Attributes = msgspec.field(name="#attributes", default_factory=_Attributes)
    text: _Scalar = msgspec.field(name="#text", default=None)


class _System(msgspec.Struct, gc=False, rename="pascal"):
    provider: _Element | None = None
    event_id: _Element | int | str | None = msgspec.field(name="EventID", default=None)
    version: _Scalar = None
    level: _Scalar = None
    task: _Scalar = None
    opcode: _Scalar = None
    keywords: str | None = None
    time_created: _Element | None = None
    event_record_id: _Scalar = msgspec.field(name="EventRecordID", default=None)
    correlation: _Element | None = None
    execution: _Element | None = None
    channel: str | None = None
    computer: str | None = None
    security: _Element | None = None


class _Event(msgspec.Struct, gc=False):
    """All children that an event may have (Source: the event schema, EventType)."""

    system: _System = msgspec.field(name="System")
    event_data: dict[str, Any] | None = msgspec.field(name="EventData", default=None)
    user_data: Any = msgspec.field(name="UserData", default=None)
    binary: Any = msgspec.field(name="BinaryEventData", default=None)
    debug: Any = msgspec.field(name="DebugData", default=None)
    error: Any = msgspec.field(name="ProcessingErrorData", default=None)
    rendering: Any = msgspec.field(name="RenderingInfo", default=None)


class _Record(msgspec.Struct, gc=False):
    event: _Event = msgspec.field(name="Event")


class BadRecordError(ValueError):
    """The JSON is not that of an event."""


_usual = msgspec.json.Decoder(_Record).decode
_any = msgspec.json.Decoder().decode
_NOTHING = _Element()


def read_json(said: str) -> tuple[System, Data]:
    """Columns of the record.

    Raises:
        BadRecordError: it is not an event's JSON.
    """
    try:
        event = _usual(said).event
    except (msgspec.DecodeError, RecursionError):
        return _unusual(said)
    if event.user_data is None and event.binary is event.debug is event.error is event.rendering is None:
        data = {} if event.event_data is None else flat(event.event_data)
        if data is not None:
            return _system(event.system), data
    return _system(event.system), _data(event)


def _data(event: _Event) -> Data:
    sections = {
        "EventData": event.event_data,
        "UserData": event.user_data,
        "BinaryEventData": event.binary,
        "DebugData": event.debug,
        "ProcessingErrorData": event.error,
        "RenderingInfo": event.rendering,
    }
    return data_of({name: value for name, value in sections.items() if value is not None})


def _unusual(said: str) -> tuple[System, Data]:
    try:
        event = _any(said)["Event"]
        return system_of(event["System"]), data_of(event)
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise BadRecordError(str(error)) from error


def _system(said: _System) -> System:
    """In the order of `formats.SYSTEM`."""
    execution = (said.execution or _NOTHING).attributes
    number = said.event_id
    return (
        (said.time_created or _NOTHING).attributes.time,
        said.event_record_id,
        said.channel,
        (said.provider or _NOTHING).attributes.name,
        number.text if isinstance(number, _Element) else number,
        said.version,
        said.level,
        said.task,
        said.opcode,
        said.keywords,
        said.computer,
        (said.security or _NOTHING).attributes.user,
        execution.process,
        execution.thread,
        (said.correlation or _NOTHING).attributes.activity,
    )
