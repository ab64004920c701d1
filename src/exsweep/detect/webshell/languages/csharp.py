"""C# of a page to its tree: a compilation unit, members of a class, statements cut anywhere, or one expression.

Nobody says which of these a fragment is. It is parsed as what it looks like; where that leaves something unread, as the
others too, and the way that leaves least unread is taken.
"""

from collections.abc import Iterator

from msgspec.structs import replace
from tree_sitter import Tree

from exsweep.detect.webshell.code import Function, Lambda, Program, Return, Statement
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages import csharp_shapes as shapes
from exsweep.detect.webshell.languages.csharp_expressions import CSHARP
from exsweep.detect.webshell.languages.csharp_statements import CSharpReader
from exsweep.detect.webshell.languages.parsing import Patience, ascii_copy, parse_tree, snippets, unread_in

_WRAPPING = ""
"""Name of what wraps, as its letters are not in the code."""
_Parsed = tuple[int, tuple[str, str], Tree]
"""Characters unread, how the text was wrapped, the tree."""


def read_csharp(code: str, effort: Effort) -> Program:
    """The tree of C# code."""
    text = shapes.tame(shapes.without_dead_code(ascii_copy(code)))
    patience = Patience(len(text), effort)
    best: _Parsed | None = None
    for way, wrapping in _ways(text):
        tree = parse_tree(CSHARP, f"{wrapping[0]}{way}{wrapping[1]}", patience)
        if tree is not None:
            unread = unread_in(tree)
            if best is None or unread < best[0]:
                best = unread, wrapping, tree
            if not unread:
                break
        if patience.hopeless():
            break
    if best is None:
        return Program(language="csharp", statements=tuple(_salvaged(code, text, effort)), unread=len(code))
    _, (prefix, _), tree = best
    reader = CSharpReader(code, len(prefix), patience)
    reader.statement(tree.root_node, reader.top)
    return _unwrapped(reader.program("csharp"), prefix)


def _ways(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Texts and wrappings, likeliest first; the rest is for what these cannot read."""
    first = shapes.first_guess(text)
    yield text, first
    for wrapping in (shapes.UNIT, shapes.MEMBERS, shapes.STATEMENTS, shapes.EXPRESSION):
        if wrapping is not first:
            yield text, wrapping
    yield text, shapes.balanced(text)
    if "#" in text:
        text = shapes.without_directives(text)
        yield text, shapes.balanced(text)
        yield text, shapes.MEMBERS


def _salvaged(code: str, text: str, effort: Effort) -> Iterator[Statement]:
    """Of a text that is too costly as a whole: statements that call something, one by one."""
    for start, end in snippets(text):
        patience = Patience(0, effort)
        tree = parse_tree(CSHARP, f"{text[start:end]};", patience)
        if tree is not None:
            reader = CSharpReader(code, -start, patience)
            reader.statement(tree.root_node, reader.top)
            yield from reader.program("csharp").statements


def _property(item: Statement) -> Function | None:
    """`string Q => x;` among members; outside of a class the grammar reads a function that nobody calls."""
    if not isinstance(item, Lambda) or len(item.parameters) != 1:
        return None
    returns = [each for each in item.body if isinstance(each, Return)]
    return Function(item.at, f"get_{item.parameters[0]}", (), item.body) if returns else None


def _unwrapped(program: Program, prefix: str) -> Program:
    """The function and the class that only the wrapping made vanish; what they hold is top-level code."""
    statements = program.statements
    functions = (*program.functions, *filter(None, map(_property, statements)))
    classes = program.classes
    if prefix.startswith(shapes.STATEMENTS[0]):
        made = next((item for item in functions if item.name == _WRAPPING and item.at == 0), None)
        if made is not None:
            functions = tuple(item for item in functions if item is not made)
            statements = made.body + statements
    elif prefix == shapes.EXPRESSION[0]:
        statements = tuple(
            item.value if isinstance(item, Return) and item.value is not None else item for item in statements
        )
    elif prefix == shapes.MEMBERS[0]:
        classes = tuple(item for item in classes if item.name != _WRAPPING)
        functions = tuple(replace(item, owner="") if item.owner == _WRAPPING else item for item in functions)
    return replace(program, statements=statements, functions=functions, classes=classes)
