"""C# of a page to its tree: a compilation unit, members of a class, statements cut anywhere, or one expression.

Nobody says which of these a fragment is. It is parsed as what it looks like; where that leaves something unread, as the
others too, and the way that leaves least unread is taken.
"""

import re
from collections.abc import Callable

from msgspec.structs import replace
from tree_sitter import Tree

from exsweep.detect.webshell.code import Program, Return
from exsweep.detect.webshell.languages.csharp_expressions import CSHARP
from exsweep.detect.webshell.languages.csharp_statements import CSharpReader
from exsweep.detect.webshell.languages.trees import Patience, ascii_copy, parse_tree, salvage, unread_in

_UNIT = ("", "\n")
_MEMBERS = ("class wrapping_{", "\n}")
_STATEMENTS = ("void wrapping_(){", "\n}")
_WRAPPING = ""
"""Name of what wraps, as its letters are not in the code."""
_EXPRESSION = ("return(", "\n);")

_QUOTED = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)|(?:@\$?|\$@)"(?:[^"]|"")*"?|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?""",
    re.S,
)
_MEMBER = re.compile(r"\b(?:public|private|protected|internal)\b")
_DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*", re.M)
_BETWEEN = re.compile(r"[^;{}]+[;{}]*|[;{}]+")
_IS = re.compile(r"\bis\b")
_AMBIGUOUS = 100
"""`<` and `is` between two statements beyond which the grammar tries too many readings at once."""


def read_csharp(code: str, spent: Callable[[], bool] | None = None) -> Program:
    """The tree of C# code."""
    text = ascii_copy(code)
    if text.count("<") + text.count("is") > _AMBIGUOUS and any(map(_ambiguous, _BETWEEN.findall(text))):
        text = _without_ambiguity(text)
    patience = Patience(len(text), spent)
    best = _parse(text, _first_guess(text), patience)
    for wrapping in (_UNIT, _MEMBERS, _STATEMENTS, _EXPRESSION):
        if best is not None and best[0] == 0:
            break
        best = _better(best, text, wrapping, patience)
    if best is not None and best[0]:
        best = _better(best, *_balanced(text), patience)
    if best is not None and best[0] and "#" in text:
        best = _better(best, *_balanced(_DIRECTIVE.sub(lambda match: " " * len(match[0]), text)), patience)
    if best is None:
        return _salvaged(code)
    _, (prefix, _), tree = best
    reader = CSharpReader(code, len(prefix), patience)
    reader.statement(tree.root_node, reader.top)
    return _unwrapped(reader.program("csharp"), prefix)


_Parse = tuple[int, tuple[str, str], Tree]


def _parse(text: str, wrapping: tuple[str, str], patience: Patience) -> _Parse | None:
    prefix, suffix = wrapping
    tree = parse_tree(CSHARP, f"{prefix}{text}{suffix}", patience)
    return (unread_in(tree, CSHARP), wrapping, tree) if tree else None


def _better(best: _Parse | None, text: str, wrapping: tuple[str, str], patience: Patience) -> _Parse | None:
    if best is not None and best[1] == wrapping:
        return best
    other = _parse(text, wrapping, patience)
    return other if other is not None and (best is None or other[0] < best[0]) else best


def _first_guess(text: str) -> tuple[str, str]:
    """What the text looks like: most fragments need no second parse."""
    if len(text) < 2_000 and ";" not in text and "{" not in text:
        return _EXPRESSION
    if _MEMBER.search(text) and not re.search(r"\b(?:namespace|class)\b|^\s*using\s", text):
        return _MEMBERS
    return _UNIT


def _balanced(text: str) -> tuple[str, tuple[str, str]]:
    """Blocks that other fragments open or close are opened and closed."""
    depth = lowest = 0
    for brace in re.findall(r"[{}]", _QUOTED.sub("", text)):
        depth += 1 if brace == "{" else -1
        lowest = min(lowest, depth)
    opened = "{" * min(-lowest, 1_000)
    if re.match(r"\s*\}\s*else\b", text):
        opened = opened[:-1] + "if(a){"
    elif re.match(r"\s*\}\s*(?:catch|finally)\b", text):
        opened = opened[:-1] + "try{"
    return text, (_STATEMENTS[0] + opened, "\n" + "}" * min(depth - lowest + 1, 1_000))


def _ambiguous(part: str) -> bool:
    return part.count("<") + part.count("is") > _AMBIGUOUS


def _without_ambiguity(text: str) -> str:
    """Each `<` can open type arguments, each `is` a pattern: hundreds without a statement's end exhaust memory."""
    bare = _QUOTED.sub(lambda match: "a" * len(match[0]), text)
    parts: list[str] = []
    for match in _BETWEEN.finditer(bare):
        part = text[match.start() : match.end()]
        if _ambiguous(match[0]):
            part = _IS.sub("+ ", part.replace("<", "+"))
        parts.append(part)
    return "".join(parts)


def _salvaged(code: str) -> Program:
    return Program(language="csharp", statements=(salvage(code, 0),), unread=len(code))


def _unwrapped(program: Program, prefix: str) -> Program:
    """The function and the class that only the wrapping made vanish; what they hold is top-level code."""
    statements = program.statements
    functions = program.functions
    classes = program.classes
    if prefix.startswith(_STATEMENTS[0]):
        made = next((item for item in functions if item.name == _WRAPPING and item.at == 0), None)
        if made is not None:
            functions = tuple(item for item in functions if item is not made)
            statements = made.body + statements
    elif prefix == _EXPRESSION[0]:
        statements = tuple(item.value if isinstance(item, Return) else item for item in statements)
    elif prefix == _MEMBERS[0]:
        classes = tuple(item for item in classes if item.name != _WRAPPING)
        functions = tuple(replace(item, owner="") if item.owner == _WRAPPING else item for item in functions)
    return replace(program, statements=statements, functions=functions, classes=classes)
