"""Checks that hold: `if (!path.StartsWith(root)) throw`, `if (list.Contains(name)) { ... }`.

A check that is merely there says nothing: whoever writes a back door can write one. What counts is that nothing is done where it
fails. So a variable is *checked* only inside the body that is run when the check is passed, or behind a body that leaves the
function when it is not; and only against a folder of the site, an address, or a list that the page itself holds.
"""

from typing import Final

from exsweep.detect.webshell.code import Branch, Call, Expr, Member, Name, Op, Return, Statement, walk
from exsweep.detect.webshell.evaluate import Expressions
from exsweep.detect.webshell.names import dotted
from exsweep.detect.webshell.values import MAPPED, ROOTED, Value

_AND: Final = frozenset({"&&", "and", "andalso"})
_OR: Final = frozenset({"||", "or", "orelse"})
_NOT: Final = frozenset({"!", "not"})
_LEAVES: Final = frozenset({"end", "redirect", "transfer", "redirectpermanent", "completerequest"})
_ADDRESS: Final = ("http://", "https://")
_SHORTEST_HOST: Final = 4
_MOST_LOOKED_AT: Final = 200

Names = frozenset[str]
_NONE: Final[Names] = frozenset()


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
        case Call(function=Member(base=base, name=name), arguments=(first, *_)):
            return _asked(evaluator, name.lower(), base, first), _NONE
        case _:
            return _NONE, _NONE


def _asked(evaluator: Expressions, how: str, base: Expr, first: Expr) -> Names:
    if how == "startswith" and isinstance(base, Name):
        return frozenset({base.name.lower()}) if _limits(evaluator.evaluate(first)) else _NONE
    if how in ("contains", "containskey") and isinstance(first, Name):
        holder = evaluator.evaluate(base)
        return (
            _NONE if holder.origins or isinstance(holder.constant, str) else frozenset({first.name.lower()})
        )
    return _NONE


def _limits(start: Value) -> bool:
    """Is that a folder of the site, or an address of a machine?"""
    if start.origins:
        return False
    if start.marks & {MAPPED, ROOTED}:
        return True
    return any(
        isinstance(each, str)
        and each.lower().startswith(_ADDRESS)
        and len(each.partition("//")[2]) >= _SHORTEST_HOST
        for each in start.constants
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
