"""One expression: its value, and the capabilities that it shows."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from collections.abc import Sequence as Many
from typing import Final

from exsweep.detect.webshell import folding
from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Call,
    Const,
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
from exsweep.detect.webshell.names import DottedName, dotted, is_self
from exsweep.detect.webshell.sinks import Sink
from exsweep.detect.webshell.state import State
from exsweep.detect.webshell.values import (
    BASENAME,
    BUILT,
    COMPUTED,
    DECODED,
    MIXED,
    ROOTED,
    TELLING,
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

DEEPEST: Final = 90
"""Nesting of expressions that is followed exactly; what lies deeper only carries its origins along."""

_FIELDS = "fields"
"""Type of a collection of request fields, whose names are still to come."""
_OPEN = re.compile(r"\s{0,8}(?:[a-zA-Z]{1,8}:[/\\]{1,3}|\\\\)?")
_ROOT = re.compile(r"[~./\\\s]*")
_WORTHLESS = frozenset(
    {
        "==",
        "!=",
        "<",
        ">",
        "<=",
        ">=",
        "<>",
        "&&",
        "||",
        "!",
        "not",
        "and",
        "or",
        "is",
        "isnot",
        "like",
        "sizeof",
        "nameof",
        "instanceof",
        "===",
        "!==",
        "andalso",
        "orelse",
        "xor",
        "is not",
    }
)
"""Operators whose result is yes or no, or that say nothing of their operands."""
_CONSTANTS: dict[str, Constant] = {
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


_CHOOSING = frozenset({"||", "&&"})
THROWN: Final = "#thrown"
"""What any `throw` of the page throws: the variable of every `catch`."""
OWN = Value((), (), ("own-page",))
"""Path of the page itself."""


def spell(node: Statement) -> str:
    """A name as written, for people."""
    parts: list[str] = []
    for _ in range(8):
        match node:
            case Name(name=name):
                parts.append(name)
                break
            case Member(base=base, name=name):
                parts.append(name)
                node = base
            case Call(function=inner) | Index(base=inner):
                node = inner
            case _:
                break
    return ".".join(reversed(parts))


def _says_nothing(value: Constant) -> bool:
    """A beginning that leaves it open where a path or address leads: nothing, `http://`, `c:\\`."""
    return value is None or (isinstance(value, str) and _OPEN.fullmatch(value) is not None)


def _tail(parts: list[Value]) -> str:
    """The constant text at the end, from its last dot on, however many pieces it is in."""
    texts: list[str] = []
    for each in reversed(parts):
        if len(each.constants) != 1 or not isinstance(each.constants[0], str) or len(texts) > 8:
            break
        texts.append(each.constants[0])
    text = "".join(reversed(texts))
    return text[max(0, text.rfind(".")) :]


class Expressions(ABC):
    """Everything but calls and assignments, see `calls`."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.known = state.known
        self.depth = 0
        self.given = ""
        """Function whose result is given a value just now, see `_sum`."""
        self._kinds: dict[type, Callable[..., Value]] = {
            Const: self._const, Name: self._name, Member: self._member, Call: self._call, Index: self._index, Op: self._op,
            Assign: self._assign, Sequence: self._sequence, Lambda: self._lambda, Unread: self._unread,
            Return: self._return, Branch: self._branch, Function: self._function,
        }  # fmt: skip

    def evaluate(self, node: Statement) -> Value:
        """The value of one expression or small statement."""
        if self.depth >= DEEPEST:
            return self._shallow(node)
        self.state.tick()
        self.depth += 1
        try:
            return self._kinds[type(node)](node)
        finally:
            self.depth -= 1

    @abstractmethod
    def _call(self, node: Call) -> Value: ...

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
        if found is not None:
            kind = type_ or state.controls.get(name, "")
            return typed(found, kind) if kind and not found.types else found
        if name in state.controls:
            return Value((), (), (state.controls[name],))
        if name in _CONSTANTS:
            return constant(_CONSTANTS[name])
        if type_:
            return Value((), (), (type_,))
        full = (name,)
        if self.known.sources.knows(name):
            source = self._source([full], node.at, [])
            if source is not None:
                return source
        if name in state.functions:
            return typed(state.returns.get(name, UNKNOWN), f"fn:{name}")
        if f"get_{name}" in state.functions:
            return state.returns.get(f"get_{name}", UNKNOWN)
        if self.known.calls.matches([full]):
            # A function that is carried about is called elsewhere.
            state.carried = True
            return Value((), (), (f"fn:{name}",))
        return UNKNOWN

    def _names(self, node: Statement, base: Value | None) -> list[DottedName]:
        """All dotted names under which a member or call may be known."""
        match node:
            case Name(name=name):
                lower = name.lower()
                alias = self.state.aliases.get(lower)
                found = self.state.read(lower)
                carried = [each[3:] for each in found.types if each.startswith("fn:")] if found else []
                return [alias or (lower,), *(tuple(each.split(".")) for each in carried)]
            case Member(name=name):
                last = name.lower()
                types = base.types if base is not None else ()
                names = [(*each.split("."), last) for each in types if not each.startswith("fn:")]
                names += [tuple(each[3:].split(".")) for each in types if each.startswith("fn:")]
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
            if field and self.known.clean_field(source.kind, field):
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
                ("request", _FIELDS) if last == "request" else () if arguments else (_FIELDS, last)
            )
            return Value((), (origin,), types)
        return None

    def _member(self, node: Member) -> Value:
        if is_self(node.base):
            return self._name(Name(node.at, node.name))
        base = self.evaluate(node.base)
        names = self._names(node, base)
        last = names[0][-1] if names else node.name.lower()
        if self.known.gets.knows(last):
            for sink in self.known.gets.find(names):
                self.state.show(sink, node.at, spell(node), None, None)
        if self.known.sources.knows(last):
            source = self._source(names, node.at, [], spell(node.base))
            if source is not None:
                # What is read from a stream of the visitor's is the visitor's.
                asked = any(each.kind in ("request", "upload") for each in base.origins)
                read = asked and source.origins and source.origins[0].kind == "file"
                return derived([base]) if read else source
        if self.known.roots.knows(last) and self.known.roots.matches(names):
            return Value((), (), (), frozenset({ROOTED}))
        if self.known.clean.knows(last) and self.known.clean.matches(names):
            return OWN if self.known.own_page(last) else UNKNOWN
        if (
            _FIELDS in base.types
            and base.origins
            and self.state.unit.program.language == "jscript"
            and not self.known.calls.knows(last)
        ):
            # `Request["x"]` of JScript.
            return self._element(
                Index(node.at, node.base, (Const(node.at, node.name),)), base, [constant(node.name)]
            )
        full = dotted(node)
        if full is not None:
            kept = self.state.read(".".join(full))
            if kept is not None:
                return either(kept, derived([base]))
            if ".".join(full) in _CONSTANTS:
                return constant(_CONSTANTS[".".join(full)])
        returned = tuple(self.known.returns.find(names))
        if last in self.state.functions and not returned:
            own = self.state.returns.get(last, UNKNOWN)
            return typed(either(own, derived([base])), f"fn:{last}")
        if f"get_{last}" in self.state.functions and not returned:
            return either(self.state.returns.get(f"get_{last}", UNKNOWN), derived([base]))
        if last in ("text", "value", "tostring") and base.known:
            return base
        carried = tuple(each for each in base.types if each.startswith("fn:"))
        decodes = self.known.decoders.knows(last) and self.known.decoders.matches(names)
        if not carried and (decodes or self.known.calls.matches(names)):
            self.state.carried = self.state.carried or not returned
            carried = (f"fn:{'.'.join(names[0])}",)
        value = derived([base])
        if decodes and COMPUTED in base.marks:
            value = marked(value, DECODED)
        if self.known.basename.knows(last) and self.known.basename.matches(names):
            value = marked(value, BASENAME)
        if last == "startinfo" and any(each.endswith("process") for each in base.types):
            returned = ("processstartinfo",)
        return typed(value, *returned, *carried) if returned or carried else value

    def _index(self, node: Index) -> Value:
        member = self.keyed(node)
        if member is not None:
            return self._member(member)
        base = self.evaluate(node.base)
        arguments = [self.evaluate(each) for each in node.arguments]
        return self._element(node, base, arguments)

    def keyed(self, node: Statement) -> Member | None:
        """JScript's `base["na" + "me"]` as the member that it is; None for everything else."""
        if not isinstance(node, Index) or self.state.unit.program.language != "jscript" or not node.arguments:
            return None
        if isinstance(node.arguments[0], Const | Name):
            return None
        key = self.evaluate(node.arguments[0]).constant
        return Member(node.at, node.base, key) if isinstance(key, str) and key.isidentifier() else None

    def _element(self, node: Index | Call, base: Value, arguments: list[Value]) -> Value:
        """`base[arguments]`, `base(arguments)` of VB: an element of an array, or a field of the request."""
        first = arguments[0].constant if arguments else None
        inner = node.base if isinstance(node, Index) else node.function
        if isinstance(first, str) and _FIELDS in base.types:
            place = dotted(inner)
            left = self.state.read(".".join((*place, f"[{first.lower()}]"))) if place else None
            if left is not None:
                return either(left, Value((), base.origins, (), base.marks))
        if _FIELDS in base.types:
            if isinstance(first, str) and base.origins:
                if self.known.clean_field(base.origins[0].kind, first):
                    return OWN if self.known.own_page(first) else UNKNOWN
                origins = tuple(
                    Origin(each.kind, each.name or first[:80], each.at, each.unit, each.trail)
                    for each in base.origins
                )
                types = tuple(each for each in base.types if each not in (_FIELDS, "request"))
                return Value((), origins, types, base.marks)
            return Value(
                (), base.origins, tuple(e for e in base.types if e not in (_FIELDS, "request")), base.marks
            )
        if base.constants and isinstance(first, int | float) and not isinstance(first, bool):
            for each in base.constants:
                if isinstance(each, str | bytes | tuple) and 0 <= int(first) < len(each):
                    return constant(each[int(first)], base.marks)
        full = dotted(inner)
        if full is not None:
            if isinstance(first, str):
                kept = self.state.read(".".join((*full, f"[{first.lower()}]")))
                if kept is not None:
                    return kept
                names = self._names(Member(node.at, inner, first), base) if isinstance(node, Index) else []
                if names and self.known.calls.matches(names):
                    return typed(derived([base]), f"fn:{'.'.join(names[0])}")
                if full in (("this",), ("window",), ("self",), ("globalthis",)) and self.known.calls.matches(
                    [(first.lower(),)]
                ):
                    return Value((), (), (f"fn:{first.lower()}",))
            if isinstance(first, int):
                kept = self.state.read(".".join((*full, f"[{first}]")))
                if kept is not None:
                    return kept
            kept = self.state.read(".".join((*full, "[]")))
            if kept is not None:
                return either(derived([base]), kept)
        return typed(derived([base]), *(each for each in base.types if each != _FIELDS))

    # --- operators

    def _op(self, node: Op) -> Value:
        operator = node.operator.lower()
        if operator in ("+", "&", "interpolate"):
            return self._sum(node)
        parts = [self.evaluate(each) for each in node.operands]
        if operator == "typeof":
            return Value((), (), ("type", *(f"typeof:{'.'.join(name)}" for name in self._type_names(node))))
        if operator in _CHOOSING and parts and self.state.unit.program.language == "jscript":
            # There they give one of their operands back.
            return either(parts[0], parts[-1])
        if operator in _WORTHLESS:
            return UNKNOWN
        if operator == "," and parts:
            return parts[-1]
        if operator in ("?:", "??", "iif") and len(parts) >= 2:
            return either(parts[-2], parts[-1])
        if operator == "throw" and parts:
            self.state.write(THROWN, parts[0], weak=True)
        if operator in (
            "cast",
            "as",
            "ctype",
            "directcast",
            "trycast",
            "await",
            "()",
            "parenthesized",
            "ref",
            "out",
            "throw",
        ):
            return self._cast(node, parts)
        constants = [each.constant for each in parts]
        if all(each.known for each in parts):
            try:
                return constant(folding.chain(operator, constants), derived(parts).marks)
            except folding.NotFoldedError:
                return derived(parts)
        return derived(parts)

    def _type_names(self, node: Op) -> list[DottedName]:
        """What `typeof(T)` names, aliases undone."""
        name = dotted(node.operands[0]) if node.operands else None
        if name is None:
            return []
        alias = self.state.aliases.get(name[0])
        return [(*alias, *name[1:]) if alias else name]

    def _cast(self, node: Op, parts: list[Value]) -> Value:
        if not parts:
            return UNKNOWN
        value = parts[0]
        name = dotted(node.operands[1]) if len(node.operands) > 1 else None
        type_ = ".".join(name) if name else ""
        if type_ in ("int", "long", "short", "integer", "double", "decimal", "bool", "boolean", "float"):
            return value if value.constants else UNKNOWN
        if type_ == "char" and isinstance(value.constant, int | float):
            try:
                return constant(folding.letter(value.constant), frozenset({BUILT}))
            except folding.NotFoldedError:
                return UNKNOWN
        if type_ == "char" and not value.origins:
            return marked(derived([value]), DECODED)
        if type_ in ("", "string", "object", "byte", "var", "dynamic"):
            return value
        return typed(value, type_)

    def _sum(self, node: Op) -> Value:
        """A chain of `+`, from left to right, however long."""
        operands: list[Statement] = []
        stack: list[Statement] = [node]
        while stack:
            each = stack.pop()
            if isinstance(each, Op) and each.operator.lower() in ("+", "&", "interpolate"):
                stack.extend(reversed(each.operands))
            else:
                operands.append(each)
        first = operands[0] if operands else None
        values = [self.evaluate(each) for each in operands]
        if isinstance(first, Name) and first.name.lower() == self.given and values[0] == UNKNOWN:
            # `f = f & x` in the function f: nothing of the page stands before what is added up.
            values = values[1:]
        return self.joined(values, node.at)

    def joined(self, parts: list[Value], at: int) -> Value:
        """The sum of values; text of the page beside a foreign value makes it `MIXED`."""
        if parts and all(each.known for each in parts):
            try:
                made = self._fold(lambda: folding.add([each.constants[0] for each in parts]))
            except folding.NotFoldedError:
                return derived(parts)
            marks = derived(parts).marks
            if sum(isinstance(each.constants[0], str) for each in parts) > 1:
                marks = marks | {BUILT}
                if isinstance(made, str):
                    self.state.keep(made, at)
            return constant(made, marks)
        self._keep_runs(parts, at)
        value = derived(parts)
        first = next(
            (each for each in parts if not (each.known and _says_nothing(each.constants[0]))), UNKNOWN
        )
        says = isinstance(first.constant, str) and len(first.constant) >= TELLING
        if says and not value.origins and COMPUTED in value.marks and DECODED not in value.marks:
            value = marked(value, MIXED)
        if value.origins and not first.origins:
            value = marked(value, MIXED)
        elif value.origins and MIXED in value.marks and MIXED not in first.marks:
            value = Value((), value.origins, value.types, value.marks - {MIXED})
        if first.origins and BASENAME in value.marks and BASENAME not in first.marks:
            value = Value(value.constants, value.origins, value.types, value.marks - {BASENAME})
        texts = [each.constant for each in parts[:-1] if isinstance(each.constant, str)]
        starts = ROOTED in first.marks or isinstance(first.constant, str)
        if value.origins and starts and all(_ROOT.fullmatch(each) for each in texts):
            value = marked(value, ROOTED)
        elif ROOTED in value.marks:
            value = Value(value.constants, value.origins, value.types, value.marks - {ROOTED})
        tail = _tail(parts)
        if 0 < len(tail) < 12:
            value = typed(value, f"ends:{tail.lower()}")
        return value

    def _keep_runs(self, parts: list[Value], at: int) -> None:
        """Texts that stand side by side between values are one text."""
        run: list[str] = []
        for each in (*parts, UNKNOWN):
            if each.known and isinstance(each.constants[0], str):
                run.append(each.constants[0])
                continue
            if len(run) > 1 and self.state.fold_left > 0:
                text = "".join(run)
                self.state.fold_left -= len(text)
                self.state.keep(text, at)
            run = []

    def _fold(self, make: Callable[[], Constant]) -> Constant:
        if self.state.fold_left <= 0:
            raise folding.NotFoldedError
        made = make()
        if isinstance(made, str | bytes | tuple):
            self.state.fold_left -= len(made)
        return made

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
        for body in node.bodies:
            for each in body:
                self.evaluate(each)
        return derived(parts)
