"""Header lines: which columns the lines below them have, and what the header says about the server."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import pyarrow as pa
import pyarrow.csv as pc

from exsweep.knowledge.formats import LogFormat, format_of, text_formats
from exsweep.parse.fields import split_csv

_DIRECTIVE = re.compile(
    rb"#\s?(software|version|log-type|date|fields|remarks?|start-date|end-date|type)\b[ \t]*:?[ \t]*(.*)",
    re.I | re.S,
)
_BUILD = re.compile(r"(8|14|15)\.(\d{1,2})\.(\d{1,5})\.(\d{1,5})")
_NAME = re.compile(r"[A-Za-z][\w() .<-]{0,80}")
MAX_COLUMNS = 1024
"""A header with more columns is none; real ones have at most about a hundred."""


@dataclass(frozen=True, eq=False)
class Header:
    """The columns in force. Equal headers (same format, same names) read lines alike."""

    format: LogFormat
    names: tuple[str, ...]
    """Unique; spelled as the format spells them; an unnamed column is `_5` (its place)."""
    inferred: bool = False
    """No header said so: the shape of the lines did."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Header) and (self.format.id, self.names) == (other.format.id, other.names)

    def __hash__(self) -> int:
        return hash((self.format.id, self.names))

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Columns that a table has, in their order."""
        dropped = set(self.format.drop)
        return tuple(name for name in self.names if name not in dropped)

    @cached_property
    def convert_options(self) -> pc.ConvertOptions:
        """How pyarrow.csv makes the kept columns: bytes as they are, nothing is null."""
        return pc.ConvertOptions(
            column_types={name: self.type_of(name) for name in self.kept},
            include_columns=list(self.kept),
            strings_can_be_null=False,
            null_values=[],
            check_utf8=False,
        )

    @cached_property
    def places(self) -> tuple[tuple[int, bool], ...]:
        """Of each kept column its place among all, and whether it is plain (else a dictionary)."""
        return tuple((self.place[name], self.type_of(name) == pa.binary()) for name in self.kept)

    @cached_property
    def telling(self) -> tuple[str, ...]:
        """Columns that tell of the log as a whole: builds and names of the server, its inner site."""
        pattern, inner = self.format.build_pattern, self.format.inner_site
        names = (
            *self.format.build_columns,
            *self.format.server_columns,
            *([pattern.column] if pattern else ()),
            *([inner.column] if inner else ()),
        )
        return tuple(dict.fromkeys(names))

    @cached_property
    def place(self) -> dict[str, int]:
        """Place of each column."""
        return {name: at for at, name in enumerate(self.names)}

    def type_of(self, name: str) -> pa.DataType:
        """Arrow type of a column."""
        return pa.binary() if name in self.format.unique else pa.dictionary(pa.int32(), pa.binary())

    @cached_property
    def schema(self) -> pa.Schema:
        """Arrow schema of the kept columns."""
        return pa.schema([(name, self.type_of(name)) for name in self.kept])


def directive(line: bytes) -> tuple[str, bytes] | None:
    """Name (lower case) and value of a `#Name: value` line; None for any other line, which then is data.

    >>> directive(b"#Version: 15.01.2375.007")
    ('version', b'15.01.2375.007')
    """
    match = _DIRECTIVE.match(line)
    return (match[1].decode().lower(), match[2].strip()) if match else None


def build_of(text: str) -> str | None:
    """The build that a dotted version names, without leading zeros; None when it names none (`15.0.0.0`, `1.0`).

    >>> build_of("15.01.2375.007"), build_of("15.0.0.0")
    ('15.1.2375.7', None)
    """
    match = _BUILD.fullmatch(text.strip())
    if match is None or not int(match[3]):
        return None
    return ".".join(str(int(part)) for part in match.groups())


def read_names(value: bytes) -> list[str]:
    """Column names of a `#Fields:` value or of a plain column row, cleaned of what writers get wrong.

    Separated by commas if there are any, else by blanks. The tail written twice into one line is taken off.
    """
    value = value.strip()
    parts = split_csv(value) if b"," in value else value.split()
    names = [part.strip().strip(b'"').decode("utf-8", "backslashreplace") for part in parts]
    return _without_second_tail(names)


def _without_second_tail(names: list[str]) -> list[str]:
    """`a,b,cb,c` was `a,b,c` with its tail written once more.

    >>> _without_second_tail(["a", "b", "cb", "c"]), _without_second_tail(["a", "b", "c", "b", "c"])
    (['a', 'b', 'c'], ['a', 'b', 'c'])
    """
    size = len(names)
    for start in range(size):
        tail = size - start - 1
        if 0 < tail <= start and names[start].startswith(names[-1]) and names[start] != names[-1]:
            whole = [*names[:start], names[-1]]
            if names[start] == whole[-1] + whole[-tail - 1 :][0] and names[start + 1 :] == whole[-tail:]:
                return whole
        if 1 < size - start <= start and names[start:] == names[2 * start - size : start]:
            return names[:start]
    return names


def fields_header(
    value: bytes, formats: Sequence[LogFormat], prefer: LogFormat, log_type: str
) -> Header | None:
    """The header that a `#Fields:` line makes. A list that fits no format counts when `prefer` knows each name of it;
    None (a cut or foreign list) leaves the lines below without header."""
    if formats is text_formats():
        return _usual_header(value, prefer.id, log_type)
    return _fields_header(value, formats, prefer, log_type)


@lru_cache(maxsize=256)
def _usual_header(value: bytes, prefer: str, log_type: str) -> Header | None:
    """Files of one log repeat the same few headers thousands of times."""
    return _fields_header(value, text_formats(), format_of(prefer), log_type)


def _fields_header(
    value: bytes, formats: Sequence[LogFormat], prefer: LogFormat, log_type: str
) -> Header | None:
    names = read_names(value)
    header = make_header(names, formats, prefer, log_type)
    if header is None and 1 < len(names) <= MAX_COLUMNS:
        spelled = normal_names(prefer, tuple(names))
        if set(spelled) <= {name for known in prefer.headers() for name in known}:
            return Header(prefer, spelled)
    return header


def make_header(
    names: Sequence[str], formats: Sequence[LogFormat], prefer: LogFormat | None, log_type: str = ""
) -> Header | None:
    """The header with its format: `prefer` when the columns fit it, else the format that they do fit, else None."""
    if not names or len(names) > MAX_COLUMNS:
        return None
    found = format_by_columns(names, formats, prefer, log_type)
    if found is None:
        return None
    return Header(found, normal_names(found, tuple(names)))


def is_type(one: LogFormat, text: str) -> bool:
    """A `#Log-type:` or `#Software:` value names this format."""
    low = text.lower()
    return any(low == kind.lower() or low.startswith(kind.lower() + " ") for kind in one.log_types)


def names_a_type(text: str, formats: Sequence[LogFormat]) -> bool:
    """A `#Software:` value names one of the formats."""
    if formats is text_formats():
        return _usual_type(text)
    return any(is_type(one, text) for one in formats)


@lru_cache(maxsize=256)
def _usual_type(text: str) -> bool:
    return any(is_type(one, text) for one in text_formats())


def format_by_columns(
    names: Sequence[str], formats: Sequence[LogFormat], prefer: LogFormat | None = None, log_type: str = ""
) -> LogFormat | None:
    """The format whose required columns are all here: of the named log type first, then `prefer`, then the pickiest."""
    fitting = [one for one in formats if _has_required(one, names)]
    if log_type:
        for one in fitting:
            if is_type(one, log_type):
                return one
    fitting = [one for one in fitting if one.required_columns]
    if prefer is not None and any(one.id == prefer.id for one in fitting):
        return prefer
    have = {name.lower() for name in names}
    return max(
        fitting, key=lambda one: (len(one.required_columns), _overlap(one, have), one.id), default=None
    )


def _has_required(one: LogFormat, names: Sequence[str]) -> bool:
    if not one.required_columns:
        return True
    spelling = _spelling(one)
    have = {spelling.get(name.lower(), "") for name in names}
    return have.issuperset(one.required_columns)


def _overlap(one: LogFormat, have: set[str]) -> int:
    return max((len(have & {name.lower() for name in header}) for header in one.headers()), default=0)


def _spelling(one: LogFormat) -> dict[str, str]:
    """Names in lower case -> as the format spells them."""
    known = _SPELLINGS.get(id(one))
    if known is None:
        spelling = {alias.lower(): name for alias, name in one.aliases.items()}
        spelling |= {name.lower(): name for header in reversed(one.headers()) for name in header}
        # The format is kept beside its entry, so that its id is never that of another one.
        known = _SPELLINGS[id(one)] = one, spelling
    return known[1]


_SPELLINGS: dict[int, tuple[LogFormat, dict[str, str]]] = {}


def normal_names(one: LogFormat, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names as the format spells them, unique: an empty one becomes `_<place>`, a repeated one gets `__<n>`."""
    spelling = _spelling(one)
    seen: dict[str, int] = {}
    normal = []
    for place, name in enumerate(names, 1):
        spelled = spelling.get(name.lower(), name) or f"_{place}"
        count = seen[spelled] = seen.get(spelled, 0) + 1
        normal.append(spelled if count == 1 else f"{spelled}__{count}")
    return tuple(normal)


