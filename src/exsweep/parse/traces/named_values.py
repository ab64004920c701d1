"""Records of lines that name their values: `key=value` of firewalls and relays (CEF, LEEF, logfmt), and tables of Zeek."""

import re
from collections.abc import Iterator

from exsweep.parse.lines import LineSplitter
from exsweep.parse.winevent.texts import Record, one_a_line

BEGINNING = "#time"
"""Name of the moment that stands before the first value, as a relay writes it."""
LONGEST = 1 << 18
_KEY = re.compile(rb"(?:^|[\s|])([A-Za-z_][\w.()-]{0,63})=")
_ESCAPED = re.compile(rb"\\([\\=|\"])")
_STAMP = re.compile(
    rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|\d{4}:\d\d:\d\d-\d\d:\d\d:\d\d"
)
_LABEL = "Label"
_FIELDS = b"#fields\t"


def named_values(line: bytes) -> dict[str, str]:
    """The values of one line by their names; of several of one name the first. A value goes on to the next name, one in
    quotation marks to their end; `cs1Label=status cs1=200` (CEF) is `status` too.

    >>> named_values(b'<134>CEF:0|F5|ASM|1|200|x|5|request=/owa/?a=b src=192.0.2.7 cn1=200 cn1Label=response_code')
    {'request': '/owa/?a=b', 'src': '192.0.2.7', 'cn1': '200', 'cn1Label': 'response_code', 'response_code': '200'}
    >>> named_values(b'2021:03:03-04:12:00 fw: id="0299" url="/ecp/y.js" statuscode="241"')["#time"]
    '2021-03-03T04:12:00'
    """
    made: dict[str, str] = {}
    found = _KEY.search(line) if len(line) <= LONGEST else None
    if found is None:
        return made
    stamp = _STAMP.search(line, 0, found.start(1))
    if stamp is not None:
        made[BEGINNING] = _iso(stamp[0].decode())
    while found is not None:
        name, start = found[1].decode("ascii"), found.end()
        end = _closing(line, start + 1) if line[start : start + 1] == b'"' else -1
        following = _KEY.search(line, max(start, end))
        if end < 0:
            value = line[start : following.start() if following else len(line)].strip()
        else:
            value = line[start + 1 : end]
        made.setdefault(name, _text(value))
        found = following
    for name in [one for one in made if one.endswith(_LABEL)]:
        value_of = made.get(name.removesuffix(_LABEL))
        if value_of is not None:
            made.setdefault(made[name], value_of)
    return made


def _closing(line: bytes, at: int) -> int:
    """Where the quotation mark stands that ends the value; -1: none does."""
    end = line.find(b'"', at)
    while end > 0 and line[end - 1 : end] == b"\\" and line[end - 2 : end - 1] != b"\\":
        end = line.find(b'"', end + 1)
    return end


def _text(value: bytes) -> str:
    if b"\\" in value:
        value = _ESCAPED.sub(rb"\1", value)
    return value.decode("utf-8", "backslashreplace")


def _iso(stamp: str) -> str:
    return f"{stamp[:10].replace(':', '-')}T{stamp[11:]}"


class NamedValues:
    """One record a line."""

    def __init__(self) -> None:
        self._splitter = LineSplitter()

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        for line, offset, raw in one_a_line(self._splitter, chunk, last=last):
            value = named_values(raw) or None
            yield Record(line, offset, raw, value, "" if value else "no-log-line")


class ZeekTable:
    """Columns separated by tabs, named in a line `#fields`; other lines that begin with `#` are no records.

    Source: https://docs.zeek.org/en/master/log-formats.html.
    """

    def __init__(self) -> None:
        self._splitter = LineSplitter()
        self._names: list[str] = []

    def feed(self, chunk: bytes, *, last: bool) -> Iterator[Record]:
        for line, offset, raw in one_a_line(self._splitter, chunk, last=last):
            if raw.startswith(b"#"):
                if raw.startswith(_FIELDS):
                    self._names = _cells(raw.removeprefix(_FIELDS))
                continue
            cells = _cells(raw)
            value = dict(zip(self._names, cells, strict=True)) if len(cells) == len(self._names) else None
            yield Record(line, offset, raw, value, "" if value else "field-count")


def _cells(raw: bytes) -> list[str]:
    return raw.rstrip(b"\r").decode("utf-8", "backslashreplace").split("\t")


def is_zeek_table(text: bytes) -> bool:
    """It begins with the lines in which Zeek describes a table."""
    return text.startswith(b"#separator") and b"\n" + _FIELDS in text
