"""Pages of which nothing is left that runs: what a tool of intruders leaves when somebody has cut out what it could do.

Being blind is not the same as there being nothing to see. So a page is such a leftover only where all of its code was read, no
part of it lies elsewhere, every handler that its controls name stands in it, nothing in it hides, it shows no ability at all,
and no value of the visitor's goes into a call that is not known to do no more than show, keep or change it.
"""

import re
from typing import Final

from exsweep.detect.webshell.capabilities import Weighed
from exsweep.detect.webshell.page import Page
from exsweep.detect.webshell.state import State
from exsweep.knowledge.webshells import webshell_weights

_ELSEWHERE: Final = frozenset({"codebehind", "codefile", "inherits", "src"})
_HANDLER = re.compile(r"""\bon[a-z]{3,40}\s{0,8}=\s{0,8}["']([A-Za-z_]\w{0,80})["']""", re.IGNORECASE)
_TITLE = re.compile(r"<title>([^<]{1,200})", re.IGNORECASE)
_CLIENT = re.compile(r"""\bonclient""", re.IGNORECASE)


def title_of(page: Page) -> str:
    """What a page calls itself, in lower case."""
    match = _TITLE.search(page.text)
    return match[1].lower() if match else ""


def names_tool(page: Page) -> bool:
    """Does a page of the server call itself by the name of a tool of intruders?"""
    title = title_of(page) if page.blocks or page.controls else ""
    return bool(title) and any(re.search(each, title) for each in webshell_weights().tools)


def _only_shows(weighed: Weighed, state: State) -> bool:
    """Is that place no ability, but a value that is put into the answer (`Response.Write`)?"""
    last = weighed.shown.name.rpartition(".")[2].lower()
    return not weighed.points and state.known.does_nothing(last)


def nothing_runs(page: Page, places: dict[str, list[Weighed]], state: State) -> bool:
    """Is that a page that can do nothing any more, as far as everything in it was read and understood?"""
    if not all(_only_shows(each, state) for found in places.values() for each in found):
        return False
    if state.blind or state.hurried or state.effort.spent():
        return False
    if page.tricks or page.container or page.includes or not state.units:
        return False
    if any(not _ELSEWHERE.isdisjoint(each.attributes) for each in page.directives):
        return False
    if any(each.language == "other" for each in page.blocks) or any(
        each.program.unread for each in state.units
    ):
        return False
    handlers = (match[1].lower() for match in _HANDLER.finditer(page.text) if not _CLIENT.match(match[0]))
    return all(each in state.functions for each in handlers)
