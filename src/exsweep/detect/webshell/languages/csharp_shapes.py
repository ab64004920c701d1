"""What a C# fragment can be, and what must be done to its text before the grammar can take it.

A way of wrapping is a pair: what is put before the text and what after it. Letters never move otherwise.
"""

import re
from collections.abc import Iterator

UNIT = ("", "\n;")
MEMBERS = ("class wrapping_{", "\n}")
STATEMENTS = ("void wrapping_(){", "\n;}")
EXPRESSION = ("return(", "\n);")

_QUOTED = re.compile(
    r"""//[^\n]*|/\*.*?(?:\*/|\Z)|(?:@\$?|\$@)"(?:[^"]++|"")*+"?|"(?:[^"\\\n]++|\\.)*+"?|'(?:[^'\\\n]++|\\.)*+'?""",
    re.S,
)
_BRACE = re.compile(r"[{}]")
_MEMBER = re.compile(r"\b(?:public|private|protected|internal)\b")
_UNIT = re.compile(r"\b(?:namespace|class|struct|interface)\b|^\s*using\s[\w.=\s]+;")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w*)[ \t]*([^\n]*)", re.M)
_BETWEEN = re.compile(r"[^;{}]+[;{}]*|[;{}]+")
_IS = re.compile(r"\bis\b")
_AMBIGUOUS = 100
"""`<` and `is` between two statements beyond which the grammar tries too many readings at once."""
_MOST = 1_000
"""Blocks that are opened or closed for a fragment."""


def first_guess(text: str) -> tuple[str, str]:
    """What the text looks like: most fragments need no second parse."""
    if len(text) < 2_000 and ";" not in text and "{" not in text:
        return EXPRESSION
    if _MEMBER.search(text) and not _UNIT.search(text):
        return MEMBERS
    return UNIT


def balanced(text: str) -> tuple[str, str]:
    """Statements with the blocks that other fragments open or close."""
    depth = lowest = 0
    for brace in _BRACE.findall(_QUOTED.sub("", text)):
        depth += 1 if brace == "{" else -1
        lowest = min(lowest, depth)
    opened = "{" * min(-lowest, _MOST)
    if re.match(r"\s*\}\s*else\b", text):
        opened = opened[:-1] + "if(a){"
    elif re.match(r"\s*\}\s*(?:catch|finally)\b", text):
        opened = opened[:-1] + "try{"
    return STATEMENTS[0] + opened, "\n;" + "}" * min(depth - lowest + 1, _MOST)


def tame(text: str) -> str:
    """Each `<` can open type arguments, each `is` a pattern: hundreds without a statement's end exhaust memory."""
    if text.count("<") + text.count("is") <= _AMBIGUOUS or not any(map(_ambiguous, _BETWEEN.findall(text))):
        return text
    bare = _QUOTED.sub(lambda match: "a" * len(match[0]), text)
    parts: list[str] = []
    for match in _BETWEEN.finditer(bare):
        part = text[match.start() : match.end()]
        parts.append(_IS.sub("+ ", part.replace("<", "+")) if _ambiguous(match[0]) else part)
    return "".join(parts)


def _ambiguous(part: str) -> bool:
    return part.count("<") + part.count("is") > _AMBIGUOUS


def without_dead_code(text: str) -> str:
    """What `#if false` leaves out is space: nothing need be C# there, and so anything can hide the rest."""
    if "#" not in text or "false" not in text:
        return text
    parts: list[str] = []
    end = 0
    for start, stop in _dead(text):
        parts += text[end:start], re.sub(r"[^\n]", " ", text[start:stop])
        end = stop
    return "".join(parts) + text[end:]


def without_directives(text: str) -> str:
    """Both sides of every `#if` as code."""
    return _DIRECTIVE.sub(lambda match: " " * len(match[0]), text)


def _dead(text: str) -> Iterator[tuple[int, int]]:
    """Stretches between `#if false` and the directive that ends it."""
    nested = 0
    start = -1
    for match in _DIRECTIVE.finditer(text):
        word = match[1]
        if start < 0:
            if word == "if" and match[2].strip(" \t\r()") == "false":
                start, nested = match.end(), 0
        elif word == "if":
            nested += 1
        elif word == "endif" and nested:
            nested -= 1
        elif word in ("else", "elif", "endif") and not nested:
            yield start, match.start()
            start = -1
    if start >= 0:
        yield start, len(text)
