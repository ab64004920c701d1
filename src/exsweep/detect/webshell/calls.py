"""Calls: where values go, and what the code shows by it."""

from typing import Final

from exsweep.detect.webshell import folding
from exsweep.detect.webshell.code import Assign, Call, Index, Lambda, Member, Name, Op, Statement
from exsweep.detect.webshell.library import Library, endings
from exsweep.detect.webshell.names import DottedName, dotted
from exsweep.detect.webshell.showing import DEEPEST_UNIT, MOST_UNITS
from exsweep.detect.webshell.values import (
    COMPUTED,
    DECODED,
    UNKNOWN,
    Value,
    derived,
    either,
    marked,
    through,
    typed,
    without_file,
)

_MAKERS: Final = frozenset(
    {"createobject", "createobjectfromclsid", "activexobject", "gettypefromprogid", "getobject",
     "gettypefromclsid"}
)  # fmt: skip

_NONE: Final[frozenset[str]] = frozenset()
_PLACES: Final = frozenset({"instr", "instrrev", "indexof", "lastindexof"})
_NUMBERS: Final = frozenset(
    {
        "cint",
        "clng",
        "cdbl",
        "int",
        "parse",
        "toint16",
        "toint32",
        "toint64",
        "parseint",
        "abs",
        "fix",
        *_PLACES,
    }
)
_LETTERS: Final = {
    **dict.fromkeys(("chr", "chrw", "chrb", "fromcharcode", "convertfromutf32", "tochar"), _NUMBERS),
    **dict.fromkeys(("mid", "charat", "substr", "substring"), _PLACES),
}
"""Function that makes a letter -> what gives it the number or the place of that letter."""

_NAMED: Final = (Name, Member)
_APPLIED: Final = frozenset({"call", "apply"})

_WRITE: Final = frozenset({"write", "Write", "WRITE"})
_ANSWER: Final[list[DottedName]] = [("response", "write")]

_LONGEST_VALUE: Final = 4096

_MOST_INLINED: Final = 200


def _kinds(value: Value) -> set[str]:
    return {each.kind for each in value.origins}


def _last(function: Statement) -> str:
    return function.name.lower() if isinstance(function, _NAMED) else ""


