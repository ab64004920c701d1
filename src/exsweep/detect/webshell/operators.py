"""Operators: sums of text above all, casts, choices, arithmetic of constants."""

import re
from collections.abc import Callable
from functools import cache

from exsweep.detect.webshell import computing, decoding
from exsweep.detect.webshell.code import THROWN, Name, Op, Statement
from exsweep.detect.webshell.computing import NotFoldedError
from exsweep.detect.webshell.evaluate import Expressions
from exsweep.detect.webshell.names import DottedName, dotted
from exsweep.detect.webshell.values import (
    BASENAME,
    BUILT,
    COMPILED,
    COMPUTED,
    DECODED,
    MIXED,
    PROGRAM,
    ROOTED,
    UNKNOWN,
    USERINFO,
    Constant,
    Value,
    constant,
    derived,
    either,
    marked,
    typed,
)
from exsweep.knowledge.webshells import webshell_weights

_OPEN = re.compile(r"\s{0,8}(?:[a-zA-Z]{1,8}:[/\\]{1,3}|\\\\)?")

_MONIKER = re.compile(r"(?!https?:|ftp:|mailto:|data:)[a-zA-Z]{3,12}:")
"""How a text begins that names an object of Windows by its provider."""

_SHORTEST_WORD = 2
"""Letters from which on a text at the beginning says what the rest may be (`If `)."""

_LONGEST_NAMED = 60
"""Characters of the last part of a path by which a file is known again."""

_SCHEME = re.compile(r"(?:https?|ftp|file|ldap|gc|net\.tcp|tcp|wss?):/{2,3}|\\\\\\\\", re.IGNORECASE)
"""What stands before the name of a machine and does not say which one."""
_USERINFO = re.compile(
    r"[a-z]{2,5}://[^/@]{0,80}:[^/@]{0,80}\0[^/@]{0,80}@|[a-z]{2,5}://[^/@:]{0,80}\0[^/@:]{0,80}:[^/@]{0,80}@"
)
"""An address with a name and a password; what comes from elsewhere is a NUL."""
_COMMAND = re.compile(r"""["' ]{0,3}([^"'<>|&]{1,200}?\.exe)["' ]""", re.IGNORECASE)
_ROOT = re.compile(r"[~./\\\s]*")

_WORTHLESS = frozenset(
    {"==", "!=", "<", ">", "<=", ">=", "<>", "&&", "||", "!", "not", "and", "or", "is", "isnot", "like",
     "sizeof", "nameof", "instanceof", "===", "!==", "andalso", "orelse", "is not"}
)  # fmt: skip
"""Operators whose result is yes or no, or that say nothing of their operands."""

_CHOOSING = frozenset({"||", "&&"})

_OF_BITS = frozenset({"and", "or"})
"""Operators of Basic that with a number are arithmetic."""


def open_text(value: Constant) -> bool:
    """A beginning that leaves it open where a path or address leads: `""`, `http://`, `c:\\`."""
    return isinstance(value, str) and _OPEN.fullmatch(value) is not None


def _numeral(value: Value) -> bool:
    return isinstance(value.constant, int | float) and not isinstance(value.constant, bool)


def _says_nothing(value: Constant) -> bool:
    return value is None or open_text(value)


def _tail(parts: list[Value]) -> str:
    """The constant text at the end, from its last dot on."""
    text = _end(parts)
    return text[max(0, text.rfind(".")) :]


def _end(parts: list[Value]) -> str:
    """The constant text at the end, however many pieces it is in."""
    texts: list[str] = []
    for each in reversed(parts):
        if len(each.constants) != 1 or not isinstance(each.constants[0], str) or len(texts) > 8:
            break
        texts.append(each.constants[0])
    return "".join(reversed(texts))


def _known(parts: list[Value]) -> bool:
    """Are all of them one constant each?"""
    for each in parts:
        if len(each.constants) != 1 or each.origins:
            return False
    return bool(parts)


def _scheme_alone(constant: Constant) -> bool:
    return isinstance(constant, str) and _SCHEME.fullmatch(constant) is not None


def _names_program(head: str) -> bool:
    """`"C:\\Tools\\a.exe" -x `: does a command begin with a program, whatever stands behind it?"""
    match = _COMMAND.match(head)
    return match is not None and not re.search(webshell_weights().interpreters, match[1].lower())


def _with_password(parts: list[Value]) -> bool:
    """`"ftp://" & user & ":" & password & "@" & host`, where one of the two comes from elsewhere."""
    told = ""
    for each in parts[:12]:
        told += each.constant if isinstance(each.constant, str) else "\0" if each.origins else "?"
    return _USERINFO.search(told) is not None


@cache
def _compiled() -> re.Pattern[str]:
    return re.compile(webshell_weights().compiled_folders)


