"""The parts of a page that the server runs, cut out as the parsers of ASP.NET and classic ASP do it.

HTML around them means nothing: code inside an HTML comment, a client script or an attribute runs all the same.

Source: TemplateParser of ASP.NET (patterns in System.Web.RegularExpressions); classic ASP documentation.
"""

import re
from typing import Literal

import msgspec

from exsweep.detect.webshell import marks
from exsweep.detect.webshell.page import Directive, Include, ServerTag
from exsweep.detect.webshell.tags import Tags
from exsweep.knowledge.webshell_kinds import webshell_kinds

_OPENING = re.compile(r"<(?:%|script\b|!--\s{0,64}#|\w{1,32}:script\b)", re.IGNORECASE)
_KIND = re.compile(r"\s*([=:#$@]?)(:?)")
_SCRIPT_END = re.compile(r"</script\b", re.IGNORECASE)
_XSLT_END = re.compile(r"</\w{1,32}:script\b", re.IGNORECASE)
_CDATA = re.compile(r"\s*<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_SSI = re.compile(
    r"""<!--\s*#\s*(include|exec)\s+(file|virtual|cmd|cgi)\s*=\s*(?:"([^"\n]{0,2048})"|'([^'\n]{0,2048})'|([^\s>]{0,2048}))""",
    re.IGNORECASE,
)
_SOURCES = ("codefile", "codebehind", "inherits", "src", "virtualpath", "masterpagefile")
# 0x7f is a letter of the script encoder.
_NOISE = re.compile("[\x01-\x08\x0e-\x1f]")
_NOISE_WITHIN = 4096
_NOISE_SHARE = 0.02
_NOISE_STEP = 1024
# Real pages have some thousands at most.
_MOST_OPENINGS = 100_000
_LAST_OPENINGS = 10_000
_LAST_CHARACTERS = 65_536
TOO_MANY_TAGS = "too-many-tags"
_WORDS = re.compile(
    r"request|response|execute|system\.|server\.|session|createobject|wscript|function|process|eval[\s(]",
    re.IGNORECASE,
)

BlockKind = Literal["script", "code", "expression", "binding", "handler", "razor", "source", "ssi"]


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A block before its language is known."""

    at: int
    end: int
    kind: BlockKind
    language: str | None = None
    """As the tag names it."""


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is made of, in the order of the text."""

    directives: tuple[Directive, ...]
    blocks: tuple[Raw, ...]
    includes: tuple[Include, ...]
    controls: tuple[str, ...]
    tags: tuple[ServerTag, ...]
    tricks: tuple[str, ...]


