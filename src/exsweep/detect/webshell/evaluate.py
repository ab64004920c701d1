"""One expression: its value, and the capabilities that it shows."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Sequence as Many
from typing import ClassVar, Final

from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Call,
    Const,
    Expr,
    Function,
    Index,
    Lambda,
    Member,
    Name,
    Op,
    Return,
    Sequence,
    Statement,
    Unread,
    walk,
)
from exsweep.detect.webshell.names import DottedName, dotted
from exsweep.detect.webshell.sinks import Sink
from exsweep.detect.webshell.state import STEPS_AT_ONCE, State
from exsweep.detect.webshell.values import (
    ASKED,
    CHECKED,
    CHOSEN,
    UNKNOWN,
    Constant,
    Origin,
    Value,
    constant,
    derived,
    either,
    marked,
    typed,
)
from exsweep.detect.webshell.variables import DIGITS

DEEPEST: Final = 90
"""Nesting of expressions that is followed exactly; what lies deeper only carries its origins along."""

FIELDS = "fields"
"""Type of a collection of request fields, whose names are still to come."""

CONSTANTS: dict[str, Constant] = {
    "vbcrlf": "\r\n",
    "vbnewline": "\r\n",
    "vblf": "\n",
    "vbcr": "\r",
    "vbtab": "\t",
    "vbnullstring": "",
    "nothing": None,
    "null": None,
    "undefined": None,
    "string.empty": "",
    "environment.newline": "\r\n",
}

OWN = Value((), (), ("own-page",))
"""Path of the page itself."""


def opened(node: Branch) -> tuple[Expr, ...]:
    """The object of JScript's `with`, nothing for every other statement."""
    first = node.conditions[0] if node.conditions else None
    return first.operands if isinstance(first, Op) and first.operator == "with" else ()


