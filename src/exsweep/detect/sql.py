"""A rule's condition tree -> DuckDB SQL over lower-cased text columns.

A missing column, and a value that a comparison cannot use, is NULL; NULL is never true, and `not` of it is true.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import ip_network

from exsweep.detect.columns import address_digits, spaced_text
from exsweep.detect.fields import FieldMap, Kind, Place
from exsweep.knowledge.rules import tree

NEVER = "false"
GROUP = 32
"""Terms of one `or` or `and`; longer ones are nested, so that a list of 10,000 values stays shallow for the parser."""

Column = Callable[[Place, str], str | None]
"""(place, view) -> quoted SQL name of that column, or None if the rows have no such values.

Views: `text` (ASCII letters lower case), `raw`, both with `1` or `2` behind (percent-decoded), `spaced`,
`spaced raw`, `address`, `time`.
"""


def condition(node: tree.Node, fields: FieldMap, own: bool, column: Column) -> str:
    """SQL that is true for the rows that the tree matches."""
    return _Translator(fields, own, column).sql(node)


class _Translator:
    def __init__(self, fields: FieldMap, own: bool, column: Column) -> None:
        self._fields = fields
        self._own = own
        self._column = column

    def sql(self, node: tree.Node) -> str:
        if isinstance(node, tree.And):
            return joined("and", [self.sql(child) for child in node.of])
        if isinstance(node, tree.Or):
            return joined("or", [self.sql(child) for child in node.of])
        if isinstance(node, tree.Not):
            return f"not coalesce({self.sql(node.of)}, false)"
        if isinstance(node, tree.Text):
            return self._text(node)
        if isinstance(node, tree.Regex):
            return self._regex(node)
        if isinstance(node, tree.Network):
            return self._network(node)
        if isinstance(node, tree.Compare):
            number = repr(node.number)
            names = self._views(node.field, "text")
            return joined("or", [f"try_cast({name} as double) {node.op} {number}" for name in names])
        if isinstance(node, tree.Null):
            return self._empty(node.field)
        if isinstance(node, tree.Exists):
            return self._present(node.field) if node.exists else self._empty(node.field)
        if isinstance(node, tree.SameAs):
            return self._same(node)
        return self._time(node)

    def _regex(self, node: tree.Regex) -> str:
        pattern, least = quoted(node.pattern), least_length(node.pattern)

        def compared(column: str, _: bool) -> str:
            found = f"regexp_matches({column}, {pattern})"
            return (
                found
                if least is None
                else f"case when length({column}) >= {least} then {found} else false end"
            )

        return self._any(node.field, True, compared)

    def _text(self, node: tree.Text) -> str:
        if not node.parts and node.field is not None:
            return self._empty(node.field)
        if node.parts == (tree.ANY_RUN,) and node.field is not None:
            return self._present(node.field)

        def compared(column: str, spaced: bool) -> str:
            parts = [spaced_text(part) if spaced and isinstance(part, str) else part for part in node.parts]
            return like(column, parts, cased=node.cased)

        return self._any(node.field, node.cased, compared)

    def _any(self, field: str | None, raw: bool, compared: Callable[[str, bool], str]) -> str:
        """True if it holds in any place of the field, in any way to read it there."""
        kind = "raw" if raw else "text"
        found = []
        for place in self._fields.places(field, self._own):
            views = [kind]
            if place.kind in (Kind.URL, Kind.JOINED, Kind.EXTENSION, Kind.LINE):
                views += [f"{kind} 1", f"{kind} 2"]
            elif place.kind is Kind.AGENT:
                views.append(f"spaced {kind}")
            for view in views:
                name = self._column(place, view)
                if name is not None:
                    found.append(compared(name, view.startswith("spaced")))
        return joined("or", found)

    def _views(self, field: str | None, view: str) -> list[str]:
        names = [self._column(place, view) for place in self._fields.places(field, self._own)]
        return [name for name in names if name is not None]

    def _empty(self, field: str) -> str:
        """The first place decides: a field that may stand in several columns is empty where it usually stands."""
        name = self._column(self._fields.places(field, self._own)[0], "raw")
        return "true" if name is None else f"({name} is null or {name} in ({self._empties()}))"

    def _present(self, field: str) -> str:
        name = self._column(self._fields.places(field, self._own)[0], "raw")
        return NEVER if name is None else f"{name} not in ({self._empties()})"

    def _empties(self) -> str:
        return ", ".join(quoted(value) for value in self._fields.empty)

    def _network(self, node: tree.Network) -> str:
        network = ip_network(node.cidr, strict=False)
        low, high = address_digits(network.network_address), address_digits(network.broadcast_address)
        names = self._views(node.field, "address")
        return joined("or", [f"{name} between {quoted(low)} and {quoted(high)}" for name in names])

    def _same(self, node: tree.SameAs) -> str:
        found = []
        for one in self._views(node.field, "text"):
            for other in self._views(node.other, "text"):
                compared = {
                    "equals": f"{one} = {other}",
                    "startswith": f"starts_with({one}, {other})",
                    "endswith": f"ends_with({one}, {other})",
                    "contains": f"contains({one}, {other})",
                }[node.how]
                found.append(f"({compared} and {other} not in ({self._empties()}))")
        return joined("or", found)

    def _time(self, node: tree.TimePart) -> str:
        found = []
        for place in self._fields.places(node.field, self._own):
            own_time = place.column in self._fields.time
            name = self._column(place, "time" if own_time else "text")
            if name is not None:
                # Our own times are milliseconds: DuckDB 2.0.1 prunes years of such a column to nothing; microseconds are right.
                stamp = f"cast({name} as timestamp)" if own_time else f"try_cast({name} as timestamp)"
                found.append(f"date_part({quoted(node.part)}, {stamp}) = {node.number}")
        return joined("or", found)


def like(column: str, parts: Sequence[str | int], *, cased: bool) -> str:
    """The whole value is the parts in a row."""
    texts = [part if isinstance(part, int) or cased else ascii_lower(part) for part in parts]
    if not texts:
        return f"{column} = ''"
    words = [part for part in texts if isinstance(part, str)]
    if len(words) == len(texts):
        return f"{column} = {quoted(''.join(words))}"
    if len(words) == 1 and tree.ANY_ONE not in texts:
        word, before, behind = quoted(words[0]), isinstance(texts[0], int), isinstance(texts[-1], int)
        if before and behind:
            return f"contains({column}, {word})"
        return f"ends_with({column}, {word})" if before else f"starts_with({column}, {word})"
    pattern = "".join(
        re.sub(r"([%_\\])", r"\\\1", part) if isinstance(part, str) else "%" if part == tree.ANY_RUN else "_"
        for part in texts
    )
    return f"{column} like {quoted(pattern)} escape '\\'"


def joined(word: str, terms: Iterable[str]) -> str:
    """Terms joined by `and` or `or`, nested in groups; of no terms `or` is false and `and` true."""
    found = list(dict.fromkeys(terms))
    if not found:
        return NEVER if word == "or" else "true"
    while len(found) > 1:
        found = ["(" + f" {word} ".join(found[at : at + GROUP]) + ")" for at in range(0, len(found), GROUP)]
    return found[0]


_LONG = re.compile(r"\.\{(\d{1,4}),\}")


def least_length(pattern: str) -> int | None:
    """Of a pattern that asks for nothing but so many characters in one line: RE2 makes a state of each of them, and looking
    for a thousand in a short text costs as much as in a long one."""
    found = _LONG.fullmatch(pattern)
    return int(found[1]) if found else None


def quoted(text: str) -> str:
    """A SQL text literal."""
    return "'" + text.replace("'", "''") + "'"


def ascii_lower(text: str) -> str:
    return "".join(chr(ord(one) + 32) if "A" <= one <= "Z" else one for one in text)
