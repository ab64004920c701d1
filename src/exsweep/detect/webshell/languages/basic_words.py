"""Operands of VB that begin with a word: `New`, `CType`, `Function(x)`, `From x In y` ..."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Expr,
    Lambda,
    Name,
    Op,
    Return,
    Sequence,
    Statement,
)
from exsweep.detect.webshell.languages.basic_cursor import MAX_DEPTH
from exsweep.detect.webshell.languages.basic_expressions import CLOSERS, ENDS, WordReader
from exsweep.detect.webshell.languages.basic_texts import BasicTexts
from exsweep.detect.webshell.languages.basic_types import BasicTypes

_CASTS = {"ctype", "directcast", "trycast"}
_QUERY = {
    "from",
    "where",
    "select",
    "order",
    "by",
    "group",
    "join",
    "in",
    "on",
    "equals",
    "let",
    "into",
    "distinct",
} | {
    "ascending",
    "descending",
    "take",
    "skip",
    "while",
    "aggregate",
}


class BasicWords(BasicTypes, BasicTexts):
    """What only VB.NET knows, for the most part."""

    def _new(self, at: int) -> Expr | None:
        self.place += 1
        return self.creation(at)

    def creation(self, at: int) -> Expr:
        """After `New`: `With {.A = x}` and `From {...}` add to the arguments as C#'s braces do."""
        first = self.start[self.place]
        if self.word[self.place] == "with" and self._brace_follows(self.place + 1):
            self.place += 1
            self.skip_breaks()
            return Sequence(at, self._members())
        name = self.type_name(arrays=False)
        arguments = self.listed("(", ")") if self.word[self.place] == "(" else ()
        while self.word[self.place] == "(":  # `New Byte()() {}`
            self.listed("(", ")")
        if self.word[self.place] == "{":  # `New Byte(9) {}` has a size, `New Byte() {1, 2}` has items
            items = self.listed("{", "}")
            return Sequence(at, items) if items else Call(at, Name(first, name + "[]"), arguments, new=True)
        after = self.place
        if self.word[after] in ("with", "from") and self._brace_follows(after + 1):
            kind = self.word[after]
            self.place = after + 1
            self.skip_breaks()
            if kind == "with":
                arguments += self._members()
            else:
                arguments += (Sequence(self.start[self.place], self.listed("{", "}")),)
        return Call(at, self.dotted(name, first), arguments, new=True)

    def _brace_follows(self, place: int) -> bool:
        while self.word[place] == "\n" and place < len(self.word) - 2:
            place += 1
        return self.word[place] == "{"

    def _members(self) -> tuple[Expr, ...]:
        """`{.A = x, .B = y}`."""
        self.place += 1
        items: list[Expr] = []
        self.skip_breaks()
        while self.word[self.place] not in ("}", ""):
            self.accept("key")
            self.accept(".")
            at = self.start[self.place]
            if self.is_name(self.place) and self.word[self.place + 1] == "=" and self.depth < MAX_DEPTH:
                target = Name(at, self.name_at(self.place))
                self.place += 2
                self.skip_breaks()
                self.depth += 1
                items.append(Assign(at, target, self.expression()))
                self.depth -= 1
            else:
                items.append(self.expression() if self.depth < MAX_DEPTH else self.put_off())
            self.skip_breaks()
            if not self.accept(","):
                break
            self.skip_breaks()
        self.close("}")
        return tuple(items)

    def _cast(self, at: int) -> Expr | None:
        """`CType(value, Type)`: `cast` of the value, then the type."""
        if self.word[self.place + 1] != "(":
            return None
        self.place += 1
        arguments = self.listed("(", ")")
        return Op(at, "cast", arguments)

    def _get_type(self, at: int) -> Expr | None:
        if self.word[self.place + 1] != "(":
            return None
        self.place += 2
        name = self.type_name()
        self.close(")")
        return Op(at, "typeof", (self.dotted(name, at),))

    def _typeof(self, at: int) -> Expr | None:
        self.place += 1
        return Op(at, "typeof", (self.expression(8),)) if self.depth < MAX_DEPTH else None

    def _if_operator(self, at: int) -> Expr | None:
        """`If(condition, then, else)`."""
        if self.word[self.place + 1] != "(":
            return None
        self.place += 1
        parts = self.listed("(", ")")
        return Op(at, "?:" if len(parts) == 3 else "??", parts)

    def _query(self, at: int) -> Expr | None:
        """`From x In y Where ... Select ...`: `from` and `let` assign."""
        if not self.is_name(self.place + 1) or self.word[self.place + 2] not in ("in", "as"):
            return None
        if self.depth >= MAX_DEPTH:
            return None
        self.depth += 1
        parts: list[Expr] = []
        while True:
            while self.word[self.place] in _QUERY or self.word[self.place] == ",":
                self.place += 1
            if self.word[self.place] in CLOSERS or self.word[self.place] in ENDS:
                if self.word[self.place] != "\n" or self.word[self.place + 1] not in _QUERY:
                    break
                self.place += 1
                continue
            parts.append(self._query_part())
        self.depth -= 1
        return Op(at, "query", tuple(parts))

    def _query_part(self) -> Expr:
        at = self.start[self.place]
        first = self.place
        value = self.expression(6 if self.word[first + 1] == "=" else 0)
        if self.accept("as"):
            self.type_name()
        if isinstance(value, Name) and (self.accept("in") or self.accept("=")):
            return Assign(at, value, self.expression())
        return value

    def _lambda(self, at: int) -> Expr | None:
        """`Function(x) ...` and `Sub() ...`, of one line or of many."""
        after = self.place + 1
        if self.word[after] != "(" or self.depth >= MAX_DEPTH // 3:
            return None
        kind = self.word[self.place]
        self.place = after
        names = self.parameters()[0]
        if self.accept("as"):
            self.type_name()
        self.depth += 1
        if self.word[self.place] == "\n":
            body = self.lambda_block(kind)
        elif kind == "sub":
            body = self.lambda_line()
        else:
            value = self.expression()
            body = (Return(value.at, value),)
        self.depth -= 1
        return Lambda(at, names, body)

    def _modifier(self, at: int) -> Expr | None:
        """`Async Function(x)`."""
        if self.word[self.place + 1] not in ("function", "sub"):
            return None
        self.place += 1
        return self._lambda(at)

    @abstractmethod
    def lambda_block(self, kind: str) -> tuple[Statement, ...]:
        """Statements up to `End Function` or `End Sub`."""

    @abstractmethod
    def lambda_line(self) -> tuple[Statement, ...]:
        """The one statement of `Sub() statement`."""

    words: ClassVar[Mapping[str, WordReader]] = (
        dict.fromkeys(_CASTS, _cast)
        | {
            "new": _new,
            "gettype": _get_type,
            "typeof": _typeof,
            "if": _if_operator,
            "from": _query,
            "function": _lambda,
        }
        | {"sub": _lambda, "async": _modifier, "iterator": _modifier}
    )
