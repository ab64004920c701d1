"""Expressions of VB.NET and VBScript: precedence climbing over tokens, with nesting that is bounded.

Brackets that nest deeper than `MAX_DEPTH` are put off: a name `#n` stands for them, and `#n = ...` follows at the end
of the same body.
Source: Visual Basic Language Specification 11, 11.13 (precedence); MS-VBSL for VBScript.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from msgspec.structs import replace

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Const,
    Expr,
    Member,
    Name,
    Op,
    Sequence,
    Statement,
    Unread,
)
from exsweep.detect.webshell.languages.basic_cursor import MAX_DEPTH, BasicCursor
from exsweep.detect.webshell.languages.basic_lexer import number, string

WordReader: TypeAlias = Callable[[Any, int], Expr | None]

_PRECEDENCE = (
    ("imp", "eqv"),
    ("xor",),
    ("or", "orelse"),
    ("and", "andalso"),
    (),  # not
    ("=", "<>", "><", "<", ">", "<=", ">=", "=<", "=>", "is", "isnot", "like"),
    ("<<", ">>"),
    ("&",),
    ("+", "-"),
    ("mod",),
    ("\\",),
    ("*", "/"),
    (),  # sign
    ("^",),
)
_BINARY = {sign: level for level, signs in enumerate(_PRECEDENCE) for sign in signs}
_NOT, _SIGN = 4, 12
_SIGNS = frozenset(("-", "+", "not", "await", "addressof", "byval"))
"""Words before an operand."""
_HANGING = frozenset("(.?!")
"""How what hangs on an operand begins."""
_SPELLED = {"><": "<>", "=<": "<=", "=>": ">=", "&": "+", "=": "=="}
_CONSTANTS = {"true": True, "false": False, "nothing": None, "null": None, "empty": None}
_QUOTES = '"“”'
ENDS = frozenset(("\n", ":", "", "else", "elseif", "end"))
"""Tokens at which a statement is over."""
CLOSERS = frozenset((")", "}", ",", "\n", "", ":", "then", ":="))


class BasicExpressions(BasicCursor, ABC):
    """Operators, operands, and what hangs on them."""

    words: ClassVar[Mapping[str, WordReader]] = {}
    """Words that begin an operand of their own kind; None from one of them means that it is a name here."""

    def expression(self, minimum: int = 0) -> Expr:
        """An expression whose operators bind at least as tightly as asked."""
        left = self.unary() if self.word[self.place] in _SIGNS else self.primary()
        return self.operators(left, minimum) if self.word[self.place] in _BINARY else left

    def operators(self, left: Expr, minimum: int = 0) -> Expr:
        """What follows an operand. `a & b & c` is one `Op` of three operands, to be read from the left."""
        while True:
            sign = self.word[self.place]
            level = _BINARY.get(sign)
            if level is None or level < minimum:
                return left
            operands = [left]
            while self.word[self.place] == sign:
                self.place += 1
                self.skip_breaks()
                self.depth += 1
                operands.append(self.expression(level + 1) if self.depth < MAX_DEPTH else self.put_off())
                self.depth -= 1
            if sign == "&":  # joins text: `1 & 2` is "12", though `1 + 2` is 3
                operands = [_as_text(operand) for operand in operands]
            left = Op(left.at, _SPELLED.get(sign, sign), tuple(operands))

    def unary(self) -> Expr:
        """Signs and `Not`, however many."""
        signs: list[tuple[int, str]] = []
        while self.word[self.place] in _SIGNS:
            signs.append((self.start[self.place], self.word[self.place]))
            self.place += 1
        if not signs:
            return self.primary()
        value = self.expression(_NOT + 1 if any(sign == "not" for _, sign in signs) else _SIGN)
        for at, sign in reversed(signs[-MAX_DEPTH:]):
            if sign == "-" and isinstance(value, Const) and isinstance(value.value, int | float):
                value = Const(at, -value.value)
            elif sign not in ("+", "byval"):
                value = Op(at, sign, (value,))
        return value

    def primary(self) -> Expr:
        """A literal, a name with what hangs on it, or something in brackets."""
        place = self.place
        word, at = self.word[place], self.start[place]
        first = word[:1]
        if first and first in _QUOTES:
            self.place += 1
            text = Const(at, string(self.text[place]))
            return self.hangers(text) if self.word[self.place] in _HANGING else text
        if first.isalpha() or first == "_":
            special = self.words.get(word)
            if special is not None:
                made = special(self, at)
                if made is not None:
                    return self.hangers(made)
            self.place += 1
            if word in _CONSTANTS:
                return self.hangers(Const(at, _CONSTANTS[word]))
            name = Name(at, self.name_at(place))
            return self.hangers(name) if self.word[self.place] in _HANGING else name
        if first.isdigit() or (first in "&." and len(word) > 1 and word[1] != "="):
            self.place += 1
            return self.hangers(Const(at, number(word)))
        return self.hangers(self._sign(word, at))

    def _sign(self, word: str, at: int) -> Expr:
        """Operands that begin with a sign."""
        if word == "(":
            return self._brackets(at)
        if word in (".", "!") and self.is_name(self.place + 1):
            # What is said of the object of `With` is said here, not where the block begins.
            base = replace(self.with_object[-1], at=at) if self.with_object else Name(at, "")
            return self._member(base) if word == "." else base
        if word == "{":
            return Sequence(at, self.listed("{", "}"))
        if word[:1] == "[" and len(word) > 1:
            self.place += 1
            return Name(at, self.name_at(self.place - 1))
        if word[:1] == "$" and len(word) > 1:
            self.place += 1
            return self.interpolated(at, self.text[self.place - 1])
        if word[:1] == "#" and len(word) > 1:
            self.place += 1
            return Const(at, word.strip("# "))
        if word == "<" and self.dotnet:
            return self.xml(at)
        if word not in CLOSERS:
            self.place += 1
            self.unread += len(word)
        return Unread(at, word.strip())

    def _brackets(self, at: int) -> Expr:
        self.place += 1
        if self.depth >= MAX_DEPTH:
            value = self.put_off()
        else:
            self.depth += 1
            self.skip_breaks()
            value = self.expression()
            self.depth -= 1
        self.close(")")
        return value

    def put_off(self) -> Expr:
        """Leaves everything to the end of the brackets (or the statement) for later."""
        place = self.place
        name = self.fresh_name()
        self.late.append((place, name))
        matching = self.matches()
        word = self.word
        while self.place < len(word) and word[self.place] not in CLOSERS:
            self.place = max(matching[self.place], self.place) + 1
        self.place = min(self.place, len(word) - 1)
        return Name(self.start[place], name)

    def listed(self, opener: str, closer: str) -> tuple[Expr, ...]:
        """Arguments or items in brackets; one that is left out is nothing."""
        if not self.accept(opener):
            return ()
        if self.depth >= MAX_DEPTH:
            items: tuple[Expr, ...] = () if self.word[self.place] == closer else (self.put_off(),)
            while self.accept(","):
                items = (*items, self.put_off()) if len(items) < MAX_DEPTH else (self.put_off(),)
        else:
            self.depth += 1
            self.skip_breaks()
            items = self.arguments(closer)
            self.depth -= 1
        self.close(closer)
        return items

    def arguments(self, closer: str) -> tuple[Expr, ...]:
        """Separated by commas, up to a closing bracket or the end of the statement."""
        items: list[Expr] = []
        word = self.word
        while word[self.place] != closer and word[self.place] not in ENDS:
            if word[self.place] == ",":
                items.append(Const(self.start[self.place], None))
            else:
                items.append(self.argument())
                if closer:
                    self.skip_breaks()
            if not self.accept(","):
                break
            self.skip_breaks()
        return tuple(items)

    def argument(self) -> Expr:
        """`name := value` is an `Assign` by `:`."""
        place = self.place
        if self.word[place + 1 : place + 2] == [":="] and self.is_name(place):
            self.place += 2
            self.skip_breaks()
            return Assign(
                self.start[place], Name(self.start[place], self.name_at(place)), self.expression(), ":"
            )
        value = self.expression()
        if self.accept("to"):
            return self.expression()  # `Dim a(0 To 9)`
        return value

    def hangers(self, base: Expr) -> Expr:
        """`.name`, `!name`, `(arguments)`, in any number; very long chains go on from a name that stands for them."""
        word = self.word
        links = 0
        while True:
            sign = word[self.place]
            if sign == "(":
                if word[self.place + 1] == "of" and self.type_arguments():
                    continue
                base = Call(base.at, base, self.listed("(", ")"))
            elif sign == ".":
                if self.with_object and self._stands_apart():
                    return base
                base = self._member(base)
            elif sign == "?":
                self.place += 1
            elif sign == "!" and self.is_name(self.place + 1):
                self.place += 2
                key = Const(self.start[self.place - 1], self.name_at(self.place - 1))
                base = Call(base.at, base, (key,))
            else:
                return base
            links += 1
            if links == MAX_DEPTH:
                links = 0
                name = self.fresh_name()
                self.made(Assign(base.at, Name(base.at, name), base))
                base = Name(base.at, name)

    def _stands_apart(self) -> bool:
        """Inside `With`, the dot of `call .name` begins an argument."""
        place, start = self.place, self.start
        before = start[place - 1] + len(self.text[place - 1])
        return before < start[place] and start[place + 1] == start[place] + 1 and self.is_name(place + 1)

    @abstractmethod
    def made(self, statement: Statement) -> None:
        """A statement that an expression needs before it."""

    def _member(self, base: Expr) -> Expr:
        self.place += 1
        self.skip_breaks()
        while self.word[self.place] in (".", "@"):  # `a...<b>` and `a.@b` of XML
            self.place += 1
        if self.is_name(self.place):
            self.place += 1
            return Member(base.at, base, self.name_at(self.place - 1))
        if self.word[self.place] == "<" and self.is_name(self.place + 1) and self.word[self.place + 2] == ">":
            self.place += 3
            return Member(base.at, base, self.name_at(self.place - 2))
        return base

    def type_arguments(self) -> bool:
        """`(Of T)` says nothing about what is called."""
        end = self.matches()[self.place]
        if self.word[end] != ")" or end <= self.place or end - self.place > 200:
            return False
        self.place = end + 1
        return True

    @abstractmethod
    def interpolated(self, at: int, token: str) -> Expr:
        """`$"a{b}"`."""

    @abstractmethod
    def xml(self, at: int) -> Expr:
        """`<a>b</a>`."""


def _as_text(operand: Expr) -> Expr:
    if isinstance(operand, Const) and isinstance(operand.value, int) and not isinstance(operand.value, bool):
        return Const(operand.at, str(operand.value))
    return operand
