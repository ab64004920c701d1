"""Values that a call hands on: to functions of the page, to objects, to buffers and back."""

from collections.abc import Iterator
from typing import Final

from exsweep.detect.webshell.assignments import Assignments
from exsweep.detect.webshell.code import Assign, Call, Function, Lambda, Member, Name, Op
from exsweep.detect.webshell.names import DottedName, dotted, spell
from exsweep.detect.webshell.values import (
    COMPUTED,
    DECODED,
    TAMED,
    TELLING,
    Origin,
    Value,
    derived,
    either,
    marked,
    telling,
    through,
    typed,
)

_BUILDERS: Final = frozenset(
    {"append", "appendline", "appendformat", "add", "addrange", "push", "insert", "write", "writeline", "writebyte",
     "writebytes", "writetext", "appendchunk", "load", "copyfrom", "loadxml", "loadfromfile", "enqueue", "tryadd",
     "addorupdate", "getoradd", "addfirst", "addlast", "set", "put", "setdata", "setvalue", "unshift", "raise",
     "setenvironmentvariable", "logicalsetdata", "trywrite", "post"}
)  # fmt: skip
"""Methods after which the object holds what it was given."""

_FILLERS: Final = frozenset(
    {"read", "copyto", "receive", "readexactly", "readasync", "copytoasync", "writeto", "readblock", "copy",
     "blockcopy", "receiveasync", "receivefrom", "beginread", "beginreceive", "trygetvalue", "trydequeue", "trypop",
     "trytake", "tryremove", "trypeek"}
)  # fmt: skip
"""Methods after which an argument holds what the object held."""


_MATCHERS: Final = frozenset({"test", "exec", "match", "replace", "search"})


_MOVERS: Final = _BUILDERS | _FILLERS | _MATCHERS
"""Methods that `_moved` looks at, besides those with a number and the channels of the knowledge."""


_ADDRESS: Final = ("http://", "https://", "ftp://", "\\\\\\\\")


def _elsewhere(arguments: list[Value]) -> bool:
    """Is the first of them an address of another machine?"""
    return any(
        isinstance(each, str) and each.lower().startswith(_ADDRESS)
        for value in arguments[:1]
        for each in value.constants
    )


def _parameters(
    function: Function, node: Call, arguments: list[Value], shifted: int, alone: bool
) -> Iterator[tuple[str, Value]]:
    """Which parameter takes which argument: that of its place, or that of its name.

    Args:
        shifted: arguments that stand before those of the call.
        alone: there is no other function of that name, so that what is left over goes to the last parameter (`params`).
    """
    written = [
        each
        for each in node.arguments
        if not (node.new and isinstance(each, Assign) and each.operator == "=")
    ]
    last = len(function.parameters) - 1
    for place, value in enumerate(arguments[: len(written) + shifted]):
        given = written[place - shifted] if place >= shifted else None
        if isinstance(given, Assign) and given.operator == ":" and isinstance(given.target, Name):
            yield given.target.name.lower(), value
        elif place <= last:
            yield function.parameters[place].lower(), value
        elif last >= 0 and alone:
            yield function.parameters[last].lower(), value


