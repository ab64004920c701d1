"""The first page: send what the server recorded, or have it looked at from outside; and the page for those in a hurry."""

import msgspec

import exsweep
from exsweep.fleet import lists, queue
from exsweep.fleet.queue import Numbers, Waiting
from exsweep.knowledge.collection import collection
from exsweep.knowledge.collection_artifact import velociraptor
from exsweep.knowledge.collection_script import powershell
from exsweep.knowledge.languages import say_list, text
from exsweep.model import Phrase
from exsweep.web.answers import Download
from exsweep.web.ask import Ask
from exsweep.web.core.sending import tenants_of
from exsweep.web.ids import ServerId
from exsweep.web.problem import Problem
from exsweep.web.routes import PUBLIC, Nothing, route

_LAST = 8


class HomeView(msgspec.Struct, frozen=True, kw_only=True):
    """What one can do here, and the cases that wait first."""

    may_send: bool
    may_scan: bool
    tenants: tuple[str, ...] = ()
    """For whom one may send: where they are several, one is to be chosen."""
    local: bool
    """Nothing leaves this computer."""
    numbers: Numbers | None = None
    cases: tuple[Waiting, ...] = ()
    server: str | None = None
    """What is sent belongs to this server."""


class HomeParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId | None = None
    """New evidence of a server that is known."""


class HurryView(msgspec.Struct, frozen=True, kw_only=True):
    """The next ten minutes, for somebody who thinks that intruders are inside now."""

    title: str
    lead: str
    do: tuple[str, ...]
    never: tuple[str, ...]
    then: str


class CollectorKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kind: str = "powershell"


@route("GET", "/", may="case.read")
def home(ask: Ask, asked: HomeParams) -> HomeView:
    """Send evidence, or go on with a case."""
    tenants = ask.within("case.read")
    found = lists.servers(ask.fleet, ask.now, lists.Wanted(), tenants=tenants, limit=_LAST)
    return HomeView(
        may_send=ask.may("case.upload"),
        may_scan=ask.may("scan.start") and ask.service.settings.allow_scan is not None,
        tenants=tenants_of(ask, "case.upload"),
        local=ask.viewer.local,
        numbers=queue.numbers(ask.fleet, tenants=tenants) if found.total else None,
        cases=found.rows,
        server=asked.server,
    )


@route("GET", "/now", may=PUBLIC)
def hurry(ask: Ask, asked: Nothing) -> HurryView:
    """What to do in the next 10 minutes."""
    return HurryView(
        title=text("hurry.title", ask.language),
        lead=text("hurry.lead", ask.language),
        do=say_list(Phrase(key="hurry.do"), ask.language),
        never=say_list(Phrase(key="hurry.never"), ask.language),
        then=text("hurry.then", ask.language),
    )


@route("GET", "/collector", may=PUBLIC, api=False)
def collector(ask: Ask, asked: CollectorKind) -> Download:
    """The script that an administrator runs on the server; it only reads."""
    plan = collection()
    days, program = plan.limits.days, exsweep.__version__
    if asked.kind == "powershell":
        text, name = powershell(plan, days=days, program=program), "exsweep-collect.ps1"
    elif asked.kind == "velociraptor":
        text, name = velociraptor(plan, days=days, program=program), "exsweep-collect.yaml"
    else:
        raise Problem(422, "There is no such collector.", tip="Take powershell or velociraptor.")
    return Download(file_name=name, media_type="text/plain; charset=utf-8", body=text.encode())
