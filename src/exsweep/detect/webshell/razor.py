"""Code of Razor pages (.cshtml, .vbhtml): `@{ }`, `@functions { }`, `@( )`, statements and expressions behind `@`.

Source: learn.microsoft.com/aspnet/web-pages/overview/getting-started/introducing-razor-syntax-c (analyst knowledge).
"""

import re

_START = re.compile(
    r"@\*|@@|(?<![\w@])@(?:(functions|code|helper\b[^{]{0,500}|section\s+\w+)?\s*(\{)|(\()"
    r"|((?:if|for|foreach|while|switch|using|lock|try|do)\b)|([A-Za-z_]))",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r'@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/|@\*.*?\*@|[{}()\[\];]', re.DOTALL
)
_LINE = re.compile(r"[^\n]*")
_NAME = re.compile(r"[\w.]+")
_VB_START = re.compile(r"@(code|functions)\b", re.IGNORECASE)
_VB_END = {
    "code": re.compile(r"\bend\s+code\b", re.IGNORECASE),
    "functions": re.compile(r"\bend\s+functions\b", re.IGNORECASE),
}
_PAIRS = {"{": "}", "(": ")", "[": "]"}


def spans(text: str, *, vb: bool) -> list[tuple[int, int]]:
    """Begin and end of every piece of code, in order; a piece that is not closed goes to the end."""
    found = _vb_spans(text) if vb else []
    place = 0
    while (match := _START.search(text, place)) is not None:
        if match[0] == "@*":
            end = text.find("*@", match.end())
            place = len(text) if end < 0 else end + 2
            continue
        if match[0] == "@@":
            place = match.end()
            continue
        start, place = _piece(text, match)
        if text[start:place].strip():
            found.append((start, place))
        place = max(place, match.end())
    return _outermost(found)


def _outermost(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _piece(text: str, match: re.Match[str]) -> tuple[int, int]:
    if match[2]:
        end = _closing(text, match.start(2))
        if (match[1] or "").lower().startswith("helper"):
            # With its name and parameters it is a function of the page, that gives back something called `helper`.
            return match.start(1), min(len(text), end + 1)
        return match.end(2), end
    if match[3]:
        return match.end(3), _closing(text, match.start(3))
    if match[4]:
        if match[4].lower() == "using" and not text[match.end(4) : match.end(4) + 64].lstrip().startswith(
            "("
        ):
            line = _LINE.match(text, match.start(4))
            return match.start(4), line.end() if line else match.end()
        return match.start(4), _statement(text, match.start(4))
    return match.start(5), _expression(text, match.start(5))


def _closing(text: str, at: int) -> int:
    """Place of the bracket that closes the one at `at`."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] in _PAIRS:
            depth += 1
        elif token[0] in ("}", ")", "]"):
            depth -= 1
            if depth == 0:
                return token.start()
    return len(text)


def _statement(text: str, at: int) -> int:
    """`if (...) { } else { }`: to the end of its last braces."""
    brace = text.find("{", at)
    while brace >= 0:
        end = min(len(text), _closing(text, brace) + 1)
        rest = text[end : end + 200].lstrip()
        if not rest.startswith(("else", "catch", "finally", "while")):
            return end
        brace = text.find("{", end)
    return len(text)


def _expression(text: str, at: int) -> int:
    """`Html.Raw(x)[0].y`."""
    name = _NAME.match(text, at)
    place = name.end() if name else at
    while text[place : place + 1] in ("(", "["):
        place = min(len(text), _closing(text, place) + 1)
        more = _NAME.match(text, place) if text[place : place + 1] == "." else None
        place = more.end() if more else place
    return place


def _vb_spans(text: str) -> list[tuple[int, int]]:
    found = []
    place = 0
    while (match := _VB_START.search(text, place)) is not None:
        ending = _VB_END[match[1].lower()].search(text, match.end())
        place = ending.start() if ending else len(text)
        found.append((match.end(), place))
    return found
