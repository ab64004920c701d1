"""From the blocks of a page to code that hangs together, with the way back to the line."""

import re
from bisect import bisect_right
from typing import Final

import msgspec

from exsweep.detect.webshell.code import Program
from exsweep.detect.webshell.effort import Effort
from exsweep.detect.webshell.languages import parse_code
from exsweep.detect.webshell.page import Block, Page

READ: Final = frozenset({"csharp", "vb", "jscript", "vbscript"})
_INLINE: Final = frozenset({"code", "expression", "binding", "attribute"})
_JOINTS: Final = {"csharp": ("\n;", "Response.Write(", ");"), "jscript": ("\n;", "Response.Write(", ");")}
_BASIC: Final = ("\n", "Response.Write(", ")")
_EXCERPT: Final = 200
_IDS = re.compile(r"""<([a-zA-Z][\w:.]{0,40})\b([^<>]{0,2000})""")
_HIDDEN = re.compile(r"^[ \t]*<!--[^\r\n]*", re.MULTILINE)
_PADDING = re.compile(r"\s{512,}+")
_ID = re.compile(r"""\bid\s{0,8}=\s{0,8}["']?([\w.:-]{1,80})""", re.IGNORECASE)


class Piece(msgspec.Struct):
    """Code that is parsed as one."""

    code: str
    language: str
    starts: list[int]
    """Offsets in `code` at which a block begins, ascending."""
    places: list[int]
    """Offset of that block in the text of the page."""
    lengths: list[int]
    encoded: list[bool]

    def program(self, effort: Effort) -> Program:
        """The tree of this piece; what was not read because it was too much is counted as unread."""
        return parse_code(self.code, self.language, effort=effort)

    def place(self, at: int) -> int:
        """Offset in the text of the page for an offset in `code`."""
        number = max(0, bisect_right(self.starts, at) - 1)
        if self.encoded[number]:
            return self.places[number]
        return self.places[number] + min(max(0, at - self.starts[number]), self.lengths[number])

    def excerpt(self, at: int) -> str:
        """The line around an offset, at most 200 characters."""
        return excerpt(self.code, at)


def excerpt(code: str, at: int) -> str:
    """The line of `code` around an offset, at most 200 characters."""
    at = min(max(at, 0), len(code))
    begin = max(code.rfind("\n", 0, at) + 1, at - _EXCERPT // 3)
    end = code.find("\n", at)
    end = len(code) if end < 0 else end
    return code[begin : min(end, begin + _EXCERPT)].strip()


def pieces(page: Page) -> tuple[Piece, ...]:
    """All code of the page that can be read: inline blocks of one language joined, each script by itself."""
    found: list[Piece] = []
    inline: dict[str, Piece] = {}
    for block in page.blocks:
        if block.language not in READ or not block.code.strip():
            continue
        if block.kind not in _INLINE:
            alone = Piece("", block.language, [], [], [], [])
            alone.code = "".join(_segments(alone, block, 0))
            found.append(alone)
            continue
        if block.language not in inline:
            inline[block.language] = Piece("", block.language, [], [], [], [])
            found.append(inline[block.language])
    for language, piece in inline.items():
        _join(piece, [each for each in page.blocks if each.language == language and each.kind in _INLINE])
    return tuple(found)


def _join(piece: Piece, blocks: list[Block]) -> None:
    joint, before, after = _JOINTS.get(piece.language, _BASIC)
    parts: list[str] = []
    length = 0
    for block in blocks:
        if block.kind == "code":
            opening, closing = "", joint
        else:
            opening, closing = before, after + joint
        inside = _segments(piece, block, length + len(opening))
        parts += (opening, *inside, closing)
        length += len(opening) + sum(map(len, inside)) + len(closing)
    piece.code = "".join(parts)
    if piece.language == "vbscript":
        # The script engine passes over `<!--` at the start of a line, to its end.
        piece.code = _HIDDEN.sub(lambda match: " " * len(match[0]), piece.code)


def _segments(piece: Piece, block: Block, start: int) -> list[str]:
    """The code of a block from offset `start` on, without the blanks that only pad it: one break stands for each run."""
    kept: list[str] = []
    place = 0
    for match in (*_PADDING.finditer(block.code), None):
        end = match.start() if match else len(block.code)
        text = block.code[place:end] + ("\n" if match else "")
        piece.starts.append(start)
        piece.places.append(block.at + place)
        piece.lengths.append(end - place)
        piece.encoded.append(block.encoded)
        kept.append(text)
        start += len(text)
        place = match.end() if match else end
    return kept


def controls(page: Page) -> dict[str, str]:
    """Lower-case id of each server control or server object -> its tag, class id or program id in lower case."""
    found: dict[str, str] = {}
    if page.controls:
        for match in _IDS.finditer(page.text):
            attributes = match[2]
            if "server" not in attributes.lower() or "runat" not in attributes.lower():
                continue
            named = _ID.search(attributes)
            if named:
                found.setdefault(named[1].lower(), match[1].lower())
    for tag in page.tags:
        name = tag.attributes.get("id", "").lower()
        kind = tag.attributes.get("progid", "") or tag.attributes.get("classid", "")
        if name and kind:
            found[name] = kind.lower().removeprefix("clsid:").strip("{}")
    return found
