"""Statements of VB.NET and VBScript that are no blocks: assignments, calls, `Return`, `Exit`, `ReDim` ..."""

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Expr,
    Member,
    Name,
    Op,
    Return,
)
from exsweep.detect.webshell.languages.basic_expressions import ENDS
from exsweep.detect.webshell.languages.basic_heads import BasicHeads

COMPOUND = frozenset(("+=", "-=", "*=", "/=", "\\=", "^=", "&=", "<<=", ">>="))
_AFTER_NAMES = COMPOUND | {"=", ".", "\n", ""}
_NAMED = (Name, Member)
_LEFT = frozenset(("sub", "function", "property"))
_OPERATORS = frozenset(("&", "+", "-", "*", "/", "and", "or", "<>", "<", ">", "mod", "^", "\\", "xor", "is"))


class BasicLines(BasicHeads):
    """One statement each."""

    def plain(self) -> None:
        """An assignment or a call, with brackets round its arguments or without."""
        target = self.primary()
        sign = self.word[self.place]
        if sign == "=" or sign in COMPOUND:
            self.place += 1
            self.skip_breaks()
            self.assign(target, "+=" if sign == "&=" else sign)
            return
        if sign in ENDS:
            self.made(target if isinstance(target, Call) else self.called(target, ()))
        elif isinstance(target, Call) and len(target.arguments) == 1 and sign in _OPERATORS:
            # `Execute (a) & b, c`: the bracket belongs to the first argument
            first = self.operators(target.arguments[0])
            rest = self.arguments("") if self.accept(",") else ()
            self.made(Call(target.at, target.function, (first, *rest)))
        elif isinstance(target, Call) and sign == ",":
            self.place += 1
            self.made(Call(target.at, target.function, (*target.arguments, *self.arguments(""))))
        elif isinstance(target, _NAMED):
            self.made(self.called(target, self.arguments("")))
        elif sign in _OPERATORS:
            self.made(self.operators(target))
        else:
            self.made(Call(target.at, target, self.arguments("")))

    def called(self, target: Expr, arguments: tuple[Expr, ...]) -> Expr:
        if isinstance(target, _NAMED):
            return Call(target.at, target, arguments)
        return target

    def assign(self, target: Expr, sign: str = "=") -> None:
        value = self.expression()
        self.made(Assign(target.at, target, value, sign))
        if isinstance(target, Name):
            scope = self.scopes[-1]
            if not scope.assigned or scope.assigned[-1].name != target.name:
                wanted = (scope.returns or scope.name).lower()
                if target.name.lower() == wanted:
                    scope.assigned.append(target)

    def line_set(self) -> None:
        """`Set x = y`, `Let x = y`, or the accessor of a property."""
        if self.accessor():
            return
        self.place += 1
        self.plain()

    def line_get(self) -> None:
        if not self.accessor():
            self.plain()

    def line_call(self) -> None:
        self.place += 1
        self.plain()

    def line_raise(self) -> None:
        """`RaiseEvent E(x)` calls what was added to `E`, and what says that it handles it, see `Declared.learn`."""
        at = self.start[self.place]
        self.place += 1
        raised = self.expression()
        event = raised.function if isinstance(raised, Call) else raised
        arguments = raised.arguments if isinstance(raised, Call) else ()
        self.made(raised if isinstance(raised, Call) else Call(at, event, ()))
        if isinstance(event, Name):
            self.made(Call(at, Name(at, f"#{event.name}"), arguments))

    def line_yield(self) -> None:
        """`Yield x` gives it to whoever goes through what the function returns; anything else is a variable of that name."""
        if not self.dotnet or self.word[self.place + 1] in _AFTER_NAMES:
            self.plain()
        else:
            self.line_return()

    def line_return(self) -> None:
        at = self.start[self.place]
        self.place += 1
        self.made(Return(at, None if self.word[self.place] in ENDS else self.expression()))

    def line_exit(self) -> None:
        """`Exit Sub` leaves the function, `Exit For` does not."""
        if self.word[self.place + 1] in _LEFT:
            self.made(Return(self.start[self.place], None))
        self.skip_line()

    def line_throw(self) -> None:
        at = self.start[self.place]
        self.place += 1
        if self.word[self.place] not in ENDS:
            self.made(Op(at, "throw", (self.expression(),)))

    def line_redim(self) -> None:
        self.place += 1
        self.accept("preserve")
        self.variables()

    def line_handler(self) -> None:
        """`AddHandler a.b, AddressOf c` adds `c` to `a.b`."""
        self.place += 1
        target = self.expression()
        if self.accept(","):
            self.made(Assign(target.at, target, self.expression(), "+="))

    def line_on(self) -> None:
        """`On Error Resume Next`."""
        if self.word[self.place + 1] == "error":
            self.skip_line()
        else:
            self.plain()

    def plain_in_line(self) -> None:
        target = self.primary()
        sign = self.word[self.place]
        if sign == "=" or sign in COMPOUND:
            self.place += 1
            self.assign(target, "+=" if sign == "&=" else sign)
        elif sign in (")", ",", "}") or sign in ENDS:
            self.made(self.called(target, ()))
        else:
            self.made(self.called(target, (self.expression(),)))
