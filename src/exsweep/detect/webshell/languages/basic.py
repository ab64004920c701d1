"""VB.NET and VBScript to their tree: statements over an explicit stack of blocks, tolerant of fragments cut anywhere."""

from collections.abc import Callable
from typing import ClassVar

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Const,
    Expr,
    Member,
    Name,
    Op,
    Program,
    Return,
    Statement,
    Unread,
)
from exsweep.detect.webshell.languages.basic_blocks import Frame
from exsweep.detect.webshell.languages.basic_declarations import (
    CLASSES,
    FUNCTIONS,
    MODIFIERS,
    BasicDeclarations,
)
from exsweep.detect.webshell.languages.basic_expressions import ENDS

_COMPOUND = frozenset(("+=", "-=", "*=", "/=", "\\=", "^=", "&=", "<<=", ">>="))
_ENDED = frozenset(
    [
        "if",
        "select",
        "while",
        "with",
        "try",
        "using",
        "synclock",
        "class",
        "function",
        "sub",
        "property",
        "namespace",
        "module",
        "structure",
    ]
)
_ENDED |= frozenset(("interface", "get", "set", "operator"))
_QUIET = frozenset(
    [
        "exit",
        "goto",
        "continue",
        "option",
        "erase",
        "stop",
        "resume",
        "event",
        "delegate",
        "implements",
        "inherits",
        "addhandler",
        "removehandler",
    ]
)
_BEFORE_STATEMENTS = frozenset(("if", "else", "elseif", "case"))
_OPERATORS = frozenset(("&", "+", "-", "*", "/", "and", "or", "<>", "<", ">", "mod", "^", "\\", "xor", "is"))
_NOT_A_CALL = frozenset(("=", ".", "(", ":", "\n", "")) | _COMPOUND


def read_basic(code: str, language: str, spent: Callable[[], bool] | None = None) -> Program:
    """The tree of VB.NET (`vb`) or VBScript (`vbscript`) code."""
    reader = BasicReader(code, dotnet=language == "vb")
    reader.spent = spent
    return reader.program(language)


