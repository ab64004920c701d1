"""What stays the same of a page's code when its author's names, words and numbers, its spaces, comments and letter case change.

Two back doors with one shape were most likely made from one: whoever left them changed the secret word, the names or the
layout. The shape is of the tree, so what the compiler does not see does not count.
"""

import hashlib
from collections.abc import Iterable, Iterator

from exsweep.detect.webshell.code import (
    Assign,
    Branch,
    Call,
    Const,
    Function,
    Lambda,
    Member,
    Name,
    Op,
    Program,
    Statement,
    children,
    walk,
)

_MOST_NODES = 200_000


def shape_of(programs: Iterable[Program], inputs: Iterable[str]) -> str:
    """`<nodes>-<hash>`, or `""` for no code at all.

    Args:
        programs: the parsed pieces of one page, in the order in which they stand.
        inputs: names of request fields that the page reads: its secret words, which JScript writes like names.
    """
    digest, nodes = hashlib.sha256(), 0
    for program in programs:
        own = {word.lower() for word in (*_own(program), *inputs)}
        digest.update(f"#{program.language}\n".encode())
        for node in walk((*program.statements, *program.functions)):
            digest.update(_word(node, own).encode("utf-8", "replace") + f"/{len(children(node))}\n".encode())
            nodes += 1
            if nodes > _MOST_NODES:
                return ""  # no back door is that long, and a part would not stand for the whole
    return f"{nodes}-{digest.hexdigest()[:32]}" if nodes else ""


def _own(program: Program) -> Iterator[str]:
    """Names that the author chose."""
    yield from program.types
    for kind in program.classes:
        yield kind.name
    for node in walk((*program.statements, *program.functions)):
        match node:
            case Function(name=name, parameters=parameters):
                yield name
                yield from parameters
            case Lambda(parameters=parameters):
                yield from parameters
            case Assign(target=Name(name=name)):
                yield name


def _word(node: Statement, own: set[str]) -> str:
    match node:
        case Const():
            return "const"
        case Name(name=name) | Member(name=name):
            return f"{type(node).__name__} {_kept(name, own)}"
        case Op(operator=operator) | Assign(operator=operator):
            return f"{type(node).__name__} {operator.lower()}"
        case Call(new=new):
            return "new" if new else "call"
        case Branch(loop=loop, bodies=bodies):
            return f"branch {len(bodies)} {loop}"
        case _:
            return type(node).__name__


def _kept(name: str, own: set[str]) -> str:
    lower = name.lower()
    return "*" if lower in own or lower.startswith("#") else lower
