"""One exported record to the columns of an event, as `event_exports.yml` says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from exsweep.knowledge.event_exports import EventExport, EventExports, EventText, Part, Shape
from exsweep.parse.winevent.flatten import UNNAMED, data_of, system_of, text, values_of
from exsweep.parse.winevent.formats import SYSTEM
from exsweep.parse.winevent.message import in_order, repeats, take_apart
from exsweep.parse.winevent.record import Data, System
from exsweep.parse.winevent.stamps import normal
from exsweep.parse.winevent.xml import RefusedXmlError, read_xml
from exsweep.parse.zone import stamp_to_utc

MESSAGE = "Message"
REST = "#rest"
_TIME, _CHANNEL, _PROVIDER, _NUMBER = (
    SYSTEM.index(name) for name in ("TimeCreated", "Channel", "Provider_Name", "EventID")
)
_Path = tuple[str, ...]


def at_path(record: Mapping[str, Any], path: _Path) -> Any:
    """The value at a dotted path, None where there is none."""
    value: Any = record
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _there(record: Mapping[str, Any], path: _Path) -> bool:
    """The path ends somewhere; a field that stands there without a value counts."""
    if len(path) == 1:
        return path[0] in record
    return at_path(record, path) is not None


def nested(record: Mapping[str, Any]) -> dict[str, Any]:
    """`{"a.b": 1}` as `{"a": {"b": 1}}`: some exports write paths for names."""
    made: dict[str, Any] = {}
    for name, value in record.items():
        inner = made
        *steps, last = name.split(".") if len(name) < 300 else [name]
        for step in steps:
            following = inner.setdefault(step, {})
            if not isinstance(following, dict):
                following = inner[step] = {"#text": following}
            inner = following
        inner[last] = value
    return made


class Mapper:
    """Maps the records of one file. `unwrap` finds the record inside what stands in the file."""

    def __init__(self, export: EventExport, known: EventExports, *, dotted: bool = False) -> None:
        self.zoned = 0
        self.unzoned = 0
        self.doubtful = 0
        """Local times in an hour that the clock of the assumed zone showed twice, or never."""
        """Times that did not say their zone."""
        self.export = export
        self._known = known
        self._dotted = dotted
        self._system = [
            tuple(tuple(path.split(".")) for path in export.system.get(name, ())) for name in SYSTEM
        ]
        self._needs = {
            place: [
                steps[1:] if steps[0] == place else steps
                for steps in (tuple(path.split(".")) for path in export.needs)
            ]
            for place in (*export.inside, None)
        }
        self._where = [(tuple(path.split(".")), frozenset(allowed)) for path, allowed in export.where.items()]
        self._named = [
            (name, [[tuple(one.split(".")) for one in path.split("+")] for path in paths])
            for name, paths in export.values.items()
        ]
        self._texts: dict[str, list[EventText]] = {}
        for one in known.texts:
            self._texts.setdefault(one.id, []).append(one)
        self._used = {path[0] for paths in self._system for path in paths}
        self._used |= {part.path.split(".")[0] for part in export.data if part.path}
        self._parts = [(part, tuple(part.path.split("."))) for part in export.data]

    def unwrap(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """The record with the fields that this export needs, or None when it is another thing."""
        for place, needs in self._needs.items():
            inner = record if place is None else at_path(record, tuple(place.split(".")))
            if isinstance(inner, dict):
                if self._dotted:
                    inner = nested(inner)
                if all(_there(inner, path) for path in needs) and all(
                    text(at_path(inner, path)) in allowed for path, allowed in self._where
                ):
                    return inner
        return None

    def event(self, record: dict[str, Any]) -> tuple[System, Data]:
        """System columns (time in UTC) and values of an unwrapped record."""
        if self.export.nested:
            section = record.get("System")
            system = list(system_of(section if isinstance(section, dict) else {}))
            data = data_of(record)
            message = data.pop(MESSAGE, "")
        else:
            system = [
                self._first(record, paths) or self.export.fixed.get(name)
                for name, paths in zip(SYSTEM, self._system, strict=True)
            ]
            data, message = self._values(record)
            data |= self._named_values(record)
            self._rejoin(data)
        if message and not repeats(message, data):
            data = {**self._told(message, system), **data, MESSAGE: message}
        self._mend(system)
        return tuple(system), data

    def _told(self, message: str, system: list[str | int | None]) -> Data:
        """Values of the text by their labels, else by their order; fills in whose event it is where the export does not say."""
        provider = system[_PROVIDER]
        fitting = [
            one
            for one in self._texts.get(str(system[_NUMBER]), ())
            if not provider or provider == one.provider
        ]
        found = take_apart(message, self._known.labels, self._known.own_utc)
        known: EventText | None = next(
            (one for one in fitting if one.begins and message.startswith(one.begins)), None
        )
        if known is None and (ordered := in_order(message, fitting)):
            known, values = ordered
            found = values | found
        if known is not None and not provider:
            system[_PROVIDER] = known.provider
            system[_CHANNEL] = system[_CHANNEL] or known.channel
        return found

    def _named_values(self, record: dict[str, Any]) -> Data:
        made: Data = {}
        for name, paths in self._named:
            for parts in paths:
                said = [self._first(record, [one]) for one in parts]
                if all(said):
                    made[name] = _joined([one for one in said if one], is_program=name in _PROGRAMS)
                    break
        return made

    def _rejoin(self, data: Data) -> None:
        """Values that had no name stand together as `Data` too, as in the event log itself; some events do call theirs so."""
        word = self.export.unnamed
        if not word or f"{word}1" not in data or UNNAMED in data:
            return
        if all(name.startswith(word) and name[len(word) :].isdigit() for name in data):
            ordered = sorted(data, key=lambda name: (len(name), name))
            data[UNNAMED] = "\n".join(data[name] for name in ordered)

    def _first(self, record: dict[str, Any], paths: Sequence[_Path]) -> str | None:
        for path in paths:
            value = record.get(path[0]) if len(path) == 1 else at_path(record, path)
            if value is None or value == "":
                continue
            if type(value) is str:
                return value
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            if isinstance(value, dict):
                value = value.get("Value", value.get("Name"))
                if value is None:
                    continue
            return text(value)
        return None

    def _mend(self, system: list[str | int | None]) -> None:
        stamp = system[_TIME]
        if stamp is not None:
            moment, zoned = normal(str(stamp))
            if not zoned and self.export.local_time:
                moment, doubtful = stamp_to_utc(moment)
                self.doubtful += doubtful
            system[_TIME] = moment
            self.zoned += zoned
            self.unzoned += not zoned
        if not system[_CHANNEL]:
            system[_CHANNEL] = self._known.channel_of_provider.get(str(system[_PROVIDER] or ""))

    def _values(self, record: dict[str, Any]) -> tuple[Data, str]:
        data: Data = {}
        messages: list[str] = []
        for part, path in self._parts:
            if part.shape is Shape.REST:
                data.update(self._rest(record, data))
                continue
            value = at_path(record, path)
            if value is None or value == "":
                continue
            if part.shape is Shape.MESSAGE:
                messages.append(text(value))
            else:
                for name, said in _read(part, value).items():
                    data.setdefault(name, said)
        return data, "\n".join(messages)

    def _rest(self, record: dict[str, Any], data: Data) -> Data:
        ignored = self.export.ignore
        beside = self.export.ignore_with
        left = {
            name: value
            for name, value in record.items()
            if name not in self._used
            and name not in data
            and not (name in ignored and (name not in beside or beside[name] in record))
        }
        if all(type(value) is str for value in left.values()):
            return left
        return values_of(left)


_PROGRAMS = frozenset({"Image", "ParentImage"})


def _joined(parts: list[str], *, is_program: bool) -> str:
    """A folder and a name; of a program without a folder `\\name`, since rules ask how a path ends."""
    path = parts[0]
    for part in parts[1:]:
        if not path.lower().endswith("\\" + part.lower()):
            path = path.rstrip("\\") + "\\" + part
    return path if "\\" in path or not is_program else "\\" + path


def _read(part: Part, value: Any) -> Data:
    """Values of one part, as its shape says; text that is not of that shape is kept as `Data`."""
    if isinstance(value, dict):
        if part.shape is Shape.SMALL:
            return values_of({name[:1].upper() + name[1:]: said for name, said in value.items()})
        return values_of(value)
    said = text(value)
    for shape, reader in _READERS.items():
        if part.shape in (shape, Shape.ANY):
            found = reader(said)
            if found is not None:
                return found
    return {"Data": said}


def _of_json(said: str) -> Data | None:
    try:
        value = msgspec.json.decode(said)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return _sections(value) if isinstance(value, dict) else None


def _of_xml(said: str) -> Data | None:
    if not said.lstrip().startswith("<"):
        return None
    try:
        value = read_xml(said.strip().encode("utf-8", "replace"))
    except RefusedXmlError:
        return None
    while len(value) == 1 and "EventData" not in value and "UserData" not in value:
        (inner,) = value.values()
        if not isinstance(inner, dict):
            break
        value = inner
    return _sections(value)


def _sections(value: dict[str, Any]) -> Data:
    inner = {name: section for name, section in value.items() if name in ("EventData", "UserData")}
    return data_of(inner) if inner else values_of(value)


_READERS: dict[Shape, Callable[[str], Data | None]] = {Shape.JSON: _of_json, Shape.XML: _of_xml}
