"""Where the value of a rule's field stands in the rows of a log format."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from exsweep.knowledge.formats import LogFormat


class Kind(StrEnum):
    """How the text of a place must be read before it is compared."""

    PLAIN = "plain"
    URL = "url"
    """As written, percent-decoded once, and twice."""
    AGENT = "agent"
    """As written, and with every run of blanks, `+` and commas made one blank: logs write `a b`, `a+b` or `a  b`."""
    JOINED = "joined"
    """Path `?` query, built from two columns; read like URL."""
    EXTENSION = "extension"
    """What follows the last dot of the last part of the path."""
    LINE = "line"
    """All columns, joined by the separator; read like URL where the format has URL columns."""


@dataclass(frozen=True, slots=True)
class Place:
    kind: Kind
    column: str = ""
    """Native name, lower case; of a joined place the path's."""


LINE = Place(Kind.LINE)


@cache
def places(field: str | None, form: LogFormat, own: bool) -> tuple[Place, ...]:
    """Places whose values a condition on `field` looks at; any of them may satisfy it.

    Native names come first for own rules, the format's Sigma names first for the user's. A name that nothing knows is
    taken for a native column: some header may have it.
    """
    if field is None:
        return (LINE,)
    low = field.lower()
    names = _Names.of(form)
    native = (low,) if low in names.native else ()
    ecs = (names.ecs[low],) if low in names.ecs else ()
    sigma = names.sigma.get(low, ())
    for columns in (native, ecs, sigma) if own else (sigma, native, ecs):
        if columns:
            return _placed(columns, names)
    if low == "url":
        return _placed(("url",), names)
    if low == "line":
        return (LINE,)
    if low == "c-uri-extension" and names.path:
        return (Place(Kind.EXTENSION, names.path),)
    return (Place(names.kind(low), low),)


def query_column(form: LogFormat) -> str | None:
    """Native name, lower case, of the column with the query."""
    return _Names.of(form).query


def _placed(columns: tuple[str, ...], names: "_Names") -> tuple[Place, ...]:
    found: dict[Place, None] = {}
    for column in columns:
        if column == "line":
            found[LINE] = None
        elif column == "url":
            if names.path and names.query:
                found[Place(Kind.JOINED, names.path)] = None
            elif names.path:
                found[Place(Kind.URL, names.path)] = None
        else:
            found[Place(names.kind(column), column)] = None
    if names.path and names.query and {names.path, names.query} <= set(columns):
        found[Place(Kind.JOINED, names.path)] = None
    return tuple(found)


class _Names:
    """All names of one format in lower case: header spelling varies between builds."""

    def __init__(self, form: LogFormat) -> None:
        self.ecs = {name.lower(): column.lower() for name, column in form.ecs.items()}
        self.sigma = {name.lower(): tuple(one.lower() for one in columns) for name, columns in form.sigma_fields.items()}
        self.native = {column.lower() for header in form.headers() for column in header}
        self.native |= set(self.ecs.values()) | {column.lower() for column in form.required_columns}
        self.url = {column.lower() for column in form.url_columns}
        self.agent = self.ecs.get("user_agent.original")
        self.path = self.ecs.get("url.path")
        self.query = self.ecs.get("url.query")

    def kind(self, column: str) -> Kind:
        return Kind.URL if column in self.url else Kind.AGENT if column == self.agent else Kind.PLAIN

    @classmethod
    def of(cls, form: LogFormat) -> "_Names":
        return _names(form)


@cache
def _names(form: LogFormat) -> _Names:
    return _Names(form)
