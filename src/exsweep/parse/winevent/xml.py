"""The XML of one event to the nested values that a reader of `.evtx` gives. No entities, no document types, no network."""

import re
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

DEPTH = 64
_FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]));"
)
"""Characters that XML 1.0 does not have, as such and as references. Source: https://www.w3.org/TR/xml/#charsets"""


class RefusedXmlError(ValueError):
    """The text is no XML of an event, or holds what no event does."""


class _Builder:
    """Elements as dicts: one with text only is its text; attributes stand below `#attributes`; names that come again
    make lists; `<Data Name="x">` becomes `x`."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._stack: list[tuple[str, dict[str, Any], list[str]]] = [("", self.root, [])]

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > DEPTH:
            raise RefusedXmlError("nested too deeply")
        name = name.rsplit(":", 1)[-1]
        kept = {key: value for key, value in attributes.items() if not key.startswith("xmlns")}
        if name == "Data" and "Name" in kept:
            name = kept.pop("Name").lstrip("#") or "Data"
        self._stack.append((name, {"#attributes": kept} if kept else {}, []))

    def text(self, data: str) -> None:
        self._stack[-1][2].append(data)

    def end(self, _name: str) -> None:
        name, values, pieces = self._stack.pop()
        text = "".join(pieces)
        value: object = values
        if not values:
            value = text
        elif text.strip():
            values["#text"] = text
        around = self._stack[-1][1]
        if name not in around:
            around[name] = value
        elif isinstance(around[name], list):
            around[name].append(value)
        else:
            around[name] = [around[name], value]


def _refuse(*_: object) -> int:
    raise RefusedXmlError("a document type or an entity")


def read_xml(text: bytes) -> dict[str, Any]:
    """The one element of `text` as `{name: values}`.

    Windows writes characters into events that XML forbids; they, and bytes that are no UTF-8, become U+FFFD.

    Raises:
        RefusedXmlError: it is not well-formed, declares a document type or entity, or is nested too deeply.
    """
    try:
        return _parse(text)
    except ExpatError as error:
        cleaned = _FORBIDDEN.sub("\ufffd", text.decode("utf-8", "replace")).encode()
        if cleaned == text:
            raise RefusedXmlError(str(error)) from error
    try:
        return _parse(cleaned)
    except ExpatError as error:
        raise RefusedXmlError(str(error)) from error


def _parse(text: bytes) -> dict[str, Any]:
    builder = _Builder()
    parser = ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.Parse(text, True)
    return builder.root
