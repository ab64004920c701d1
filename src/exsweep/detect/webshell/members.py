"""Members and elements: fields of the request, properties, arrays, functions that are carried as values."""

from abc import abstractmethod

from exsweep.detect.webshell.code import Call, Const, Index, Member, Name, Statement
from exsweep.detect.webshell.evaluate import CONSTANTS, FIELDS, OWN
from exsweep.detect.webshell.names import dotted, is_self, spell
from exsweep.detect.webshell.operators import Operators
from exsweep.detect.webshell.values import (
    BASENAME,
    COMPUTED,
    DECODED,
    ROOTED,
    UNKNOWN,
    Origin,
    Value,
    constant,
    derived,
    either,
    marked,
    telling,
    typed,
    words,
)


class Members(Operators):
    """Expressions that read a part of something."""

    def _member(self, node: Member) -> Value:
        if is_self(node.base):
            return self._name(Name(node.at, node.name))
        base = self.evaluate(node.base)
        names = self._names(node, base)
        last = names[0][-1] if names else node.name.lower()
        if self.known.gets.knows(last):
            for sink in self.known.gets.find(names):
                self.state.show(sink, node.at, spell(node), None, None)
        if self.known.sources.knows(last):
            source = self._source(names, node.at, [], spell(node.base))
            if source is not None:
                # What is read from a stream of the visitor's is the visitor's.
                asked = any(each.kind in ("request", "upload") for each in base.origins)
                read = source.origins and source.origins[0].kind == "file"
                if read and asked:
                    return derived([base])
                return (
                    typed(source, *(each for each in base.types if each.startswith("ends:")))
                    if read
                    else source
                )
        if self.state.bases and any(
            not self.known.visitor_classes.isdisjoint(self.state.bases.get(each, ())) for each in base.types
        ):
            return Value((), (Origin("request", node.name, node.at, self.state.unit.number),))
        if self.known.roots.knows(last) and self.known.roots.matches(names):
            return Value((), (), (), frozenset({ROOTED}))
        if self.known.clean.knows(last) and self.known.clean.matches(names):
            return OWN if self.known.own_page(last) else UNKNOWN
        if (
            FIELDS in base.types
            and base.origins
            and self.state.unit.program.language == "jscript"
            and not self.known.calls.knows(last)
        ):
            # `Request["x"]` of JScript.
            return self._element(
                Index(node.at, node.base, (Const(node.at, node.name),)), base, [constant(node.name)]
            )
        if self.known.channel_ends.knows(last):
            for end in self.known.channel_ends.find(names):
                handed = self.state.read(f"#{end}")
                if handed is not None:
                    return handed
        full = dotted(node)
        if full is not None:
            kept = self.state.read(".".join(full))
            if kept is not None:
                return either(kept, derived([base]))
            if ".".join(full) in CONSTANTS:
                return constant(CONSTANTS[".".join(full)])
        held = self.state.field(base, last) if self.state.classes else None
        if held is not None:
            return either(held, derived([base]))
        if isinstance(node.base, Name) and node.base.name.lower() in self.state.classes:
            shared = self.state.read(last)
            if shared is not None:
                return either(shared, derived([base]))
        returned = tuple(self.known.returns.find(names))
        if last in self.state.functions and not returned:
            own = self.state.given_back_by(last)
            return typed(either(own, derived([base])), f"fn:{last}")
        if f"get_{last}" in self.state.functions and not returned:
            return either(self.state.given_back_by(f"get_{last}"), derived([base]))
        if last in ("text", "value", "tostring") and base.known:
            return base
        carried = tuple(each for each in base.types if each.startswith("fn:"))
        decodes = self.known.decoders.knows(last) and self.known.decoders.matches(names)
        if not carried and (decodes or self.known.calls.matches(names)):
            self.state.carried = self.state.carried or not returned
            carried = (f"fn:{'.'.join(names[0])}",)
        value = derived([base])
        if decodes and COMPUTED in base.marks:
            value = marked(value, DECODED)
        if self.known.basename.knows(last) and self.known.basename.matches(names):
            value = marked(value, BASENAME)
        if last == "startinfo" and any(each.endswith("process") for each in base.types):
            returned = ("processstartinfo",)
        return typed(value, *returned, *carried) if returned or carried else value

    def _index(self, node: Index) -> Value:
        member = self.keyed(node)
        if member is not None:
            return self._member(member)
        base = self.evaluate(node.base)
        arguments = [self.evaluate(each) for each in node.arguments]
        element = self._element(node, base, arguments)
        back = self._default(base, arguments) if self.state.classes else None
        return element if back is None else either(element, back)

    @abstractmethod
    def _default(self, variable: Value, arguments: list[Value]) -> Value | None: ...

    def keyed(self, node: Statement) -> Member | None:
        """JScript's `base["na" + "me"]` as the member that it is; None for everything else."""
        if not isinstance(node, Index) or self.state.unit.program.language != "jscript" or not node.arguments:
            return None
        if isinstance(node.arguments[0], Const | Name):
            return None
        key = self.evaluate(node.arguments[0]).constant
        return Member(node.at, node.base, key) if isinstance(key, str) and key.isidentifier() else None

    def _element(self, node: Index | Call, base: Value, arguments: list[Value]) -> Value:
        """`base[arguments]`, `base(arguments)` of VB: an element of an array, or a field of the request."""
        first = arguments[0].constant if arguments else None
        inner = node.base if isinstance(node, Index) else node.function
        if isinstance(first, str) and FIELDS in base.types:
            place = dotted(inner)
            left = self.state.read(".".join((*place, f"[{first.lower()}]"))) if place else None
            if left is not None:
                return either(left, Value((), base.origins, (), base.marks))
        if FIELDS in base.types:
            if isinstance(first, str) and base.origins:
                if self.known.clean_field(base.origins[0].kind, first, base.types):
                    return OWN if self.known.own_page(first) else UNKNOWN
                origins = tuple(
                    Origin(each.kind, each.name or first[:80], each.at, each.unit, each.trail)
                    for each in base.origins
                )
                types = tuple(each for each in base.types if each not in (FIELDS, "request"))
                return Value((), origins, types, base.marks)
            return Value(
                (), base.origins, tuple(e for e in base.types if e not in (FIELDS, "request")), base.marks
            )
        if base.constants and isinstance(first, int | float) and not isinstance(first, bool):
            for each in base.constants:
                if isinstance(each, str | bytes | tuple) and 0 <= int(first) < len(each):
                    return constant(each[int(first)], base.marks)
        full = dotted(inner)
        if full is not None:
            if isinstance(first, str):
                kept = self.state.read(".".join((*full, f"[{first.lower()}]")))
                if kept is not None:
                    return kept
                names = self._names(Member(node.at, inner, first), base) if isinstance(node, Index) else []
                if names and self.known.calls.matches(names):
                    return typed(derived([base]), f"fn:{'.'.join(names[0])}")
                if full in (("this",), ("window",), ("self",), ("globalthis",)) and self.known.calls.matches(
                    [(first.lower(),)]
                ):
                    return Value((), (), (f"fn:{first.lower()}",))
            if isinstance(first, int):
                kept = self.state.read(".".join((*full, f"[{first}]")))
                if kept is not None:
                    return kept
            kept = self.state.read(".".join((*full, "[]")))
            if kept is not None:
                return either(derived([base]), kept)
        if arguments and not self.known.row_types.isdisjoint(base.types):
            field = first[:80] if isinstance(first, str) else ""
            row = Value((), (Origin("database", field, node.at, self.state.unit.number),))
            return either(row, Value((), base.origins)) if base.origins else row
        value = derived([base])
        if first is None and arguments and not base.origins and telling([base]) and not words(base.constants):
            # One of the letters or words of a table, which one is not known.
            value = marked(value, COMPUTED)
        return typed(value, *(each for each in base.types if each != FIELDS))
