"""What a logon page makes its visitors' browsers do with the password that they type.

The server runs none of this, so nothing of it shows in the page's server code. Read, never run: scripts of the page are
parsed like every other code here, and what was typed is followed by the names of variables, to wherever it leaves.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

from exsweep.detect.webshell.code import (
    Assign,
    Call,
    Const,
    Function,
    Index,
    Lambda,
    Member,
    Name,
    Program,
    Return,
    Statement,
    children,
    walk,
)
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages import parse_code
from exsweep.detect.webshell.names import Patterns, dotted, root
from exsweep.detect.webshell.pieces import excerpt
from exsweep.knowledge.logon import logon
from exsweep.model.files import Capability, Evidence, Reason

_SCRIPT = re.compile(r"<script\b([^<>]{0,2000})>(.*?)(?:</script\b|\Z)", re.IGNORECASE | re.DOTALL)
_HANDLER = re.compile(
    r"""\bon[a-z]{3,20}\s{0,8}=\s{0,8}(?:"([^"]{8,4000})"|'([^']{8,4000})')""", re.IGNORECASE
)
_FETCHED = re.compile(r"\b(?:src|href|action|srcset)\s{0,8}=|url\(|//", re.IGNORECASE)
_SERVER_SIDE = re.compile(r"runat\s{0,8}=", re.IGNORECASE)
_SERVER_CODE = re.compile(r"<%.*?(?:%>|\Z)", re.DOTALL)
_ROUNDS: Final = 6
"""Times that names are handed on from one to the next."""
_MOST_SCRIPTS: Final = 64
_MOST_EVIDENCE: Final = 5


class _Script(msgspec.Struct, frozen=True):
    """Browser code and the offset in the text of the page at which it begins."""

    code: str
    at: int