class Operators(Expressions):
    """Expressions with operators."""

    def _op(self, node: Op) -> Value:
        operator = node.operator.lower()
        if operator in ("+", "&", "interpolate"):
            return self._sum(node)
        parts = [self.evaluate(each) for each in node.operands]
        if operator == "typeof":
            return Value((), (), ("type", *(f"typeof:{'.'.join(name)}" for name in self._type_names(node))))
        if operator in _CHOOSING and parts and self.state.unit.program.language == "jscript":
            # There they give one of their operands back.
            return either(parts[0], parts[-1])
        if operator in _WORTHLESS and not (operator in _OF_BITS and any(map(_numeral, parts))):
            return UNKNOWN
        if operator == "," and parts:
            return parts[-1]
        if operator in ("?:", "??", "iif") and len(parts) >= 2:
            return either(parts[-2], parts[-1])
        if operator == "throw" and parts:
            self.state.write(THROWN, parts[0], weak=True)
        if operator in (
            "cast",
            "as",
            "ctype",
            "directcast",
            "trycast",
            "await",
            "()",
            "parenthesized",
            "ref",
            "out",
            "addressof",
            "throw",
        ):
            return self._cast(node, parts)
        constants = [each.constant for each in parts]
        if all(each.known for each in parts):
            try:
                return constant(computing.chain(operator, constants), derived(parts).marks)
            except NotFoldedError:
                return derived(parts)
        return derived(parts)

    def _type_names(self, node: Op) -> list[DottedName]:
        """What `typeof(T)` names, aliases undone."""
        name = dotted(node.operands[0]) if node.operands else None
        if name is None:
            return []
        alias = self.state.aliases.get(name[0])
        return [(*alias, *name[1:]) if alias else name]

    def _cast(self, node: Op, parts: list[Value]) -> Value:
        if not parts:
            return UNKNOWN
        value = parts[0]
        name = dotted(node.operands[1]) if len(node.operands) > 1 else None
        type_ = ".".join(name) if name else ""
        if type_ in ("int", "long", "short", "integer", "double", "decimal", "bool", "boolean", "float"):
            return value if value.constants else UNKNOWN
        if type_ == "char" and isinstance(value.constant, int | float):
            try:
                return constant(decoding.letter(value.constant), frozenset({BUILT}))
            except NotFoldedError:
                return UNKNOWN
        if type_ == "char" and not value.origins:
            return marked(derived([value]), DECODED)
        if type_ in ("", "string", "object", "byte", "var", "dynamic"):
            return value
        return typed(value, type_)

    def _sum(self, node: Op) -> Value:
        """A chain of `+`, from left to right, however long."""
        operands: list[Statement] = []
        stack: list[Statement] = [node]
        while stack:
            each = stack.pop()
            if isinstance(each, Op) and each.operator.lower() in ("+", "&", "interpolate"):
                stack.extend(reversed(each.operands))
            else:
                operands.append(each)
        first = operands[0] if operands else None
        values = [self.evaluate(each) for each in operands]
        if isinstance(first, Name) and first.name.lower() == self.given and values[0] == UNKNOWN:
            # `f = f & x` in the function f: nothing of the page stands before what is added up.
            values = values[1:]
        return self.joined(values, node.at)

    def joined(self, parts: list[Value], at: int) -> Value:
        """The sum of values; text of the page beside a foreign value makes it `MIXED`."""
        if _known(parts):
            try:
                made = self._fold(lambda: computing.add([each.constants[0] for each in parts]))
            except NotFoldedError:
                return derived(parts)
            marks = derived(parts).marks
            if sum(isinstance(each.constants[0], str) for each in parts) > 1:
                marks = marks | {BUILT}
                if isinstance(made, str):
                    self.state.keep(made, at)
            return constant(made, marks)
        self._keep_runs(parts, at)
        value = derived(parts)
        first = next(
            (each for each in parts if not (each.known and _says_nothing(each.constants[0]))), UNKNOWN
        )
        says = isinstance(first.constant, str) and len(first.constant) >= _SHORTEST_WORD
        if says and not value.origins and COMPUTED in value.marks and DECODED not in value.marks:
            value = marked(value, MIXED)
        if value.origins and not first.origins and not _scheme_alone(first.constant):
            value = marked(value, MIXED)
        elif value.origins and MIXED in value.marks and MIXED not in first.marks:
            value = Value((), value.origins, value.types, value.marks - {MIXED})
        if first.origins and BASENAME in value.marks and BASENAME not in first.marks:
            value = Value(value.constants, value.origins, value.types, value.marks - {BASENAME})
        if value.origins and self._is_rooted(first, parts):
            value = marked(value, ROOTED)
        elif ROOTED in value.marks:
            value = Value(value.constants, value.origins, value.types, value.marks - {ROOTED})
        head = parts[0].constant if parts else None
        if isinstance(head, str) and (moniker := _MONIKER.match(head)):
            value = typed(value, f"begins:{moniker[0].lower()}")
        if value.origins and isinstance(head, str) and _compiled().search(head.lower()):
            value = typed(value, COMPILED)
        if not value.origins and isinstance(head, str) and _names_program(head):
            value = typed(value, PROGRAM)
        if value.origins and _with_password(parts):
            value = typed(value, USERINFO)
        tail = _tail(parts)
        if 0 < len(tail) < 12:
            value = typed(value, f"ends:{tail.lower()}")
            last = _end(parts)
            if tail[0] == "." and len(tail) < len(last) < _LONGEST_NAMED:
                value = typed(value, f"named:{last.lower()}")
        return value

    def _is_rooted(self, first: Value, parts: list[Value]) -> bool:
        """Does that begin in a folder of the site, `first` being the first part that says anything?"""
        begin = first.constant
        if isinstance(begin, str) and self.known.served_folders.search(begin.lower()):
            return True
        texts = [each.constant for each in parts[:-1]]
        return (ROOTED in first.marks or isinstance(begin, str)) and all(
            _ROOT.fullmatch(each) for each in texts if isinstance(each, str)
        )

    def _keep_runs(self, parts: list[Value], at: int) -> None:
        """Texts that stand side by side between values are one text."""
        run: list[str] = []
        for each in (*parts, UNKNOWN):
            if each.known and isinstance(each.constants[0], str):
                run.append(each.constants[0])
                continue
            if len(run) > 1 and self.state.fold_left > 0:
                text = "".join(run)
                self.state.fold_left -= len(text)
                self.state.keep(text, at)
            run = []

    def _fold(self, make: Callable[[], Constant]) -> Constant:
        if self.state.fold_left <= 0:
            raise NotFoldedError
        made = make()
        if isinstance(made, str | bytes | tuple):
            self.state.fold_left -= len(made)
        return made
