"""Assignments: variables, members, elements and properties take values."""

from exsweep.detect.webshell.code import Assign, Call, Index, Lambda, Member, Name, Op, Sequence, Statement
from exsweep.detect.webshell.names import dotted, is_self, root
from exsweep.detect.webshell.showing import Showing
from exsweep.detect.webshell.values import (
    COMPUTED,
    ONTO,
    TAMED,
    Value,
    derived,
    marked,
    telling,
    typed,
)

_CUT = (("mid",), ("midb",))
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
        if isinstance(node.target, Sequence):
            return self._taken_apart(node, node.target)
        value = self.evaluate(node.value)
        self.given = ""
        operator = node.operator
        if operator in ("+=", "&="):
            old = self.evaluate(node.target)
            functions = [each for part in (old, value) for each in part.types if each.startswith("fn:")]
            value = typed(self.joined([old, value], node.at), *functions[:4])
        elif operator not in ("=", ":="):
            value = derived([self.evaluate(node.target), value])
        target = node.target
        if isinstance(node.value, Lambda) and isinstance(target, Name | Member):
            self.state.carried = True
            self.state.lambdas[target.name.lower()] = node.value.parameters
        self._put_into(node, target, value)
        return value

    def _taken_apart(self, node: Assign, targets: Sequence) -> Value:
        """`(a, b) = (x, y)`: each its own; what cannot be told apart goes to all of them."""
        given = node.value
        if isinstance(given, Sequence) and len(given.items) == len(targets.items):
            values = [self.evaluate(each) for each in given.items]
        else:
            values = [derived([self.evaluate(given)])] * len(targets.items)
        for target, value in zip(targets.items, values, strict=True):
            self._put_into(node, target, value)
        return derived(values)

    def _put_into(self, node: Assign, target: Statement, value: Value) -> None:
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
            case Sequence(items=items):
                for each in items:
                    self._put_into(node, each, derived([value]))
            case Op(operands=operands):
                for each in operands:
                    self._into(each, value)
            case _:
                pass

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
        if full in _CUT and arguments:
            # `Mid(a, 1) = x` of Basic changes `a`.
            self._into(arguments[0], value)
            return
        if full is not None:
            key = keys[0].constant if keys else None
            element = f"[{key.lower()}]" if isinstance(key, str) else "[]"
            self.state.write(".".join((*full, element)), value, weak=True)
            self.state.indexed.add(full[-1])
            if keys and keys[0].origins:
                # Whoever goes through the keys gets what they were made of.
                self.state.write(".".join((*full, "keys")), derived(keys), weak=True)
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
        for inner in (
            (each[5:] for each in known.types if each.startswith(ONTO)) if known and value.origins else ()
        ):
            self.state.write(inner, derived([value]), weak=True)
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
