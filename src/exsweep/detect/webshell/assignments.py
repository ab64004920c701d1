"""Assignments: variables, members, elements and properties take values."""

from exsweep.detect.webshell.code import Assign, Call, Index, Lambda, Member, Name, Op, Statement
from exsweep.detect.webshell.names import dotted, is_self, root
from exsweep.detect.webshell.showing import Showing
from exsweep.detect.webshell.values import (
    COMPUTED,
    TAMED,
    Value,
    derived,
    marked,
    telling,
)

_STARTED = frozenset({"process", "processstartinfo"})


def _started(value: Value) -> bool:
    """What such an object is told is looked at where it is told."""
    return not _STARTED.isdisjoint(each.rpartition(".")[2] for each in value.types)


class Assignments(Showing):
    """What is given to variables, members and elements."""

    def _assign(self, node: Assign) -> Value:
        function = self.state.function
        if function is not None and isinstance(node.target, Name):
            self.given = function.name.lower() if node.target.name.lower() == function.name.lower() else ""
        value = self.evaluate(node.value)
        self.given = ""
        operator = node.operator
        if operator in ("+=", "&="):
            value = self.joined([self.evaluate(node.target), value], node.at)
        elif operator not in ("=", ":="):
            value = derived([self.evaluate(node.target), value])
        target = node.target
        if isinstance(node.value, Lambda) and isinstance(target, Name | Member):
            self.state.carried = True
            self.state.lambdas[target.name.lower()] = node.value.parameters
        match target:
            case Name(name=name):
                self._give(name.lower(), value)
            case Member(base=base, name=name) if is_self(base):
                self._give(name.lower(), value)
            case Member(base=base, name=name):
                owner = self.evaluate(base)
                self._set(target, owner, value)
                self.told(node, owner, value)
                self._property(name.lower(), value)
                if not self.state.classes.isdisjoint(owner.types):
                    self.state.write(name.lower(), value, weak=True)
                full = dotted(target)
                if full is not None and not isinstance(base, Call | Index):
                    self.state.write(".".join(full), value, weak=True)
                self._into(base, value)
            case Index(base=base, arguments=arguments) | Call(function=base, arguments=arguments):
                self._assign_element(base, arguments, value)
            case Op(operands=operands):
                for each in operands:
                    self._into(each, value)
            case _:
                pass
        return value

    def _give(self, name: str, value: Value) -> None:
        state = self.state
        self._property(name, value)
        if state.function is not None and name == state.function.name.lower():
            state.write(name, value)
            state.give_back(value)
        else:
            state.write(name, value)

    def _property(self, name: str, value: Value) -> None:
        for unit, function in self.state.functions.get(f"set_{name}", ())[:4]:
            parameter = function.parameters[-1].lower() if function.parameters else "value"
            self.state.give_parameter(unit, function, parameter, value)

    def _assign_element(self, base: Statement, arguments: tuple[Statement, ...], value: Value) -> None:
        keys = [self.evaluate(each) for each in arguments]
        full = dotted(base)
        if full is not None:
            key = keys[0].constant if keys else None
            element = f"[{key.lower()}]" if isinstance(key, str) else "[]"
            self.state.write(".".join((*full, element)), value, weak=True)
            if isinstance(key, str) and self.known.sets.knows(last := key.rpartition("/")[2].lower()):
                # `configuration.Fields("http://.../smtpserver") = x`
                owner = base.base if isinstance(base, Member) and base.name.lower() == "item" else base
                types = self.evaluate(owner).types
                names = [(*(dotted(owner) or full), last), *((*each.split("."), last) for each in types)]
                for sink in self.known.sets.find(names):
                    self.state.show(sink, base.at, last, None, value)
        self._into(base, value)

    def _into(self, node: Statement, value: Value) -> None:
        """An object was given a value: it now carries its origins."""
        name = root(node)
        started = (
            isinstance(node, Name)
            and (held := self.state.read(node.name.lower())) is not None
            and _started(held)
        )
        if not value.origins and telling([value]) and isinstance(node, Name) and not started:
            # An object that was given a text makes other things of it.
            value = marked(value, COMPUTED)
        if name is None or not (value.origins or value.marks):
            return
        known = self.state.read(name)
        if known is not None or isinstance(node, Name):
            given = derived([value])
            if known is not None:
                # What is put into a file does not change where the file lies.
                given = Value((), given.origins, (), given.marks | (known.marks & TAMED))
            self.state.write(name, given, weak=True)
        elif value.origins and isinstance(node, Member) and (full := dotted(node)) is not None:
            # Nothing of the page's: a place that the server keeps, as `AppDomain.CurrentDomain`.
            self.state.write(".".join(full), derived([value]), weak=True)

    def _set(self, target: Member, owner: Value, value: Value) -> None:
        if not self.known.sets.knows(target.name.lower()):
            return
        names = self._names(target, owner)
        for sink in self.known.sets.find(names):
            self._show(sink, target, owner, [value])
