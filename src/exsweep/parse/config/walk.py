"""XML of a configuration, element by element, without entities and without a tree: hostile files cost what they weigh."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

MAX_DEPTH = 200
MAX_ELEMENTS = 500_000


@dataclass(frozen=True, slots=True)
class Element:
    """The start of one element."""

    path: tuple[str, ...]
    """Names of the elements around it and its own, without prefixes, as written."""
    attributes: Mapping[str, str]
    """Names in lower case."""
    line: int
    """1-based."""
    offset: int
    """Byte offset in the file."""


class _RefusedError(Exception):
    """The document asks for something that no configuration needs."""


def walk(
    data: bytes, start: Callable[[Element], None], end: Callable[[tuple[str, ...]], None]
) -> tuple[str, int]:
    """Call `start` and `end` for every element in order. Gives ("", 0), or the reason and line where reading stopped.

    A document type, and with it every entity of its own, is refused: the reader resolves and expands nothing. Behind
    damage the tags are read on as they stand, so that a broken line hides nothing but itself.
    """
    parser = expat.ParserCreate()
    stack: list[str] = []
    seen = 0

    def opened(name: str, attributes: dict[str, str]) -> None:
        nonlocal seen
        seen += 1
        if len(stack) >= MAX_DEPTH:
            raise _RefusedError("elements stand in each other too deep")
        if seen > MAX_ELEMENTS:
            raise _RefusedError("there are too many elements")
        stack.append(name.rpartition(":")[2])
        lower = {key.lower(): value for key, value in attributes.items()}
        start(Element(tuple(stack), lower, parser.CurrentLineNumber, parser.CurrentByteIndex))

    def closed(name: str) -> None:
        end(tuple(stack))
        stack.pop()

    def refused(*_: object) -> None:
        raise _RefusedError("it has a document type of its own")

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.StartDoctypeDeclHandler = refused
    parser.EntityDeclHandler = refused
    try:
        parser.Parse(data, True)
    except _RefusedError as stop:
        return str(stop), parser.CurrentLineNumber
    except expat.ExpatError as error:
        _read_on(data, parser.ErrorByteIndex, error.lineno, stack, start, end)
        return expat.ErrorString(error.code), error.lineno
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        return f"its encoding cannot be read ({error})", 1
    return "", 0


_TAG = re.compile(
    rb"""<(/?)([A-Za-z_][\w:.\-]{0,100})((?:\s+[A-Za-z_][\w:.\-]{0,100}\s*=\s*(?:"[^"<]{0,4000}"|'[^'<]{0,4000}'))*)\s*(/?)>"""
)
_ATTRIBUTE = re.compile(rb"""([\w:.\-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def _read_on(
    data: bytes,
    begin: int,
    line: int,
    stack: list[str],
    start: Callable[[Element], None],
    end: Callable[[tuple[str, ...]], None],
) -> None:
    """Tags behind the damage, by their looks; an end tag closes the nearest element of its name."""
    place = begin
    for number, tag in enumerate(_TAG.finditer(data, begin)):
        line += data.count(b"\n", place, tag.start())
        place = tag.start()
        name = tag[2].decode("utf-8", "replace").rpartition(":")[2]
        if number >= MAX_ELEMENTS:
            return
        if tag[1]:
            if name in stack:
                while stack and stack[-1] != name:
                    end(tuple(stack))
                    stack.pop()
                end(tuple(stack))
                stack.pop()
            continue
        if len(stack) >= MAX_DEPTH:
            continue
        stack.append(name)
        attributes = {
            found[1].decode("utf-8", "replace").lower(): html.unescape(
                (found[2] or found[3] or b"").decode("utf-8", "replace")
            )
            for found in _ATTRIBUTE.finditer(tag[3])
        }
        start(Element(tuple(stack), attributes, line, place))
        if tag[4]:
            end(tuple(stack))
            stack.pop()
