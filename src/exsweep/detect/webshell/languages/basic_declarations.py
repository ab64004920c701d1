"""Declarations of VB.NET and VBScript: variables, functions, properties, classes, imports."""

from abc import abstractmethod

from exsweep.detect.webshell.code import Assign, Call, Class, Expr, Function, Name, Return, Statement
from exsweep.detect.webshell.languages.basic_blocks import BasicBlocks, Frame
from exsweep.detect.webshell.languages.basic_lexer import string

MODIFIERS = frozenset(
    [
        "public",
        "private",
        "protected",
        "friend",
        "shared",
        "shadows",
        "overrides",
        "overridable",
        "mustoverride",
        "notoverridable",
        "overloads",
        "partial",
        "readonly",
        "writeonly",
        "withevents",
        "default",
        "static",
        "const",
        "dim",
        "async",
        "iterator",
        "mustinherit",
        "notinheritable",
        "narrowing",
        "widening",
        "global",
    ]
)
FUNCTIONS = frozenset(("function", "sub", "operator"))
CLASSES = frozenset(("class", "module", "structure", "interface"))
_ACCESSORS = frozenset(("get", "set", "let"))


class BasicDeclarations(BasicBlocks):
    """Everything that makes a name known."""

    def __init__(self, code: str, *, dotnet: bool) -> None:
        super().__init__(code, dotnet=dotnet)
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.imports: list[str] = []
        self.attributes: tuple[str, ...] = ()

    # variables ----------------------------------------------------------------------------------------------------

    def variables(self) -> None:
        """`a, b(10), c As New T(1), d As String = "x"`."""
        pending: list[str] = []
        while self.is_name(self.place):
            at, name = self.start[self.place], self.name_at(self.place)
            self.place += 1
            self.accept("?")
            array = self.word[self.place] == "("
            sizes = self.listed("(", ")") if array else ()
            kind = ""
            value: Expr | None = None
            if self.accept("as"):
                here = self.start[self.place]
                if self.accept("new"):
                    first = self.place
                    kind = self.type_name(arrays=False)
                    self.place = first
                    value = self.creation(here)
                else:
                    kind = self.type_name() + ("[]" if array else "")
            pending.append(name.lower())
            if kind:
                self.types.update(dict.fromkeys(pending, kind))
            if kind or self.word[self.place] != ",":
                pending = []
            if self.accept("="):
                self.skip_breaks()
                value = self.expression()
            if value is not None:
                self.made(Assign(at, Name(at, name), value))
            for size in sizes:
                if isinstance(size, Call):
                    self.made(size)
            if not self.accept(","):
                break
            self.skip_breaks()

    # functions ----------------------------------------------------------------------------------------------------

    def function(self, *, external: bool = False) -> None:
        """The head of a function; its body is what follows up to its end."""
        at = self.start[self.place]
        kind = self.word[self.place]
        self.place += 1
        if self.is_name(self.place) or self.word[self.place] not in ("(", "\n"):
            name = self.name_at(self.place)
            self.place += 1
        else:
            name = kind
        names, types, attributes = self._head(external=external)
        if external:
            self.functions.append(Function(at, name, names, (), types, attributes, self.owner()))
            return
        self.leave_function()
        frame = Frame(kind, at, name=name, parameters=names, types=types, attributes=attributes)
        self.enter(frame)

    def _head(self, *, external: bool) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Parameters, their types and attributes; `Lib "a" Alias "b"` is the DllImport that it means."""
        attributes = self.take_attributes()
        library = entry = ""
        if self.word[self.place] == "(" and self.word[self.place + 1] == "of":
            self.listed_types()
        while external and self.word[self.place] in ("lib", "alias"):
            text = self.text[self.place + 1]
            if self.word[self.place] == "lib":
                library = string(text)
            else:
                entry = string(text)
            self.place += 2
        if library:
            attributes += (f'DllImport("{library}"' + (f', EntryPoint="{entry}")' if entry else ")"),)
        names, types = self.parameters() if self.word[self.place] == "(" else ((), ())
        if self.accept("as"):
            self.attribute_text()
            self.type_name()
        return names, types, (*attributes, *self._clauses())

    def _clauses(self) -> tuple[str, ...]:
        """`Handles a.Click, Me.Load` and `Implements I.F`: other names of a function, as `handles Click`, `implements F`."""
        found: list[str] = []
        while (clause := self.word[self.place]) in ("handles", "implements"):
            self.place += 1
            while self.is_name(self.place) or self.word[self.place] in (".", ","):
                if self.is_name(self.place) and self.word[self.place + 1] != ".":
                    found.append(f"{clause} {self.name_at(self.place)}")
                self.place += 1
        return tuple(found)

    def listed_types(self) -> None:
        """`(Of T)`."""
        while self.word[self.place] not in (")", "\n", ""):
            self.place += 1
        self.accept(")")

    def take_attributes(self) -> tuple[str, ...]:
        """The attributes that were read before the declaration."""
        attributes, self.attributes = self.attributes, ()
        return attributes

    def property(self) -> None:
        """VBScript's `Property Get X`, VB.NET's block of `Get` and `Set`, or an automatic one."""
        at = self.start[self.place]
        self.place += 1
        kind = self.word[self.place]
        if kind in _ACCESSORS and self.is_name(self.place + 1):
            self.place += 2
            name = self.name_at(self.place - 1)
            names, types = self.parameters()
            self.leave_function()
            word = ("get_" if kind == "get" else "set_") + name
            self.enter(Frame("property", at, name=word, returns=name, parameters=names, types=types))
            return
        name = self.name_at(self.place)
        self.place += 1
        names, types = self.parameters()
        if self.accept("as"):
            here = self.start[self.place]
            if self.accept("new"):
                self.made(Assign(at, Name(at, name), self.creation(here)))
            else:
                self.types[name.lower()] = self.type_name()
        if self.accept("="):
            self.made(Assign(at, Name(at, name), self.expression()))
        self._clauses()
        self.end_of_statement()
        place = self.place
        while (
            self.word[place] in ("\n", "public", "private", "protected", "friend")
            and place < len(self.word) - 2
        ):
            place += 1
        if self.word[place] in ("get", "set", "<"):
            self.leave_function()
            self.enter(Frame("property block", at, name=name, parameters=names, types=types))

    def accessor(self) -> bool:
        """`Get` and `Set(value As T)` inside a property."""
        frame = self.frames[-1]
        if frame.kind != "property block" or self.word[self.place] not in ("get", "set"):
            return False
        at, kind = self.start[self.place], self.word[self.place]
        self.place += 1
        names, types = self.parameters()
        if kind == "set" and not names:
            names, types = ("Value",), ("",)
        names, types = frame.parameters + names, frame.types + types
        self.enter(
            Frame(kind, at, name=f"{kind}_{frame.name}", returns=frame.name, parameters=names, types=types)
        )
        return True

    def close_function(self, frame: Frame) -> None:
        """What the function returns through its own name is returned at its end."""
        body = frame.out
        wanted = (frame.returns or frame.name).lower()
        if frame.kind in ("function", "get", "property") and not frame.name.startswith("set_"):
            named = [item for item in frame.assigned if item.name.lower() == wanted]
            if named:
                body.append(Return(named[0].at, Name(named[0].at, named[0].name)))
        self.finish_late(body)
        self.functions.append(
            Function(
                frame.at,
                frame.name,
                frame.parameters,
                tuple(body),
                frame.types,
                frame.attributes,
                self.owner(),
            )
        )

    # classes and imports ------------------------------------------------------------------------------------------

    def class_head(self) -> None:
        """`Class X`, then `Inherits` and `Implements` on lines of their own."""
        at = self.start[self.place]
        kind = self.word[self.place]
        name = self.name_at(self.place + 1)
        self.place += 2
        if self.word[self.place] == "(":
            self.listed_types()
        self.take_attributes()
        self.leave_function()
        bases: list[str] = []
        while True:
            place = self.place
            while self.word[self.place] in ("\n", ":") and self.place < len(self.word) - 2:
                self.place += 1
            if self.word[self.place] not in ("inherits", "implements"):
                self.place = place
                break
            self.place += 1
            bases.append(self.type_name())
            while self.accept(","):
                bases.append(self.type_name())
        self.classes.append(Class(at, name, tuple(base for base in bases if base)))
        self.enter(Frame(kind, at, name=name))

    def import_line(self) -> None:
        """`Imports A.B, C = D.E`."""
        self.place += 1
        while self.is_name(self.place):
            name = self.type_name()
            if self.accept("="):
                name = f"{name}={self.type_name()}"
            self.imports.append(name)
            if not self.accept(","):
                break

    def enumeration(self) -> None:
        """`Enum ... End Enum` holds constants only."""
        while self.word[self.place] and not (
            self.word[self.place] == "end" and self.word[self.place + 1] == "enum"
        ):
            self.place += 1
        self.place = min(self.place + 2, len(self.word) - 1)

    def skip_line(self) -> None:
        """The rest of a statement that says nothing."""
        while self.word[self.place] not in ("\n", ":", "", "else"):
            self.place += 1

    @abstractmethod
    def end_of_statement(self) -> None:
        """To be given by the statements."""

    def finish_late(self, out: list[Statement]) -> None:
        """Reads what was put off into the body where it stood."""
        while self.late and not self.depth:
            late, self.late = self.late, []
            here = self.place
            for place, name in late:
                self.place = place
                at = self.start[place]
                out.append(Assign(at, Name(at, name), self.expression()))
            self.place = here