class Seen(msgspec.Struct, frozen=True):
    """What the browser is made to do."""

    capabilities: tuple[Capability, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def points(self) -> float:
        return sum(each.points for each in self.reasons)


def seen_in_browsers(text: str, script: bool, effort: Effort) -> Seen:
    """Ways in which a typed password leaves the page, and code that hides, with the lines.

    Args:
        text: of the file, decoded.
        script: the whole file is a browser script.
        effort: that of the file.
    """
    places: dict[str, dict[int, str]] = {}
    found = [_Script(text, 0)] if script else list(_scripts(text))
    programs = [parse_code(each.code, "jscript", effort=effort) for each in found]
    flow = _Flow(programs, effort)
    for each, program in zip(found, programs, strict=True):
        for id_, at in flow.shown(program):
            line = text.count("\n", 0, each.at + at) + 1
            places.setdefault(id_, {}).setdefault(line, excerpt(each.code, at))
    known = logon().capabilities
    order = sorted(places, key=lambda id_: (-known[id_].points, id_))
    return Seen(
        tuple(
            Capability(
                id=id_,
                title=known[id_].title,
                evidence=tuple(
                    Evidence(line=line, excerpt=quoted)
                    for line, quoted in sorted(places[id_].items())[:_MOST_EVIDENCE]
                ),
                attack=known[id_].attack,
            )
            for id_ in order
        ),
        tuple(Reason(code=id_, text=known[id_].title, points=known[id_].points) for id_ in order),
    )


def _scripts(text: str) -> Iterator[_Script]:
    """Scripts and event attributes of a page that run in the browser; server code inside is blanked, places stay."""
    plain = _SERVER_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    number = 0
    for match in _SCRIPT.finditer(plain):
        if number < _MOST_SCRIPTS and match[2].strip() and not _SERVER_SIDE.search(match[1]):
            number += 1
            yield _Script(match[2], match.start(2))
    for match in _HANDLER.finditer(plain):
        if number < _MOST_SCRIPTS:
            number += 1
            group = 1 if match[1] else 2
            yield _Script(match[group], match.start(group))


class _Flow:
    """Names that hold what was typed, over all scripts of a page: they share one global scope."""

    def __init__(self, programs: list[Program], effort: Effort) -> None:
        self._bearing: set[str] = set()
        self._functions: dict[str, tuple[str, ...]] = {}
        nodes = [node for program in programs for node in walk((*program.statements, *program.functions))]
        for node in nodes:
            if isinstance(node, Function):
                self._functions[node.name.lower()] = node.parameters
            elif isinstance(node, Assign) and isinstance(node.value, Lambda):
                name = dotted(node.target)
                if name:
                    self._functions[name[-1]] = node.value.parameters
        # A script that only sends where the page's own form goes does nothing else than the form.
        self._own = _only_own(nodes)
        for _ in range(_ROUNDS):
            before = len(self._bearing)
            for number, node in enumerate(nodes):
                if not number % 1024 and effort.take(1024 if number else 0):
                    return
                self._hand_on(node)
            if len(self._bearing) == before:
                break

    def _hand_on(self, node: Statement) -> None:
        if isinstance(node, Assign):
            holder = root(node.target)
            # `gbid("password").value = x` fills the field; `o.p = x` fills o.
            if (
                holder
                and not isinstance(node.value, Lambda)
                and not _field(node.target)
                and self.bears(node.value)
            ):
                self._bearing.add(holder)
        elif isinstance(node, Function):
            body = walk(node.body)
            if any(
                isinstance(each, Return) and each.value is not None and self.bears(each.value)
                for each in body
            ):
                self._bearing.add(node.name.lower())
        elif isinstance(node, Call):
            name = dotted(node.function)
            parameters = self._functions.get(name[-1], ()) if name else ()
            for parameter, argument in zip(parameters, node.arguments, strict=False):
                if self.bears(argument):
                    self._bearing.add(parameter.lower())

    def bears(self, node: Statement) -> bool:
        """Is what was typed part of this value?"""
        known = _known()
        stack: list[Statement] = [node]
        while stack:
            one = stack.pop()
            if isinstance(one, Lambda):
                continue
            if isinstance(one, Member) and one.name.lower() in known.nothing:
                continue
            if _typed(one) or (isinstance(one, Name) and one.name.lower() in self._bearing):
                return True
            if isinstance(one, Call):
                name = dotted(one.function)
                if name and known.whole_form.matches([name], new=one.new):
                    return True
            stack.extend(children(one))
        return False

    def shown(self, program: Program) -> Iterator[tuple[str, int]]:
        """Capability and offset of each place."""
        for node in walk((*program.statements, *program.functions)):
            if isinstance(node, Call):
                name = dotted(node.function)
                if name and not self._own and self._sent(name, node):
                    yield "client-sends-password", node.at
                if name and _hides(name, node):
                    yield "client-hidden-code", node.at
            elif isinstance(node, Assign):
                name = dotted(node.target)
                if name and self._set(name, node.value):
                    yield "client-sends-password", node.at

    def _sent(self, name: tuple[str, ...], call: Call) -> bool:
        known = _known()
        if known.markup.matches([name]) or known.write.matches([name]):
            return any(self.bears(each) and _loads(each) for each in call.arguments)
        return known.calls.matches([name], new=call.new) and any(self.bears(each) for each in call.arguments)

    def _set(self, name: tuple[str, ...], value: Statement) -> bool:
        known = _known()
        if known.markup.matches([name]):
            return self.bears(value) and _loads(value)
        return known.set.matches([name]) and self.bears(value)


def _loads(node: Statement) -> bool:
    """Markup with something that browsers fetch; a meter that shows how strong the password is has none."""
    return any(
        isinstance(each, Const) and isinstance(each.value, str) and _FETCHED.search(each.value)
        for each in walk((node,))
    )


def _field(node: Statement) -> bool:
    """`document.getElementById("password").value`, `form.password.value`: the field itself."""
    return isinstance(node, Member) and node.name.lower() in logon().typed and _names_field(node.base)


def _typed(node: Statement) -> bool:
    """What stands in the field."""
    if _field(node):
        return True
    if isinstance(node, Call) and isinstance(node.function, Member) and not node.arguments:
        return node.function.name.lower() in logon().typed and _names_field(node.function.base)
    return False


def _names_field(node: Statement) -> bool:
    """An expression that finds the field: `password`, `form.password`, `$("#password")`, `gbid("password")`."""
    known = _known()
    match node:
        case Name(name=name) | Member(name=name):
            return known.field.fullmatch(name.lower()) is not None
        case Call(arguments=arguments) | Index(arguments=arguments):
            return any(
                isinstance(each, Const)
                and isinstance(each.value, str)
                and any(known.field.fullmatch(word) for word in re.split(r"[^\w-]+", each.value.lower()))
                for each in arguments
            ) or (isinstance(node, Index) and _names_field(node.base))
        case _:
            return False


def _only_own(nodes: list[Statement]) -> bool:
    """There are addresses, and each of them is that of the mail server's own logon."""
    known = _known()
    said = False
    for node in nodes:
        if not isinstance(node, Call):
            continue
        name = dotted(node.function)
        if not name or not known.addresses.matches([name], new=node.new):
            continue
        texts = [
            each.value for each in node.arguments if isinstance(each, Const) and isinstance(each.value, str)
        ]
        if not texts or not all(any(own.search(text.lower()) for own in known.own) for text in texts):
            return False
        said = True
    return said


def _hides(name: tuple[str, ...], call: Call) -> bool:
    """Runs or writes what it first has to unpack."""
    known = _known()
    if not (known.run.matches([name], new=call.new) or known.write.matches([name])):
        return False
    inside = list(walk(call.arguments))
    unpacked = any(
        isinstance(each, Call)
        and (called := dotted(each.function)) is not None
        and called[-1] in known.unpack
        for each in inside
    )
    # `eval(function(p,a,c,k,e,d){...}(...))`
    return unpacked or (
        known.run.matches([name], new=call.new) and any(isinstance(each, Lambda) for each in inside)
    )


class _Known(msgspec.Struct, frozen=True):
    """The knowledge, ready to be asked."""

    field: "re.Pattern[str]"
    own: "tuple[re.Pattern[str], ...]"
    calls: "Patterns[bool]"
    set: "Patterns[bool]"
    addresses: "Patterns[bool]"
    markup: "Patterns[bool]"
    whole_form: "Patterns[bool]"
    run: "Patterns[bool]"
    write: "Patterns[bool]"
    nothing: frozenset[str]
    unpack: frozenset[str]


@cache
def _known() -> _Known:
    table = logon()

    def patterns(names: tuple[str, ...]) -> Patterns[bool]:
        return Patterns((name, True) for name in names)

    return _Known(
        re.compile(table.field),
        tuple(re.compile(each) for each in table.own),
        patterns(table.calls),
        patterns(table.set),
        patterns(table.addresses),
        patterns(table.markup),
        patterns(table.whole_form),
        patterns(table.run),
        patterns(table.write),
        frozenset(table.nothing_of_it),
        frozenset(table.unpack),
    )
