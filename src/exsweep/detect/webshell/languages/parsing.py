"""tree-sitter with bounds: text of one byte a character, a count of steps, and what to do when they run out."""

import re
import unicodedata
from collections.abc import Iterator

from tree_sitter import Language, Node, Parser, Tree

from exsweep.detect.webshell.effort import NODE, PARSING, Effort

MAX_NODES = 1_500_000
"""Nodes visited for one text: some 4 MB of code; what follows is unread."""
MAX_STEPS = 60_000
"""Calls of tree-sitter's progress hook. Real code needs at most 0.04 a character, hostile code can need its square."""
_BREAKS = {0x85: "\n", 0x2028: "\n", 0x2029: "\n", 0: " "}
_FORMAT = "\x02"


class _StandIns(dict[int, str]):
    """One ASCII character for each other, so that bytes of the tree are characters of the text."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if code < 0x80:
            stand_in = character
        elif character.isspace():
            stand_in = " "
        else:
            stand_in = _FORMAT if unicodedata.category(character) == "Cf" else "a"
        self[code] = stand_in
        return stand_in


_STAND_INS = _StandIns(_BREAKS)


def ascii_copy(code: str) -> str:
    """The code with one ASCII stand-in for every other character; the tokens are the same, and so are the offsets."""
    if code.isascii() and "\0" not in code:
        return code
    if len(_STAND_INS) > 20_000:
        _STAND_INS.clear()
        _STAND_INS.update(_BREAKS)
    text = code.translate(_STAND_INS)
    if _FORMAT in text:  # zero-width characters are part of an identifier inside it, and space elsewhere
        text = re.sub(r"(?<=\w)\x02+", lambda match: "a" * len(match[0]), text).replace(_FORMAT, " ")
    return text


class Patience:
    """What reading one text may cost in all ways together, counted so that the same text always ends the same.

    All of it counts for `effort` too, which is that of the file.
    """

    def __init__(self, characters: int, effort: Effort) -> None:
        self.steps = self._most = min(500 + characters * 6 // 100, MAX_STEPS)
        self._usual = 50 + characters * 45 // 1_000
        self.visits = MAX_NODES
        self.effort = effort

    def tired(self, _offset: int, _error: bool) -> bool:
        """Takes one step of parsing; True when there is none left."""
        self.steps -= 1
        return self.effort.take(PARSING) or self.steps < 0

    def hopeless(self) -> bool:
        """Whether the last way took more than code ever does; if not, the next has as many steps."""
        if self._most - self.steps > self._usual or self.effort.spent():
            return True
        self.steps = self._most
        return False

    def more(self) -> int:
        """The next thousand nodes to visit; 0 when there are none left."""
        self.visits = 0 if self.effort.take(1_000 * NODE) else max(self.visits - 1_000, 0)
        return 1_000 if self.visits else 0


def parse_tree(language: Language, text: str, patience: Patience) -> Tree | None:
    """The tree of an ASCII text; None when tree-sitter would take far longer than any real code needs."""
    data = text.encode("ascii", "replace")
    if patience.steps < 0 or patience.effort.spent():
        return None
    try:
        return Parser(language).parse(
            lambda offset, _point: data[offset : offset + 65_536],
            encoding="utf8",
            progress_callback=patience.tired,
        )
    except ValueError:  # how the binding says that the hook stopped it
        return None


def unread_in(tree: Tree) -> int:
    """Characters that stand directly in errors: the measure by which ways of wrapping a fragment compete."""
    cursor = tree.walk()
    unread = 0
    while True:
        node = cursor.node
        if node is not None and node.has_error:
            if node.is_error:
                unread += loose(node)
            if cursor.goto_first_child():
                continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return unread


def loose(error: Node) -> int:
    kept = sum(child.end_byte - child.start_byte for child in error.children if child.child_count)
    return max(error.end_byte - error.start_byte - kept, 1)


_SNIPPET = re.compile(r"[^;{}\n]{0,600}")
_CALL = re.compile(r"\w\s?\(|\w\s?\[")
_MOST_SNIPPETS = 300


def snippets(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that may be statements and call something: what is looked at where the whole cannot be parsed."""
    count = 0
    for match in _SNIPPET.finditer(text):
        if _CALL.search(match[0]):
            yield match.span()
            count += 1
            if count == _MOST_SNIPPETS:
                return