class Handing(Assignments):
    """What calls do to the variables of the page."""

    def _at_once(self, function: Lambda, given: list[Value]) -> Value:
        """A function without a name is called where it stands."""
        for name, value in zip(function.parameters, given, strict=False):
            self.state.write(name.lower(), value)
        self.state.write("arguments", derived(given), weak=True)
        return derived([self.evaluate(function), *given])

    def _own(
        self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]
    ) -> Value | None:
        """A function of the page: parameters take the arguments, the result is what it gives back."""
        state = self.state
        if names[0] in (("base",), ("this",)) and state.function is not None:
            # What one constructor hands to another.
            owner = state.function.owner.lower()
            names = [
                (each,)
                for each in ((owner,) if names[0] == ("this",) else sorted(state.bases.get(owner, ())))
            ]
            node = Call(node.at, Name(node.at, names[0][0] if names else owner), node.arguments)
        made = names[0][-1] if node.new and names[0][-1] in state.classes else ""
        if made and made not in state.functions and "new" in state.functions:
            # Constructors of Basic are all called `New`.
            name: str | None = "new"
        else:
            name = next((each[-1] for each in names if each[-1] in state.functions), None)
        if name is None or (len(names[0]) > 1 and self.known.calls.matches(names)):
            return None
        marker = f"{name}()"
        count = len(arguments)
        called = state.functions[name]
        if made and name == "new":
            called = [each for each in called if each[1].owner.lower() == made]
        for unit, function in called[:4]:
            carried = base is not None and f"fn:{name}" in base.types
            extends = not carried and len(function.parameters) == len(arguments) + 1 and bool(function.types)
            if base is not None and extends:
                # An extension method: the object is its first argument.
                arguments = [base, *arguments]
            shifted = len(arguments) - count
            for parameter, value in _parameters(function, node, arguments, shifted, len(called) == 1):
                state.give_parameter(unit, function, parameter, through(value, marker))
            if unit.program.language == "jscript":
                if node.new:
                    # What it gives to `this`, its objects hold.
                    state.classes.add(name)
                state.give_parameter(unit, function, "arguments", through(derived(arguments), marker))
            self._given_back(node, function, arguments, marker)
        back = state.given_back_by(name)
        for _, function in called[:4]:
            if function.name.lower() != name:
                back = either(back, state.given_back_by(function.name.lower()))
        kept = tuple(each for each in back.origins if marker not in each.trail)
        value = Value(back.constants, kept, back.types, back.marks)
        if len(kept) != len(back.origins):
            given = derived(arguments)
            # What the function does to tame its arguments, it has done to these.
            value = either(value, Value((), given.origins, (), given.marks | back.marks & TAMED))
        short = all(isinstance(each, str) and len(each) < TELLING for each in value.constants)
        computed = not value.origins and short and telling(arguments)
        if node.new:
            value = typed(value, made or name)
        return marked(value, COMPUTED) if computed else value

    def _given_back(self, node: Call, function: Function, arguments: list[Value], marker: str) -> None:
        """What a function puts into its parameters, the variables of the caller hold afterwards."""
        for parameter, given in zip(function.parameters, node.arguments, strict=False):
            variable = (
                given.operands[0] if isinstance(given, Op) and given.operator in ("ref", "out") else given
            )
            if not isinstance(variable, Name):
                continue
            held = self.state.held(function, parameter)
            others = {
                (origin.kind, origin.name)
                for value, node_ in zip(arguments, node.arguments, strict=False)
                if node_ is not given
                for origin in value.origins
            }
            own = (
                tuple(
                    each
                    for each in held.origins
                    if marker not in each.trail or (each.kind, each.name) in others
                )
                if held is not None
                else ()
            )
            if own and held is not None:
                self.state.write(variable.name.lower(), Value((), own, (), held.marks), weak=True)

    def _default(self, variable: Value, arguments: list[Value]) -> Value | None:
        """`object(x)`, `object[x]` call the default member of its class: which one that is, is not looked at."""
        back: Value | None = None
        owners = [each for each in variable.types if each in self.state.classes]
        for owner in owners[:2] if arguments else ():
            for unit, function in self.state.members.get(owner, ())[:20]:
                for parameter, value in zip(function.parameters, arguments, strict=False):
                    self.state.give_parameter(unit, function, parameter.lower(), through(value, "()"))
                if len(function.parameters) == len(arguments):
                    given = self.state.given_back_by(function.name.lower())
                    back = given if back is None else either(back, given)
        return back

    def _passed_on(self, node: Call, base: Value | None, arguments: list[Value]) -> None:
        """A function that is handed to a library is called by it with all else that the library is given."""
        functions = [
            each[3:] for value in arguments if value.types for each in value.types if each.startswith("fn:")
        ][:4]
        if not functions:
            return
        rest = [each for each in arguments if not any(one.startswith("fn:") for one in each.types)]
        rest += [base] if base is not None else []
        value = derived(rest)
        if not value.origins:
            return
        for name in functions:
            for sink in self.known.calls.find([tuple(name.split("."))]):
                if self.speaks(sink):
                    self._show(sink, node, None, [value])
            for parameter in self.state.lambdas.get(name, ())[:8]:
                self.state.write(parameter.lower(), through(value, "()"), weak=True)
            for unit, function in self.state.functions.get(name, ())[:4]:
                for parameter in function.parameters[:8]:
                    self.state.give_parameter(unit, function, parameter.lower(), through(value, name))

    def _built(self, node: Call, base: Value | None, folded: Value) -> None:
        """`builder.Append("x")` changes the builder."""
        function = node.function
        if not (isinstance(function, Member) and isinstance(function.base, Name)) or base is None:
            return
        if function.name.lower() in _BUILDERS and any(each.endswith("stringbuilder") for each in base.types):
            self.state.write(
                function.base.name.lower(), Value(folded.constants, (), base.types, folded.marks)
            )

    def _copied(self, node: Call, base: Value | None, arguments: list[Value]) -> None:
        """`stream.CopyTo(file)` writes the file; only the first look knows where it lies, before it holds the content."""
        if base is None or not arguments:
            return
        if not any(each.endswith("filestream") for each in arguments[0].types):
            return
        for sink in self.known.calls.find([("filestream", "write")]):
            if (
                sink.capability,
                sink.number,
                self.state.unit.number,
                node.at,
                spell(node),
            ) not in self.state.shown:
                self.state.show(sink, node.at, spell(node), base, arguments[0])

    def _moved(
        self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value], last: str
    ) -> None:
        """Objects and buffers that a call fills."""
        if last not in _MOVERS and not last[-1:].isdigit() and not self.known.channels.knows(last):
            return
        function = node.function
        # COM gives each overload of a .NET method a number of its own: `Append_3`.
        stem = last.rstrip("0123456789").rstrip("_") if last[-1:].isdigit() else last
        if isinstance(function, Member) and stem in _BUILDERS:
            put = derived(arguments)
            if stem == "load" and _elsewhere(arguments):
                remote = Origin("remote", "", node.at, self.state.unit.number)
                put = Value((), (*put.origins, remote), (), put.marks)
            self._into(function.base, put)
        full = (
            dotted(function.base)
            if isinstance(function, Member) and last == "add" and len(arguments) == 2
            else None
        )
        if full is not None and isinstance(arguments[0].constant, str | int):
            for key in (f"[{str(arguments[0].constant).lower()}]", "[]"):
                self.state.write(".".join((*full, key)), arguments[1], weak=True)
        if last in _MATCHERS and self.state.unit.program.language == "jscript":
            # `RegExp.$1` is a part of what was searched last.
            self.state.write(
                "regexp", derived([*arguments, *([base] if base is not None else [])]), weak=True
            )
        if self.known.channels.knows(last) and arguments:
            for end in self.known.channels.find(names):
                self.state.write(f"#{end}", derived(arguments), weak=True)
        if last in _FILLERS and arguments:
            full_base = base is not None and (base.origins or base.marks & {DECODED, COMPUTED})
            # What is looked up by a key is not the key.
            source = base if base is not None and (full_base or last.startswith("try")) else arguments[0]
            for given in node.arguments:
                each = (
                    given.operands[0] if isinstance(given, Op) and given.operator in ("ref", "out") else given
                )
                if isinstance(each, Name) and (source.origins or source.marks & {DECODED, COMPUTED}):
                    self.state.write(each.name.lower(), derived([source]), weak=True)
