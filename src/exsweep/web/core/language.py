"""The language of the pages, chosen by a link that works without script."""

from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.knowledge.languages import codes
from exsweep.web.ask import Ask
from exsweep.web.places import known_place
from exsweep.web.problem import Problem
from exsweep.web.routes import PUBLIC, route


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    to: Annotated[str, Meta(max_length=20)]
    next: Annotated[str, Meta(max_length=4_000)] = "/"
    """Page of ours to go back to."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    address: str


@route("GET", "/language", may=PUBLIC, api=False, then=lambda of: of.address)
def language(ask: Ask, asked: Wanted) -> Chosen:
    """Keep the choice in this browser, and go back."""
    if asked.to not in codes():
        raise Problem(422, "There is no such language.", tip=f"Choose from: {', '.join(codes())}.")
    ask.cookies["language"] = asked.to
    return Chosen(language=asked.to, address=known_place(asked.next))
