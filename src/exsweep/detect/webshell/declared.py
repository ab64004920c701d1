"""What a page declares: functions, classes, aliases, types of variables, functions of Windows."""

from exsweep.detect.webshell.code import Assign, Function, Lambda, Name, walk
from exsweep.detect.webshell.shown import Places, Unit


class Declared(Places):
    """The declarations of all units."""

    def __init__(self, units: list[Unit]) -> None:
        """Nothing is declared yet: see `learn`."""
        super().__init__(units)
        self.functions: dict[str, list[tuple[Unit, Function]]] = {}
        self.natives: dict[str, tuple[str, ...]] = {}
        self.classes: set[str] = set()
        self.bases: dict[str, frozenset[str]] = {}
        """Class of the page -> last names of what it is made from, lower case."""
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.statics: list[tuple[str, ...]] = []
        """Classes whose functions are called without them (`using static`)."""
        self.declared: dict[str, str] = {}
        self.members: dict[str, list[tuple[Unit, Function]]] = {}
        """Class of the page -> its functions."""
        self._locals: dict[int, frozenset[str]] = {}

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
                clause, _, other = lower.partition(" ")
                if clause == "implements" and other != name:
                    self.functions.setdefault(other, []).append((unit, function))
                elif clause == "handles":
                    self.functions.setdefault(f"#{other}", []).append((unit, function))
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


def plain_type(written: str) -> str:
    """`System.Collections.Generic.List<string>` -> `system.collections.generic.list`; nothing for `var` and `object`."""
    name = written.split("<")[0].split("(")[0].rstrip("[]?& ").strip().lower()
    if name.startswith("new "):
        name = name[4:]
    return "" if name in _TELLS_NOTHING else name


_TELLS_NOTHING = frozenset(
    {"", "var", "object", "dynamic", "variant", "string", "int", "integer", "boolean", "bool", "byte"}
)
