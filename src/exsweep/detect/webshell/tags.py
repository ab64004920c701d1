"""Attributes of tags and directives, read as the ASP.NET parser reads them; never more than a fixed number of steps.

Source: patterns TagRegex, DirectiveRegex and RunatServerRegex of System.Web.RegularExpressions, made more lenient
where classic ASP is.
"""

import html
import re
from bisect import bisect_left

import msgspec

from exsweep.detect.webshell import marks

_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s=>"'/<%][^\s=>"'<]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))?)?""", re.DOTALL
)
_DIRECTIVE_ATTRIBUTE = re.compile(
    r"""\s*(\w[\w:.-]*)(?:\s*(=)\s*(?:"([^"]*)"|'([^']*)'|([^\s"'%>]*)))?""", re.DOTALL
)
_TAG_NAME = re.compile(r"<([\w:.-]{1,128})")
_MOST_ATTRIBUTES = 256


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """An opening tag or a directive."""

    attributes: dict[str, str]
    """Names in lower case, values with character entities undone."""
    end: int
    """Behind its `>`."""
    closed: bool = False
    """Ends in `/>`: nothing stands inside."""
    entities: bool = False
    """Character entities were undone."""


class Budget:
    """Characters that may be looked at again: keeps text full of half tags from costing the square of its size."""

    def __init__(self, size: int) -> None:
        self.left = 4 * size + (1 << 16)

    @property
    def spent(self) -> bool:
        return self.left <= 0


class Tags:
    """Where `runat=server` stands in a text, found once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places = marks.runat_places(text)
        self.budget = Budget(len(text))

    def may_run(self, at: int) -> bool:
        """Does any `runat=server` stand behind this place?"""
        return bool(self.places) and self.places[-1] > at

    def server_tag(self, at: int) -> Tag | None:
        """The tag whose attributes begin at `at`, if it runs on the server."""
        if not self.may_run(at) or self.budget.spent:
            return None
        tag = self.tag(at)
        following = self.places[bisect_left(self.places, at)]
        return tag if following < tag.end and "runat" in tag.attributes else None

    def tag(self, at: int) -> Tag:
        """Attributes from `at` to the `>` outside quotes."""
        attributes: dict[str, str] = {}
        entities = False
        place = at
        for _ in range(_MOST_ATTRIBUTES):
            match = _ATTRIBUTE.match(self.text, place)
            if match is None:
                break
            value = next((each for each in match.groups()[1:] if each is not None), "")
            if "&" in value:
                plain = html.unescape(value)
                entities, value = entities or plain != value, plain
            attributes.setdefault(match[1].lower(), value)
            place = match.end()
            if self.text[place : place + 1] in ('"', "'"):
                # A quote without its partner: the rest of the text was searched for it.
                self.budget.left -= len(self.text) - place
                place += 1
            if self.budget.left <= place - at:
                break
        end = self.text.find(">", place)
        end = len(self.text) if end < 0 else end
        self.budget.left -= end - at
        return Tag(
            attributes=attributes,
            end=end + 1,
            closed=self.text[end - 1 : end] == "/",
            entities=entities,
        )

    def directive(self, at: int) -> tuple[str, Tag]:
        """Name in lower case (`page` where none stands) and attributes of the directive behind `<%@`."""
        name = ""
        attributes: dict[str, str] = {}
        place = at
        for number in range(_MOST_ATTRIBUTES):
            match = _DIRECTIVE_ATTRIBUTE.match(self.text, place)
            if match is None:
                break
            place = match.end()
            if number == 0 and match[2] is None:
                name = match[1].lower()
                continue
            value = next((each for each in match.groups()[2:] if each is not None), "")
            attributes.setdefault(match[1].lower(), value)
        end = self.text.find("%>", place)
        end = len(self.text) if end < 0 else end
        self.budget.left -= end - at
        return name or "page", Tag(attributes=attributes, end=end + 2)

    def server_tags(self) -> "list[tuple[str, int]]":
        """Lower-case name and place of every tag with `runat=server`, in order."""
        found = []
        behind = 0
        for place in self.places:
            start = self.text.rfind("<", behind, place)
            behind = place
            match = _TAG_NAME.match(self.text, start) if start >= 0 else None
            if match is not None:
                found.append((match[1].lower(), start))
        return found
