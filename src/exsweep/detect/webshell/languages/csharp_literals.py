"""C# names and literals: escapes undone as the compiler does."""

import re
import unicodedata

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,4})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.S)
_LETTER = re.compile(r"\\(?:x((?!))|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_COMMENT = re.compile(r"/\*.{0,2000}?\*/|//(?<!:..)[^\n]*", re.S)
_SIMPLE = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
}


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    if digits is None:
        return _SIMPLE.get(match[4], match[4])
    code = int(digits, 16)
    return chr(code) if code < 0x110000 else ""


def unescape(text: str) -> str:
    r"""`\x41`, `\u0041`, `\n` ... undone."""
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def name(text: str) -> str:
    r"""An identifier: `@class` is `class`, `\u0041b` is `Ab`, characters without width do not count."""
    if "\\" in text:
        text = unescape(text)
    if text[:1] == "@":
        text = text[1:]
    if not text.isascii():
        text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return text


def plain(text: str) -> str:
    """A type or attribute as the compiler reads it: without comments, escapes of names undone."""
    if "/" in text:
        text = _COMMENT.sub("", text)
    return _LETTER.sub(_character, text) if "\\" in text else text


def verbatim(text: str) -> str:
    """`@"a""b"` is `a"b`."""
    start = text.find('"')
    return text[start + 1 : -1 if text.endswith('"') and len(text) > start + 1 else None].replace('""', '"')


def raw(text: str) -> str:
    """`\"""a\"""`; the indentation of the closing quotes is cut from each line of the long form."""
    quotes = len(text) - len(text.lstrip('"'))
    inner = text[quotes:-quotes] if len(text) >= 2 * quotes else text[quotes:]
    first, line_break, rest = inner.partition("\n")
    if not line_break or first.strip():
        return inner
    body, line_break, indent = rest.rpartition("\n")
    if not line_break or indent.strip():
        return inner
    return "\n".join(line.removeprefix(indent) for line in body.split("\n"))


def integer(text: str) -> int | None:
    """`0x41`, `0b101`, `1_000UL`; None for what is no number, or has more digits than any type holds."""
    digits = text.replace("_", "").lower()
    base = {"0x": 16, "0b": 2}.get(digits[:2], 10)
    digits = (digits[2:] if base != 10 else digits).rstrip("ul")
    try:
        return int(digits, base) if len(digits) < 100 else None
    except ValueError:
        return None


def real(text: str) -> float | None:
    """`1.5f`, `2e3`, `3M`."""
    try:
        return float(text.replace("_", "").rstrip("fFdDmM"))
    except ValueError:
        return None
