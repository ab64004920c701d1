"""The API describes itself."""

import msgspec

from exsweep.web.answers import Json
from exsweep.web.ask import Ask
from exsweep.web.openapi import document
from exsweep.web.routes import PUBLIC, ROUTES, Nothing, route


@route("GET", "/openapi.json", may=PUBLIC, html=False)
def openapi(ask: Ask, asked: Nothing) -> Json:
    """This document."""
    return Json(body=msgspec.json.encode(document(ROUTES.values())))
