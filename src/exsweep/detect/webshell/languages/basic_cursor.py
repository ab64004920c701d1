"""The place in the tokens of VB: what every reader of VB asks and moves."""

from exsweep.detect.webshell.code import Expr
from exsweep.detect.webshell.languages.basic_lexer import plain, tokenize

MAX_DEPTH = 60
"""Brackets inside each other that are read where they stand."""
RELEXES = 20
"""XML literals of one text after which tokens are made anew: each costs the rest of the text."""


class BasicCursor:
    """Tokens, and how far they are read."""

    def __init__(self, code: str, *, dotnet: bool) -> None:
        self.dotnet = dotnet
        self.source = plain(code, dotnet=dotnet)
        tokens = tokenize(self.source)
        self.text, self.word, self.start = tokens.text, tokens.word, tokens.at
        self.unread = tokens.unread
        self.code = code
        self.place = 0
        self.depth = 0
        self.with_object: list[Expr] = []
        self.late: list[tuple[int, str]] = []
        self.types: dict[str, str] = {}
        self.names = 0
        self.matching: list[int] | None = None
        self.relexes = RELEXES

    def skip_breaks(self) -> None:
        """A line break inside brackets or after an operator ends nothing."""
        while self.word[self.place] == "\n" and self.place < len(self.word) - 2:
            self.place += 1

    def accept(self, word: str) -> bool:
        """Takes the token if it is this one."""
        if self.word[self.place] == word:
            self.place += 1
            return True
        return False

    def fresh_name(self) -> str:
        """A name that no page can have."""
        self.names += 1
        return f"#{self.names}"

    def is_name(self, place: int) -> bool:
        """Whether an identifier stands there."""
        first = self.word[place][:1]
        return first.isalpha() or (first in ("_", "[") and len(self.word[place]) > 1)

    def name_at(self, place: int) -> str:
        """The identifier without brackets and type character."""
        text = self.text[place]
        if text[-1:].isalnum():
            return text
        if text[:1] == "[":
            return text[1:-1]
        return text[:-1] if text[-1:] in ("$", "%", "@") else text

    def close(self, closer: str) -> None:
        """The closing bracket; what stands before it on the line is unread."""
        self.skip_breaks()
        if self.accept(closer):
            return
        if self.place and self.word[self.place - 1] == "\n":
            # Nobody closes it: the line is over, and what follows is code of its own.
            while self.place and self.word[self.place - 1] == "\n":
                self.place -= 1
            return
        first = self.place
        while self.word[self.place] not in (closer, "\n", ""):
            self.place += 1
        if self.place > first:
            self.unread += self.start[self.place] - self.start[first]
        self.accept(closer)

    def matches(self) -> list[int]:
        """For each opening bracket the place of the one that closes it."""
        if self.matching is None or len(self.matching) != len(self.word):
            matching = [0] * len(self.word)
            opened: list[int] = []
            for place, word in enumerate(self.word):
                if word in ("(", "{"):
                    opened.append(place)
                elif word in (")", "}") and opened:
                    matching[opened.pop()] = place
                elif word == "":
                    for left in opened:
                        matching[left] = place
            self.matching = matching
        return self.matching