class _Splitter:
    def __init__(self, text: str, engine: str, comments: bool) -> None:
        self.text = text
        self.asp = engine != "aspnet"
        self.comments = comments
        self.tags = Tags(text)
        self.noisy = _NOISE.search(text) is not None
        self.directives: list[Directive] = []
        self.blocks: list[Raw] = []
        self.includes: list[Include] = []
        self.tricks: list[str] = []
        self.ahead: dict[str, int] = {}
        self.noise: dict[int, bool] = {}

    def find(self, what: str, start: int) -> int:
        """`str.find`, remembered: a thousand openings must not search a whole text for the same end."""
        known = self.ahead.get(what)
        if known is None or 0 <= known < start:
            known = self.ahead[what] = self.text.find(what, start)
        return known

    def run(self) -> None:
        place = self._read(0, _MOST_OPENINGS)
        if place < len(self.text):
            self.tricks.append(TOO_MANY_TAGS)
            # What was pushed out of sight stands at the end.
            self._read(max(place, len(self.text) - _LAST_CHARACTERS), _LAST_OPENINGS)

    def _read(self, place: int, most: int) -> int:
        """At most so many openings from an offset on; the offset that was reached."""
        xslt = "schemas-microsoft-com:xslt" in self.text
        for _ in range(most):
            match = _OPENING.search(self.text, place)
            if match is None:
                return len(self.text)
            opening = match[0].lower()
            if opening == "<%":
                place = self._percent(match.start())
            elif opening == "<script":
                place = self._script(match.end())
            elif opening.startswith("<!--"):
                place = self._ssi(match.start(), match.end())
            else:
                place = self._xslt(match.end()) if xslt else match.end()
        return place

    def _percent(self, at: int) -> int:
        text, inside = self.text, at + 2
        if self.comments and text.startswith("--", inside):
            end = self.find("--%>", inside + 1)
            if end >= 0:
                return end + 4
        match = _KIND.match(text, inside)
        sign, colon = (match[1], match[2]) if match else ("", "")
        if match and sign == "@":
            return self._directive(at, match.end(1))
        end = self.find("%>", inside)
        start = inside
        kind: BlockKind = "code"
        if match and (sign == "=" or (sign == ":" and not self.asp)):
            start, kind = match.end(1), "expression"
        elif match and not self.asp and sign in ("#", "$"):
            start, kind = match.end(2) if colon else match.end(1), "binding"
        if end < 0:
            return self._take(at, start, len(text), kind, closed=False)
        if sign == "$" and not self.asp:
            return end + 2
        return self._take(at, start, end, kind, closed=True) if end > start else end + 2

    def _take(self, at: int, start: int, end: int, kind: BlockKind, *, closed: bool) -> int:
        """Keep a block, unless it is chance in binary data; the place where to go on."""
        if self.noisy and self._is_noise(start, end):
            inner = self.text.find("<%", start, end)
            if inner >= 0 or _WORDS.search(self.text, start, end) is None:
                return inner if inner >= 0 else at + 2
        if not closed:
            self.tricks.append("unclosed-block")
        self.blocks.append(Raw(at=start, end=end, kind=kind))
        return end + 2

    def _is_noise(self, start: int, end: int) -> bool:
        if end - start <= _NOISE_STEP:
            return self._share(start, end)
        # Openings that stand close together share the answer for what follows them.
        step = start // _NOISE_STEP
        if step not in self.noise:
            self.noise[step] = self._share(start, min(end, start + _NOISE_WITHIN))
        return self.noise[step]

    def _share(self, start: int, end: int) -> bool:
        return len(_NOISE.findall(self.text, start, end)) > _NOISE_SHARE * (end - start)

    def _directive(self, at: int, inside: int) -> int:
        if self.tags.budget.spent:
            return at + 2
        name, tag = self.tags.directive(inside)
        self.directives.append(Directive(name=name, attributes=tag.attributes, at=at))
        self.includes += [
            Include(path=tag.attributes[key], at=at) for key in _SOURCES if tag.attributes.get(key)
        ]
        return tag.end

    def _script(self, inside: int) -> int:
        tag = self.tags.server_tag(inside)
        if tag is None:
            return inside
        if tag.entities:
            self.tricks.append("entities-in-tag")
        source = tag.attributes.get("src")
        if source:
            self.includes.append(Include(path=source, at=inside))
        if tag.closed:
            return tag.end
        match = _SCRIPT_END.search(self.text, tag.end)
        end = match.start() if match else len(self.text)
        if match is None:
            self.tricks.append("unclosed-block")
        if self.text[tag.end : end].strip():
            language = tag.attributes.get("language")
            self.blocks.append(Raw(at=tag.end, end=end, kind="script", language=language))
        return end

    def _ssi(self, at: int, behind: int) -> int:
        match = _SSI.match(self.text, at)
        if match is None:
            return behind
        value = next(each for each in match.groups()[2:] if each is not None)
        if match[1].lower() == "include":
            self.includes.append(Include(path=value, at=at))
        else:
            self.tricks.append("ssi-exec")
            self.blocks.append(Raw(at=match.start(1), end=match.end(), kind="ssi", language="ssi"))
        return match.end()

    def _xslt(self, inside: int) -> int:
        if self.tags.budget.spent:
            return inside
        tag = self.tags.tag(inside)
        match = _XSLT_END.search(self.text, tag.end)
        end = match.start() if match else len(self.text)
        start = tag.end
        cdata = _CDATA.search(self.text, start, end)
        if cdata is not None:
            start, stop = cdata.span(1)
        else:
            stop = end
        if self.text[start:stop].strip():
            language = tag.attributes.get("language", "jscript")
            self.blocks.append(Raw(at=start, end=stop, kind="script", language=language))
        return end


def split(text: str, engine: str, *, comments: bool) -> Parts:
    """Parts of a page of ASP.NET (`engine` is `aspnet`), classic ASP (`asp`) or server-side includes (`ssi`).

    Args:
        comments: `<%-- --%>` is a comment. In classic ASP with JScript it is code.
    """
    splitter = _Splitter(text, engine, comments)
    splitter.run()
    tags = splitter.tags
    named = tags.server_tags()
    if tags.budget.spent or len(tags.places) >= marks.MOST_RUNAT:
        splitter.tricks.append(TOO_MANY_TAGS)
    return Parts(
        directives=tuple(splitter.directives),
        blocks=tuple(splitter.blocks),
        includes=tuple(splitter.includes),
        controls=tuple(dict.fromkeys(name for name, _ in named if name != "script")),
        tags=tuple(_telling(tags, named)),
        tricks=tuple(splitter.tricks),
    )


def _telling(tags: Tags, named: list[tuple[str, int]]) -> list[ServerTag]:
    wanted = set(webshell_kinds().telling_tags)
    found = []
    for name, at in named:
        if name in wanted and not tags.budget.spent:
            found.append(ServerTag(name=name, attributes=tags.tag(at + 1 + len(name)).attributes, at=at))
    return found