class BasicReader(BasicDeclarations):
    """Reads statements until the tokens end."""

    spent: Callable[[], bool] | None = None
    """The caller's clock, asked every 256 statements."""

    def program(self, language: str) -> Program:
        """Everything there is."""
        self.statements()
        while len(self.frames) > 1:
            self.leave()
        self.depth = 0
        self.finish_late(self.frames[0].out)
        self.functions.sort(key=lambda function: function.at)
        return Program(
            language=language,
            statements=tuple(sorted(self.frames[0].out, key=lambda statement: statement.at)),
            functions=tuple(self.functions),
            classes=tuple(self.classes),
            imports=tuple(dict.fromkeys(self.imports)),
            types=self.types,
            unread=self.unread,
        )

    def statements(self, until: Frame | None = None) -> None:
        """All statements; of a lambda only those before its end."""
        word = self.word
        count = 0
        while word[self.place] and (until is None or until in self.scopes):
            here = self.place
            token = word[here]
            count += 1
            if not count & 0xFF and self.spent is not None and self.spent():
                self.unread += self.start[-1] - self.start[here]
                self.place = len(word) - 1
            elif token == "\n":
                self.leave_lines()
                self.place += 1
            elif token == ":":
                self.place += 1
            else:
                self.statement(token)
                word = self.word  # an XML literal makes the tokens anew
                if self.place == here:
                    self.place += 1
                    self.unread += len(token)
                    self.made(Unread(self.start[here], token))

    def statement(self, token: str) -> None:
        """One statement, or the head, middle or end of a block."""
        special = self._STATEMENTS.get(token)
        after = self.word[self.place + 1]
        if special is not None and after not in ("=", ".", "+=", "&="):
            special(self)
            if token in _BEFORE_STATEMENTS:
                return
        elif token in MODIFIERS and after not in _NOT_A_CALL:
            self._declaration()
        elif token in FUNCTIONS and (after not in _NOT_A_CALL):
            self.function()
            return
        elif token in CLASSES and self.is_name(self.place + 1):
            self.class_head()
        elif token == "<":
            self.attributes += self.attribute_text()
            self.skip_breaks()
            return
        elif token in _QUIET and after not in ("=", ".", "("):
            self.skip_line()
        else:
            self._plain()
        if self.word[self.place] not in ENDS:
            self._strange()

    def end_of_statement(self) -> None:
        """What is left before the end of the statement is unread."""
        if self.word[self.place] not in ENDS:
            self._strange()

    def _strange(self) -> None:
        """Tokens that fit nothing, up to the next that can begin a statement."""
        first = self.place
        while self.word[self.place] not in ("\n", ":", "") and not self.is_name(self.place):
            self.place += 1
        if self.place == first:
            return  # a name where the statement should be over begins the next, though no line ends here
        at, end = self.start[first], self.start[self.place]
        self.unread += end - at
        self.made(Unread(at, self.code[at : min(end, at + 200)]))

    # plain statements ---------------------------------------------------------------------------------------------

    def _plain(self) -> None:
        """An assignment or a call, with brackets round its arguments or without."""
        target = self.primary()
        sign = self.word[self.place]
        if sign == "=" or sign in _COMPOUND:
            self.place += 1
            self.skip_breaks()
            self._assign(target, "+=" if sign == "&=" else sign)
            return
        if sign in ENDS:
            self.made(target if isinstance(target, Call) else self._call(target, ()))
        elif isinstance(target, Call) and len(target.arguments) == 1 and sign in _OPERATORS:
            # `Execute (a) & b, c`: the bracket belongs to the first argument
            first = self.operators(target.arguments[0])
            rest = self.arguments("") if self.accept(",") else ()
            self.made(Call(target.at, target.function, (first, *rest)))
        elif isinstance(target, Call) and sign == ",":
            self.place += 1
            self.made(Call(target.at, target.function, (*target.arguments, *self.arguments(""))))
        elif isinstance(target, Name | Member):
            self.made(self._call(target, self.arguments("")))
        elif sign in _OPERATORS:
            self.made(self.operators(target))
        else:
            self.made(Call(target.at, target, self.arguments("")))

    def _call(self, target: Expr, arguments: tuple[Expr, ...]) -> Expr:
        if isinstance(target, Name | Member):
            return Call(target.at, target, arguments)
        return target

    def _assign(self, target: Expr, sign: str = "=") -> None:
        value = self.expression()
        self.made(Assign(target.at, target, value, sign))
        if isinstance(target, Name):
            scope = self.scopes[-1]
            if not scope.assigned or scope.assigned[-1].name != target.name:
                wanted = (scope.returns or scope.name).lower()
                if target.name.lower() == wanted:
                    scope.assigned.append(target)

    def _set(self) -> None:
        """`Set x = y`, `Let x = y`, or the accessor of a property."""
        if self.accessor():
            return
        self.place += 1
        self._plain()

    def _get(self) -> None:
        if not self.accessor():
            self._plain()

    def _call_statement(self) -> None:
        self.place += 1
        self._plain()

    def _return(self) -> None:
        at = self.start[self.place]
        self.place += 1
        if self.word[self.place] not in ENDS:
            self.made(Return(at, self.expression()))

    def _throw(self) -> None:
        at = self.start[self.place]
        self.place += 1
        if self.word[self.place] not in ENDS:
            self.made(Op(at, "throw", (self.expression(),)))

    def _redim(self) -> None:
        self.place += 1
        self.accept("preserve")
        self.variables()

    def _handler(self) -> None:
        """`AddHandler a.b, AddressOf c` adds `c` to `a.b`."""
        self.place += 1
        target = self.expression()
        if self.accept(","):
            self.made(Assign(target.at, target, self.expression(), "+="))

    def _on(self) -> None:
        """`On Error Resume Next`."""
        if self.word[self.place + 1] == "error":
            self.skip_line()
        else:
            self._plain()

    def _declaration(self) -> None:
        while self.word[self.place] in MODIFIERS and self.word[self.place + 1] not in _NOT_A_CALL:
            self.place += 1
        word = self.word[self.place]
        if word in FUNCTIONS:
            self.function()
        elif word == "property":
            self.property()
        elif word == "declare":
            self._declare()
        elif word in CLASSES:
            self.class_head()
        elif word == "enum":
            self.enumeration()
        elif word in ("event", "delegate", "custom"):
            self.skip_line()
        else:
            self.take_attributes()
            self.variables()

    def _declare(self) -> None:
        """`Declare Auto Function X Lib "kernel32" Alias "Y" (...) As T`."""
        while self.word[self.place] not in FUNCTIONS and self.word[self.place] not in ("\n", ""):
            self.place += 1
        if self.word[self.place] in FUNCTIONS:
            self.function(external=True)

    # blocks -------------------------------------------------------------------------------------------------------

    def _if(self) -> None:
        at = self.start[self.place]
        self.place += 1
        condition = self.expression()
        self.accept("then")
        line = self.word[self.place] != "\n"
        self.enter(Frame("if", at, conditions=[condition], line=line))

    def _else(self) -> None:
        frame = self.inner("if")
        self.place += 1
        if frame is None:
            self.enter(Frame("if", self.start[self.place - 1]))
        elif self.word[self.place] == "if" and self.dotnet and not frame.line:
            self.place += 1
            self.next_body(frame, self.expression())
            self.accept("then")
        else:
            self.next_body(frame)

    def _elseif(self) -> None:
        at = self.start[self.place]
        self.place += 1
        condition = self.expression()
        self.accept("then")
        frame = self.inner("if")
        if frame is None:
            self.enter(Frame("if", at, conditions=[condition]))
        else:
            self.next_body(frame, condition)

    def _select(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.accept("case")
        self.enter(Frame("select", at, conditions=[self.expression()]))

    def _case(self) -> None:
        frame = self.inner("select")
        self.place += 1
        if frame is not None:
            self.next_body(frame)
        conditions: list[Statement] = []
        if not self.accept("else"):
            while True:
                if self.accept("is") or self.word[self.place] in ("<", ">", "=", "<=", ">=", "<>"):
                    self.place += self.word[self.place] in ("<", ">", "=", "<=", ">=", "<>")
                value = self.expression()
                conditions.append(value)
                if self.accept("to"):
                    self.expression()
                if not self.accept(","):
                    break
        if frame is not None and not frame.flat:
            frame.conditions.extend(
                item for item in conditions if isinstance(item, Const | Name | Op | Call | Member)
            )

    def _for(self) -> None:
        at = self.start[self.place]
        self.place += 1
        each = self.accept("each")
        target = self.primary()
        if self.accept("as"):
            kind = self.type_name()
            if isinstance(target, Name):
                self.types[target.name.lower()] = kind
        conditions: list[Expr] = []
        if self.accept("in" if each else "="):
            conditions.append(Assign(target.at, target, self.expression()))
        while self.word[self.place] in ("to", "step"):
            self.place += 1
            conditions.append(self.expression())
        self.enter(Frame("for", at, conditions=conditions))

    def _next(self) -> None:
        self.place += 1
        self.leave_to("for")
        while self.is_name(self.place) and self.word[self.place] not in ENDS:
            self.primary()
            if not self.accept(","):
                break
            self.leave_to("for")

    def _do(self) -> None:
        at = self.start[self.place]
        self.place += 1
        conditions = []
        if self.accept("while") or self.accept("until"):
            conditions.append(self.expression())
        self.enter(Frame("do", at, conditions=conditions))

    def _loop(self) -> None:
        self.place += 1
        if self.accept("while") or self.accept("until"):
            condition = self.expression()
            frame = self.inner("do")
            if frame is not None:
                frame.conditions.append(condition)
        self.leave_to("do")

    def _while(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.enter(Frame("while", at, conditions=[self.expression()]))

    def _wend(self) -> None:
        self.place += 1
        self.leave_to("while")

    def _with(self) -> None:
        """`.x` inside is a member of the object, which gets a name of its own where it is more than a name."""
        at = self.start[self.place]
        self.place += 1
        value = self.expression()
        self.enter(Frame("with", at, conditions=[value]))
        base = value
        while isinstance(base, Member):
            base = base.base
        if not isinstance(base, Name) or value is not base:
            name = Name(at, self.fresh_name())
            self.made(Assign(at, name, value))
            value = name
        self.with_object.append(value)

    def _using(self) -> None:
        at = self.start[self.place]
        kind = self.word[self.place]
        self.place += 1
        self.enter(Frame(kind, at))
        if self.is_name(self.place) and self.word[self.place + 1] in ("as", "="):
            self.variables()
        else:
            self.made(self.expression())

    def _try(self) -> None:
        self.enter(Frame("try", self.start[self.place]))
        self.place += 1

    def _catch(self) -> None:
        self.place += 1
        frame = self.inner("try")
        if self.is_name(self.place) and self.word[self.place] != "when":
            self.place += 1
            if self.accept("as"):
                self.type_name()
        condition = self.expression() if self.accept("when") else None
        if frame is not None:
            self.next_body(frame, condition)

    def _namespace(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.enter(Frame("namespace", at, name=self.type_name()))

    def _end(self) -> None:
        """`End If` and its like; `End` alone ends the page."""
        kind = self.word[self.place + 1]
        if kind not in _ENDED:
            self.place += 1
            return
        self.place += 2
        if kind in ("sub", "function") and self.scopes[-1].kind == "lambda":
            while self.frames[-1].kind != "lambda":
                self.leave()
            self.scopes.pop()
            return
        if kind == "property":
            self.leave_to("property") or self.leave_to("property block")
        else:
            self.leave_to(kind)

    def _end_if(self) -> None:
        self.place += 1
        self.leave_to("if")

    # functions without a name -------------------------------------------------------------------------------------

    def lambda_block(self, kind: str) -> tuple[Statement, ...]:
        frame = Frame("lambda", self.start[self.place])
        self.frames.append(frame)
        self.scopes.append(frame)
        self.statements(frame)
        while self.frames[-1] is not frame:
            self.leave()
        self.frames.pop()
        if frame in self.scopes:
            self.scopes.remove(frame)
        return tuple(frame.out)

    def lambda_line(self) -> tuple[Statement, ...]:
        frame = Frame("lambda", self.start[self.place])
        self.frames.append(frame)
        self.scopes.append(frame)
        place = self.place
        if self.word[place] not in ENDS and self.word[place] != ")":
            token = self.word[place]
            special = self._STATEMENTS.get(token)
            if special is not None and self.word[place + 1] not in ("=", "."):
                special(self)
            else:
                self._plain_in_line()
        while self.frames[-1] is not frame:
            self.leave()
        self.frames.pop()
        if frame in self.scopes:
            self.scopes.remove(frame)
        return tuple(frame.out)

    def _plain_in_line(self) -> None:
        target = self.primary()
        sign = self.word[self.place]
        if sign == "=" or sign in _COMPOUND:
            self.place += 1
            self._assign(target, "+=" if sign == "&=" else sign)
        elif sign in (")", ",", "}") or sign in ENDS:
            self.made(self._call(target, ()))
        else:
            self.made(self._call(target, (self.expression(),)))

    _STATEMENTS: ClassVar[dict[str, "Callable[[BasicReader], None]"]] = {
        "set": _set,
        "let": _set,
        "get": _get,
        "call": _call_statement,
        "raiseevent": _call_statement,
        "return": _return,
        "throw": _throw,
        "redim": _redim,
        "addhandler": _handler,
        "on": _on,
        "if": _if,
        "else": _else,
        "elseif": _elseif,
        "select": _select,
        "case": _case,
        "for": _for,
        "next": _next,
        "do": _do,
        "loop": _loop,
        "while": _while,
        "wend": _wend,
        "with": _with,
        "using": _using,
        "synclock": _using,
        "try": _try,
        "catch": _catch,
        "finally": _catch,
        "namespace": _namespace,
        "end": _end,
        "endif": _end_if,
        "imports": BasicDeclarations.import_line,
        "property": BasicDeclarations.property,
        "declare": _declare,
        "enum": BasicDeclarations.enumeration,
    }
