"""What data flow knows of one page: its variables, functions and types, and the capabilities shown so far."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice

import msgspec

from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Expr,
    Function,
    Lambda,
    Name,
    Op,
    Program,
    Statement,
    walk,
)
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.page import ServerTag
from exsweep.detect.webshell.sinks import Sink, lookup
from exsweep.detect.webshell.values import (
    COMPUTED,
    TAMED,
    TELLING,
    UNKNOWN,
    Constant,
    Origin,
    Value,
    either,
    through,
)

MARKUP = -1
"""Number of the unit of what stands in tags: `at` is then an offset in the text of the page."""
_NODES_A_STEP = 8
_MOST_IN_LOOP = 10_000
"""Nodes of a loop that are looked at for sums: loops may be nested."""


STEPS_AT_ONCE = 0x1FF
"""Steps, less one, that are counted before the file's are asked for."""


class TooMuchWorkError(Exception):
    """The file has had all the steps that one may take; what was found so far stands."""


class Shown(msgspec.Struct, frozen=True):
    """A place where the code shows a capability."""

    capability: str
    number: int
    unit: int
    at: int
    name: str
    """What is called or set, as written."""
    data: Value | None
    target: Value | None
    language: str = ""
    """Of the code that it stands in."""
    around: frozenset[str] = frozenset()
    """What the code stands in, in the words of `weights.yml`: `served`, `lonely`."""


class Unit(msgspec.Struct):
    """One parsed piece of code of the page."""

    number: int
    program: Program
    depth: int = 0
    """0: stands in the page; more: a constant that is code."""


