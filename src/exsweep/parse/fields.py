"""One line to its fields, exactly: the slow path, also for lines that are damaged in a way that has one sure repair."""

from collections.abc import Sequence

from exsweep.knowledge.formats import LogFormat
from exsweep.parse.shapes import fits

MAX_SURPLUS = 64
"""More stray separators than this are not looked into."""


def split_csv(line: bytes, separator: bytes = b",") -> list[bytes]:
    """Fields of a line with RFC 4180 quoting.

    Text after a closing quote belongs to the field; a quote inside an unquoted field is text. An opening quote that
    is never closed is text too (the line is then split as if it had no quotes from there on).

    >>> split_csv(b'a,"b,""c"" ",d"e')
    [b'a', b'b,"c" ', b'd"e']
    """
    if b'"' not in line:
        return line.split(separator)
    fields = []
    at, size = 0, len(line)
    while True:
        field = b""
        if line[at : at + 1] == b'"':
            close = _closing(line, at + 1)
            if close >= 0:
                field = line[at + 1 : close].replace(b'""', b'"')
                at = close + 1
        end = line.find(separator, at)
        if end < 0:
            fields.append(field + line[at:size])
            return fields
        fields.append(field + line[at:end])
        at = end + 1


def _closing(line: bytes, at: int) -> int:
    """Place of the quote that ends a quoted field; -1 if there is none."""
    while (at := line.find(b'"', at)) >= 0:
        if line[at + 1 : at + 2] != b'"':
            return at
        at += 2
    return -1


def open_quote(line: bytes, separator: bytes = b",") -> bool:
    """The line ends inside a quoted field."""
    if b'"' not in line:
        return False
    at = 0
    while True:
        if line[at : at + 1] == b'"':
            close = _closing(line, at + 1)
            if close < 0:
                return True
            at = close + 1
        at = line.find(separator, at)
        if at < 0:
            return False
        at += 1


def split(line: bytes, kind: LogFormat) -> list[bytes]:
    """Fields of a line as the format separates them."""
    separator = kind.separator.encode()
    return split_csv(line, separator) if kind.quoting else line.split(separator)


def fit(line: bytes, kind: LogFormat, names: Sequence[str]) -> list[bytes] | str:
    """The fields of a line under a header, or the reason why it has none.

    Repairs are made only where one reading is possible: blanks at the end, doubled blanks, blanks inside one value
    whose neighbours have a provable shape, empty surplus columns, a last column that takes the rest of the line.
    """
    fields = split(line, kind)
    want = len(names)
    if len(fields) == want:
        return fields
    if kind.separator == " ":
        return _fit_blanks(fields, kind, names)
    if len(fields) > want:
        if not any(fields[want:]):
            return fields[:want]
        if kind.tail:
            return _join_tail(line, kind, want)
    return "field-count"


def _join_tail(line: bytes, kind: LogFormat, want: int) -> list[bytes]:
    return line.split(kind.separator.encode(), want - 1)


def _fit_blanks(fields: list[bytes], kind: LogFormat, names: Sequence[str]) -> list[bytes] | str:
    want = len(names)
    while len(fields) > want and not fields[-1]:
        fields = fields[:-1]
    if len(fields) == want:
        return fields
    packed = [field for field in fields if field]
    if len(packed) == want:
        return packed
    surplus = len(packed) - want
    if surplus < 0 or surplus > MAX_SURPLUS:
        return "field-count"
    readings = []
    for place, name in enumerate(names):
        if kind.shapes.get(name) in (None, "path", "reference"):
            joined = b" ".join(packed[place : place + surplus + 1])
            reading = [*packed[:place], joined, *packed[place + surplus + 1 :]]
            if all(fits(kind.shapes.get(other), field) for other, field in zip(names, reading, strict=True)):
                readings.append(reading)
    if len(readings) == 1:
        return readings[0]
    return "ambiguous-fields" if readings else "field-count"
