"""Where the value of a rule's field stands in the rows of a log format."""

from enum import StrEnum

import msgspec

from exsweep.knowledge.formats import LogFormat, SigmaSource
from exsweep.knowledge.rules import LogSource, tree


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
    """What follows the last dot of the last part of the path; read like URL."""
    LINE = "line"
    """All columns, joined by the separator; read like URL where the format has URL columns."""


class Place(msgspec.Struct, frozen=True, cache_hash=True):
    """Asked for with every value of every row that is looked at: its hash is made once."""

    kind: Kind
    column: str = ""
    """Native name, lower case; of a joined place the path's."""


LINE = Place(Kind.LINE)


class FieldMap:
    """All names of one format, in lower case: header spelling varies between builds."""

    def __init__(self, form: LogFormat) -> None:
        self.form = form
        self._ecs = {name.lower(): column.lower() for name, column in form.ecs.items()}
        self._sigma = {
            name.lower(): tuple(column.lower() for column in columns)
            for name, columns in form.sigma_fields.items()
        }
        self._native = {column.lower() for header in form.headers() for column in header}
        self._native |= set(self._ecs.values()) | {column.lower() for column in form.required_columns}
        self._url = {column.lower() for column in form.url_columns}
        self._agent = self._ecs.get("user_agent.original")
        self._path = self._ecs.get("url.path")
        self.query = self._ecs.get("url.query")
        """Column with the query, if the format has one."""
        self.empty = tuple(dict.fromkeys(("", *form.empty)))
        """Values that mean: no value."""
        self.time = {column.lower() for column in form.time.columns} | {"@timestamp"}
        """Columns that the time of the event is made from."""
        self._known: dict[tuple[str | None, bool], tuple[Place, ...]] = {}
        self.tests: dict[str, object] = {}
        """Rule id -> what `exact` made of the rule for this format."""

    def narrowed(self, condition: tree.Node, asked: LogSource) -> tree.Node:
        """The condition of a rule, with what makes a row of this format one of the rule's log source."""
        wanted = self.wanted(asked)
        return tree.And((*wanted, condition)) if wanted else condition

    def wanted(self, asked: LogSource) -> tuple[tree.Node, ...]:
        """What makes a row of this format one of a rule's log source; empty: every row is."""
        sources = self.form.serves(category=asked.category, product=asked.product, service=asked.service)
        return tuple(node for one in sources for node in _conditions(one))

    def places(self, field: str | None, own: bool) -> tuple[Place, ...]:
        """Places whose values a condition on `field` looks at; any of them may satisfy it.

        Native names come first for own rules, the format's Sigma names first for the user's. A name that nothing
        knows is taken for a native column: some header may have it.
        """
        if (field, own) not in self._known:
            self._known[field, own] = self._places(field, own)
        return self._known[field, own]

    def _places(self, field: str | None, own: bool) -> tuple[Place, ...]:
        if field is None:
            return (LINE,)
        low = field.lower()
        native = (low,) if low in self._native else ()
        ecs = (self._ecs[low],) if low in self._ecs else ()
        sigma = self._sigma.get(low, ())
        for columns in (native, ecs, sigma) if own else (sigma, native, ecs):
            if columns:
                return self._placed(columns)
        if low in ("url", "line"):
            return self._placed((low,))
        if low == "c-uri-extension" and self._path:
            return (Place(Kind.EXTENSION, self._path),)
        return (Place(self._kind(low), low),)

    def _placed(self, columns: tuple[str, ...]) -> tuple[Place, ...]:
        found: dict[Place, None] = {}
        for column in columns:
            if column == "line":
                found[LINE] = None
            elif column == "url" and self._path:
                found[Place(Kind.JOINED if self.query else Kind.URL, self._path)] = None
            else:
                found[Place(self._kind(column), column)] = None
        if self._path and self.query and {self._path, self.query} <= set(columns):
            found[Place(Kind.JOINED, self._path)] = None
        return tuple(found)

    def _kind(self, column: str) -> Kind:
        return Kind.URL if column in self._url else Kind.AGENT if column == self._agent else Kind.PLAIN


def _conditions(source: SigmaSource) -> tuple[tree.Node, ...]:
    return tuple(
        tree.Or(tuple(tree.Text(column, (value,)) for value in values))
        for column, values in source.where.items()
    )
