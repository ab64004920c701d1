"""Templates, style sheet and content policy of the page; the only place where HTML leaves as bytes.

Laws: `autoescape` is always on; every printed string passes `plain` (odd characters visible, addresses dead)
unless a filter has already made it markup; no script, no style attribute, no outside address; the one style
sheet is allowed by its hash.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from exsweep.export import words
from exsweep.export.report import chart, page
from exsweep.export.report.room import PAGE_BYTES, Room
from exsweep.export.text import plain, prose, show
from exsweep.export.times import day, iso, span, stamp, when
from exsweep.knowledge.languages import ENGLISH
from exsweep.model import Assessment


def _final(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return plain(value)


@cache
def environment() -> Environment:
    """Templates of the reports: everything printed is escaped."""
    environment = Environment(
        loader=PackageLoader("exsweep.export.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_final,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        show=show, prose=prose, when=when, stamp=stamp, day=day, iso=iso, span=span, plain=plain
    )
    environment.globals.update(w=words, count=words.count, svg=chart)
    return environment


@cache
def style() -> Markup:
    """Our own style sheet, which must stand in the page as it was hashed."""
    text = files("exsweep.export.report").joinpath("look", "report.css").read_text("utf-8").strip()
    return Markup(text)  # noqa: S704 (a file of this package; no evidence comes near it)


def policy() -> str:
    """Content security policy of the page: nothing loads, nothing runs, one style sheet by its hash."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    kinds = ("default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:")
    return "; ".join((*kinds, "base-uri 'none'", "form-action 'none'"))


def render(assessment: Assessment, room: Room, language: str = ENGLISH) -> bytes:
    """One self-contained page with the given bounds; in another language what `languages.in_language` and the letter have."""
    text = (
        environment()
        .get_template("report.html.j2")
        .render(page.build(assessment, room, language), policy=policy(), style=style())
    )
    return text.encode("utf-8")


def fitting(assessment: Assessment, language: str = ENGLISH) -> bytes:
    """The page below `PAGE_BYTES`: bounds shrink until it fits (three times are enough for any evidence)."""
    room = Room()
    data = render(assessment, room, language)
    for _ in range(3):
        if len(data) <= PAGE_BYTES:
            break
        room = room.smaller()
        data = render(assessment, room, language)
    return data
