"""Nested values of an event to names with text: what Windows shows as `EventData` and `UserData`, without the nesting.

Named values keep their names; values without a name are `Data`, one per line; of nested elements the innermost name
counts, and an attribute is `<element>_<attribute>`. A name that comes again adds a line.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from exsweep.parse.winevent.formats import SYSTEM
from exsweep.parse.winevent.record import Data, System

DEPTH = 24
"""Deeper nesting is kept as JSON text; the deepest in 31,000 real records is 6."""
UNNAMED = "Data"
_AGAIN = re.compile(r"(.+)_\d{1,4}")
"""How the reader of `.evtx` names the second of two elements with one name."""
_PLACE = {name: place for place, name in enumerate(SYSTEM)}
_PLAIN = {name: _PLACE[name] for name in SYSTEM if name != "TimeCreated"}
_ATTRIBUTES = {
    ("Provider", "Name"): _PLACE["Provider_Name"],
    ("TimeCreated", "SystemTime"): _PLACE["TimeCreated"],
    ("Correlation", "ActivityID"): _PLACE["ActivityID"],
    ("Execution", "ProcessID"): _PLACE["ProcessID"],
    ("Execution", "ThreadID"): _PLACE["ThreadID"],
    ("Security", "UserID"): _PLACE["UserID"],
}
_SECTIONS = frozenset({"System", "RenderingInfo", "#attributes"})


def text(value: object) -> str:
    """A JSON value as Windows would write it: truth in small letters, several values one per line."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(text(one) for one in value) if _shallow(value) else _json(value)
    if isinstance(value, dict):
        return _json(value)
    return str(value)


def flat(section: Mapping[str, Any]) -> Data | None:
    """Values of a section without anything nested in it, which nearly all are; None for the others."""
    try:
        return {
            name: value if type(value) is str else _SCALARS[type(value)](value)
            for name, value in section.items()
        }
    except KeyError:
        return None


_SCALARS: dict[type, Callable[[Any], str]] = {
    int: str,
    float: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "",
}


def _shallow(value: list[Any]) -> bool:
    return not any(isinstance(one, (dict, list)) for one in value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode("utf-8", "replace")


def system_of(section: Mapping[str, Any]) -> System:
    """`System` of a record as `.evtx` readers and Velociraptor write it: attributes below `#attributes` or as plain keys."""
    found: list[str | None] = [None] * len(SYSTEM)
    for name, value in section.items():
        if type(value) is not dict:
            if value is not None and name in _PLAIN:
                found[_PLAIN[name]] = value if type(value) is str else text(value)
            continue
        inner = value.get("#attributes", value)
        name = name.removesuffix("_attributes")  # as Chainsaw writes it
        if name in _PLAIN:  # EventID with qualifiers
            found[_PLAIN[name]] = text(value.get("#text", value.get("Value")))
        elif isinstance(inner, dict):
            for part, said in inner.items():
                place = _ATTRIBUTES.get((name, part))
                if place is not None and said is not None:
                    found[place] = said if type(said) is str else text(said)
    return tuple(found)


def data_of(event: Mapping[str, Any]) -> Data:
    """The event's own values: of `EventData`, `UserData` and whatever else stands beside `System`."""
    found: Data = {}
    more: dict[str, list[str]] = {}
    for section, value in event.items():
        if section in _SECTIONS:
            continue
        if type(value) is dict:
            _values(value, found, more)
        elif value is not None:
            _put(section, text(value), found, more)
    rendered = event.get("RenderingInfo")
    if isinstance(rendered, dict) and rendered.get("Message"):
        _put("Message", text(rendered["Message"]), found, more)
    for name, values in more.items():
        found[name] = "\n".join([found[name], *values])
    return found


def values_of(section: Mapping[str, Any]) -> Data:
    """Values below one section only."""
    return data_of({"EventData": section})


def _values(section: Mapping[str, Any], found: Data, more: dict[str, list[str]]) -> None:
    """`EventData` and its like: flat as a rule."""
    for name, value in section.items():
        if type(value) is str:
            if name not in found:
                found[name] = value
            else:
                more.setdefault(name, []).append(value)
        elif isinstance(value, (dict, list)):
            _walk(name, value, section, found, more, 0)
        else:
            _put(name, text(value), found, more)


def _walk(
    name: str, value: object, around: Mapping[str, Any], found: Data, more: dict[str, list[str]], depth: int
) -> None:
    if name == "#attributes":
        if isinstance(value, dict):
            for attribute, said in value.items():
                if not attribute.startswith("xmlns"):
                    _put(attribute, text(said), found, more)
        return
    if depth >= DEPTH:
        _put(name, text(value), found, more)
    elif isinstance(value, list):
        for one in value:
            _walk(name, one, around, found, more, depth + 1)
    elif isinstance(value, dict):
        _element(_first_name(name, around), value, found, more, depth)
    else:
        _put(_first_name(name, around) if depth else name, text(value), found, more)


def _element(
    name: str, value: Mapping[str, Any], found: Data, more: dict[str, list[str]], depth: int
) -> None:
    named = value.get("@Name", value.get("Name")) if name == UNNAMED else None
    attributes = value.get("#attributes")
    if isinstance(attributes, dict):
        if isinstance(attributes.get("Name"), str) and name.endswith(UNNAMED):
            named = attributes["Name"]
        for attribute, said in attributes.items():
            if not attribute.startswith("xmlns") and said is not named:
                _put(f"{name}_{attribute}", text(said), found, more)
    if isinstance(named, str):
        _put(named, text(value.get("#text", value.get("Value"))), found, more)
        return
    for inner, said in value.items():
        if inner == "#attributes":
            continue
        if type(said) is str and not inner.startswith(("#", "@")):
            _put(_first_name(inner, value), said, found, more)
        elif inner == "#text":
            _put(name, text(said), found, more)
        elif inner.startswith("@"):
            if not inner.startswith("@xmlns"):
                _put(f"{name}_{inner[1:]}", text(said), found, more)
        else:
            _walk(inner, said, value, found, more, depth + 1)


def _first_name(name: str, around: Mapping[str, Any]) -> str:
    if not name[-1:].isdigit():
        return name
    match = _AGAIN.fullmatch(name)
    return match[1] if match and match[1] in around else name


def _put(name: str, value: str, found: Data, more: dict[str, list[str]]) -> None:
    if name not in found:
        found[name] = value
    else:
        more.setdefault(name, []).append(value)
