"""Texts of VB.NET that hold code or markup: `$"a{b}"` and XML literals."""

import re

from exsweep.detect.webshell.code import Const, Expr, Op, Unread
from exsweep.detect.webshell.languages.basic_expressions import BasicExpressions
from exsweep.detect.webshell.languages.basic_lexer import tokenize

_INTERPOLATED = re.compile(r"\{(?!\{)([^{}]*)\}|(?:[^{}]|\{\{|\}\})+|[{}]")


class BasicTexts(BasicExpressions):
    """Texts that are read as more than text."""

    def interpolated(self, at: int, token: str) -> Expr:
        """`$"a{b}"`: the text, and each hole read by itself."""
        parts: list[Expr] = []
        outer = self.text, self.word, self.start, self.place, self.matching, len(self.late)
        for match in _INTERPOLATED.finditer(token, 2, len(token) - 1):
            if match[1] is None:
                text = match[0].replace('""', '"').replace("{{", "{").replace("}}", "}")
                parts.append(Const(at + match.start(), text))
                continue
            hole = tokenize(self.source, at + match.start(1), at + match.end(1))
            self.text, self.word, self.start, self.place, self.matching = (
                hole.text,
                hole.word,
                hole.at,
                0,
                None,
            )
            parts.append(self.expression())
        self.text, self.word, self.start, self.place, self.matching, late = outer
        del self.late[late:]
        return Op(at, "interpolate", tuple(parts))

    def xml(self, at: int) -> Expr:
        """An XML literal is text: from `<a>` to the `</a>` that closes it."""
        end = _xml_end(self.source, at)
        if end <= at:
            self.place += 1
            self.unread += 1
            return Unread(at, "<")
        if self.relexes > 0:
            self.relexes -= 1
            rest = tokenize(self.source, end)
            del self.text[self.place :], self.word[self.place :], self.start[self.place :]
            self.text += rest.text
            self.word += rest.word
            self.start += rest.at
            self.matching = None
        else:
            while self.start[self.place] < end and self.word[self.place]:
                self.place += 1
        return Const(at, self.source[at:end])


def _xml_end(source: str, at: int) -> int:
    """Where the element ends that begins at `at`; `at` itself where it is none. Looks 100,000 characters ahead."""
    depth = 0
    limit = min(len(source), at + 100_000)
    while at < limit:
        if source.startswith("<!--", at):
            close = source.find("-->", at, limit)
            step, closing, alone = close + 3, False, True
        else:
            close = source.find(">", at, limit)
            step, closing, alone = (
                close + 1,
                source[at + 1 : at + 2] == "/",
                source[close - 1 : close] in ("/", "?"),
            )
        if close < 0:
            return 0
        depth += -1 if closing else 0 if alone else 1
        at = step
        if depth <= 0:
            return at
        at = source.find("<", at, limit)
        if at < 0:
            return 0
    return 0
