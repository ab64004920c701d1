"""Pages that stand alone: an intruder brings one file, and it has to work wherever it is put.

An ordinary page uses other parts of its site: includes, classes, layouts, controls, and at least a style, a picture or a
script that lies beside it. Nothing of that proves anything: it decides only what abilities weigh that ordinary pages have too.
"""

import re
from itertools import islice
from typing import Final

from exsweep.detect.webshell.capabilities import Weighed
from exsweep.detect.webshell.kinds import OTHER, kind
from exsweep.detect.webshell.page import Page
from exsweep.detect.webshell.score import pairs
from exsweep.knowledge.webshells import webshell_weights

LONELY: Final = "lonely"
BARE: Final = "bare"

_OF_A_SITE: Final = frozenset({"codebehind", "codefile", "inherits", "masterpagefile", "src"})
_MOVED_BY: Final = frozenset(
    {"request", "upload", "remote", "decoded", "hidden", "packed", "session", "file", "database", "keys", "listed"}
)  # fmt: skip
_MOST_TAGS: Final = 64
_OF_A_DESIGN: Final = frozenset({"link", "script"})
_BARE: Final = 2
_ALONE: Final = 4
"""Below so much furniture, see `_furniture`, a page has nothing of a site about it, or so little that a line adds it."""
_BESIDE = re.compile(
    r"""<(link|img|script|td|body|table|input|iframe|frame)\b[^<>]{0,400}?\b(?:href|src|background)\s{0,8}=\s{0,8}["']?"""
    r"""(?!["'#<]|[a-z]{3,10}:|//)([^"'\s<>]{1,200})""",
    re.IGNORECASE,
)
"""A tag that fetches something from an address of the same site."""


def around(page: Page) -> frozenset[str]:
    """`lonely`: a short page that uses no other part of any site. `bare`: nor anything that lies beside it."""
    if not page.blocks or page.includes or page.kind == OTHER:
        return frozenset()
    if any(each.name == "register" or not _OF_A_SITE.isdisjoint(each.attributes) for each in page.directives):
        return frozenset()
    if sum(len(each.code) for each in page.blocks) > webshell_weights().alone_most_code:
        return frozenset()
    return frozenset({LONELY}) if _furniture(page) >= _BARE else frozenset({LONELY, BARE})


def _furniture(page: Page) -> int:
    """What the markup, and not a text or remark in the code, fetches of the same site: style sheets and scripts count twice.

    Whoever brings a page can bring a tag as well, so that one picture is nothing, and little is not enough for much.
    """
    code = [(each.at, each.at + len(each.code)) for each in page.blocks]
    found: dict[str, int] = {}
    for match in islice(_BESIDE.finditer(page.text), _MOST_TAGS):
        if not any(begin <= match.start() < end for begin, end in code):
            found[match[2].lower()] = 2 if match[1].lower() in _OF_A_DESIGN else 1
    return sum(found.values())


def stands_alone(page: Page, places: dict[str, list[Weighed]], able: float) -> bool:
    """Is it such a page, and can it do something?

    Args:
        able: points of its abilities.
    """
    if LONELY not in around(page) or not _driven(places) or _furniture(page) >= _ALONE:
        return False
    least = webshell_weights().alone.get(kind(page.kind).engine)
    return least is not None and able + sum(each.points for each in pairs(places)) >= least


def _driven(places: dict[str, list[Weighed]]) -> bool:
    """Does what it can do depend on anything from elsewhere, or on what is hidden?"""
    return any(
        each[0].points and not _MOVED_BY.isdisjoint(each[0].data | each[0].target) for each in places.values()
    )
