"""VB.NET and VBScript to their tree: statements over an explicit stack of blocks, tolerant of fragments cut anywhere."""

from collections.abc import Callable
from typing import ClassVar

from exsweep.detect.webshell.code import (
    Program,
    Statement,
    Unread,
)
from exsweep.detect.webshell.effort import STATEMENT, Effort
from exsweep.detect.webshell.languages.basic_blocks import Frame
from exsweep.detect.webshell.languages.basic_declarations import (
    CLASSES,
    FUNCTIONS,
    MODIFIERS,
    BasicDeclarations,
)
from exsweep.detect.webshell.languages.basic_expressions import ENDS
from exsweep.detect.webshell.languages.basic_heads import BasicHeads
from exsweep.detect.webshell.languages.basic_lines import COMPOUND, BasicLines

_QUIET = frozenset(
    [
        "goto",
        "continue",
        "option",
        "erase",
        "stop",
        "resume",
        "event",
        "delegate",
        "implements",
        "inherits",
        "addhandler",
        "removehandler",
    ]
)
_BEFORE_STATEMENTS = frozenset(("if", "else", "elseif", "case"))
_NOT_A_CALL = frozenset(("=", ".", "(", ":", "\n", "")) | COMPOUND


def read_basic(code: str, language: str, effort: Effort) -> Program:
    """The tree of VB.NET (`vb`) or VBScript (`vbscript`) code."""
    reader = BasicReader(code, dotnet=language == "vb")
    reader.effort = effort
    return reader.program(language)