def known_names(formats: Sequence[LogFormat]) -> frozenset[bytes]:
    """All column names in lower case: what a plain column row begins with."""
    return _usual_names() if formats is text_formats() else _all_names(formats)


@cache
def _usual_names() -> frozenset[bytes]:
    return _all_names(text_formats())


def _all_names(formats: Sequence[LogFormat]) -> frozenset[bytes]:
    return frozenset(name.encode() for one in formats for name in _spelling(one))


def plain_row(
    line: bytes, known: frozenset[bytes], formats: Sequence[LogFormat], prefer: LogFormat | None
) -> Header | None:
    """The header that a line without `#` is, if it is one.

    It begins with a column name, has all columns that its format requires, and nothing but names in it.
    """
    start = line[:120].lower()
    first, separator, _ = start.partition(b"," if b"," in start else b" ")
    if not separator or first.strip(b' "\t') not in known:
        return None
    if formats is text_formats():
        return _usual_row(line, None if prefer is None else prefer.id)
    return _named_row(line, formats, prefer)


@lru_cache(maxsize=256)
def _usual_row(line: bytes, prefer: str | None) -> Header | None:
    """Column rows repeat as the `#Fields:` lines do."""
    return _named_row(line, text_formats(), None if prefer is None else format_of(prefer))


def _named_row(line: bytes, formats: Sequence[LogFormat], prefer: LogFormat | None) -> Header | None:
    names = read_names(line)
    if any(name and not _NAME.fullmatch(name) for name in names):
        return None
    header = make_header(names, formats, prefer)
    return header if header is not None and header.format.separator.encode() in line else None
