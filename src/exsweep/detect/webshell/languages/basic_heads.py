"""Heads, middles and ends of VB's blocks: `If`, `Case`, `Loop`, `End With` ..."""

from exsweep.detect.webshell.code import THROWN, Assign, Call, Const, Expr, Member, Name, Op, Statement
from exsweep.detect.webshell.languages.basic_blocks import Frame
from exsweep.detect.webshell.languages.basic_declarations import BasicDeclarations
from exsweep.detect.webshell.languages.basic_expressions import ENDS

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


class BasicHeads(BasicDeclarations):
    """Conditions are read here; bodies are the statements that follow."""

    def head_if(self) -> None:
        at = self.start[self.place]
        self.place += 1
        condition = self.expression()
        self.accept("then")
        line = self.word[self.place] != "\n"
        self.enter(Frame("if", at, conditions=[condition], line=line))

    def head_else(self) -> None:
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

    def head_elseif(self) -> None:
        at = self.start[self.place]
        self.place += 1
        condition = self.expression()
        self.accept("then")
        frame = self.inner("if")
        if frame is None:
            self.enter(Frame("if", at, conditions=[condition]))
        else:
            self.next_body(frame, condition)

    def head_select(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.accept("case")
        self.enter(Frame("select", at, conditions=[self.expression()]))

    def head_case(self) -> None:
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

    def head_for(self) -> None:
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

    def head_next(self) -> None:
        self.place += 1
        self.leave_to("for")
        while self.is_name(self.place) and self.word[self.place] not in ENDS:
            self.primary()
            if not self.accept(","):
                break
            self.leave_to("for")

    def head_do(self) -> None:
        at = self.start[self.place]
        self.place += 1
        conditions = []
        if self.accept("while") or self.accept("until"):
            conditions.append(self.expression())
        self.enter(Frame("do", at, conditions=conditions))

    def head_loop(self) -> None:
        self.place += 1
        if self.accept("while") or self.accept("until"):
            condition = self.expression()
            frame = self.inner("do")
            if frame is not None:
                frame.conditions.append(condition)
        self.leave_to("do")

    def head_while(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.enter(Frame("while", at, conditions=[self.expression()]))

    def head_wend(self) -> None:
        self.place += 1
        self.leave_to("while")

    def head_with(self) -> None:
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

    def head_using(self) -> None:
        at = self.start[self.place]
        kind = self.word[self.place]
        self.place += 1
        self.enter(Frame(kind, at))
        if self.is_name(self.place) and self.word[self.place + 1] in ("as", "="):
            self.variables()
        else:
            self.made(self.expression())

    def head_try(self) -> None:
        self.enter(Frame("try", self.start[self.place]))
        self.place += 1

    def head_catch(self) -> None:
        self.place += 1
        frame = self.inner("try")
        caught: Name | None = None
        if self.is_name(self.place) and self.word[self.place] != "when":
            caught = Name(self.start[self.place], self.name_at(self.place))
            self.place += 1
            if self.accept("as"):
                self.type_name()
        condition = self.expression() if self.accept("when") else None
        if frame is not None:
            self.next_body(frame, condition)
            if caught is not None:
                self.made(Assign(caught.at, caught, Name(caught.at, THROWN)))

    def head_namespace(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.enter(Frame("namespace", at, name=self.type_name()))

    def head_end(self) -> None:
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

    def head_end_if(self) -> None:
        self.place += 1
        self.leave_to("if")