class BasicReader(BasicLines):
    """Reads statements until the tokens end."""

    effort: Effort
    """That of the file, counted every 256 statements."""

    def program(self, language: str) -> Program:
        """Everything there is."""
        self.statements()
        while len(self.frames) > 1:
            self.leave()
        self.depth = 0
        self.finish_late(self.frames[0].out)
        self.functions.sort(key=lambda function: function.at)
        return Program(
            language=language,
            statements=tuple(sorted(self.frames[0].out, key=lambda statement: statement.at)),
            functions=tuple(self.functions),
            classes=tuple(self.classes),
            imports=tuple(dict.fromkeys(self.imports)),
            types=self.types,
            unread=self.unread,
        )

    def statements(self, until: Frame | None = None) -> None:
        """All statements; of a lambda only those before its end."""
        word = self.word
        count = 0
        while word[self.place] and (until is None or until in self.scopes):
            here = self.place
            begins = word[here]
            count += 1
            if not count & 0xFF and self.effort.take(256 * STATEMENT):
                self.unread += self.start[-1] - self.start[here]
                self.place = len(word) - 1
            elif begins == "\n":
                self.leave_lines()
                self.place += 1
            elif begins == ":":
                self.place += 1
            else:
                self.statement(begins)
                word = self.word  # an XML literal makes the tokens anew
                if self.place == here:
                    self.place += 1
                    self.unread += len(begins)
                    self.made(Unread(self.start[here], begins))

    def statement(self, begins: str) -> None:
        """One statement, or the head, middle or end of a block."""
        special = self._STATEMENTS.get(begins)
        after = self.word[self.place + 1]
        if special is not None and after not in ("=", ".", "+=", "&="):
            special(self)
            if begins in _BEFORE_STATEMENTS:
                return
        elif begins in MODIFIERS and after not in _NOT_A_CALL:
            self._declaration()
        elif begins in FUNCTIONS and (after not in _NOT_A_CALL):
            self.function()
            return
        elif begins in CLASSES and self.is_name(self.place + 1):
            self.class_head()
        elif begins == "<":
            self.attributes += self.attribute_text()
            self.skip_breaks()
            return
        elif begins in _QUIET and after not in ("=", ".", "("):
            self.skip_line()
        else:
            self.plain()
        if self.word[self.place] not in ENDS:
            self._strange()

    def end_of_statement(self) -> None:
        """What is left before the end of the statement is unread."""
        if self.word[self.place] not in ENDS:
            self._strange()

    def _strange(self) -> None:
        """Tokens that fit nothing, up to the next that can begin a statement."""
        first = self.place
        while self.word[self.place] not in ("\n", ":", "") and not self.is_name(self.place):
            self.place += 1
        if self.place == first:
            return  # a name where the statement should be over begins the next, though no line ends here
        at, end = self.start[first], self.start[self.place]
        self.unread += end - at
        self.made(Unread(at, self.code[at : min(end, at + 200)]))

    def _declaration(self) -> None:
        while self.word[self.place] in MODIFIERS and self.word[self.place + 1] not in _NOT_A_CALL:
            self.place += 1
        word = self.word[self.place]
        if word in FUNCTIONS:
            self.function()
        elif word == "property":
            self.property()
        elif word == "declare":
            self._declare()
        elif word in CLASSES:
            self.class_head()
        elif word == "enum":
            self.enumeration()
        elif word in ("event", "delegate", "custom"):
            self.skip_line()
        else:
            self.take_attributes()
            self.variables()

    def _declare(self) -> None:
        """`Declare Auto Function X Lib "kernel32" Alias "Y" (...) As T`."""
        while self.word[self.place] not in FUNCTIONS and self.word[self.place] not in ("\n", ""):
            self.place += 1
        if self.word[self.place] in FUNCTIONS:
            self.function(external=True)

    # functions without a name -------------------------------------------------------------------------------------

    def lambda_block(self, kind: str) -> tuple[Statement, ...]:
        frame = Frame("lambda", self.start[self.place])
        self.frames.append(frame)
        self.scopes.append(frame)
        self.statements(frame)
        while self.frames[-1] is not frame:
            self.leave()
        self.frames.pop()
        if frame in self.scopes:
            self.scopes.remove(frame)
        return tuple(frame.out)

    def lambda_line(self) -> tuple[Statement, ...]:
        frame = Frame("lambda", self.start[self.place])
        self.frames.append(frame)
        self.scopes.append(frame)
        place = self.place
        if self.word[place] not in ENDS and self.word[place] != ")":
            begins = self.word[place]
            special = self._STATEMENTS.get(begins)
            if special is not None and self.word[place + 1] not in ("=", "."):
                special(self)
            else:
                self.plain_in_line()
        while self.frames[-1] is not frame:
            self.leave()
        self.frames.pop()
        if frame in self.scopes:
            self.scopes.remove(frame)
        return tuple(frame.out)

    _STATEMENTS: ClassVar[dict[str, "Callable[[BasicReader], None]"]] = {
        "set": BasicLines.line_set,
        "let": BasicLines.line_set,
        "get": BasicLines.line_get,
        "call": BasicLines.line_call,
        "raiseevent": BasicLines.line_raise,
        "yield": BasicLines.line_yield,
        "return": BasicLines.line_return,
        "exit": BasicLines.line_exit,
        "throw": BasicLines.line_throw,
        "redim": BasicLines.line_redim,
        "addhandler": BasicLines.line_handler,
        "on": BasicLines.line_on,
        "if": BasicHeads.head_if,
        "else": BasicHeads.head_else,
        "elseif": BasicHeads.head_elseif,
        "select": BasicHeads.head_select,
        "case": BasicHeads.head_case,
        "for": BasicHeads.head_for,
        "next": BasicHeads.head_next,
        "do": BasicHeads.head_do,
        "loop": BasicHeads.head_loop,
        "while": BasicHeads.head_while,
        "wend": BasicHeads.head_wend,
        "with": BasicHeads.head_with,
        "using": BasicHeads.head_using,
        "synclock": BasicHeads.head_using,
        "try": BasicHeads.head_try,
        "catch": BasicHeads.head_catch,
        "finally": BasicHeads.head_catch,
        "namespace": BasicHeads.head_namespace,
        "end": BasicHeads.head_end,
        "endif": BasicHeads.head_end_if,
        "imports": BasicDeclarations.import_line,
        "property": BasicDeclarations.property,
        "declare": _declare,
        "enum": BasicDeclarations.enumeration,
    }
