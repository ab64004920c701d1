"""Tokens of VB.NET and VBScript.

Source: Visual Basic Language Specification 11, chapter 2 (lexical grammar: line terminators, fullwidth forms, quotes,
comments, type characters); for VBScript, MS-VBSL. VBScript knows no quotes but `"` and `'`.
"""

import re
import sys
from itertools import accumulate

import msgspec

MAX_TOKENS = 1_500_000
"""Some 6 MB of code; what follows is unread."""

_TOKEN = re.compile(
    r"""[a-qs-z]\w*+(?:[$%@](?![\w"]))?|[(),]"""  # as below: nearly all tokens, and nothing else begins so
    r"""|[ \t\f\v]*+(?<!\w)_[ \t]*(?:'[^\n\r]*)?(?:\r\n?|\n)"""  # continued line
    r"""|[ \t\f\v]+"""
    r"""|\r\n?|\n"""
    r"""|\$"(?:[^"{\n\r]++|""|\{\{|\{[^{}\n\r]*+\}|\{)*+(?:"|(?=[\n\r])|\Z)"""
    r"""|"(?:[^"\n\r]++|"")*+(?:"c\b|"|(?=[\n\r])|\Z)"""
    r"""|[“”][^“”"\n\r]*[“”"]?"""  # no compiler takes these in VBScript, people who paste do
    r"""|(?:'|<!--)[^\n\r]*"""
    r"""|(?<![.\w!])rem\b(?!\s*[=(.])[^\n\r]*"""
    r"""|[^\W\d]\w*(?:[$%@](?![\w"]))?"""
    r"""|\[[^\]\n\r]{0,200}\]"""
    r"""|&h[0-9a-f_]+[&ils]?(?!\w)|&o[0-7_]+[&ils]?(?!\w)|&b[01_]+(?!\w)"""
    r"""|(?:\d[\d_]*+(?:\.\d++)?|\.\d++)(?:e[-+]?\d++)?(?:(?:u?[sil]|[frd%@!\#])(?!\w))?"""
    r"""|\#[ \t]?\d[^\#\n\r"]{0,30}\#"""
    r"""|:=|<>|><|<<=|>>=|<<|>>|<=|=<|>=|=>|[-+*/\\^&]=(?!=)|\?(?=[.(])"""
    r"""|.""",
    re.S | re.I,
)
_BREAKS = {0x85: "\n", 0x2028: "\n", 0x2029: "\n", 0: " "} | dict.fromkeys(
    (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0xFEFF), " "
)
_WIDE = (
    _BREAKS
    | {0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}
    | {0x201C: '"', 0x201D: '"', 0x2018: "'", 0x2019: "'"}
)
_UNUSUAL = [re.compile(f"[{''.join(re.escape(chr(code)) for code in table)}]") for table in (_BREAKS, _WIDE)]
"""Letters that a table changes. Few pages in any language have one, and to look for it is a tenth of the work."""


class Tokens(msgspec.Struct, frozen=True):
    """Columns: the n-th token of each belong together. The last two are a line break and the empty end."""

    text: list[str]
    word: list[str]
    """In lower case; `\\n` for every line break."""
    at: list[int]
    unread: int
    """Characters behind the last token that was taken."""


def plain(code: str, *, dotnet: bool) -> str:
    """The code as the compiler sees it, of the same length: fullwidth forms, quotes and breaks as in ASCII."""
    if code.isascii() and "\0" not in code:
        return code
    table = _WIDE if dotnet else _BREAKS
    return code.translate(table) if _UNUSUAL[dotnet].search(code) is not None else code


def tokenize(source: str, start: int = 0, end: int = sys.maxsize) -> Tokens:
    """Tokens of a part of what `plain` made; space, comments and continued lines are left out."""
    raw = _TOKEN.findall(source, start, end)
    unread = 0
    if len(raw) > MAX_TOKENS:
        unread = sum(map(len, raw[MAX_TOKENS:]))
        del raw[MAX_TOKENS:]
    ends = list(accumulate(map(len, raw), initial=start))
    kept = [
        (token, at)
        for token, at in zip(raw, ends, strict=False)
        if (first := token[0]) not in _LEFT_OUT
        or (first == "<" and token[:4] != "<!--")
        or (first == "_" and token[-1] not in "\r\n")
    ]
    text, place = [token for token, _ in kept], [at for _, at in kept]
    word = ["\n" if token[0] in "\r\n" else token.lower() for token in text]
    for index, token in enumerate(word):
        if token[:3] == "rem" and token[3:4] in _AFTER_REM:
            word[index] = text[index] = ""  # a comment: made empty here, dropped below
    if "" in word:
        kept_places = [index for index, token in enumerate(word) if token]
        text, word, place = (
            [text[index] for index in kept_places],
            [word[index] for index in kept_places],
            [place[index] for index in kept_places],
        )
    last = ends[-1]
    return Tokens([*text, "\n", ""], [*word, "\n", ""], [*place, last, last], unread)


_LEFT_OUT = frozenset(" \t\f\v'<_")
"""How space, comments and continued lines begin; the last two of these begin other tokens too."""
_AFTER_REM = ("", " ", "\t")


def number(token: str) -> int | float | None:
    """`&H41`, `&O17&`, `1_000`, `1.5E3`, `3D`."""
    digits = token.lower().replace("_", "")
    try:
        if digits[0] == "&":
            base = {"h": 16, "o": 8, "b": 2}[digits[1]]
            return int(digits[2:].rstrip("&ilsu"), base) if len(digits) < 40 else None
        bare = digits.rstrip("usilfrd%@!#")
        return int(bare) if bare.isdigit() and len(bare) < 40 else float(bare)
    except (ValueError, KeyError):
        return None


def string(token: str) -> str:
    """`"a""b"` is `a"b`; `"a"c` is `a`."""
    body = token[1:]
    if body[-2:] in ('"c', '"C'):
        body = body[:-2]
    elif body[-1:] in ('"', "“", "”"):
        body = body[:-1]
    return body.replace('""', '"')
