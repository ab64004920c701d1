"""Where a page may send a browser: to a page of the table of routes, and nowhere else (H71)."""

from functools import cache
from urllib.parse import urlsplit

from starlette.routing import compile_path

from exsweep.web.routes import ROUTES


@cache
def _patterns() -> tuple[object, ...]:
    return tuple(compile_path(each.path)[0] for each in ROUTES.values() if each.method == "GET" and each.html)


def known_place(wanted: str) -> str:
    """The path and query if a page of ours answers it, else the start page.

    >>> known_place("//evil.example"), known_place("javascript:alert(1)")
    ('/', '/')
    """
    if not wanted.startswith("/") or wanted.startswith("//") or not wanted.isprintable() or "\\" in wanted:
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or not any(each.match(parts.path) for each in _patterns()):  # type: ignore[attr-defined]
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")
