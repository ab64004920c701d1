"""The one table of routes. Everything else is made from it: routing, rights, JSON and HTML, OpenAPI, tests."""

import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Literal, TypeVar, get_type_hints
from urllib.parse import quote, urlencode

import msgspec

from exsweep.knowledge.access import access
from exsweep.web.ids import fields_with_ids

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
API = "/api/v1"
PUBLIC = "public"
"""`may` of a route that needs no right: signing in, static pages."""
SIGNED_IN = "signed in"
"""`may` of a route for everyone who has signed in: one's own account."""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of a route that takes none."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    name: str
    """Also the name of its template: `templates/<name>.html.j2`."""
    method: Method
    path: str
    """`/cases/{server}`; the API has the same below `/api/v1`. Every gap is a field of `params`."""
    may: str
    """Action of `access.yml`, or `PUBLIC`, or `SIGNED_IN`."""
    params: type[msgspec.Struct]
    """Path, query and body together; unknown fields are refused (H69)."""
    result: Any
    """What the view gives: a struct, or `Download`, or `Document`."""
    view: Callable[[Any, Any], Any]
    then: Callable[[Any], str] | None = None
    """After a form: the page to go to, from the result. Programs get the result itself."""
    api: bool = True
    """Also below `/api/v1`, and in the OpenAPI document."""
    html: bool = True
    """Also as a page."""
    takes_bytes: int = 0
    """Most bytes of a raw body, where the body is no form and no JSON."""
    shown_once: bool = False
    """Its answer holds a secret: it is not kept for a request that is sent again."""
    lenient: bool = False
    """Drops fields it does not know instead of refusing them: for what others send by their own rules."""
    rate: str = "normal"
    """Name of the limit: `normal`, `heavy`, `signing_in`, `sending`."""
    ids: dict[str, str] = {}
    """Field -> kind of id, for what the central check looks up."""

    @property
    def unsafe(self) -> bool:
        """It changes something."""
        return self.method != "GET"


ROUTES: dict[str, Route] = {}
"""Name -> route, in order of registration."""

V = TypeVar("V", bound=Callable[..., Any])


def route(
    method: Method,
    path: str,
    *,
    may: str,
    name: str | None = None,
    then: Callable[[Any], str] | None = None,
    api: bool = True,
    html: bool = True,
    takes_bytes: int = 0,
    shown_once: bool = False,
    lenient: bool = False,
    rate: str = "normal",
) -> Callable[[V], V]:
    """Decorator: file a view `(Ask, Params) -> Result` under its function's name; types are read from its annotations."""

    def register(view: V) -> V:
        hints = get_type_hints(view)
        result = hints.pop("return")
        params = next((of for each, of in hints.items() if each != "ask"), Nothing)
        key = name or view.__name__
        if key in ROUTES:
            raise ValueError(f"two routes are called {key!r}")
        if may not in (PUBLIC, SIGNED_IN) and may not in access().actions:
            raise ValueError(f"{key}: {may!r} is no action of access.yml")
        if not params.__struct_config__.forbid_unknown_fields:
            raise ValueError(f"{key}: {params.__name__} must forbid unknown fields")
        ROUTES[key] = Route(
            name=key,
            method=method,
            path=path,
            may=may,
            params=params,
            result=result,
            view=view,
            then=then,
            api=api,
            html=html,
            takes_bytes=takes_bytes,
            shown_once=shown_once,
            lenient=lenient,
            rate=rate,
            ids=fields_with_ids(params),
        )
        return view

    return register


def url(name: str, **params: object) -> str:
    """Address of a route within this service; what is no gap of the path becomes the query."""
    path = ROUTES[name].path
    query = {}
    for key, value in params.items():
        gap = "{" + key + "}"
        if gap in path:
            path = path.replace(gap, quote(str(value), safe=""))
        elif value is not None:
            query[key] = value
    return path + (f"?{urlencode(query, doseq=True)}" if query else "")


def routes() -> Iterator[Route]:
    """All routes; imports every module that may register some."""
    for package in ("exsweep.web.core", "exsweep.web.pages"):
        folder = import_module(package)
        for module in pkgutil.iter_modules(folder.__path__):
            import_module(f"{package}.{module.name}")
    yield from ROUTES.values()
