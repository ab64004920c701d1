"""Variables of a page, parameters and results of its functions: what each may hold, over all rounds."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice

from exsweep.detect.webshell.code import Assign, Branch, Call, Function, Name, Op, Statement, walk
from exsweep.detect.webshell.declared import Declared, plain_type
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.shown import Unit
from exsweep.detect.webshell.values import (
    COMPUTED,
    TAMED,
    TELLING,
    UNKNOWN,
    Origin,
    Value,
    either,
    through,
    words,
)

DIGITS = "#"
"""Before the name of a variable that was found to be a short number."""
_NODES_A_STEP = 8
_MOST_IN_LOOP = 10_000
"""Nodes of a loop that are looked at for sums: loops may be nested."""


class Variables(Declared):
    """What each variable holds."""

    def __init__(self, units: list[Unit], effort: Effort) -> None:
        """`effort`: that of the file; a long loop costs some."""
        super().__init__(units)
        self.variables: dict[str, Value] = {}
        self.anywhere: dict[str, Value] = {}
        self.returns: dict[str, Value] = {}
        self.checked: Counter[str] = Counter()
        """Variables that have passed a check where the code is just now."""
        self.elements: dict[str, Value] = {}
        """Variable of a loop -> that of which it is an element."""
        self._block: tuple[Statement, ...] = ()
        self._questions: dict[tuple[int, str], tuple[Call, ...]] = {}
        self.changed = False
        """Did anything change in this round after it had been read? Only then can one more round find more."""
        self._read: set[str] = set()
        self._read_anywhere: set[str] = set()
        self._read_returns: set[str] = set()
        self.function: Function | None = None
        self.locals: frozenset[str] = frozenset()
        self.in_branch = 0
        self.effort = effort
        self._sums: dict[int, frozenset[str]] = {}

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
        if self.checked and not weak:
            self.checked.pop(name, None)
            self.checked.pop(f"?{name}", None)
            self.checked.pop(f"{DIGITS}{name}", None)
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
            many = not words(old.constants) and (
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

    def begin_block(self, statements: tuple[Statement, ...]) -> None:
        """These statements, of a function or of the page, are evaluated from here on."""
        self._block = statements

    def questions(
        self, flag: str, find: Callable[[tuple[Statement, ...], str], tuple[Call, ...]]
    ) -> tuple[Call, ...]:
        """What `find` finds for a flag in the statements that are evaluated; looked for once."""
        key = (id(self._block), flag)
        if key not in self._questions:
            self._questions[key] = find(self._block, flag)
        return self._questions[key]

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

    def declared_type(self, name: str) -> str:
        """Declared type of a variable, `""` where none is said."""
        function = self.function
        if function is not None and function.types:
            for place, parameter in enumerate(function.parameters):
                if parameter.lower() == name and place < len(function.types):
                    return plain_type(function.types[place])
        return self.declared.get(name, "")


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


def _keys(origins: tuple[Origin, ...]) -> set[tuple[str, str]]:
    return {(each.kind, each.name) for each in origins}
