"""What a call or an assignment shows: the capability, and the values that speak for it."""

from typing import Final

from exsweep.detect.webshell.code import Assign, Call, Index, Name, Statement
from exsweep.detect.webshell.members import Members
from exsweep.detect.webshell.names import DottedName, dotted, spell
from exsweep.detect.webshell.sinks import Sink
from exsweep.detect.webshell.values import (
    CHOSEN,
    COMPUTED,
    PARTLY,
    UNKNOWN,
    Origin,
    Value,
    derived,
    either,
    marked,
)

_INTRINSIC: Final = frozenset({"request", "response", "server", "session", "application"})

_MANY_INTRINSIC: Final = 3

_FIRST: Final = ("0",)

_GLOBAL: Final = frozenset({"this", "window", "self", "globalthis"})

_STARTS: Final = frozenset({"run", "exec", "shellexecute"})

UNKNOWN_OBJECT: Final = "#unknown"
"""Type of an object whose class is not said in one piece."""

STARTED: Final = "(start of an unknown object)"
"""Name under which the knowledge knows a call of one that would start a program, were it a shell."""

CHOSEN_MEMBER: Final = "(a member of a chosen object)"
"""Name under which the knowledge knows a call of it."""

HAND_OVER: Final = "(all objects of the page)"
"""Name under which the knowledge knows such a call."""

UNEXPLAINED: Final = "#unexplained"
"""Type of an object of a class of which it is not known what it does."""

_UNEXPLAINED_MEMBER: Final = "(a member of an unexplained object)"
"""Name under which the knowledge knows a call of it."""

_LONGEST_CODE: Final = 1 << 18
MOST_UNITS: Final = 24
DEEPEST_UNIT: Final = 4
"""Constants of a page that are read as code, and code within code."""


def _excepted(sink: Sink, arguments: list[Value]) -> bool:
    """Is that a call with a constant that makes it something else?"""
    if sink.unless is None:
        return False
    texts = [each for value in arguments for each in value.constants if isinstance(each, str)]
    return any(sink.unless.fullmatch(each.lower()) for each in texts)


class Showing(Members):
    """Sinks are looked up and shown."""

    def _sinks(self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]) -> None:
        known = self.known
        last = names[0][-1]
        if known.calls.knows(last) or (len(names) > 1 and any(known.calls.knows(each[-1]) for each in names)):
            for sink in known.calls.find(names, new=node.new):
                if len(arguments) < sink.use.arguments:
                    continue
                if not self.speaks(sink) or _excepted(sink, arguments):
                    continue
                if len(arguments) > 1:
                    texts = [each.constant for each in arguments]
                    if all(isinstance(each, str) for each in texts):
                        # A program and its arguments are one line to whoever reads it.
                        self.state.keep(" ".join(str(each) for each in texts), node.at)
                self._show(sink, node, base, arguments)
        if base is not None and CHOSEN in base.types and any(each.origins for each in arguments):
            for sink in known.calls.find([(CHOSEN_MEMBER,)]):
                self._show(sink, node, base, arguments)
        if base is not None and UNKNOWN_OBJECT in base.types and last in _STARTS:
            for sink in known.calls.find([(STARTED,)]) if derived(arguments).origins else ():
                self._show(sink, node, base, arguments)
        if base is not None and UNEXPLAINED in base.types:
            self.told(node, base, derived([*arguments, base]))
        if last in self.state.natives:
            for name in self.state.natives[last]:
                for sink in known.natives.get(name, ()):
                    self.state.show(sink, node.at, spell(node), derived(arguments), None)

    def told(self, node: Statement, owner: Value, given: Value) -> None:
        """An object takes a value: worth showing where it is not known what such an object does."""
        if UNEXPLAINED in owner.types and given.origins:
            for sink in self.known.calls.find([(_UNEXPLAINED_MEMBER,)]):
                self.state.show(
                    sink, node.at, spell(node.target if isinstance(node, Assign) else node), given, None
                )

    def _hidden_member(self, node: Call, function: Index) -> None:
        """`this[name](x)` of JScript, with a name that is computed or the visitor's."""
        if self.state.unit.program.language != "jscript" or not function.arguments:
            return
        key = self.evaluate(function.arguments[0])
        unknown = (
            not key.constants and isinstance(function.base, Name) and function.base.name.lower() in _GLOBAL
        )
        if COMPUTED in key.marks or key.origins or unknown:
            given = derived([self.evaluate(each) for each in node.arguments])
            for sink in self.known.calls.find([(CHOSEN_MEMBER,)]) if given.origins else ():
                self._show(sink, node, None, [given])

    def _initial(self, names: list[DottedName], node: Assign) -> Value:
        """`new T { A = x }`: sets the member and becomes part of the object."""
        value = self.evaluate(node.value)
        last = dotted(node.target)
        if last is not None and self.known.sets.knows(last[-1]):
            for sink in self.known.sets.find([(*each, last[-1]) for each in names]):
                self._show(sink, node, None, [value])
        if last is not None and any(each[-1] in self.state.classes for each in names):
            self.state.write(last[-1], value, weak=True)
        return value

    def _hand_over(self, node: Call, names: list[DottedName]) -> None:
        """`object.Run Request, Response, Server`: something outside of the page gets all that a page has."""
        if len(node.arguments) < _MANY_INTRINSIC:
            return
        given = {each.name.lower() for each in node.arguments if isinstance(each, Name)} & _INTRINSIC
        if len(given) >= _MANY_INTRINSIC and len(names[0]) > 1:
            for sink in self.known.calls.find([(HAND_OVER,)]):
                self.state.show(sink, node.at, spell(node), None, None)

    def _show(self, sink: Sink, node: Statement, base: Value | None, arguments: list[Value]) -> None:
        data = self._role(sink.use.data, base, arguments)
        target = self._role(sink.use.target, base, arguments)
        if sink.use.fetched and data is not None:
            remote = Origin("remote", "", node.at, self.state.unit.number)
            data = Value((), (*data.origins, remote), (), data.marks if data.origins else frozenset())
        self.state.show(sink, node.at, spell(node), data, target)
        if sink.use.code and data is not None:
            self._evaluated(data, node.at)

    def _role(self, places: tuple[str, ...], base: Value | None, arguments: list[Value]) -> Value | None:
        if places == _FIRST:
            return arguments[0] if arguments else None
        parts: list[Value] = []
        for place in places:
            if place == "base" and base is not None:
                if not self.known.uploads.isdisjoint(base.types):
                    base = either(base, Value((), (Origin("upload", "", 0, self.state.unit.number),)))
                parts.append(base)
            elif place == "all":
                parts.extend(arguments)
            elif place.isdigit() and int(place) < len(arguments):
                parts.append(arguments[int(place)])
        if not parts:
            return None
        value = parts[0]
        for each in parts[1:]:
            value = either(value, each)
        if "all" in places and len(arguments) > 1 and any(each == UNKNOWN for each in arguments):
            value = marked(value, PARTLY)
        return value

    def _evaluated(self, data: Value, at: int) -> None:
        """A constant that is evaluated is read as code, in the place where it stands."""
        state = self.state
        if state.parse is None or state.unit.depth >= DEEPEST_UNIT or len(state.units) > MOST_UNITS:
            return
        language = state.unit.program.language
        language = "vbscript" if language in ("vb", "csharp") else language
        for each in data.constants:
            if (
                isinstance(each, str)
                and 2 < len(each) <= _LONGEST_CODE
                and (each, language) not in state.codes
            ):
                state.codes[each, language] = None
                state.add_unit(each, language, at)
