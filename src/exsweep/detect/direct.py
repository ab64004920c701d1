"""A rule's condition tree as a function on one row: for the few rows of a rule, where planning a query costs more.

It says the same as `sql`: both read the same views of the values, and a value that is not there is never true.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network

import pyarrow as pa
import pyarrow.compute as pc

from exsweep.detect.columns import address_digits, spaced_text
from exsweep.detect.fields import FieldMap, Kind, Place
from exsweep.detect.sql import ascii_lower, least_length
from exsweep.knowledge.rules import tree

Get = Callable[[Place, str], str | None]
"""(place, view) -> the value of the row at hand; views as in `sql.Column`, without `time`."""
Test = Callable[[Get], bool]
MOST_ROWS = 200
"""Rows of a rule up to which this is cheaper than a query (measured: 2 milliseconds for a query, 10 microseconds a row)."""


class _OnlySqlError(Exception):
    """Numbers and times are read as DuckDB reads them, by DuckDB; and what RE2 refuses is refused there."""


class Direct:
    """The test of one rule, and for how many rows it is worth while."""

    def __init__(self, node: tree.Node, fields: FieldMap, own: bool) -> None:
        compiler = _Compiler(fields, own)
        try:
            self.test: Test | None = compiler.test(node)
        except _OnlySqlError:
            self.test = None
        self.most = 0 if self.test is None else MOST_ROWS
        self.regex = any(_is_dear(leaf) for leaf in tree.leaves(node))
        self._patterns = compiler.patterns
        cheap = [part for part in _parts(node) if not _has_dear(part)] if self.regex and self.test else []
        self._cheap = _all([compiler.test(part) for part in cheap]) if cheap else None

    def rows(self, places: Sequence[int], reader: Callable[[int], Get]) -> list[int]:
        """Those of the rows that hold; what patterns say is asked for all of them at once."""
        holds, cheap = self.test, self._cheap
        if holds is None:
            raise ValueError("this rule can only be asked of the database")
        left = places if cheap is None else [at for at in places if cheap(reader(at))]
        for pattern, views in self._patterns if left else ():
            gets = [reader(at) for at in left]
            pattern.learn({value for get in gets for one in views if (value := get(*one)) is not None})
        found = [at for at in left if holds(reader(at))]
        for pattern, _ in self._patterns:
            pattern.known.clear()
        return found


class _Pattern:
    """RE2 compiles a pattern at each call, which costs more than looking at a hundred values."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.known: dict[str, bool] = {}

    def learn(self, values: set[str]) -> None:
        asked = list(values)
        self.known = dict(zip(asked, _finds(self._pattern, asked), strict=True)) if asked else {}

    def __call__(self, value: str) -> bool:
        known = self.known.get(value)
        return _finds(self._pattern, [value])[0] if known is None else known


class _Compiler:
    def __init__(self, fields: FieldMap, own: bool) -> None:
        self._fields = fields
        self._own = own
        self.patterns: list[tuple[_Pattern, tuple[tuple[Place, str], ...]]] = []
        """What is asked of RE2, and where."""

    def test(self, node: tree.Node) -> Test:
        if isinstance(node, tree.And):
            return _all([self.test(child) for child in sorted(node.of, key=_has_dear)])
        if isinstance(node, tree.Or):
            return self._or(node)
        if isinstance(node, tree.Not):
            inner = self.test(node.of)
            return lambda get: not inner(get)
        if isinstance(node, tree.Text):
            return self._text(node)
        if isinstance(node, tree.Regex):
            pattern, least = node.pattern, least_length(node.pattern)
            if least is not None:
                return self._any(self._views(node.field, True), _is_long(least))
            try:
                _finds(pattern, [""])
            except pa.ArrowInvalid:  # the query says so, and the rule is named
                raise _OnlySqlError from None
            views, finds = self._views(node.field, True), _Pattern(pattern)
            self.patterns.append((finds, views))
            return self._any(views, finds)
        if isinstance(node, tree.Network):
            return self._network(node)
        if isinstance(node, tree.Null):
            return self._empty(node.field)
        if isinstance(node, tree.Exists):
            return self._present(node.field) if node.exists else self._empty(node.field)
        if isinstance(node, tree.SameAs):
            return self._same(node)
        raise _OnlySqlError

    def _or(self, node: tree.Or) -> Test:
        """Lists of texts to look for in one field, some of thousands of entries, are one test."""
        lists: dict[tuple[str | None, bool], list[str]] = {}
        others: list[tree.Node] = []
        for child in node.of:
            word = _contained(child)
            if word is None or not isinstance(child, tree.Text):
                others.append(child)
            else:
                lists.setdefault((child.field, child.cased), []).append(word)
        tests = [self.test(child) for child in sorted(others, key=_has_dear)]
        for (field, cased), words in lists.items():
            wanted = tuple(words) if cased else tuple(map(ascii_lower, words))
            plain = self._views(field, cased, spaced=False)
            spaced = self._views(field, cased, plain=False)
            tests.append(self._any(plain, _holds_any(wanted)))
            if spaced:
                blank = tuple(map(spaced_text, wanted))
                tests.append(self._any(spaced, _holds_any(blank)))
        return _some(tests)

    def _text(self, node: tree.Text) -> Test:
        if not node.parts and node.field is not None:
            return self._empty(node.field)
        if node.parts == (tree.ANY_RUN,) and node.field is not None:
            return self._present(node.field)
        tests = []
        for spaced in (False, True):
            views = self._views(node.field, node.cased, plain=not spaced, spaced=spaced)
            if views:
                parts = [
                    spaced_text(part) if spaced and isinstance(part, str) else part for part in node.parts
                ]
                tests.append(self._any(views, _like(parts, cased=node.cased)))
        return _some(tests)

    def _views(
        self, field: str | None, raw: bool, *, plain: bool = True, spaced: bool = True
    ) -> tuple[tuple[Place, str], ...]:
        """Every place of the field, and every way to read it there; `spaced` are those of user agents."""
        kind = "raw" if raw else "text"
        found = []
        for place in self._fields.places(field, self._own):
            if plain:
                found.append((place, kind))
                if place.kind in (Kind.URL, Kind.JOINED, Kind.EXTENSION, Kind.LINE):
                    found += [(place, f"{kind} 1"), (place, f"{kind} 2")]
            if spaced and place.kind is Kind.AGENT:
                found.append((place, f"spaced {kind}"))
        return tuple(found)

    def _any(self, views: Sequence[tuple[Place, str]], holds: Callable[[str], bool]) -> Test:
        if len(views) == 1:
            place, view = views[0]
            return lambda get: (value := get(place, view)) is not None and holds(value)
        return lambda get: any((value := get(*one)) is not None and holds(value) for one in views)

    def _empty(self, field: str) -> Test:
        place, empty = self._fields.places(field, self._own)[0], frozenset(self._fields.empty)
        return lambda get: (value := get(place, "raw")) is None or value in empty

    def _present(self, field: str) -> Test:
        place, empty = self._fields.places(field, self._own)[0], frozenset(self._fields.empty)
        return lambda get: (value := get(place, "raw")) is not None and value not in empty

    def _network(self, node: tree.Network) -> Test:
        network = ip_network(node.cidr, strict=False)
        low, high = address_digits(network.network_address), address_digits(network.broadcast_address)
        views = [(place, "address") for place in self._fields.places(node.field, self._own)]
        return self._any(views, lambda value: low <= value <= high)

    def _same(self, node: tree.SameAs) -> Test:
        ones = self._fields.places(node.field, self._own)
        others = self._fields.places(node.other, self._own)
        empty = frozenset(self._fields.empty)
        compared = _COMPARED[node.how]

        def test(get: Get) -> bool:
            for one in ones:
                for other in others:
                    left, right = get(one, "text"), get(other, "text")
                    if (
                        left is not None
                        and right is not None
                        and right not in empty
                        and compared(left, right)
                    ):
                        return True
            return False

        return test


