"""Expressions of VB.NET and VBScript: precedence climbing over tokens, with nesting that is bounded.

Brackets that nest deeper than `MAX_DEPTH` are put off: a name `#n` stands for them, and `#n = ...` follows at the end
of the same body.
Source: Visual Basic Language Specification 11, 11.13 (precedence); MS-VBSL for VBScript.
"""

import re

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Const,
    Expr,
    Lambda,
    Member,
    Name,
    Op,
    Return,
    Sequence,
    Statement,
    Unread,
)
from exsweep.detect.webshell.languages.basic_lexer import number, plain, string, tokenize

MAX_DEPTH = 60
_RELEXES = 20
"""XML literals of one text after which tokens are made anew: each costs the rest of the text."""

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
_SPELLED = {"><": "<>", "=<": "<=", "=>": ">=", "&": "+", "=": "=="}
_CONSTANTS = {"true": True, "false": False, "nothing": None, "null": None, "empty": None}
_QUOTES = '"“”'
_CASTS = {"ctype", "directcast", "trycast"}
_CONVERSIONS = {
    "cstr",
    "cint",
    "cobj",
    "clng",
    "cbyte",
    "cchar",
    "cdbl",
    "cbool",
    "cdate",
    "cdec",
    "cshort",
    "csng",
}
ENDS = frozenset(("\n", ":", "", "else", "elseif", "end"))
"""Tokens at which a statement is over."""
_CLOSERS = frozenset((")", "}", ",", "\n", "", ":", "then", ":="))
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


