"""What kind of log a file is: by content first, by path only between formats whose content is alike."""

import re
from collections.abc import Sequence
from functools import lru_cache

from exsweep.knowledge.formats import LogFormat, text_formats
from exsweep.parse.console import may_speak, read_console
from exsweep.parse.fields import split
from exsweep.parse.header import Header, directive, fields_header, is_type, known_names, plain_row
from exsweep.parse.lines import BOM
from exsweep.parse.loose import escaped, marked_down
from exsweep.parse.shapes import infer
from exsweep.parse.text import to_utf8

HEAD = 64 << 10
"""Bytes of a file that are enough to recognise it."""
_TOP = 12
"""Lines within which nearly every log has its header."""
LINES_LOOKED_AT = 200
"""A header may stand below lines that are no log (pasted greetings, the end of another file)."""


def recognise(head: bytes, path: str = "", formats: Sequence[LogFormat] | None = None) -> LogFormat | None:
    """The format of the file that begins with `head`; None when it is no log that we know.

    A header decides, whatever the path says; without one, the shape of the first lines; `path` only among equals.
    """
    known = text_formats() if formats is None or formats is text_formats() else tuple(formats)
    text = _text(head)
    whole = len(head) < HEAD
    if whole and may_speak(text) and any(_is_report(line) for line in _lines(text, LINES_LOOKED_AT)):
        return None
    found, _ = _by_header(_lines(text, _TOP), known, path)
    if found is not None:
        return found
    lines = _lines(text, LINES_LOOKED_AT)
    found, typed = _by_header(lines, known, path)
    return found or typed or _by_shape(lines, known, path, whole=whole)


def usual_kind(path: str) -> LogFormat | None:
    """The format that a file with this path usually has; None when its name tells nothing."""
    return _hinted(text_formats(), path)


def usual_log(head: bytes, path: str) -> LogFormat | None:
    """The format of a log that begins with its header and whose path says the same, as of nearly all logs; no other kind of
    evidence need be thought of then."""
    hinted = usual_kind(path)
    line = head[:8192].removeprefix(BOM).partition(b"\n")[0].removesuffix(b"\r")
    known = text_formats()
    if hinted is None or not (
        line.startswith(b"#") or plain_row(line, known_names(known), known, hinted) is not None
    ):
        return None
    found = recognise(head, path)
    return found if found is not None and found.id == hinted.id else None


def _is_report(line: bytes) -> bool:
    """A script said this on a console: the text is something that a person put together, to be read as such."""
    said = read_console(line, "")
    return said is not None and (bool(said.facts) or said.test is not None)


def _text(head: bytes) -> bytes:
    return to_utf8(head[:HEAD]).lstrip(b"\0").removeprefix(BOM)


def _lines(text: bytes, most: int) -> list[bytes]:
    lines = text.split(b"\n", most)[:most]
    if b"\0" not in text and BOM not in text:
        return [line.removesuffix(b"\r") for line in lines]
    return [line.removesuffix(b"\r").strip(b"\0").removeprefix(BOM) for line in lines]


def _by_header(
    lines: list[bytes], known: tuple[LogFormat, ...], path: str
) -> tuple[LogFormat | None, LogFormat | None]:
    """The format of the first header; and the one that a type of log names above it."""
    names = known_names(known)
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
        elif not line.startswith((b"#", b" ", b"\t")):
            header = plain_row(line, names, known, hinted)
        if header is not None:
            return header.format, typed
    return None, typed


def _of_type(known: Sequence[LogFormat], text: str, hinted: LogFormat | None) -> LogFormat | None:
    fitting = [one for one in known if is_type(one, text)]
    if hinted is not None and any(one.id == hinted.id for one in fitting):
        return hinted
    return fitting[0] if fitting else None


def _by_shape(
    lines: list[bytes], known: tuple[LogFormat, ...], path: str, *, whole: bool
) -> LogFormat | None:
    """The format that most of the first lines fit by number and shape of their fields.

    A small text in which other lines stand between them, or that is the source of a web page or of Markdown, is no log but
    a paste: None.
    """
    votes: dict[str, int] = {}
    hinted = _hinted(known, path)
    sample = [line for line in lines if line.strip()][:40]
    for line in sample:
        for one in known:
            if _has_shape(one, line):
                votes[one.id] = votes.get(one.id, 0) + 1
    best = max(votes.values(), default=0)
    if not best or (
        whole and (best < len(sample) - 1 or any(escaped(line) or marked_down(line) for line in sample))
    ):
        return None
    fitting = [one for one in known if votes.get(one.id) == best]
    if hinted is not None and any(one.id == hinted.id for one in fitting):
        return hinted
    return fitting[0]


def _has_shape(one: LogFormat, line: bytes) -> bool:
    fields = split(line, one)
    if infer(one, fields) is not None:
        return True
    return one.separator == " " and infer(one, [field for field in fields if field]) is not None


def _hinted(known: Sequence[LogFormat], path: str) -> LogFormat | None:
    """The format whose path hint fits; None when none or several do."""
    if known is text_formats():
        return _usual_hint(_LONG_NUMBER.sub(r"\1", path))
    return _hint(known, path)


_LONG_NUMBER = re.compile(r"(\d{8})\d+")
"""The hours in names of hourly files: no hint asks for more digits, and the days of a folder have one hint."""


@lru_cache(maxsize=4096)
def _usual_hint(path: str) -> LogFormat | None:
    return _hint(text_formats(), path)


def _hint(known: Sequence[LogFormat], path: str) -> LogFormat | None:
    path = path.replace("\\", "/")
    fitting = [one for one in known if one.path_hint and _pattern(one.path_hint).search(path)]
    return fitting[0] if len(fitting) == 1 else None


@lru_cache(maxsize=128)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)
