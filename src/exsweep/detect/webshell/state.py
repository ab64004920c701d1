"""What data flow knows of one page, and how far it has got."""

from collections.abc import Callable

from exsweep.detect.webshell.code import Expr, Function, Program
from exsweep.detect.webshell.declared import plain_type
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.page import ServerTag
from exsweep.detect.webshell.shown import MARKUP, Shown, Unit
from exsweep.detect.webshell.sinks import Sink
from exsweep.detect.webshell.values import Origin, Value, telling
from exsweep.detect.webshell.variables import Variables

STEPS_AT_ONCE = 0x1FF
"""Steps, less one, that are counted before the file's are asked for."""


class TooMuchWorkError(Exception):
    """The file has had all the steps that one may take; what was found so far stands."""


class State(Variables):
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
        super().__init__(units, effort)
        self.controls = controls
        self.parse = parse
        self.withs: list[Expr] = []
        """Objects whose members are named without them (`with` of JScript), innermost last."""
        self.indexed: set[str] = set()
        """Last names of what has elements that the page gave values to."""
        self.folded: dict[str, tuple[int, int]] = {}
        """Constants that folding made -> where."""
        self.texts: list[str] = []
        """Code of the units that were added, in order."""
        self.parents: list[tuple[int, int]] = []
        self.codes: dict[tuple[str, str], None] = {}
        """(Code, language) that was evaluated as code already."""
        self.fold_left = 64 << 20
        self.inlined = 0
        """Expressions in constants that were evaluated."""
        self.hurried = False
        """Was the code cut short because it was too much?"""
        self.service = False
        """Are all functions of the page called by visitors?"""
        self.lambdas: dict[str, tuple[str, ...]] = {}
        """Variable that holds a function without a name -> its parameters."""
        self.carried = False
        """Does the page handle functions like values?"""
        self.tools = False
        """Does the page make objects that more can be done with than asking a database?"""
        self.blind = False
        """Does a value of the visitor's go into a call of which nothing is known?"""
        self.chosen_at_work = False
        """Is anything done with an object whose class the visitor names?"""
        self.steps = 0
        for unit in units:
            self.learn(unit)

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
            sink.capability, sink.number, MARKUP, tag.at, name[:80], data, data, self.unit.program.language
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
            given = [value for value in (each.data, each.target) if value is not None]
            if each.capability != "make-object" and any(_may_be_foreign(value) for value in given):
                return False
        return True

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

    def add_unit(self, code: str, language: str, at: int) -> None:
        """Code that the page holds as text and evaluates: read it as one piece more."""
        if self.parse is None:
            return
        unit = Unit(len(self.units), self.parse(code, language), self.unit.depth + 1)
        self.units.append(unit)
        self.texts.append(code)
        self.parents.append((self.unit.number, at))
        self.learn(unit)

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


def _may_be_foreign(value: Value) -> bool:
    """Is it no constant, and may come from anywhere but a database, which every second page shows?"""
    return not (value.origins or telling([value])) or any(each.kind != "database" for each in value.origins)