_COMPARED: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda left, right: left == right,
    "startswith": lambda left, right: left.startswith(right),
    "endswith": lambda left, right: left.endswith(right),
    "contains": lambda left, right: right in left,
}


def _contained(node: tree.Node) -> str | None:
    """The text of `contains: text`."""
    if (
        isinstance(node, tree.Text)
        and len(node.parts) == 3
        and node.parts[0] == tree.ANY_RUN
        and node.parts[2] == tree.ANY_RUN
        and isinstance(node.parts[1], str)
    ):
        return node.parts[1]
    return None


def _like(parts: Sequence[str | int], *, cased: bool) -> Callable[[str], bool]:
    texts = [part if isinstance(part, int) or cased else ascii_lower(part) for part in parts]
    words = [part for part in texts if isinstance(part, str)]
    whole = "".join(words)
    if len(words) == len(texts):
        return lambda value: value == whole
    if len(words) == 1 and tree.ANY_ONE not in texts:
        before, behind = isinstance(texts[0], int), isinstance(texts[-1], int)
        if before and behind:
            return lambda value: whole in value
        return (lambda value: value.endswith(whole)) if before else (lambda value: value.startswith(whole))
    return _in_order(texts)


def _in_order(texts: Sequence[str | int]) -> Callable[[str], bool]:
    """Pieces of fixed length with anything between them: the first place of each will do, so the value is read once."""
    pieces: list[list[str]] = [[]]
    sizes = [0]
    for part in texts:
        if part == tree.ANY_RUN:
            pieces.append([])
            sizes.append(0)
        else:
            pieces[-1].append(re.escape(part) if isinstance(part, str) else ".")
            sizes[-1] += len(part) if isinstance(part, str) else 1
    found = [re.compile("".join(piece), re.DOTALL) for piece in pieces]
    if len(found) == 1:
        return lambda value: found[0].fullmatch(value) is not None

    def test(value: str) -> bool:
        end = len(value) - sizes[-1]
        at = sizes[0]
        if at > end or not found[0].match(value) or not found[-1].match(value, end):
            return False
        for piece, size in zip(found[1:-1], sizes[1:-1], strict=True):
            place = piece.search(value, at, end)
            if place is None:
                return False
            at = place.start() + size
        return True

    return test


def _holds_any(words: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda value: any(word in value for word in words)


def _is_dear(node: tree.Node) -> bool:
    return isinstance(node, tree.Regex) and least_length(node.pattern) is None


def _has_dear(node: tree.Node) -> bool:
    """To ask a pattern costs as much as a hundred comparisons: it comes last, where another answer may spare it."""
    return any(_is_dear(leaf) for leaf in tree.leaves(node))


def _is_long(least: int) -> Callable[[str], bool]:
    return lambda value: len(value) >= least and any(len(line) >= least for line in value.split("\n"))


def _finds(pattern: str, values: list[str]) -> list[bool]:
    # With its type said: to guess it pyarrow looks for a module that is not there, each time.
    found: list[bool] = pc.match_substring_regex(pa.array(values, pa.string()), pattern).to_pylist()
    return found


def _parts(node: tree.Node) -> Iterator[tree.Node]:
    """Conditions that all must be true."""
    if isinstance(node, tree.And):
        for child in node.of:
            yield from _parts(child)
    else:
        yield node


def _all(tests: Sequence[Test]) -> Test:
    return lambda get: all(test(get) for test in tests)


def _some(tests: Sequence[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]
    return lambda get: any(test(get) for test in tests)
