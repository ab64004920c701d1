"""Calls: where values go, and what the code shows by it."""

import re
from typing import Final

from exsweep.detect.webshell import folding
from exsweep.detect.webshell.assignments import Assignments
from exsweep.detect.webshell.code import Assign, Call, Function, Index, Lambda, Member, Name, Op, Statement
from exsweep.detect.webshell.evaluate import spell
from exsweep.detect.webshell.names import DottedName, dotted
from exsweep.detect.webshell.sinks import Sink
from exsweep.detect.webshell.values import (
    BASENAME,
    BUILT,
    COMPUTED,
    DECODED,
    MAPPED,
    MIXED,
    ROOTED,
    TELLING,
    UNKNOWN,
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
     "writebytes", "writetext", "appendchunk", "load", "copyfrom", "loadxml", "loadfromfile"}
)  # fmt: skip
"""Methods after which the object holds what it was given."""
_FILLERS: Final = frozenset(
    {
        "read",
        "copyto",
        "receive",
        "readexactly",
        "readasync",
        "copytoasync",
        "writeto",
        "readblock",
        "copy",
        "blockcopy",
    }
)
"""Methods after which an argument holds what the object held."""
_MAKERS: Final = frozenset(
    {
        "createobject",
        "createobjectfromclsid",
        "activexobject",
        "gettypefromprogid",
        "getobject",
        "gettypefromclsid",
    }
)
_KEEPERS: Final = frozenset(
    {
        "item",
        "getvalue",
        "clone",
        "first",
        "firstordefault",
        "single",
        "last",
        "where",
        "tolist",
        "elementat",
        "cast",
    }
)
"""Methods that give back the object or one of its elements."""
_INTRINSIC: Final = frozenset({"request", "response", "server", "session", "application"})
_MANY_INTRINSIC: Final = 3
CHOSEN: Final = "#chosen"
"""Type of an object whose class the visitor names."""
CHOSEN_MEMBER: Final = "(a member of a chosen object)"
"""Name under which the knowledge knows a call of it."""
HAND_OVER: Final = "(all objects of the page)"
"""Name under which the knowledge knows such a call."""
_EXTENSION: Final = re.compile(r"\.\w{1,6}\Z")
_UPLOADS: Final = frozenset(
    {
        "asp:fileupload",
        "htmlinputfile",
        "fileupload",
        "httppostedfile",
        "persits.upload",
        "smartupload",
        "aspsmartupload.smartupload",
    }
)
_MONIKER: Final = re.compile(r"(?<=^winnt).*|(?<=^iis).*|^winmgmts:(?:.{0,400}:)?(?=win32_)", re.DOTALL)
_LONGEST_VALUE: Final = 4096
_MOST_INLINED: Final = 200
_LONGEST_CODE: Final = 1 << 18


