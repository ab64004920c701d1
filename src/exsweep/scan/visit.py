"""One host from the first packet to the last: asks what the plan says, when politeness lets it."""

from typing import Protocol

from exsweep.knowledge.scanning import Limits
from exsweep.scan.asks import SHELL, Ask, as_bytes
from exsweep.scan.heard import Heard, Line, hear, theme_pattern
from exsweep.scan.plan import Wishes, next_ask
from exsweep.scan.replies import Failure, Reader, Reply
from exsweep.scan.scope import Scope
from exsweep.scan.targets import Target
from exsweep.scan.transport import Connection


class Talk(Protocol):
    """What a visit asks of the run around it, and tells it."""

    async def turn(self) -> bool:
        """Wait until one more request may be sent; False: the network wants to be left alone."""

    def agreed(self) -> None:
        """The host agreed on TLS."""

    def told(self, answer: Reply | Failure) -> None:
        """A request came to its end."""


async def visit(
    target: Target, to: str, scope: Scope, wishes: Wishes, limits: Limits, talk: Talk
) -> tuple[Heard, ...]:
    """All questions and answers of one host at the pinned address `to`, which the caller has checked.

    The turn for the first request is taken by the caller.
    """
    heard: list[Heard] = []
    connection: Connection | None = None
    try:
        while step := next_ask(target, heard, wishes):
            if heard:
                if not await talk.turn():
                    heard.append(hear(step.ask, Failure.NOT_ASKED))
                    break
                if connection is not None:
                    connection.rest()
            connection, answer, line = await _ask(step.ask, target, to, scope, limits, connection, talk)
            talk.told(answer)
            heard.append(hear(step.ask, answer, line))
    finally:
        if connection is not None:
            connection.close()
    return tuple(heard)


async def _ask(
    ask: Ask,
    target: Target,
    to: str,
    scope: Scope,
    limits: Limits,
    connection: Connection | None,
    talk: Talk,
) -> tuple[Connection | None, Reply | Failure, Line]:
    """Ask over the open connection where it may be used again, else over a new one.

    A server may drop an idle connection just when we ask: then once more over a new one, but never for the name of
    a back door, which is asked for once only.
    """
    request = as_bytes(ask, host_of(target, ask), scope)
    if connection is not None and (ask.fresh or not connection.reusable):
        connection.close()
        connection = None
    if connection is not None:
        answer, line = await connection.ask(request, _reader(ask, limits))
        if answer not in (Failure.CLOSED, Failure.RESET) or ask.check == SHELL:
            return _kept(connection, answer), answer, line
        connection.close()
    connection = Connection(limits, ask.server_name or target.name)
    failure = await connection.open(to, target.port)
    if failure is not None:
        connection.close()
        return None, failure, Line()
    talk.agreed()
    answer, line = await connection.ask(request, _reader(ask, limits))
    return _kept(connection, answer), answer, line


def host_of(target: Target, ask: Ask) -> str:
    """The Host header: the name, or the address where there is none."""
    address = target.address or ""
    host = ask.server_name or target.name or (f"[{address}]" if ":" in address else address)
    return host if target.port == 443 else f"{host}:{target.port}"


def _reader(ask: Ask, limits: Limits) -> Reader:
    return Reader(limits, ask.body_bytes, theme_pattern() if ask.stop_at_theme else None)


def _kept(connection: Connection, answer: Reply | Failure) -> Connection | None:
    if isinstance(answer, Reply) and answer.reusable:
        return connection
    connection.close()
    return None
