"""What was done to the code of a page to hide it from readers, as stable codes (titles in `kinds.yml`)."""

import re
from collections.abc import Iterator
from itertools import islice

from exsweep.detect.webshell.page import Block
from exsweep.knowledge.webshell_kinds import webshell_kinds

_ESCAPES = re.compile(r"\\u00[2-7][0-9a-f]|\\U000000[2-7][0-9a-f]", re.IGNORECASE)
_STRINGS = re.compile(r'@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'')
_COMMENT = re.compile(r"/\*[^*]{0,2048}\*+/")
_MOST_COMMENTS = 2000
# Letters of the class Cf that stand inside a word; C# and JScript leave them out of names.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")
_BLANKS = " \t\r\n\f\v\xa0\u3000"
_BLANKS_BEFORE = 4096
_CLOSE = 32
_BEGIN = 64


def of_code(text: str, blocks: tuple[Block, ...]) -> Iterator[str]:
    """Codes for the blocks of one page; each at most once."""
    if any(_invisible(block.code) for block in blocks):
        yield "invisible-characters"
    if any("\\" in block.code and _escapes(block.code) for block in blocks if _curly(block)):
        yield "unicode-escapes"
    if any("/*" in block.code and _commented(block.code) for block in blocks if _curly(block)):
        yield "comment-in-token"
    if any(_hidden(text, block) for block in blocks):
        yield "hidden-behind-blanks"


def of_padding(text: str) -> bool:
    """Is there a run of blanks or of one letter that no author writes?"""
    run = webshell_kinds().padding_characters
    if len(text) < run:
        return False
    # A run of that length covers a whole step of half of it: only those steps are looked at.
    step = run // 2
    return any(_empty(text[place : place + step]) for place in range(0, len(text) - step + 1, step))


def _empty(piece: str) -> bool:
    begin = piece[:_BEGIN]
    if begin.count(begin[0]) != len(begin) and not begin.isspace():
        return False
    return piece.isspace() or piece.count(piece[0]) == len(piece)


def _curly(block: Block) -> bool:
    return block.language in ("csharp", "jscript")


def _invisible(code: str) -> bool:
    if code.isascii():
        return False
    return any(_inside_word(code, match) for match in islice(_INVISIBLE.finditer(code), _MOST_COMMENTS))


def _inside_word(code: str, match: re.Match[str]) -> bool:
    return code[match.start() - 1 : match.start()].isalnum() and code[match.end() : match.end() + 1].isalnum()


def _commented(code: str) -> bool:
    """A comment between a name and the dot or bracket that belongs to it."""
    for match in islice(_COMMENT.finditer(code), _MOST_COMMENTS):
        before = code[max(0, match.start() - 64) : match.start()].rstrip()[-1:]
        after = code[match.end() : match.end() + 64].lstrip()[:1]
        word_before, word_after = before.isalnum() or before in "_)]", after.isalnum() or after in '_"'
        if before and after and ((word_before and after in ".([") or (before in ".([" and word_after)):
            return True
    return False


def _escapes(code: str) -> bool:
    if _ESCAPES.search(code) is None:
        return False
    return _ESCAPES.search(_STRINGS.sub("", code)) is not None


def _hidden(text: str, block: Block) -> bool:
    """Many blanks right before the code, or before its first letter."""
    most = webshell_kinds().hidden_behind_blanks
    inside = len(block.code) - len(block.code.lstrip()) if block.code[:1].isspace() else 0
    if not text[max(0, block.at - _CLOSE) : block.at].rstrip("<%=:#@").isspace():
        return inside >= most
    before = text[max(0, block.at - _BLANKS_BEFORE) : block.at].rstrip("<%=:#@")
    return inside >= most or len(before) - len(before.rstrip(_BLANKS)) >= most