class Evaluator(Assignments):
    """All expressions."""

    # --- calls

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

    def _hidden_member(self, node: Call, function: Index) -> None:
        """`this[name](x)` of JScript, with a name that is computed or the visitor's."""
        if self.state.unit.program.language != "jscript" or not function.arguments:
            return
        key = self.evaluate(function.arguments[0])
        if COMPUTED in key.marks or key.origins:
            given = derived([self.evaluate(each) for each in node.arguments])
            for sink in self.known.calls.find([(CHOSEN_MEMBER,)]) if given.origins else ():
                self._show(sink, node, None, [given])

    def _at_once(self, function: Lambda, given: list[Value]) -> Value:
        """A function without a name is called where it stands."""
        for name, value in zip(function.parameters, given, strict=False):
            self.state.write(name.lower(), value)
        self.state.write("arguments", derived(given), weak=True)
        return derived([self.evaluate(function), *given])

    def _initial(self, names: list[DottedName], node: Assign) -> Value:
        """`new T { A = x }`: sets the member and becomes part of the object."""
        value = self.evaluate(node.value)
        last = dotted(node.target)
        if last is not None and self.known.sets.knows(last[-1]):
            for sink in self.known.sets.find([(*each, last[-1]) for each in names]):
                self._show(sink, node, None, [value])
        return value

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

    def _hand_over(self, node: Call, names: list[DottedName]) -> None:
        """`object.Run Request, Response, Server`: something outside of the page gets all that a page has."""
        if len(node.arguments) < _MANY_INTRINSIC:
            return
        given = {each.name.lower() for each in node.arguments if isinstance(each, Name)} & _INTRINSIC
        if len(given) >= _MANY_INTRINSIC and len(names[0]) > 1:
            for sink in self.known.calls.find([(HAND_OVER,)]):
                self.state.show(sink, node.at, spell(node), None, None)

    def _sinks(self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]) -> None:
        known = self.known
        last = names[0][-1]
        if any(known.calls.knows(each[-1]) for each in names):
            for sink in known.calls.find(names, new=node.new):
                if len(arguments) < sink.use.arguments:
                    continue
                if not self.speaks(sink):
                    continue
                texts = [each.constant for each in arguments]
                if len(texts) > 1 and all(isinstance(each, str) for each in texts):
                    # A program and its arguments are one line to whoever reads it.
                    self.state.keep(" ".join(str(each) for each in texts), node.at)
                self._show(sink, node, base, arguments)
        if base is not None and CHOSEN in base.types and any(each.origins for each in arguments):
            for sink in known.calls.find([(CHOSEN_MEMBER,)]):
                self._show(sink, node, base, arguments)
        if last in self.state.natives:
            for name in self.state.natives[last]:
                for sink in known.natives.get(name, ()):
                    self.state.show(sink, node.at, spell(node), derived(arguments), None)

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
        parts: list[Value] = []
        for place in places:
            if place == "base" and base is not None:
                if not _UPLOADS.isdisjoint(base.types):
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
        return value

    def _evaluated(self, data: Value, at: int) -> None:
        """A constant that is evaluated is read as code, in the place where it stands."""
        state = self.state
        if state.parse is None or state.unit.depth >= 4 or len(state.units) > 24:
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

    def _mapped(self, value: Value) -> Value:
        """`Server.MapPath(x)`."""
        value = marked(value, MAPPED)
        here = isinstance(value.constant, str) and not value.constant.strip("~./\\ ")
        return Value((), (), (), value.marks | {ROOTED}) if here else value

    def _default(self, variable: Value, arguments: list[Value]) -> None:
        """`object(x)` calls the default member of its class: which one that is, is not looked at."""
        owners = [each for each in variable.types if each in self.state.classes]
        for owner in owners[:2] if arguments else ():
            for unit, function in self.state.members.get(owner, ())[:20]:
                for parameter, value in zip(function.parameters, arguments, strict=False):
                    self.state.give_parameter(unit, function, parameter.lower(), through(value, "()"))

    def _counted(self, last: str, arguments: list[Value]) -> Value:
        """A number made of text; a number of each letter is the text in another dress."""
        hides = last in folding.NAMES and telling(arguments) and not any(each.origins for each in arguments)
        return marked(UNKNOWN, COMPUTED) if hides else UNKNOWN

    def _library(
        self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]
    ) -> Value:
        """Of a function that the page does not hold: carries origins along."""
        known = self.known
        parts = [*arguments, base] if base is not None else arguments
        value = derived(parts)
        last = names[0][-1]
        if (
            last == "combine"
            and BASENAME in value.marks
            and arguments
            and arguments[0].origins
            and BASENAME not in arguments[0].marks
        ):
            # Of the folder, the visitor chooses all.
            value = Value((), value.origins, (), value.marks - {BASENAME})
        if known.decoders.matches(names, new=node.new):
            value = marked(value, DECODED)
        if known.basename.knows(last) and known.basename.matches(names):
            value = marked(value, BASENAME)
        if not value.origins and last in folding.NAMES and telling(parts):
            value = marked(value, COMPUTED)
        types = list(known.returns.find(names))
        if types or node.new:
            types.extend(_ends(arguments))
        if last == "get" and arguments and str(arguments[0].constant).lower().startswith("win32_"):
            types.append(str(arguments[0].constant).lower())
        functions = [each for value in arguments for each in value.types if each.startswith("fn:")]
        types.extend(functions[:4])
        said = arguments[0].constant if arguments else None
        if isinstance(said, str) and last == "gettype":
            types.append(f"typeof:{said.partition(',')[0].strip().lower()}")
        if isinstance(said, str) and last == "getmethod" and base is not None:
            owners = [each[7:] for each in base.types if each.startswith("typeof:")]
            types.extend(f"fn:{owner}.{said.lower()}" for owner in owners[:4])
            self.state.carried = self.state.carried or bool(owners)
        if last == "createinstance":
            types.extend(each for value in arguments for each in value.types)
        if node.new:
            types.append(".".join(names[0]))
        elif isinstance(node.function, Member) and base is not None and last in _KEEPERS:
            types.extend(each for each in base.types if each != "fields")
        return typed(value, *types) if types else value

    def _object(self, node: Call, arguments: list[Value]) -> Value:
        """`CreateObject("A.B")`: an object of that type."""
        names = [each.lower() for value in arguments for each in value.constants if isinstance(each, str)][:4]
        types = []
        # What makes an unknown object may turn out to make a known one, once all functions are read.
        self.state.tools = self.state.tools or not names
        for name in names:
            plain = _MONIKER.sub("", name) if name.startswith(("winmgmts:", "winnt:", "iis:")) else name
            plain = self.known.classids.get(plain.removeprefix("new:").strip("{}"), plain)
            parts = plain.split(".")
            if len(parts) > 1 and parts[-1].isdigit():
                parts.pop()
            if len(parts) > 2 and parts[-1].isdigit():
                parts.pop()
            plain = ".".join(parts)
            types.append(plain)
            self.state.tools = self.state.tools or self.known.is_tool(plain)
            sink = self.known.objects.get(plain)
            if sink is not None:
                self.state.show(sink, node.at, plain, arguments[0], None)
        if arguments and _of_visitor_or_hidden(arguments[0], names):
            types.append(CHOSEN)
        return typed(derived(arguments), *types)

    def _folded(
        self, node: Call, names: list[DottedName], base: Value | None, arguments: list[Value]
    ) -> Value | None:
        if names[0][-1] not in folding.NAMES or not all(each.known for each in arguments):
            return None
        based = base is not None and base.known
        name = dotted(node.function) or names[0]
        if name[-1] == "substring" and self.state.unit.program.language == "jscript":
            name = (*name[:-1], "slice")
        if not node.new and name[-1] in self.state.functions:
            return None
        known = [each.constants[0] for each in arguments]
        source = base.constants[0] if base is not None and based else None
        try:
            made = self._fold(lambda: folding.call(name, source, based, known, node.new))
        except folding.NotFoldedError:
            return None
        marks = derived([*arguments, base] if base is not None else arguments).marks
        if isinstance(made, str) and not (node.new or name[-1] in ("cstr", "trim", "tostring")):
            marks = marks | {BUILT}
            self.state.keep(made, node.at)
        return Value((made,), (), (".".join(names[0]),) if node.new else (), marks)

    def _built(self, node: Call, base: Value | None, folded: Value) -> None:
        """`builder.Append("x")` changes the builder."""
        function = node.function
        if not (isinstance(function, Member) and isinstance(function.base, Name)) or base is None:
            return
        if function.name.lower() in _BUILDERS and any(each.endswith("stringbuilder") for each in base.types):
            self.state.write(
                function.base.name.lower(), Value(folded.constants, (), base.types, folded.marks)
            )

    def _copied(self, node: Call, base: Value | None, arguments: list[Value], last: str) -> None:
        """`stream.CopyTo(file)` writes the file; only the first look knows where it lies, before it holds the content."""
        if last != "copyto" or base is None or not arguments:
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

    def _moved(self, node: Call, base: Value | None, arguments: list[Value], last: str) -> None:
        """Objects and buffers that a call fills."""
        function = node.function
        if isinstance(function, Member) and last in _BUILDERS:
            self._into(function.base, derived(arguments))
        full = (
            dotted(function.base)
            if isinstance(function, Member) and last == "add" and len(arguments) == 2
            else None
        )
        if full is not None and isinstance(arguments[0].constant, str | int):
            self.state.write(
                ".".join((*full, f"[{str(arguments[0].constant).lower()}]")), arguments[1], weak=True
            )
        if last in _FILLERS and arguments:
            full_base = base is not None and (base.origins or base.marks & {DECODED, COMPUTED})
            source = base if base is not None and full_base else arguments[0]
            for each in node.arguments:
                if isinstance(each, Name) and (source.origins or source.marks & {DECODED, COMPUTED}):
                    self.state.write(each.name.lower(), derived([source]), weak=True)

    def _passed_on(self, node: Call, base: Value | None, arguments: list[Value]) -> None:
        """A function that is handed to a library is called by it with all else that the library is given."""
        functions = [each[3:] for value in arguments for each in value.types if each.startswith("fn:")][:4]
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
            for unit, function in self.state.functions.get(name, ())[:4]:
                for parameter in function.parameters[:8]:
                    self.state.give_parameter(unit, function, parameter.lower(), through(value, name))

    def _own(self, node: Call, names: list[DottedName], arguments: list[Value]) -> Value | None:
        """A function of the page: parameters take the arguments, the result is what it gives back."""
        state = self.state
        name = next((each[-1] for each in names if each[-1] in state.functions), None)
        if name is None or (len(names[0]) > 1 and self.known.calls.matches(names)):
            return None
        marker = f"{name}()"
        for unit, function in state.functions[name][:4]:
            for parameter, value in zip(function.parameters, arguments, strict=False):
                state.give_parameter(unit, function, parameter.lower(), through(value, marker))
            if unit.program.language == "jscript":
                state.give_parameter(unit, function, "arguments", through(derived(arguments), marker))
            self._given_back(node, function, arguments, marker)
        back = state.returns.get(name, UNKNOWN)
        kept = tuple(each for each in back.origins if marker not in each.trail)
        value = Value(back.constants, kept, back.types, back.marks)
        if len(kept) != len(back.origins):
            value = either(value, derived(arguments))
        short = all(isinstance(each, str) and len(each) < TELLING for each in value.constants)
        computed = not value.origins and short and telling(arguments)
        return marked(value, COMPUTED) if computed else value

    def _given_back(self, node: Call, function: Function, arguments: list[Value], marker: str) -> None:
        """What a function puts into its parameters, the variables of the caller hold afterwards."""
        for parameter, given in zip(function.parameters, node.arguments, strict=False):
            variable = (
                given.operands[0] if isinstance(given, Op) and given.operator in ("ref", "out") else given
            )
            if not isinstance(variable, Name):
                continue
            held = self.state.variables.get(f"{function.name.lower()}\0{parameter.lower()}")
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


def _of_visitor_or_hidden(name: Value, names: list[str]) -> bool:
    """Is the class of an object named by the visitor, or by something that cannot be followed?"""
    if name.origins:
        return not name.marks & {MIXED, COMPUTED}
    return not names and COMPUTED in name.marks


def _kinds(value: Value) -> set[str]:
    return {each.kind for each in value.origins}


def _ends(values: list[Value]) -> list[str]:
    """Extensions of the files that arguments name, as types."""
    found: list[str] = []
    for value in values:
        found.extend(each for each in value.types if each.startswith("ends:") or each == "own-page")
        for each in value.constants:
            match = _EXTENSION.search(each[-8:]) if isinstance(each, str) and len(each) < 300 else None
            if match:
                found.append(f"ends:{match[0].lower()}")
    return found[:4]
