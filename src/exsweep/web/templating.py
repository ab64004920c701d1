"""Results as pages: every value is text, escaped always, with odd characters shown as escapes."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import exsweep
from exsweep.export.text import defang, prose, show, visible
from exsweep.web.routes import url

FOLDER = Path(__file__).parent


def _finalize(value: Any) -> Any:
    """What `{{ }}` prints: text with visible control characters; None prints nothing."""
    if value is None:
        return ""
    if isinstance(value, Markup):
        return value
    return visible(prose(value)) if isinstance(value, str) else value


@cache
def environment() -> jinja2.Environment:
    """Templates of `templates/`; `autoescape` holds whatever a template is called."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"show": show, "visible": visible, "defang": defang, "prose": prose}
    made.globals |= {"url": url, "version": exsweep.__version__}
    return made


def page(name: str, **context: Any) -> bytes:
    """A page, UTF-8; the general page where a route has no template of its own yet."""
    templates = environment()
    template = templates.select_template([f"{name}.html.j2", "general.html.j2"])
    return template.render(**context).encode("utf-8", "replace")