class BasicExpressions:
    """The place in the tokens, and what reads expressions from there."""

    def __init__(self, code: str, *, dotnet: bool) -> None:
        self.dotnet = dotnet
        self.source = plain(code, dotnet=dotnet)
        tokens = tokenize(self.source)
        self.text, self.word, self.start = tokens.text, tokens.word, tokens.at
        self.unread = tokens.unread
        self.code = code
        self.place = 0
        self.depth = 0
        self.with_object: list[Expr] = []
        self.late: list[tuple[int, str]] = []
        self.types: dict[str, str] = {}
        self._names = 0
        self._matching: list[int] | None = None
        self._relexes = _RELEXES

    # tokens -------------------------------------------------------------------------------------------------------

    def skip_breaks(self) -> None:
        """A line break inside brackets or after an operator ends nothing."""
        while self.word[self.place] == "\n" and self.place < len(self.word) - 2:
            self.place += 1

    def accept(self, word: str) -> bool:
        """Takes the token if it is this one."""
        if self.word[self.place] == word:
            self.place += 1
            return True
        return False

    def fresh_name(self) -> str:
        """A name that no page can have."""
        self._names += 1
        return f"#{self._names}"

    def is_name(self, place: int) -> bool:
        """Whether an identifier stands there."""
        first = self.word[place][:1]
        return first.isalpha() or (first in ("_", "[") and len(self.word[place]) > 1)

    def name_at(self, place: int) -> str:
        """The identifier without brackets and type character."""
        text = self.text[place]
        if text[:1] == "[":
            return text[1:-1]
        return text[:-1] if text[-1:] in ("$", "%", "@") else text

    # operators ----------------------------------------------------------------------------------------------------

    def expression(self, minimum: int = 0) -> Expr:
        """An expression whose operators bind at least as tightly as asked."""
        return self.operators(self.unary(), minimum)

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
        while self.word[self.place] in ("-", "+", "not", "await", "addressof", "byval"):
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

    # operands -----------------------------------------------------------------------------------------------------

    def primary(self) -> Expr:
        """A literal, a name with what hangs on it, or something in brackets."""
        place = self.place
        word, at = self.word[place], self.start[place]
        first = word[:1]
        if first in _QUOTES and first:
            self.place += 1
            return self.hangers(Const(at, string(self.text[place])))
        if first.isalpha() or first == "_":
            special = self._WORDS.get(word)
            if special is not None:
                made = special(self, at)
                if made is not None:
                    return self.hangers(made)
            self.place += 1
            if word in _CONSTANTS:
                return self.hangers(Const(at, _CONSTANTS[word]))
            return self.hangers(Name(at, self.name_at(place)))
        if first.isdigit() or (first in "&." and len(word) > 1 and word[1] != "="):
            self.place += 1
            return self.hangers(Const(at, number(word)))
        return self.hangers(self._sign(word, at))

    def _sign(self, word: str, at: int) -> Expr:
        """Operands that begin with a sign."""
        if word == "(":
            return self._brackets(at)
        if word in (".", "!") and self.is_name(self.place + 1):
            return self.with_object[-1] if self.with_object else Name(at, "")
        if word == "{":
            return Sequence(at, self.listed("{", "}"))
        if word[:1] == "[" and len(word) > 1:
            self.place += 1
            return Name(at, self.name_at(self.place - 1))
        if word[:1] == "$" and len(word) > 1:
            self.place += 1
            return self._interpolated(at, self.text[self.place - 1])
        if word[:1] == "#" and len(word) > 1:
            self.place += 1
            return Const(at, word.strip("# "))
        if word == "<" and self.dotnet:
            return self._xml(at)
        if word not in _CLOSERS:
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
        self._close(")")
        return value

    def _close(self, closer: str) -> None:
        """The closing bracket; what stands before it on the line is unread."""
        self.skip_breaks()
        if self.accept(closer):
            return
        first = self.place
        while self.word[self.place] not in (closer, "\n", ""):
            self.place += 1
        if self.place > first:
            self.unread += self.start[self.place] - self.start[first]
        self.accept(closer)

    def put_off(self) -> Expr:
        """Leaves everything to the end of the brackets (or the statement) for later."""
        place = self.place
        name = self.fresh_name()
        self.late.append((place, name))
        matching = self._matches()
        word = self.word
        while self.place < len(word) and word[self.place] not in _CLOSERS:
            self.place = max(matching[self.place], self.place) + 1
        self.place = min(self.place, len(word) - 1)
        return Name(self.start[place], name)

    def _matches(self) -> list[int]:
        """For each opening bracket the place of the one that closes it."""
        if self._matching is None or len(self._matching) != len(self.word):
            matching = [0] * len(self.word)
            opened: list[int] = []
            for place, word in enumerate(self.word):
                if word in ("(", "{"):
                    opened.append(place)
                elif word in (")", "}") and opened:
                    matching[opened.pop()] = place
                elif word == "":
                    for left in opened:
                        matching[left] = place
            self._matching = matching
        return self._matching

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
        self._close(closer)
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

    # what hangs on an operand -------------------------------------------------------------------------------------

    def hangers(self, base: Expr) -> Expr:
        """`.name`, `!name`, `(arguments)`, in any number; very long chains go on from a name that stands for them."""
        word = self.word
        links = 0
        while True:
            sign = word[self.place]
            if sign == "(":
                if word[self.place + 1] == "of" and self._type_arguments():
                    continue
                base = Call(base.at, base, self.listed("(", ")"))
            elif sign == ".":
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

    def made(self, statement: Statement) -> None:
        """A statement that an expression needs before it."""
        raise NotImplementedError

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

    def _type_arguments(self) -> bool:
        """`(Of T)` says nothing about what is called."""
        end = self._matches()[self.place]
        if self.word[end] != ")" or end <= self.place or end - self.place > 200:
            return False
        self.place = end + 1
        return True

    # words --------------------------------------------------------------------------------------------------------

    def type_name(self, *, arrays: bool = True) -> str:
        """`System.Collections.Generic.List(Of String)()` as written, without space; array brackets are `[]`."""
        first = self.place
        while self.is_name(self.place) and (self.accept(self.word[self.place])) and self.accept("."):
            pass
        name = "".join(self.text[first : self.place])
        if self.word[self.place] == "(" and self.word[self.place + 1] == "of":
            first = self.place
            if self._type_arguments():
                name += " ".join(self.text[first : self.place]).replace("( ", "(").replace(" )", ")")
        self.accept("?")
        while arrays and self.word[self.place] == "(" and self.word[self.place + 1] in (")", ","):
            end = self.place + 1
            while self.word[end] == ",":
                end += 1
            if self.word[end] != ")":
                break
            name += "[]"
            self.place = end + 1
        return name

    def dotted(self, name: str, at: int) -> Expr:
        """A type's name as an expression."""
        first, *rest = name.split("(")[0].split(".")
        made: Expr = Name(at, first)
        for part in rest[:MAX_DEPTH]:
            made = Member(at, made, part)
        return made

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
        self._close("}")
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
        self._close(")")
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
            if self.word[self.place] in _CLOSERS or self.word[self.place] in ENDS:
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

    def parameters(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names and declared types of a list in brackets."""
        names: list[str] = []
        types: list[str] = []
        if not self.accept("("):
            return (), ()
        while self.word[self.place] not in (")", "") and len(names) < 10_000:
            self.skip_breaks()
            if self.word[self.place] == "<":
                self.attribute_text()
            while self.word[self.place] in ("byval", "byref", "optional", "paramarray") and self.is_name(
                self.place + 1
            ):
                self.place += 1
            if not self.is_name(self.place):
                break
            names.append(self.name_at(self.place))
            self.place += 1
            rank = self.word[self.place] == "(" and bool(self.listed("(", ")") or True)
            kind = self.type_name() if self.accept("as") else ""
            types.append(kind + "[]" if rank and kind else kind)
            if self.accept("="):
                self.expression()
            self.skip_breaks()
            if not self.accept(","):
                break
        self._close(")")
        return tuple(names), tuple(types)

    def attribute_text(self) -> tuple[str, ...]:
        """`<WebMethod()>` or `<A, B("x")>`, as written and apart."""
        first = self.place
        if not self.accept("<"):
            return ()
        matching = self._matches()
        found: list[str] = []
        start = self.start[self.place]
        while self.word[self.place] not in (">", "", ":=") and self.place - first < 500:
            if self.word[self.place] == ",":
                found.append(self.source[start : self.start[self.place]].strip())
                start = self.start[self.place] + 1
            self.place = max(matching[self.place], self.place) + 1
            self.place = min(self.place, len(self.word) - 1)
        found.append(self.source[start : self.start[self.place]].strip())
        self.accept(">")
        return tuple(text for text in found if text)

    def lambda_block(self, kind: str) -> tuple[Statement, ...]:
        """Statements up to `End Function` or `End Sub`."""
        raise NotImplementedError

    def lambda_line(self) -> tuple[Statement, ...]:
        """The one statement of `Sub() statement`."""
        raise NotImplementedError

    def _interpolated(self, at: int, token: str) -> Expr:
        """`$"a{b}"`: the text, and each hole read by itself."""
        parts: list[Expr] = []
        outer = self.text, self.word, self.start, self.place, self._matching, len(self.late)
        for match in _INTERPOLATED.finditer(token, 2, len(token) - 1):
            if match[1] is None:
                text = match[0].replace('""', '"').replace("{{", "{").replace("}}", "}")
                parts.append(Const(at + match.start(), text))
                continue
            hole = tokenize(self.source, at + match.start(1), at + match.end(1))
            self.text, self.word, self.start, self.place, self._matching = (
                hole.text,
                hole.word,
                hole.at,
                0,
                None,
            )
            parts.append(self.expression())
        self.text, self.word, self.start, self.place, self._matching, late = outer
        del self.late[late:]
        return Op(at, "interpolate", tuple(parts))

    def _xml(self, at: int) -> Expr:
        """An XML literal is text: from `<a>` to the `</a>` that closes it."""
        end = _xml_end(self.source, at)
        if end <= at:
            self.place += 1
            self.unread += 1
            return Unread(at, "<")
        if self._relexes > 0:
            self._relexes -= 1
            rest = tokenize(self.source, end)
            del self.text[self.place :], self.word[self.place :], self.start[self.place :]
            self.text += rest.text
            self.word += rest.word
            self.start += rest.at
            self._matching = None
        else:
            while self.start[self.place] < end and self.word[self.place]:
                self.place += 1
        return Const(at, self.source[at:end])

    _WORDS = (
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


_INTERPOLATED = re.compile(r"\{(?!\{)([^{}]*)\}|(?:[^{}]|\{\{|\}\})+|[{}]")


def _as_text(operand: Expr) -> Expr:
    if isinstance(operand, Const) and isinstance(operand.value, int) and not isinstance(operand.value, bool):
        return Const(operand.at, str(operand.value))
    return operand


def _xml_end(source: str, at: int) -> int:
    """Where the element ends that begins at `at`; `at` itself where it is none. Looks 100,000 characters ahead."""
    depth = 0
    limit = min(len(source), at + 100_000)
    while at < limit:
        if source.startswith("<!--", at):
            close = source.find("-->", at, limit)
            step, closing, alone = close + 3, False, True
        else:
            close = source.find(">", at, limit)
            step, closing, alone = (
                close + 1,
                source[at + 1 : at + 2] == "/",
                source[close - 1 : close] in ("/", "?"),
            )
        if close < 0:
            return 0
        depth += -1 if closing else 0 if alone else 1
        at = step
        if depth <= 0:
            return at
        at = source.find("<", at, limit)
        if at < 0:
            return 0
    return 0
