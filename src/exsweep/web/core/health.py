"""Whether the service is up, for whoever watches it; says nothing else."""

import msgspec

from exsweep.web.ask import Ask
from exsweep.web.routes import PUBLIC, Nothing, route


class Alive(msgspec.Struct, frozen=True):
    ok: bool = True


@route("GET", "/alive", may=PUBLIC, html=False)
def alive(ask: Ask, asked: Nothing) -> Alive:
    """The store answers."""
    ask.fleet.database.number("SELECT 1")
    return Alive()