class Evaluator(Library):
    """All expressions."""

    def _call(self, node: Call) -> Value:
        function = node.function
        if isinstance(function, Index):
            keyed = self.keyed(function)
            if keyed is None:
                self._hidden_member(node, function)
            else:
                function = keyed
                node = Call(node.at, function, node.arguments, node.new)
        elif self.state.withs and isinstance(function, Name):
            function = self._inside(function)
            node = Call(node.at, function, node.arguments, node.new)
        elif isinstance(function, Lambda):
            return self._at_once(function, [self.evaluate(each) for each in node.arguments])
        if isinstance(function, Member) and function.name in _APPLIED:
            called = (
                function.base.operands[0]
                if isinstance(function.base, Op) and function.base.operands
                else function.base
            )
            if isinstance(called, Lambda):
                return self._at_once(called, [self.evaluate(each) for each in node.arguments[1:]])
        base: Value | None = None
        if isinstance(function, Member) and self._answers(function):
            # The commonest call by far: what is written is looked at, and gives nothing back.
            self._sinks(node, _ANSWER, UNKNOWN, [self.evaluate(each) for each in node.arguments])
            return UNKNOWN
        if isinstance(function, Member):
            base = self.evaluate(function.base)
            if function.name in _APPLIED and any(each.startswith("fn:") for each in base.types):
                # The first argument is what `this` shall be.
                node = Call(node.at, function, node.arguments[1:])
        elif not isinstance(function, Name):
            base = self.evaluate(function)
        added = (
            [each for each in node.arguments if isinstance(each, Assign) and each.operator == "="]
            if node.new
            else []
        )
        outer = self.numbers
        self.numbers = _LETTERS.get(_last(function), _NONE)
        arguments = [self.evaluate(each) for each in node.arguments if not added or each not in added]
        self.numbers = outer
        names = self._names(function, base)
        if not names:
            element = self._element(node, base or UNKNOWN, arguments)
            back = self._default(base, arguments) if base is not None and self.state.classes else None
            return element if back is None else either(element, back)
        if added:
            arguments += [self._initial(names, each) for each in added]
        self._sinks(node, names, base, arguments)
        self._hand_over(node, names)
        if names[0] == ("function",) and self.state.unit.program.language == "jscript":
            made = self._made_function(node, arguments)
            if made is not None:
                return made
        if names[0] == ("eval",) and arguments and isinstance(arguments[0].constant, str):
            return self._value_of(arguments[0].constant)
        value = self._result(node, names, base, arguments)
        if names[0] == ("eval",) and not value.origins and not value.constants:
            # Whoever runs what this gives runs something that does not stand there.
            return marked(value, COMPUTED)
        return value

    def _op(self, node: Op) -> Value:
        """`(char)int.Parse(n)` is a letter that the number says."""
        made = node.operands[1] if node.operator == "cast" and len(node.operands) > 1 else None
        if not isinstance(made, Name) or made.name.lower() not in ("char", "byte"):
            return super()._op(node)
        outer = self.numbers
        self.numbers = _NUMBERS
        value = super()._op(node)
        self.numbers = outer
        return value

    def _answers(self, function: Member) -> bool:
        """Is it `Response.Write` of the server?"""
        base = function.base
        return (
            isinstance(base, Name)
            and function.name in _WRITE
            and base.name.lower() == "response"
            and self.state.variables.get("response") is None
            and "write" not in self.state.functions
        )

    def _inside(self, function: Name) -> Name | Member:
        """A function that only the object of `with` can have is a member of it."""
        name = function.name.lower()
        made = self.evaluate(self.state.withs[-1])
        elsewhere = name in self.state.functions or self.known.calls.matches([(name,)])
        if not made.types or elsewhere or self.state.read(name) is not None:
            return function
        return Member(function.at, self.state.withs[-1], function.name)

    def _value_of(self, code: str) -> Value:
        """`eval("request")` is what the expression is."""
        state = self.state
        if state.parse is None or len(code) > _LONGEST_VALUE or state.inlined >= _MOST_INLINED:
            return UNKNOWN
        state.inlined += 1
        value = UNKNOWN
        for each in state.parse(code, state.unit.program.language).statements:
            value = self.evaluate(each)
        return value

    def _made_function(self, node: Call, arguments: list[Value]) -> Value | None:
        """`new Function("a", "b", "return a + b")` of JScript is a function of the page like any other."""
        state = self.state
        texts = [each.constant for each in arguments]
        if state.parse is None or not texts or not all(isinstance(each, str) for each in texts):
            return None
        *parameters, body = map(str, texts)
        name = f"made_{state.unit.number}_{node.at}"
        code = f"function {name}({','.join(parameters)}){{{body}\n}}"
        if len(code) > _LONGEST_VALUE or len(state.units) > MOST_UNITS or state.unit.depth >= DEEPEST_UNIT:
            return None
        if (code, "jscript") not in state.codes:
            state.codes[code, "jscript"] = None
            state.add_unit(code, "jscript", node.at)
        state.carried = True
        return Value((), (), (f"fn:{name}",))

    def _result(
        self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]
    ) -> Value:
        known = self.known
        last = names[0][-1]
        if known.sources.knows(last):
            source = self._source(names, node.at, arguments)
            if source is not None:
                # What is read from a stream of the visitor's is the visitor's.
                if "file" not in _kinds(source):
                    return source
                if base is not None and without_file(base):
                    return derived([base])
                ends = [
                    each
                    for value in (*arguments, *([base] if base else []))
                    for each in endings([value])
                    if each.startswith("ends:")
                ]
                return derived([base]) if base is not None and base.origins else typed(source, *ends)
        if (
            known.clean.knows(last)
            and known.clean.matches(names, new=node.new)
            and not known.returns.matches(names)
        ):
            letters = derived(arguments if base is None else [*arguments, base])
            based = len(arguments) == 2 and last in _NUMBERS - _PLACES
            if letters.origins and (last in self.numbers or based):
                return marked(letters, DECODED)
            rows = known.rows.find(names)
            if rows:
                return typed(UNKNOWN, *rows)
            return self._folded(node, names, base, arguments) or self._counted(last, arguments)
        if last in _MAKERS:
            return self._object(node, arguments)
        if last == "mappath":
            return self._mapped(arguments[0]) if arguments else UNKNOWN
        folded = self._folded(node, names, base, arguments) if last in folding.NAMES else None
        if folded is not None:
            self._built(node, base, folded)
            return folded
        if base is not None and "fields" in base.types and last in ("get", "getvalues", "item", "getheader"):
            return self._element(node, base, arguments)
        if last == "copyto":
            self._copied(node, base, arguments)
        self._moved(node, names, base, arguments, last)
        own = self._own(node, names, base, arguments)
        if own is not None:
            strange = base is not None and base.origins and self.state.classes.isdisjoint(base.types)
            # A function of the page that is called as one of the library (`x.Trim()`) does not hide that.
            return either(own, derived([base])) if strange and base is not None else own
        held = self.state.field(base, last) if base is not None and self.state.classes else None
        if held is not None:
            return self._element(node, held, arguments)
        if arguments and isinstance(node.function, Member) and not node.new and last in self.state.indexed:
            # `Context.Items("k")` of Basic.
            full = dotted(node.function)
            if full is not None and self.state.read(".".join((*full, "[]"))) is None:
                key = arguments[0].constant
                full = (
                    full
                    if isinstance(key, str) and self.state.read(".".join((*full, f"[{key.lower()}]")))
                    else None
                )
            if full is not None:
                return self._element(node, base or UNKNOWN, arguments)
        self._passed_on(node, base, arguments)
        for name in dict.fromkeys(each[-1] for each in names) if self.state.lambdas else ():
            for parameter, value in zip(self.state.lambdas.get(name, ()), arguments, strict=False):
                self.state.write(parameter.lower(), through(value, last), weak=True)
        if last == "getref" and isinstance(arguments[0].constant if arguments else None, str):
            self.state.carried = True
            return Value((), (), (f"fn:{str(arguments[0].constant).lower()}",))
        if isinstance(node.function, Name) and not node.new:
            name = node.function.name.lower()
            variable = self.state.read(name)
            if variable is None and self.state.read(f"{name}.[]") is not None:
                # An array of which nothing is known but its elements.
                variable = UNKNOWN
            if variable is not None:
                back = self._default(variable, arguments)
                element = self._element(node, variable, arguments)
                return element if back is None else either(element, back)
        return self._library(node, names, base, arguments)
