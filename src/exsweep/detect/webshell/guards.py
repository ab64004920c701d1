"""Checks that hold: `if (!path.StartsWith(root)) throw`, `if (list.Contains(name)) { ... }`.

A check that is merely there says nothing: whoever writes a back door can write one. What counts is that nothing is done where it
fails. So a variable is *checked* only inside the body that is run when the check is passed, or behind a body that leaves the
function when it is not; and only against a folder of the site, an address, or a list that the page itself holds. A flag may
stand between the two, if nothing else raises it: `foreach (var s in list) if (url.StartsWith(s)) ok = true; if (!ok) return;`.

What something is held against may be unknown (a list in a file of settings). That is enough for an address, which relays of
map servers check in that way, and is written `?name`; it is not enough for a file.
"""

import re
from typing import Final

from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Call,
    Const,
    Expr,
    Member,
    Name,
    Op,
    Return,
    Statement,
    walk,
)
from exsweep.detect.webshell.evaluate import Expressions
from exsweep.detect.webshell.names import dotted
from exsweep.detect.webshell.values import COMPUTED, MAPPED, ROOTED, Constant
from exsweep.detect.webshell.variables import DIGITS

_AND: Final = frozenset({"&&", "and", "andalso"})
_OR: Final = frozenset({"||", "or", "orelse"})
_NOT: Final = frozenset({"!", "not"})
_LEAVES: Final = frozenset({"end", "redirect", "transfer", "redirectpermanent", "completerequest"})
_ADDRESS: Final = ("http://", "https://")
_SHORTEST_HOST: Final = 4
_MOST_LOOKED_AT: Final = 200

Names = frozenset[str]
_NONE: Final[Names] = frozenset()
_NUMBER: Final = re.compile(r"\^(?:\\d|\[0-9\])\{(?:\d{1,2},)?(\d{1,2})\}(?:\$|\\z|\\Z)", re.ASCII)
_MOST_DIGITS: Final = 10
WEAK: Final = "?"
"""Before the name of a variable that was held against something unknown."""


def guarded(evaluator: Expressions, condition: Expr) -> tuple[Names, Names]:
    """Variables that are known to be good where the condition holds, and where it does not."""
    match condition:
        case Op(operator=operator, operands=(inner,)) if operator in _NOT:
            good, bad = guarded(evaluator, inner)
            return bad, good
        case Op(operator="()" | "parenthesized", operands=(inner,)):
            return guarded(evaluator, inner)
        case Op(operator=operator, operands=operands) if operator in _AND:
            return _NONE.union(*(guarded(evaluator, each)[0] for each in operands)), _NONE
        case Op(operator=operator, operands=operands) if operator in _OR:
            return _NONE, _NONE.union(*(guarded(evaluator, each)[1] for each in operands))
        case Call(
            function=Member(base=Name() | Member(), name="IsMatch") as asked,
            arguments=(Name(name=name), Const(value=pattern), *_),
        ):
            few = (dotted(asked) or ())[-2:] == ("regex", "ismatch") and _few_digits(pattern)
            return frozenset({f"{DIGITS}{name.lower()}"}) if few else _NONE, _NONE
        case Call(function=Member(base=base, name=name), arguments=(first, *_)):
            return _asked(evaluator, name.lower(), base, first), _NONE
        case Name(name=name):
            return _flag(evaluator, name.lower()), _NONE
        case _:
            return _NONE, _NONE


def _few_digits(pattern: Constant) -> bool:
    """Does only a short number match it? Longer ones could spell code."""
    match = _NUMBER.fullmatch(pattern) if isinstance(pattern, str) else None
    return match is not None and int(match[1]) <= _MOST_DIGITS


def _asked(evaluator: Expressions, how: str, base: Expr, first: Expr) -> Names:
    if how == "startswith" and isinstance(base, Name):
        limits = _limits(evaluator, first)
        name = base.name.lower()
        return _NONE if limits is False else frozenset({name if limits else f"{WEAK}{name}"})
    if how in ("contains", "containskey") and isinstance(first, Name):
        holder = evaluator.evaluate(base)
        return (
            _NONE if holder.origins or isinstance(holder.constant, str) else frozenset({first.name.lower()})
        )
    return _NONE


def _limits(evaluator: Expressions, start: Expr) -> bool | None:
    """Is that a folder of the site, or an address of a machine? None where it is unknown."""
    value = evaluator.evaluate(start)
    if isinstance(start, Name):
        value = evaluator.state.elements.get(start.name.lower(), value)
    if value.origins:
        return False
    if value.marks & {MAPPED, ROOTED}:
        return True
    if value.constants:
        return all(map(_address, value.constants))
    return False if COMPUTED in value.marks else None


def _address(value: Constant) -> bool:
    """Does that name a machine, or do all of these?"""
    if isinstance(value, tuple):
        return bool(value) and all(map(_address, value))
    return (
        isinstance(value, str)
        and value.lower().startswith(_ADDRESS)
        and len(value.partition("//")[2]) >= _SHORTEST_HOST
    )


def _flag(evaluator: Expressions, flag: str) -> Names:
    """What is known of other variables where this one is true."""
    questions = evaluator.state.questions(flag, _questions)
    return (
        frozenset.intersection(*(guarded(evaluator, each)[0] for each in questions)) if questions else _NONE
    )


def _questions(statements: tuple[Statement, ...], flag: str) -> tuple[Call, ...]:
    """Questions about a text of which one must have been answered with yes where the flag is true; none if it rises elsewhere."""
    found: list[Call] = []
    times = asked = 0
    for node in walk(statements):
        match node:
            case Assign(target=Name(name=name)) if name.lower() == flag:
                times += _raises(node, flag)
            case Branch(conditions=(Call(function=Member()) as question, *_), bodies=(body, *_), loop=False):
                raised = sum(_raises(each, flag) for each in body)
                asked += raised
                found += [question] if raised else []
            case _:
                pass
    return tuple(found) if times == asked else ()


def _raises(node: Statement, flag: str) -> bool:
    return (
        isinstance(node, Assign)
        and isinstance(node.target, Name)
        and node.target.name.lower() == flag
        and not (isinstance(node.value, Const) and not node.value.value)
    )


def leaves(body: tuple[Statement, ...]) -> bool:
    """Does this body end the function or the request, whatever else it does?"""
    for each in body[-3:]:
        if isinstance(each, Return) or (isinstance(each, Op) and each.operator == "throw"):
            return True
        if isinstance(each, Branch):
            continue
        for node in list(walk((each,)))[:_MOST_LOOKED_AT]:
            called = node.function if isinstance(node, Call) else node
            name = dotted(called) if isinstance(called, Member | Name) else None
            if name is not None and name[-1] in _LEAVES and "response" in name:
                return True
            if isinstance(node, Op) and node.operator == "throw":
                return True
    return False