class State:
    """What is known of one page so far."""

    def __init__(
        self,
        units: list[Unit],
        controls: dict[str, str],
        *,
        effort: Effort,
        parse: Callable[[str, str], Program] | None = None,
    ) -> None:
        """`controls`: lower-case id of a server control or object -> its type; `effort`: that of the file."""
        self.units = units
        self.controls = controls
        self.effort = effort
        self.parse = parse
        self.known = lookup()
        self.variables: dict[str, Value] = {}
        self.anywhere: dict[str, Value] = {}
        self.returns: dict[str, Value] = {}
        self.functions: dict[str, list[tuple[Unit, Function]]] = {}
        self.natives: dict[str, tuple[str, ...]] = {}
        self.classes: set[str] = set()
        self.bases: dict[str, frozenset[str]] = {}
        """Class of the page -> last names of what it is made from, lower case."""
        self.checked: Counter[str] = Counter()
        """Variables that have passed a check where the code is just now."""
        self.withs: list[Expr] = []
        """Objects whose members are named without them (`with` of JScript), innermost last."""
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.statics: list[tuple[str, ...]] = []
        """Classes whose functions are called without them (`using static`)."""
        self.declared: dict[str, str] = {}
        self.shown: dict[tuple[str, int, int, int, str], Shown] = {}
        self.folded: dict[str, tuple[int, int]] = {}
        """Constants that folding made -> where."""
        self.texts: list[str] = []
        """Code of the units that were added, in order."""
        self.parents: list[tuple[int, int]] = []
        self.codes: dict[tuple[str, str], None] = {}
        """(Code, language) that was evaluated as code already."""
        self.fold_left = 64 << 20
        self.changed = False
        """Did anything change in this round after it had been read? Only then can one more round find more."""
        self._read: set[str] = set()
        self._read_anywhere: set[str] = set()
        self._read_returns: set[str] = set()
        self.inlined = 0
        """Expressions in constants that were evaluated."""
        self.hurried = False
        """Was the code cut short because it was too much?"""
        self.around: frozenset[str] = frozenset()
        """What the code stands in, see `Shown`."""
        self.service = False
        """Are all functions of the page called by visitors?"""
        self.lambdas: dict[str, tuple[str, ...]] = {}
        """Variable that holds a function without a name -> its parameters."""
        self.members: dict[str, list[tuple[Unit, Function]]] = {}
        """Class of the page -> its functions."""
        self.carried = False
        """Does the page handle functions like values?"""
        self.tools = False
        """Does the page make objects that more can be done with than asking a database?"""
        self.unit = units[0] if units else Unit(0, Program(language="other"))
        self.function: Function | None = None
        self.locals: frozenset[str] = frozenset()
        self.in_branch = 0
        self.steps = 0
        self._locals: dict[int, frozenset[str]] = {}
        self._sums: dict[int, frozenset[str]] = {}
        for unit in units:
            self.learn(unit)

    # --- what the page declares

    def learn(self, unit: Unit) -> None:
        """Take in functions, classes, aliases and types of one unit."""
        program = unit.program
        for function in program.functions:
            name = function.name.lower()
            self.functions.setdefault(name, []).append((unit, function))
            if function.owner:
                self.members.setdefault(function.owner.lower(), []).append((unit, function))
            for attribute in function.attributes:
                lower = attribute.lower()
                if lower.startswith(("dllimport", "declare", "lib ")) or "dllimport" in lower:
                    self._native(name, lower)
                    self._declares(unit, function)
        for each in program.classes:
            self.classes.add(each.name.lower())
            bases = {base.rpartition(".")[2].partition("<")[0].lower() for base in each.bases}
            self.bases[each.name.lower()] = self.bases.get(each.name.lower(), frozenset()) | bases
        for imported in program.imports:
            self.imports(imported)
        for name, type_ in program.types.items():
            self.declared.setdefault(name.lower(), plain_type(type_))

    def imports(self, text: str) -> None:
        """`alias=Namespace.Type`, `static Namespace.Type`; a mere namespace changes nothing."""
        alias, equals, meant = text.strip().lower().partition("=")
        if equals:
            self.aliases[alias.strip()] = tuple(meant.strip().split("."))
        elif alias.startswith("static "):
            self.statics.append(tuple(alias[7:].strip().split(".")))

    def _native(self, name: str, attribute: str) -> None:
        """Names of a function of Windows, with and without the `Ex`, `A` or `W` at its end."""
        names = {name}
        _, found, rest = attribute.partition("entrypoint")
        if found:
            names.add(rest.lstrip(" =").strip("\"'").split('"')[0])
        _, found, rest = attribute.partition("alias")
        if found:
            names.add(rest.strip().strip('"').split('"')[0])
        names |= {each[:-1] for each in names if each.endswith(("a", "w"))}
        names |= {each[:-2] for each in names if each.endswith("ex")}
        self.natives[name] = tuple(sorted(names))

    def _declares(self, unit: Unit, function: Function) -> None:
        """Whoever declares a function of Windows means to call it, be it in a way that is not seen."""
        before, self.unit = self.unit, unit
        for name in self.natives[function.name.lower()]:
            for sink in self.known.natives.get(name, ()):
                self.show(sink, function.at, function.name, None, None)
        self.unit = before

    def locals_of(self, function: Function) -> frozenset[str]:
        """Names that belong to one function: parameters, and what it assigns unless the page has such a variable."""
        key = id(function)
        known = self._locals.get(key)
        if known is None:
            names = {each.lower() for each in function.parameters}
            for node in walk(function.body):
                if isinstance(node, Assign) and isinstance(node.target, Name):
                    names.add(node.target.name.lower())
                elif isinstance(node, Lambda):
                    names.update(each.lower() for each in node.parameters)
            names.add("arguments")
            known = frozenset(names)
            self._locals[key] = known
        return known

    # --- variables

    def read(self, name: str) -> Value | None:
        """Value of a variable, None where the page has no such variable."""
        self._read.add(name)
        if self.function is not None:
            if name in self.locals:
                key = f"{self.function.name.lower()}\0{name}"
                self._read.add(key)
                own = self.variables.get(key)
                shared = self.variables.get(name)
                if own is not None and shared is not None:
                    return Value(
                        own.constants or shared.constants,
                        either(own, shared).origins,
                        either(own, shared).types,
                        own.marks | shared.marks,
                    )
                return own if own is not None else shared
            self._read_anywhere.add(name)
            found = self.variables.get(name)
            other = self.anywhere.get(name)
            return either(found, other) if found is not None and other is not None else (found or other)
        self._read_anywhere.add(name)
        return self.variables.get(name, self.anywhere.get(name))

    def field(self, owner: Value, name: str) -> Value | None:
        """What an object of a class of the page holds under that name; None for other objects and where nothing is held."""
        if self.classes.isdisjoint(owner.types):
            return None
        self._read.add(name)
        self._read_anywhere.add(name)
        found, other = self.variables.get(name), self.anywhere.get(name)
        return either(found, other) if found is not None and other is not None else found or other

    def held(self, function: Function, parameter: str) -> Value | None:
        """What a parameter of a function holds so far."""
        key = f"{function.name.lower()}\0{parameter.lower()}"
        self._read.add(key)
        return self.variables.get(key)

    def given_back_by(self, name: str) -> Value:
        """What a function of the page gives back so far."""
        self._read_returns.add(name)
        return self.returns.get(name, UNKNOWN)

    def begin_round(self) -> None:
        """All code is evaluated once more."""
        self.changed = False
        self._read.clear()
        self._read_anywhere.clear()
        self._read_returns.clear()

    def write(self, name: str, value: Value, *, weak: bool = False) -> None:
        """Give a variable a value. Constants of straight-line code replace, all else adds up."""
        value = through(value, name)
        if name in self.checked and not weak:
            del self.checked[name]
        if self.function is not None and name in self.locals:
            self._put(self.variables, f"{self.function.name.lower()}\0{name}", value, weak)
            self._put(self.anywhere, name, Value((), value.origins, value.types, value.marks), True)
        else:
            self._put(self.variables, name, value, weak)

    def _put(self, where: dict[str, Value], key: str, value: Value, weak: bool) -> None:
        old = where.get(key)
        read = self._read if where is self.variables else self._read_anywhere
        if old is None:
            where[key] = value
            self.changed = self.changed or (key in read and bool(value.origins or value.types or value.marks))
            return
        new = either(old, value)
        if not weak and not self.in_branch:
            marks = new.marks - (TAMED - value.marks) | value.marks if value.origins else new.marks
            new = Value(value.constants, new.origins, new.types, marks)
        where[key] = new
        if not self.changed and key in read and _differ(old, new):
            self.changed = True

    def forget(self, name: str) -> None:
        """The constant of a variable does not hold: it has many, in turn."""
        key = self._key(name)
        old = self.variables.get(key)
        if old is not None and old.constants:
            many = not _words(old.constants) and (
                any(isinstance(each, tuple | bytes | str) and len(each) >= TELLING for each in old.constants)
                or any(
                    isinstance(each, tuple)
                    and sum(len(one) for one in each if isinstance(one, str)) >= TELLING
                    for each in old.constants
                )
            )
            self.variables[key] = Value(
                (), old.origins, old.types, old.marks | {COMPUTED} if many else old.marks
            )

    def enter_loop(self, node: Branch) -> None:
        """What the bodies of a loop add to has no single constant."""
        names = self._sums.get(id(node))
        if names is None:
            inside = list(islice(walk(tuple(chain.from_iterable(node.bodies))), _MOST_IN_LOOP))
            self.effort.take(len(inside) // _NODES_A_STEP)
            names = self._sums[id(node)] = frozenset(_added_to(inside))
        for name in names:
            key = self._key(name)
            old = self.variables.get(key)
            if old is not None and old.constants:
                # An empty text at its beginning still says that nothing of the page stands before the rest.
                empty = tuple(each for each in old.constants if each == "")
                self.variables[key] = Value(empty, old.origins, old.types, old.marks)

    def _key(self, name: str) -> str:
        function = self.function
        return f"{function.name.lower()}\0{name}" if function is not None and name in self.locals else name

    def show(self, sink: Sink, at: int, name: str, data: Value | None, target: Value | None) -> None:
        """Keep a place that shows a capability; a later round knows more and replaces it."""
        key = (sink.capability, sink.number, self.unit.number, at, name)
        self.shown[key] = Shown(
            sink.capability,
            sink.number,
            self.unit.number,
            at,
            name[:80],
            data,
            target,
            self.unit.program.language,
            self.around,
        )

    def tags(self, tags: tuple[ServerTag, ...]) -> None:
        """Objects that the page makes by tags with runat=server."""
        for tag in tags:
            kind = tag.attributes.get("progid", "") or tag.attributes.get("classid", "")
            plain = kind.lower().removeprefix("clsid:").strip("{}")
            plain = self.known.classids.get(plain, plain)
            identity = tag.attributes.get("id", "").lower()
            if plain and identity:
                self.controls[identity] = plain
            sink = self.known.objects.get(plain)
            if sink is not None:
                self._show_tag(sink, tag, plain, None)
            self._source_of_data(tag)

    def _show_tag(self, sink: Sink, tag: ServerTag, name: str, data: Value | None) -> None:
        key = (sink.capability, sink.number, MARKUP, tag.at, name)
        self.shown[key] = Shown(
            sink.capability, sink.number, MARKUP, tag.at, name[:80], data, None, self.unit.program.language
        )

    def _source_of_data(self, tag: ServerTag) -> None:
        """`<asp:ObjectDataSource TypeName="T" SelectMethod="M">` calls `T.M` with what the visitor sends."""
        type_ = tag.attributes.get("typename", "").split(",")[0].strip().lower()
        for key in ("selectmethod", "updatemethod", "insertmethod", "deletemethod") if type_ else ():
            method = tag.attributes.get(key, "").lower()
            for sink in self.known.calls.find([(*type_.split("."), method)]) if method else ():
                data = Value((), (Origin("request", "", 0, 0),))
                self._show_tag(sink, tag, f"{type_}.{method}", data)

    @property
    def ordinary(self) -> bool:
        """Nothing was seen that more knowledge could turn into something grave."""
        if self.tools or self.carried:
            return False
        for each in self.shown.values():
            if each.capability not in self.known.slight:
                return False
            if each.capability == "run-page" and each.data is not None and not each.data.constants:
                return False
            if each.capability != "make-object" and each.data is not None and _foreign(each.data):
                return False
        return True

    def declared_type(self, name: str) -> str:
        """Declared type of a variable, `""` where none is said."""
        function = self.function
        if function is not None and function.types:
            for place, parameter in enumerate(function.parameters):
                if parameter.lower() == name and place < len(function.types):
                    return plain_type(function.types[place])
        return self.declared.get(name, "")

    def keep(self, text: str, at: int) -> None:
        """Remember a text that the page puts together, for looking into it."""
        if 4 < len(text) <= 1 << 18 and len(self.folded) < 4096:
            self.folded.setdefault(text, (self.unit.number, at))

    def enter_unit(self, unit: Unit) -> None:
        """Go on with the top-level code of a unit."""
        self.unit = unit
        self.function, self.locals = None, frozenset()

    def enter_function(self, function: Function) -> None:
        """Go on with a function of the unit."""
        self.function = function
        self.locals = self.locals_of(function)
        self.enter(function)

    def pass_check(self, names: frozenset[str], *, back: bool) -> None:
        """From here on these variables are checked, or not any more."""
        for name in names:
            if not back:
                self.checked[name] += 1
            elif self.checked[name] > 0:
                self.checked[name] -= 1

    def give_parameter(self, unit: Unit, function: Function, name: str, value: Value) -> None:
        """A caller hands a value to a parameter."""
        self._put(self.variables, f"{function.name.lower()}\0{name}", value, True)

    def add_unit(self, code: str, language: str, at: int) -> None:
        """Code that the page holds as text and evaluates: read it as one piece more."""
        if self.parse is None:
            return
        unit = Unit(len(self.units), self.parse(code, language), self.unit.depth + 1)
        self.units.append(unit)
        self.texts.append(code)
        self.parents.append((self.unit.number, at))
        self.learn(unit)

    def give_back(self, value: Value) -> None:
        """`return value` of the function that is evaluated."""
        if self.function is None:
            return
        name = self.function.name.lower()
        old = self.returns.get(name, UNKNOWN)
        new = either(old, value)
        self.returns[name] = new
        if not self.changed and name in self._read_returns and _differ(old, new):
            self.changed = True

    def enter(self, function: Function) -> None:
        """Parameters that the web server fills in itself."""
        attributes = " ".join(function.attributes).lower()
        served = any(each in attributes for each in ("webmethod", "operationcontract", "webinvoke", "webget"))
        served = served or (self.service and not function.attributes)
        served = served or function.name.lower() in self.known.served
        served = served or not self.known.served_classes.isdisjoint(
            self.bases.get(function.owner.lower(), ())
        )
        for place, name in enumerate(function.parameters):
            type_ = plain_type(function.types[place]) if place < len(function.types) else ""
            value = Value((), (), (type_,) if type_ else ())
            if served:
                origin = Origin("request", name, function.at, self.unit.number)
                value = Value((), (origin,), value.types)
            self.write(name.lower(), value, weak=True)

    def tick(self) -> None:
        """Count a step.

        Raises:
            TooMuchWorkError: the file has had all the steps that one may take.
        """
        self.steps += 1
        if not self.steps & STEPS_AT_ONCE:
            self.spend()

    def spend(self) -> None:
        """Take the steps counted since from those of the file.

        Raises:
            TooMuchWorkError: the file has had all the steps that one may take.
        """
        if self.effort.take(STEPS_AT_ONCE + 1):
            raise TooMuchWorkError


def plain_type(written: str) -> str:
    """`System.Collections.Generic.List<string>` -> `system.collections.generic.list`; nothing for `var` and `object`."""
    name = written.split("<")[0].split("(")[0].rstrip("[]?& ").strip().lower()
    if name.startswith("new "):
        name = name[4:]
    return "" if name in _TELLS_NOTHING else name


_TELLS_NOTHING = frozenset(
    {"", "var", "object", "dynamic", "variant", "string", "int", "integer", "boolean", "bool", "byte"}
)


def _differ(old: Value, new: Value) -> bool:
    return old is not new and (
        new.types != old.types or new.marks != old.marks or _keys(new.origins) != _keys(old.origins)
    )


def _added_to(inside: list[Statement]) -> Iterator[str]:
    """Variables that the bodies of a loop put together step by step."""
    for each in inside:
        match each:
            case Assign(target=Name(name=name), operator="+=" | "&="):
                yield name.lower()
            case Assign(target=Name(name=name), value=Op(operator="+" | "&", operands=operands)):
                if any(isinstance(one, Name) and one.name.lower() == name.lower() for one in operands):
                    yield name.lower()
            case Op(operator="++" | "--", operands=(Name(name=name), *_)):
                yield name.lower()
            case _:
                pass


def _words(constants: tuple[Constant, ...]) -> bool:
    """Are they lists of names, which hide nothing?"""
    return all(
        isinstance(each, tuple)
        and bool(each)
        and all(isinstance(one, str) and len(one) > 1 and one.isidentifier() for one in each)
        for each in constants
    )


def _foreign(value: Value) -> bool:
    """Does it come from anywhere but a database, which every second page shows?"""
    return any(each.kind != "database" for each in value.origins)


def _keys(origins: tuple[Origin, ...]) -> set[tuple[str, str]]:
    return {(each.kind, each.name) for each in origins}
