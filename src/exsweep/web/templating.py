"""Results as pages: every value is text, escaped always, with odd characters shown as escapes and addresses dead."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

import exsweep
from exsweep.export import report, words
from exsweep.export.report import chart
from exsweep.export.report.findings import anchor
from exsweep.export.text import defang, plain, prose, show, visible
from exsweep.export.times import day, iso, span, stamp, when
from exsweep.fleet.clock import said
from exsweep.knowledge.fleet import fleet_words
from exsweep.knowledge.languages import ENGLISH
from exsweep.knowledge.sectors import sectors
from exsweep.model import Level, Stage
from exsweep.web import said as spoken
from exsweep.web.draw import days, folds, hours, qr, rows, times
from exsweep.web.routes import ROUTES, url

FOLDER = Path(__file__).parent
ONLY_ENGLISH = frozenset({"general"})
"""Pages that are not there in every language of the knowledge."""


def _finalize(value: Any) -> Any:
    """What `{{ }}` prints: text with visible control characters and dead addresses; None prints nothing."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    return plain(prose(value)) if isinstance(value, str) else value


@cache
def environment() -> jinja2.Environment:
    """Templates of `templates/`, and those of the saved report below `report/`; `autoescape` holds for all names."""
    shared = jinja2.FileSystemLoader(Path(report.__file__).parent)
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(FOLDER / "templates"), jinja2.PrefixLoader({"report": shared})]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "show": show, "visible": visible, "defang": defang, "prose": prose, "plain": plain, "when": when,
        "stamp": stamp, "day": day, "iso": iso, "span": span, "both": times.both, "own": escape, "ago": times.ago, "said": said,
        "localised": spoken.localised, "told": spoken.told, "dates": spoken.dates,
    }  # fmt: skip
    made.globals |= {
        "url": url, "version": exsweep.__version__, "w": words, "count": words.count, "svg": chart,
        "draw_days": days, "draw_rows": rows, "draw_hours": hours, "folds": folds.folds, "qr_code": qr.code,
        "fleet_words": fleet_words, "stages": tuple(Stage), "levels": tuple(Level), "has_route": ROUTES.__contains__,
        "anchor": anchor, "zones": times.COMMON, "sector_titles": frozenset(sectors().titles.values()), **spoken.GLOBALS,
    }  # fmt: skip
    return made


def page(name: str, *, language: str = ENGLISH, place: str = "/", **context: Any) -> bytes:
    """A page, UTF-8; the general page where a route has no template of its own yet.

    `language` is the one that the reader wants; a page that is not translated yet is in English, and says so.
    `place` is the address of the page, for links that come back to it; `wrong` is what was wrong with a form that is shown again.
    """
    templates = environment()
    template = templates.select_template([f"{name}.html.j2", "general.html.j2"])
    found = (template.name or "").partition(".")[0]
    lang = ENGLISH if found in ONLY_ENGLISH else language
    english = Markup("" if lang == ENGLISH else ' lang="en"')  # noqa: S704 - two texts of ours
    context = {"wrong": None} | context
    text = template.render(lang=lang, wanted=language, en=english, place=place, **context)
    return text.encode("utf-8", "replace")
