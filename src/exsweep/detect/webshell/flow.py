"""Where values come from and where they go: data flow over all code of one page.

Insensitive to the order of requests, sensitive to the order of lines for constants: each block is evaluated line by line,
functions with everything that any caller gives them, until nothing new flows (a few rounds). What a value came from is
kept with the names it went through, so that a claim can be said in words. Nothing is executed: operators and library
functions on constants are computed by `folding`, everything else only carries origins along.
"""

from typing import Final, NamedTuple

from exsweep.detect.webshell.calls import Evaluator
from exsweep.detect.webshell.code import Assign, Branch, Call, Function, Name, Return, Statement
from exsweep.detect.webshell.evaluate import opened
from exsweep.detect.webshell.guards import Names, guarded, leaves
from exsweep.detect.webshell.state import State
from exsweep.detect.webshell.values import EACH, Value, marked

ROUNDS: Final = 5
EACH_OF: Final = "looped"
"""Name under which the knowledge knows a loop through an object."""
_SIMPLE: Final = (Assign, Call)
"""Nearly all statements."""
_NOTHING: Final[tuple[Names, Names]] = (frozenset(), frozenset())


class Passed(NamedTuple):
    """From here on these variables have passed a check, or not any more."""

    names: Names


def follow(state: State) -> None:
    """Evaluate everything until nothing new flows; `state` then holds what was shown.

    Raises:
        TooMuchWorkError: what was shown so far stands.
    """
    evaluator = Evaluator(state)
    for _ in range(ROUNDS):
        state.begin_round()
        count = len(state.units)
        place = 0
        while place < len(state.units):
            unit = state.units[place]
            place += 1
            state.enter_unit(unit)
            block(evaluator, unit.program.statements)
            for function in unit.program.functions:
                state.enter_function(function)
                block(evaluator, function.body)
        if state.ordinary and len(state.units) == count:
            return
        if not state.changed and len(state.units) == count:
            return


def _each(evaluator: Evaluator, node: Assign, name: str, given: Value, *, loop: bool) -> None:
    """The variable of a loop, that has more values than its first."""
    state = evaluator.state
    state.forget(name)
    state.elements[name] = given
    if not loop:
        return
    if given.origins:
        state.write(name, marked(given, EACH), weak=True)
    for sink in evaluator.known.calls.find([(*each.split("."), EACH_OF) for each in given.types]):
        state.show(sink, node.at, name, None, None)


def block(evaluator: Evaluator, statements: tuple[Statement, ...]) -> None:
    """Evaluate statements in order; nested blocks from a stack, for nesting is hostile."""
    state = evaluator.state
    state.in_branch = 0
    state.withs.clear()
    state.checked.clear()
    state.begin_block(statements)
    stack: list[tuple[Statement | Passed, bool]] = [(node, False) for node in reversed(statements)]
    while stack:
        node, leaving = stack.pop()
        if isinstance(node, _SIMPLE):
            evaluator.evaluate(node)
            continue
        if isinstance(node, Passed):
            state.pass_check(node.names, back=leaving)
            continue
        if leaving:
            state.in_branch -= 1
            if state.withs and isinstance(node, Branch) and opened(node):
                state.withs.pop()
            continue
        match node:
            case Branch(conditions=conditions, bodies=bodies):
                for condition in conditions:
                    given = evaluator.evaluate(condition)
                    if isinstance(condition, Assign) and isinstance(condition.target, Name):
                        _each(evaluator, condition, condition.target.name.lower(), given, loop=node.loop)
                if node.loop:
                    state.enter_loop(node)
                state.in_branch += 1
                state.withs.extend(opened(node))
                good, bad = guarded(evaluator, conditions[0]) if conditions and not node.loop else _NOTHING
                if bad and leaves(bodies[0]):
                    stack.append((Passed(bad), False))
                stack.append((node, True))
                for place, body in reversed(tuple(enumerate(bodies))):
                    names = good if not place else bad if place == len(conditions) == 1 else None
                    if names:
                        stack.append((Passed(names), True))
                    stack.extend((inner, False) for inner in reversed(body))
                    if names:
                        stack.append((Passed(names), False))
            case Function(body=body, name=name):
                if name.lower() not in state.functions:
                    stack.extend((inner, False) for inner in reversed(body))
            case Return(value=value):
                if value is not None:
                    state.give_back(evaluator.evaluate(value))
            case _:
                evaluator.evaluate(node)
