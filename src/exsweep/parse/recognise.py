"""What kind of log a file is: by content first, by path only between formats whose content is alike."""

import re
from collections.abc import Sequence
from functools import lru_cache

from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.parse.fields import split
from exsweep.parse.header import Header, directive, fields_header, first_names, plain_row
from exsweep.parse.lines import BOM
from exsweep.parse.shapes import infer
from exsweep.parse.text import to_utf8

HEAD = 64 << 10
"""Bytes of a file that are enough to recognise it."""
LINES_LOOKED_AT = 200
"""A header may stand below lines that are no log (pasted greetings, the end of another file)."""


def recognise(head: bytes, path: str = "", formats: Sequence[LogFormat] | None = None) -> LogFormat | None:
    """The format of the file that begins with `head`; None when it is no log that we know.

    A header decides, whatever the path says; without one, the shape of the first lines; `path` only among equals.
    """
    known = tuple(formats) if formats is not None else load_formats()
    lines = _lines(head)
    found = _by_header(lines, known, path)
    return found if found is not None else _by_shape(lines, known, path)


def _lines(head: bytes) -> list[bytes]:
    text = to_utf8(head[:HEAD]).lstrip(b"\0")
    if text.startswith(BOM):
        text = text[len(BOM) :]
    lines = text.split(b"\n", LINES_LOOKED_AT)[:LINES_LOOKED_AT]
    return [line.removesuffix(b"\r").strip(b"\0").removeprefix(BOM) for line in lines]


def _by_header(lines: list[bytes], known: tuple[LogFormat, ...], path: str) -> LogFormat | None:
    firsts = first_names(known)
    hinted = _hinted(known, path)
    log_type = ""
    typed: LogFormat | None = None
    for line in lines:
        found = directive(line)
        header: Header | None = None
        if found is not None:
            name, value = found
            if name in ("log-type", "software"):
                text = value[:200].decode("utf-8", "replace")
                of_type = _of_type(known, text, hinted)
                if of_type is not None:
                    log_type, typed = text, of_type
            elif name == "fields":
                header = fields_header(value, known, typed or hinted or known[0], log_type)
        elif not line.startswith(b"#"):
            header = plain_row(line, firsts, known, hinted)
        if header is not None:
            return header.format
    return typed


def _of_type(known: Sequence[LogFormat], text: str, hinted: LogFormat | None) -> LogFormat | None:
    low = text.lower()
    fitting = [one for one in known if any(low == kind.lower() or low.startswith(kind.lower() + " ") for kind in one.log_types)]
    if hinted is not None and any(one.id == hinted.id for one in fitting):
        return hinted
    return fitting[0] if fitting else None


def _by_shape(lines: list[bytes], known: tuple[LogFormat, ...], path: str) -> LogFormat | None:
    """The format that most of the first lines fit by number and shape of their fields."""
    votes: dict[str, int] = {}
    hinted = _hinted(known, path)
    for line in [line for line in lines if line.strip()][:20]:
        for one in known:
            if infer(one, split(line, one)) is not None or infer(one, [part for part in split(line, one) if part]) is not None:
                votes[one.id] = votes.get(one.id, 0) + 1
    if not votes:
        return None
    best = max(votes.values())
    fitting = [one for one in known if votes.get(one.id) == best]
    if hinted is not None and any(one.id == hinted.id for one in fitting):
        return hinted
    return fitting[0]


def _hinted(known: Sequence[LogFormat], path: str) -> LogFormat | None:
    """The format whose path hint fits; None when none or several do."""
    path = path.replace("\\", "/")
    fitting = [one for one in known if one.path_hint and _pattern(one.path_hint).search(path)]
    return fitting[0] if len(fitting) == 1 else None


@lru_cache(maxsize=128)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)