class Expressions(ABC):
    """Names, literals and statements; see `operators`, `members`, `assignments` and `calls` for the rest."""

    _kinds: ClassVar[dict[type, Callable[..., Value]]]

    def __init__(self, state: State) -> None:
        self.state = state
        self.known = state.known
        self.depth = 0
        self.given = ""
        """Function whose result is given a value just now, see `_sum`."""
        self.numbers: frozenset[str] = frozenset()
        """Calls whose number is a letter of the text that it is made from, where it is used just now."""

    def __init_subclass__(cls) -> None:
        # Of the class and not bound: an object that holds its own methods keeps a whole page until Python looks for cycles.
        cls._kinds = {
            Const: cls._const, Name: cls._name, Member: cls._member, Call: cls._call, Index: cls._index, Op: cls._op,
            Assign: cls._assign, Sequence: cls._sequence, Lambda: cls._lambda, Unread: cls._unread,
            Return: cls._return, Branch: cls._branch, Function: cls._function,
        }  # fmt: skip

    def evaluate(self, node: Statement) -> Value:
        """The value of one expression or small statement."""
        if self.depth >= DEEPEST:
            return self._shallow(node)
        state = self.state
        state.steps += 1
        if not state.steps & STEPS_AT_ONCE:
            state.spend()
        if type(node) is Const:
            return constant(node.value)
        self.depth += 1
        try:
            return self._kinds[type(node)](self, node)
        finally:
            self.depth -= 1

    @abstractmethod
    def _call(self, node: Call) -> Value: ...

    @abstractmethod
    def _member(self, node: Member) -> Value: ...

    @abstractmethod
    def _index(self, node: Index) -> Value: ...

    @abstractmethod
    def _op(self, node: Op) -> Value: ...

    @abstractmethod
    def _assign(self, node: Assign) -> Value: ...

    def _shallow(self, node: Statement) -> Value:
        """Of hostile nesting: origins of all names in it."""
        parts: list[Value] = []
        for each in walk((node,)):
            self.state.tick()
            if isinstance(each, Name):
                parts.append(self._name(each))
        return derived(parts)

    def _const(self, node: Const) -> Value:
        return constant(node.value)

    def _name(self, node: Name) -> Value:
        state = self.state
        name = node.name.lower()
        found = state.read(name)
        type_ = state.declared_type(name)
        # A variable of the function hides a control of that name (in C# even `d` one that is called `D`).
        control = "" if name in state.locals else state.controls.get(name, "")
        if found is not None:
            if state.checked and state.checked[f"{DIGITS}{name}"] > 0:
                return UNKNOWN
            if name in state.checked and state.checked[name] > 0:
                found = marked(found, CHECKED)
            elif state.checked and state.checked[f"?{name}"] > 0:
                found = marked(found, ASKED)
            kind = type_ or control
            return typed(found, kind) if kind and not found.types else found
        if control:
            return Value((), (), (control,))
        if name in CONSTANTS:
            return constant(CONSTANTS[name])
        if type_:
            return Value((), (), (type_,))
        full = (name,)
        if self.known.sources.knows(name):
            source = self._source([full], node.at, [])
            if source is not None:
                return source
        if name in state.functions:
            return typed(state.given_back_by(name), f"fn:{name}")
        if f"get_{name}" in state.functions:
            return state.given_back_by(f"get_{name}")
        if self.known.calls.matches([full]):
            # A function that is carried about is called elsewhere.
            state.carried = True
            return Value((), (), (f"fn:{name}",))
        # A name that nothing else explains is a member of the object of `with`.
        inside = state.withs and not name.startswith("#")
        return self._member(Member(node.at, state.withs[-1], node.name)) if inside else UNKNOWN

    def _names(self, node: Statement, base: Value | None) -> list[DottedName]:
        """All dotted names under which a member or call may be known."""
        match node:
            case Name(name=name):
                lower = name.lower()
                alias = self.state.aliases.get(lower)
                found = self.state.read(lower)
                names: list[DottedName] = []
                if found is not None and found.types:
                    names = [tuple(each[3:].split(".")) for each in found.types if each.startswith("fn:")]
                if not names or lower not in self.state.locals:
                    # A function in a variable hides one of the page: C# may tell them apart by a capital letter.
                    names.insert(0, alias or (lower,))
                if self.state.statics and lower not in self.state.functions:
                    names += [(*each, lower) for each in self.state.statics]
                if self.state.withs and lower not in self.state.functions:
                    member = Member(node.at, self.state.withs[-1], name)
                    names = [*self._names(member, self.evaluate(member.base)), *names]
                return names
            case Member(name=name):
                last = name.lower()
                types = base.types if base is not None else ()
                if CHOSEN in types:
                    self.state.chosen_at_work = True
                names = [(*each.split("."), last) for each in types if not each.startswith("fn:")]
                shared = self._shared_member(node)
                names += [
                    tuple(each[3:].split("."))
                    for each in types
                    if each.startswith("fn:") and each[3:] != shared
                ]
                text = dotted(node)
                kept = self.state.read(".".join(text)) if text is not None else None
                if kept is not None:
                    names += [tuple(each[3:].split(".")) for each in kept.types if each.startswith("fn:")]
                if text is not None and (not types or not self._is_variable(text[0])):
                    alias = self.state.aliases.get(text[0])
                    names.append((*alias, *text[1:]) if alias else text)
                elif all(each.startswith("fn:") for each in types):
                    names.append(("?", last))
                return names
            case _:
                value = base if base is not None else self.evaluate(node)
                return [tuple(each[3:].split(".")) for each in value.types if each.startswith("fn:")]

    def _shared_member(self, node: Member) -> str:
        """`T` of `T.Find(x)`, which constructs no `T`, though `T` is known as what is constructed; `""` for all else."""
        dotnet = self.state.unit.program.language in ("csharp", "vb")
        if not dotnet or not isinstance(node.base, Name) or node.name.lower().endswith("invoke"):
            return ""
        return node.base.name.lower()

    def _is_variable(self, name: str) -> bool:
        return (
            self.state.read(name) is not None
            or name in self.state.controls
            or bool(self.state.declared_type(name))
        )

    def _source(
        self, names: list[DottedName], at: int, arguments: Many[Value], control: str = ""
    ) -> Value | None:
        """A value of the visitor's, if one of the names reads one; `UNKNOWN` for fields that the server sets."""
        for source in self.known.sources.find(names):
            field = next(
                (each for value in arguments for each in value.constants if isinstance(each, str)), ""
            )
            if field and self.known.clean_field(source.kind, field, names[0][-1:]):
                return OWN if self.known.own_page(field) else UNKNOWN
            last = names[0][-1]
            if not field and last in ("text", "value", "selectedvalue", "innertext"):
                field = control
            origin = Origin(source.kind, field[:80], at, self.state.unit.number)
            if source.kind == "session" and field:
                kept = self.state.read(f"{names[0][0]}.[{field.lower()}]")
                if kept is not None:
                    return either(kept, Value((), (origin,)))
            types = tuple(self.known.returns.find(names)) or (
                ("request", FIELDS) if last == "request" else () if arguments else (FIELDS, last)
            )
            return Value((), (origin,), types)
        return None

    def _sequence(self, node: Sequence) -> Value:
        parts = [self.evaluate(each) for each in node.items]
        if parts and all(each.known for each in parts) and len(parts) <= 1 << 18:
            return constant(tuple(each.constants[0] for each in parts))
        types = tuple(each for part in parts for each in part.types if each.startswith("fn:"))
        return typed(derived(parts), *types[:4]) if types else derived(parts)

    def _lambda(self, node: Lambda) -> Value:
        name = f"#{self.state.unit.number}:{node.at}"
        self.state.lambdas[name] = node.parameters
        return typed(derived([self.evaluate(each) for each in node.body]), f"fn:{name}")

    def _function(self, node: Function) -> Value:
        return UNKNOWN

    def _unread(self, node: Unread) -> Value:
        """What could be read of it; a function that evaluates code is taken to evaluate what stands behind it."""
        parts = [self.evaluate(each) for each in node.pieces]
        for place, each in enumerate(node.pieces[:-1]):
            if isinstance(each, Name) and self.known.calls.knows(each.name.lower()):
                for sink in self.known.calls.find([(each.name.lower(),)]):
                    if sink.use.code and self.speaks(sink):
                        self.state.show(sink, each.at, each.name, parts[place + 1], None)
        return derived(parts)

    def speaks(self, sink: Sink) -> bool:
        """Does this sink exist in the language of the code?"""
        return not sink.use.languages or self.state.unit.program.language in sink.use.languages

    def _return(self, node: Return) -> Value:
        value = self.evaluate(node.value) if node.value is not None else UNKNOWN
        self.state.give_back(value)
        return value

    def _branch(self, node: Branch) -> Value:
        parts = [self.evaluate(each) for each in node.conditions]
        if node.loop:
            self.state.enter_loop(node)
        objects = opened(node)
        self.state.withs.extend(objects)
        for body in node.bodies:
            for each in body:
                self.evaluate(each)
        if objects and self.state.withs:
            self.state.withs.pop()
        return derived(parts)
