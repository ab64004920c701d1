"""A second, slow opinion: what a condition tree means for one row, in plain Python, without SQL, Arrow or prefilter."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import unquote_to_bytes

from exsweep.knowledge.formats import LogFormat
from exsweep.knowledge.rules import tree

EMPTY = (b"", b"-")


def lower(value: bytes) -> bytes:
    return value.lower()


class Row:
    """One event of a format; `values` are the columns as written."""

    def __init__(self, form: LogFormat, values: Mapping[str, bytes]) -> None:
        self.form = form
        self.values = {name.lower(): value for name, value in values.items()}
        self.line = form.separator.encode().join(values.values())

    def holds(self, node: tree.Node) -> bool:
        if isinstance(node, tree.And):
            return all(self.holds(one) for one in node.of)
        if isinstance(node, tree.Or):
            return any(self.holds(one) for one in node.of)
        if isinstance(node, tree.Not):
            return not self.holds(node.of)
        if isinstance(node, tree.Text):
            return self._text(node)
        if isinstance(node, tree.Regex):
            return any(re.search(_python(node.pattern), _text(one)) for one in self._readings(node.field))
        if isinstance(node, tree.Null):
            return self._first(node.field) in (None, *EMPTY)
        if isinstance(node, tree.Exists):
            return node.exists != (self._first(node.field) in (None, *EMPTY))
        if isinstance(node, tree.Network):
            return any(_inside(one, node.cidr) for one in self._written(node.field))
        if isinstance(node, tree.Compare):
            return any(_compares(one, node) for one in self._written(node.field))
        raise AssertionError(node)

    def _text(self, node: tree.Text) -> bool:
        if not node.parts:
            return self._first(node.field or "") in (None, *EMPTY)
        if node.parts == (tree.ANY_RUN,) and node.field:
            return self._first(node.field) not in (None, *EMPTY)
        return any(
            _like(reading, [_blanks(part) if spaced else part for part in node.parts], node.cased)
            for spaced, readings in ((False, self._readings(node.field)), (True, self._spaced(node.field)))
            for reading in readings
        )

    def _columns(self, field: str | None) -> list[str]:
        if field is None:
            return ["line"]
        names = {name.lower(): columns for name, columns in self.form.sigma_fields.items()}
        columns = [one.lower() for one in names.get(field.lower(), (field,))]
        ecs = {name: column.lower() for name, column in self.form.ecs.items()}
        if {ecs.get("url.path"), ecs.get("url.query")} <= set(columns):
            columns.append("url")
        return columns

    def _value(self, column: str) -> bytes | None:
        ecs = {name: one.lower() for name, one in self.form.ecs.items()}
        if column == "line":
            return self.line
        if column == "url":
            query = self.values.get(ecs.get("url.query", ""), b"")
            return self.values[ecs["url.path"]] + (b"" if query in EMPTY else b"?" + query)
        return self.values.get(column)

    def _written(self, field: str | None) -> list[bytes]:
        return [value for column in self._columns(field) if (value := self._value(column)) is not None]

    def _first(self, field: str) -> bytes | None:
        return self._value(self._columns(field)[0])

    def _readings(self, field: str | None) -> list[bytes]:
        found = []
        for column in self._columns(field):
            value = self._value(column)
            if value is not None:
                found.append(value)
                urls = {one.lower() for one in self.form.url_columns}
                if column in ("url", "line") or column in urls:
                    found += [unquote_to_bytes(value), unquote_to_bytes(unquote_to_bytes(value))]
                elif column == self.form.ecs["user_agent.original"].lower():
                    found.append(re.sub(rb"[ +,]+", b" ", value))
        return found

    def _spaced(self, field: str | None) -> list[bytes]:
        agent = self.form.ecs["user_agent.original"].lower()
        return [
            re.sub(rb"[ +,]+", b" ", value)
            for column in self._columns(field)
            if column == agent and (value := self._value(column)) is not None
        ]


def _blanks(part: str | int) -> str | int:
    return re.sub(r"[ +,]+", " ", part) if isinstance(part, str) else part


def _python(pattern: str) -> str:
    return pattern.replace("$", r"\Z")


def _text(value: bytes) -> str:
    found = ""
    while value:
        try:
            return found + value.decode()
        except UnicodeDecodeError as error:
            found += value[: error.start].decode() + value[error.start : error.end].decode("latin-1")
            value = value[error.end :]
    return found


def _ascii_lower(text: str) -> str:
    return re.sub("[A-Z]", lambda found: found[0].lower(), text)


def _like(value: bytes, parts: list[str | int], cased: bool) -> bool:
    pattern = "".join(
        "(?s:.*)"
        if part == tree.ANY_RUN
        else "(?s:.)"
        if part == tree.ANY_ONE
        else re.escape(_same(str(part), cased))
        for part in parts
    )
    return re.fullmatch(pattern, _same(_text(value), cased)) is not None


def _same(text: str, cased: bool) -> str:
    return text if cased else _ascii_lower(text)


def _inside(value: bytes, cidr: str) -> bool:
    text = re.split(r"[,;\s]", _text(value).strip(' "'))[0].partition("%")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped if mapped is not None and "." in text else address) in ip_network(cidr)


def _compares(value: bytes, node: tree.Compare) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    compare: dict[str, Callable[[float], bool]] = {
        "<": lambda one: one < node.number,
        "<=": lambda one: one <= node.number,
        ">": lambda one: one > node.number,
        ">=": lambda one: one >= node.number,
        "<>": lambda one: one != node.number,
    }
    return compare[node.op](number)
