"""Takes out of JScript and JScript.NET what JavaScript's grammar does not know, without moving a character.

Types (`var x : int`, `function f(a : String) : void`), modifiers, `import System;`, `package`, conditional compilation
(`/*@cc_on ... @*/` is code in classic JScript) and assignments to calls (`Session("x") = y`).
"""

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(
    r"""(?P<comment>/\*(?!@cc_on\b|@if\b|@set\b).*?(?:\*/|\Z)|//(?!@cc_on\b|@if\b|@set\b)[^\n\r]*|<!--[^\n\r]*)"""
    r"""|(?P<string>"(?:[^"\\\n\r]++|\\.)*+"?|'(?:[^'\\\n\r]++|\\.)*+'?|`(?:[^`\\]++|\\.)*+`?)"""
    r"""|(?P<condition>(?:/\*|//)?@(?:(?:if|elif)\s{0,9}\([^()\n]{0,99}\)|(?:cc_on|else|end|set)\b)|@?\*/)"""
    r"""|(?P<word>[^\W\d](?:\w|\$)*|\$(?:\w|\$)*)"""
    r"""|(?P<number>\d[\w.]*)"""
    r"""|(?P<sign>=>|===?|!==?|[<>]=?|[-+*/%&|^]=|&&|\|\||\+\+|--|[^\s])""",
    re.S | re.I,
)
_BEFORE_REGEX = set("(,=:[!&|?{};+-*%<>~^") | {
    "return",
    "typeof",
    "case",
    "in",
    "&&",
    "||",
    "==",
    "===",
    "!=",
    "!==",
}
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n\r]|\\.|\[(?:[^\]\\\n\r]|\\.){0,200}\]){1,2000}/\w*")
_MODIFIERS = {
    "public",
    "private",
    "protected",
    "internal",
    "static",
    "final",
    "abstract",
    "override",
    "hide",
} | {
    "expando",
    "virtual",
}
_MARKS = re.compile(
    r"@(?:cc_on|if|set)\b|\)\s*=(?![=>])|\b(?:import|package|class|get|set|public|private|protected|internal|static|final|override"
    r"|hide|expando|abstract|const)\s|[\w$)\]]\s*:\s*[A-Za-z]",
    re.I,
)


_CONDITIONAL = re.compile(
    _TOKEN.pattern.replace(r"/\*(?!@cc_on\b|@if\b|@set\b)", r"/\*(?!@)").replace(
        r"|@?\*/)", r"|@?\*/|(?:/\*|//)@)"
    ),
    re.S | re.I,
)
"""Where the page turns conditional compilation on, `/*@ x @*/` is code too."""


class _Token(msgspec.Struct, frozen=True):
    kind: str
    text: str
    at: int
    end: int


class Source(msgspec.Struct, kw_only=True):
    """JavaScript of the same length, and what was taken out of it."""

    text: str
    assignments: frozenset[int] = frozenset()
    """Offsets of commas that were the `=` of an assignment to a call."""
    imports: tuple[str, ...] = ()
    types: dict[str, str] = {}
    """Lower-case name -> type."""
    parameters: dict[int, str] = {}
    """Offset of a parameter's name -> type."""
    bases: dict[int, tuple[str, ...]] = {}
    """Offset of a class's name -> what it extends and implements."""


def _tokens(text: str) -> Iterator[_Token]:
    last = ""
    place = 0
    pattern = _CONDITIONAL if "@cc_on" in text.lower() else _TOKEN
    while match := pattern.search(text, place):
        kind, token = match.lastgroup or "", match[0]
        if token in ("/", "/=") and (not last or last in _BEFORE_REGEX):
            expression = _REGEX.match(text, match.start())
            if expression:
                match, kind, token = expression, "string", expression[0]
        place = match.end()
        if kind != "comment":
            last = token
            yield _Token(kind, token, match.start(), place)


