"""Results of functions that the page does not hold: made objects, folded constants, or whatever carries origins along."""

import re
from typing import Final

from exsweep.detect.webshell import folding
from exsweep.detect.webshell.code import Call, Const, Member, Name, Op
from exsweep.detect.webshell.computing import NotFoldedError
from exsweep.detect.webshell.handing import Handing
from exsweep.detect.webshell.names import DottedName, dotted, is_self
from exsweep.detect.webshell.showing import UNEXPLAINED, UNKNOWN_OBJECT
from exsweep.detect.webshell.values import (
    BASENAME,
    BUILT,
    CHOSEN,
    COMPILED,
    COMPUTED,
    DECODED,
    MAPPED,
    MIXED,
    ONTO,
    ROOTED,
    UNKNOWN,
    Value,
    derived,
    marked,
    provided,
    telling,
    typed,
)

_KEEPERS: Final = frozenset(
    {"item", "getvalue", "clone", "first", "firstordefault", "single", "last", "where", "tolist",
     "elementat", "cast"}
)  # fmt: skip
"""Methods that give back the object or one of its elements."""

_EXTENSION: Final = re.compile(r"\.\w{1,6}\Z")

_FRAME: Final = re.compile(r"[^{]{3,}")
"""What stands before the first hole of a text for `Format`: the visitor does not choose where it begins."""

_VISITORS: Final = frozenset({"request", "upload", "session"})

_CLASS_ID: Final = 30

_KEPT: Final = frozenset({"own-page", "listed", COMPILED})
"""What is known of a path, and then of the stream that it is opened as."""
_WRAPPERS: Final = frozenset({"gzipstream", "deflatestream", "cryptostream", "bufferedstream"})
"""Streams that hand on to another; so does whatever ends in `writer`."""

_OWN_TYPE: Final = "typeof:#own"
"""Type of the page, as a value."""

_MONIKER: Final = re.compile(r"(?<=^winnt).*|(?<=^iis).*|^winmgmts:(?:.{0,400}:)?(?=win32_)", re.DOTALL)


def _of_visitor_or_hidden(name: Value, names: list[str]) -> bool:
    """Is the class of an object named by the visitor, or by something that cannot be followed?

    Args:
        names: classes that it may be, of which one is known.
    """
    if name.origins:
        return not name.marks & {MIXED, COMPUTED}
    return not names and COMPUTED in name.marks


def endings(values: list[Value]) -> list[str]:
    """Extensions of the files that arguments name, as types."""
    found: list[str] = []
    for value in values:
        found.extend(each for each in value.types if each.startswith(("ends:", "named:")) or each in _KEPT)
        for each in value.constants:
            match = _EXTENSION.search(each[-8:]) if isinstance(each, str) and len(each) < 300 else None
            if match:
                found.append(f"ends:{match[0].lower()}")
    return found[:6]


def _cuts_end(node: Call) -> bool:
    """`Left(x, Len(x) - 1)`: all of it but the last comma."""
    match node.arguments[-1:]:
        case (Op(operator="-", operands=(length, Const())),):
            named = length.function if isinstance(length, Call) else length
            return isinstance(named, Name | Member) and named.name.lower() in ("len", "length")
        case _:
            return False


class Library(Handing):
    """What library functions give back."""

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
        if (
            last == "format"
            and value.origins
            and arguments
            and not arguments[0].origins
            and _FRAME.match(str(arguments[0].constant))
        ):
            value = marked(value, MIXED)
        if value.origins and not self.state.blind and not known.does_nothing(last):
            visitors = any(each.kind in _VISITORS for each in value.origins)
            self.state.blind = visitors and not known.calls.matches(names, new=node.new)
        if known.decoders.matches(names, new=node.new):
            value = marked(value, DECODED)
        if known.basename.knows(last) and known.basename.matches(names):
            value = marked(value, BASENAME)
        # What is replaced and what by says nothing of what it is replaced in.
        subject = (parts[:1] if base is None else [base]) if last == "replace" else parts
        if not value.origins and last in folding.NAMES and telling(subject) and not _cuts_end(node):
            value = marked(value, COMPUTED)
        types = list(known.returns.find(names))
        own = base is None or (isinstance(node.function, Member) and is_self(node.function.base))
        if last == "gettype" and not arguments and own:
            types.append(_OWN_TYPE)
        if last == "getmethod" and base is not None and _OWN_TYPE in base.types:
            # What a page does with its own functions is looked at there.
            types.clear()
        if types or node.new:
            types.extend(endings(arguments))
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
        if last == "createinstance" and arguments and _of_visitor_or_hidden(arguments[0], [""]):
            types.append(CHOSEN)
        if last == "createinstance":
            types.extend(each for value in arguments for each in value.types)
        if node.new:
            types.append(".".join(names[0]))
            if last.endswith(("writer", "reader")) or last in _WRAPPERS:
                # Where it ends up, and not how it is written, says what it is.
                types.extend(
                    each for value in arguments[:1] for each in value.types if each.endswith("stream")
                )
                if not last.endswith("reader") and node.arguments and isinstance(node.arguments[0], Name):
                    types.append(f"{ONTO}{node.arguments[0].name.lower()}")
        elif isinstance(node.function, Member) and base is not None and last in _KEEPERS:
            types.extend(each for each in base.types if each != "fields")
        return typed(value, *types) if types else value

    def _object(self, node: Call, arguments: list[Value]) -> Value:
        """`CreateObject("A.B")`: an object of that type."""
        names = [each.lower() for value in arguments for each in value.constants if isinstance(each, str)][:4]
        names += [each[7:] for value in arguments[:1] for each in value.types if each.startswith("begins:")]
        types = []
        if arguments and COMPUTED in arguments[0].marks:
            # The text that a loop began with is not the name that it made.
            names = [each for each in names if each.strip(".") == each and "." in each]
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
            if (
                "." in plain
                and len(plain) < _CLASS_ID * 2
                and plain.isascii()
                and not self.known.explained(plain)
            ):
                types.append(UNEXPLAINED)
                self.state.tools = True
            sink = self.known.objects.get(plain)
            if sink is not None:
                self.state.show(sink, node.at, plain, arguments[0], None)
        if arguments and _of_visitor_or_hidden(arguments[0], names) and not provided(arguments[0]):
            types.append(CHOSEN)
        if not any("." in each or len(each) > _CLASS_ID for each in names):
            types.append(UNKNOWN_OBJECT)
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
        except NotFoldedError:
            return None
        marks = derived([*arguments, base] if base is not None else arguments).marks
        if isinstance(made, str) and not (node.new or name[-1] in ("cstr", "trim", "tostring")):
            marks = marks | {BUILT}
            self.state.keep(made, node.at)
        return Value((made,), (), (".".join(names[0]),) if node.new else (), marks)

    def _mapped(self, value: Value) -> Value:
        """`Server.MapPath(x)`."""
        value = marked(value, MAPPED)
        here = isinstance(value.constant, str) and not value.constant.strip("~./\\ ")
        return Value((), (), (), value.marks | {ROOTED}) if here else value

    def _counted(self, last: str, arguments: list[Value]) -> Value:
        """A number made of text; a number of each letter is the text in another dress."""
        if last in ("len", "lenb", "ubound"):
            return UNKNOWN
        hides = last in folding.NAMES and telling(arguments) and not any(each.origins for each in arguments)
        return marked(UNKNOWN, COMPUTED) if hides else UNKNOWN
