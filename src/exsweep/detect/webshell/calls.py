"""Calls: where values go, and what the code shows by it."""

from typing import Final

from exsweep.detect.webshell.code import Assign, Call, Index, Lambda, Member, Name, Op
from exsweep.detect.webshell.library import Library
from exsweep.detect.webshell.names import DottedName
from exsweep.detect.webshell.values import UNKNOWN, Value, derived, through

_MAKERS: Final = frozenset(
    {"createobject", "createobjectfromclsid", "activexobject", "gettypefromprogid", "getobject",
     "gettypefromclsid"}
)  # fmt: skip

_LONGEST_VALUE: Final = 4096

_MOST_INLINED: Final = 200


def _kinds(value: Value) -> set[str]:
    return {each.kind for each in value.origins}


class Evaluator(Library):
    """All expressions."""

    def _call(self, node: Call) -> Value:
        function = self.keyed(node.function) or node.function
        if isinstance(node.function, Index) and function is node.function:
            self._hidden_member(node, node.function)
        if function is not node.function:
            node = Call(node.at, function, node.arguments, node.new)
        if isinstance(function, Lambda):
            return self._at_once(function, [self.evaluate(each) for each in node.arguments])
        if isinstance(function, Member) and function.name in ("call", "apply"):
            called = (
                function.base.operands[0]
                if isinstance(function.base, Op) and function.base.operands
                else function.base
            )
            if isinstance(called, Lambda):
                return self._at_once(called, [self.evaluate(each) for each in node.arguments[1:]])
        base: Value | None = None
        if isinstance(function, Member):
            base = self.evaluate(function.base)
        elif not isinstance(function, Name):
            base = self.evaluate(function)
        added = (
            [each for each in node.arguments if isinstance(each, Assign) and each.operator == "="]
            if node.new
            else []
        )
        arguments = [self.evaluate(each) for each in node.arguments if not added or each not in added]
        names = self._names(function, base)
        if not names:
            return self._element(node, base or UNKNOWN, arguments)
        if added:
            arguments += [self._initial(names, each) for each in added]
        self._sinks(node, names, base, arguments)
        self._hand_over(node, names)
        if names[0] == ("eval",) and arguments and isinstance(arguments[0].constant, str):
            return self._value_of(arguments[0].constant)
        return self._result(node, names, base, arguments)

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

    def _result(
        self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]
    ) -> Value:
        known = self.known
        last = names[0][-1]
        if known.sources.knows(last):
            source = self._source(names, node.at, arguments)
            if source is not None:
                # What is read from a stream of the visitor's is the visitor's.
                return (
                    derived([base])
                    if base is not None and base.origins and "file" in _kinds(source)
                    else source
                )
        if (
            known.clean.knows(last)
            and known.clean.matches(names, new=node.new)
            and not known.returns.matches(names)
        ):
            return self._folded(node, names, base, arguments) or self._counted(last, arguments)
        if last in _MAKERS:
            return self._object(node, arguments)
        if last == "mappath":
            return self._mapped(arguments[0]) if arguments else UNKNOWN
        folded = self._folded(node, names, base, arguments)
        if folded is not None:
            self._built(node, base, folded)
            return folded
        if base is not None and "fields" in base.types and last in ("get", "getvalues", "item", "getheader"):
            return self._element(node, base, arguments)
        self._copied(node, base, arguments, last)
        self._moved(node, base, arguments, last)
        own = self._own(node, names, arguments)
        if own is not None:
            return own
        self._passed_on(node, base, arguments)
        for name in dict.fromkeys(each[-1] for each in names) if self.state.lambdas else ():
            for parameter, value in zip(self.state.lambdas.get(name, ()), arguments, strict=False):
                self.state.write(parameter.lower(), through(value, last), weak=True)
        if last == "getref" and isinstance(arguments[0].constant if arguments else None, str):
            self.state.carried = True
            return Value((), (), (f"fn:{str(arguments[0].constant).lower()}",))
        if isinstance(node.function, Name) and not node.new:
            variable = self.state.read(node.function.name.lower())
            if variable is not None:
                self._default(variable, arguments)
                return self._element(node, variable, arguments)
        return self._library(node, names, base, arguments)