class _Cleaner:
    """Walks the tokens once."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.out = list(text)
        self.source = Source(text=text, types={}, parameters={}, bases={})
        self.imports: list[str] = []
        self.assignments: list[int] = []

    def text(self, place: int) -> str:
        return self.tokens[place].text if 0 <= place < len(self.tokens) else ""

    def blank(self, first: int, after: int) -> None:
        """Tokens `first` to before `after` become space; line breaks stay."""
        for token in self.tokens[first:after]:
            for place in range(token.at, token.end):
                if self.out[place] not in "\r\n":
                    self.out[place] = " "

    def type_after(self, colon: int) -> tuple[str, int]:
        """The type that follows a colon and the token after it."""
        place = colon + 1
        if place >= len(self.tokens) or self.tokens[place].kind != "word":
            return "", place
        words = [self.text(place)]
        place += 1
        while (
            self.text(place) == "." and place + 1 < len(self.tokens) and self.tokens[place + 1].kind == "word"
        ):
            words.append(self.text(place + 1))
            place += 2
        name = ".".join(words)
        while self.text(place) == "[" and self.text(place + 1) == "]":
            name, place = name + "[]", place + 2
        return name, place

    def declaration(self, place: int) -> int:
        """`var a : int = 1, b : String`; returns the token after what was read."""
        name = place + 1
        while name < len(self.tokens) and self.tokens[name].kind == "word" and self.text(name + 1) == ":":
            kind, after = self.type_after(name + 1)
            if not kind:
                break
            self.source.types[self.text(name).lower()] = kind
            self.blank(name + 1, after)
            if self.text(after) != ",":
                return after
            name = after + 1
        return place + 1

    def function(self, place: int) -> int:
        """`function get f(a : int) : String {`."""
        after = place + 1
        if self.text(after) in ("get", "set") and self.text(after + 1) not in ("(", ""):
            self.blank(after, after + 1)
            after += 1
        if self.text(after) != "(":
            after += 1
        while self.text(after) == "." and self.text(after + 1):  # JScript: function IFace.method()
            after += 2
        if self.text(after) != "(":
            return place + 1
        after += 1
        while self.text(after) not in (")", "", "{"):
            if self.text(after) == ":" and self.tokens[after - 1].kind == "word":
                kind, end = self.type_after(after)
                self.source.parameters[self.tokens[after - 1].at] = kind
                self.blank(after, max(end, after + 1))
                after = max(end, after + 1)
            else:
                after += 1
        if self.text(after) == ")" and self.text(after + 1) == ":":
            _, end = self.type_after(after + 1)
            if self.text(end) in ("{", ";"):
                self.blank(after + 1, end)
        return after + 1 if self.text(after) == ")" else after

    def import_(self, place: int) -> int:
        """`import System.IO;`."""
        name, after = self.type_after(place)
        if name and self.text(after) != "from":
            self.imports.append(name)
            self.blank(place, after)
        return after

    def class_(self, place: int) -> int:
        """`class A extends B implements C {`: the head becomes space, so that its members stand at the top."""
        after = place + 2
        while self.text(after) not in ("{", "", ";", "(") and after < place + 60:
            after += 1
        if self.text(after) != "{" or self.tokens[place + 1].kind != "word":
            return place + 1
        words = [token.text for token in self.tokens[place + 2 : after]]
        bases = "".join(words).replace("extends", ",").replace("implements", ",").split(",")
        self.source.bases[self.tokens[place + 1].at] = tuple(base for base in bases if base)
        self.blank(place, after)
        return after

    def condition(self, place: int) -> int:
        """`/*@cc_on`, `@if (...)`, `@end`, `@*/`: the code between is code."""
        after = place + 1
        if self.text(place).lower().endswith("@set"):
            end = self.source.text.find("\n", self.tokens[place].end, self.tokens[place].end + 500)
            while after < len(self.tokens) and self.tokens[after].at < end:
                after += 1
        self.blank(place, after)
        return after

    def clean(self) -> Source:
        """The source with everything taken out."""
        place = depth = 0
        declared = -1  # depth of the brackets in which a `var` is open
        while place < len(self.tokens):
            token = self.tokens[place]
            word = token.text
            if word in _BRACKETS:
                depth += _BRACKETS[word]
                declared = -1 if depth < declared else declared
            elif word == ";" and depth == declared:
                declared = -1
            if token.kind == "condition":
                place = self.condition(place)
            elif word == "=" and self.text(place - 1) == ")":
                self.out[token.at] = ","
                self.assignments.append(token.at)
                place += 1
            elif word in ("var", "const") or (word == "," and depth == declared):
                declared = depth
                place = self.declaration(place)
            elif token.kind != "word":
                place += 1
            elif word == "function":
                place = self.function(place)
            elif word == "import" and self.text(place - 1) not in (".", "("):
                place = self.import_(place)
            elif word == "class" and self.text(place - 1) != ".":
                place = self.class_(place)
            elif word == "package" and self.text(place + 2) in ("{", "."):
                after = self.type_after(place)[1]
                self.blank(place, after)
                place = after
            elif word in _MODIFIERS and self._declares(place + 1):
                self.blank(place, place + 1)
                place += 1
            else:
                place += 1
        self.source.text = "".join(self.out)
        self.source.imports = tuple(self.imports)
        self.source.assignments = frozenset(self.assignments)
        return self.source

    def _declares(self, place: int) -> bool:
        return self.text(place) in _DECLARING


_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_DECLARING = _MODIFIERS | {"function", "var", "const", "class", "package", "interface", "enum"}


def clean(text: str) -> Source:
    """JavaScript of the same length."""
    if not _MARKS.search(text):
        return Source(text=text)
    return _Cleaner(text).clean()
