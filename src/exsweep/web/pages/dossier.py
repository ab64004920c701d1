"""One server for those who work through the queue: why it stands there, its history, whom to call, what was said."""

from datetime import datetime

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet import notify, people, queue, recheck
from exsweep.fleet.clock import moment
from exsweep.fleet.people import Channel, Contact
from exsweep.fleet.recheck import Diff
from exsweep.fleet.show import Shown, show
from exsweep.web.ask import Ask
from exsweep.web.ids import ServerId
from exsweep.web.routes import route, url


class ServerParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A re-check of the plan."""

    due: datetime | None
    done: bool


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that was drafted."""

    number: int
    state: str
    drafted: datetime | None
    changed: datetime | None
    plain: str
    technical: str
    channels: str
    next: tuple[str, ...] = ()
    """States that may follow."""


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    who: str
    reason: str
    until: datetime | None


class DossierView(msgspec.Struct, frozen=True, kw_only=True):
    """Names, headlines and contacts are hostile text."""

    shown: Shown
    plan: tuple[Planned, ...]
    diff: Diff | None
    """Between the last two judgements from inside."""
    contacts: tuple[Contact, ...] | None
    """None: not for your role."""
    notices: tuple[Notice, ...] | None
    pin: Pinned | None
    may_pin: bool
    may_work: bool
    may_notify: bool


class PinParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    reason: str
    hours: float = 24.0


class ContactParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    name: str
    channel: Channel
    address: str
    role: str | None = None


class TellParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    mission: str | None = None
    no_staff: bool | None = None
    no_backup: bool | None = None
    no_answer: bool | None = None


class DraftParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    name: str
    who: str
    phone: str
    page: str


class MoveParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    number: int
    state: notify.State


def _back(result: DossierView) -> str:
    return url("dossier", server=result.shown.server)


@route("GET", "/servers/{server}", may="fleet.read")
def dossier(ask: Ask, asked: ServerParams) -> DossierView:
    """Why it stands where it stands, and everything that is kept of it."""
    return _dossier(ask, ask.server(asked.server))


def _dossier(ask: Ask, server: int) -> DossierView:
    store = ask.fleet
    may_notify = ask.may("fleet.notify")
    pins = store.database.run(
        "SELECT who, reason, until FROM pin WHERE server_id = ? AND until > ? AND made <= ? ORDER BY made DESC LIMIT 1",
        (server, ask.now, ask.now),
    )
    plan = store.database.run("SELECT due, done_by FROM recheck WHERE server_id = ? ORDER BY due", (server,))
    end = store.database.number(
        "SELECT MAX(evidence_end) FROM assessment WHERE server_id = ? AND outside = 0", (server,)
    )
    try:
        diff = recheck.of_server(store, server) if ask.may("case.evidence") else None
    except UsageError:  # only one judgement: nothing to compare
        diff = None
    shown = show(store, server)
    return DossierView(
        shown=shown,
        plan=tuple(
            Planned(due=moment(int(due)), done=done is not None or end >= int(due)) for due, done in plan
        ),
        diff=diff,
        contacts=people.contacts(store, server) if may_notify else None,
        notices=_notices(ask, server) if may_notify else None,
        pin=Pinned(who=pins[0][0], reason=pins[0][1], until=moment(int(pins[0][2]))) if pins else None,
        may_pin=ask.may("fleet.pin"),
        may_work=ask.may("fleet.work"),
        may_notify=may_notify,
    )


def _notices(ask: Ask, server: int) -> tuple[Notice, ...]:
    rows = ask.fleet.database.run(
        "SELECT id, state, drafted, changed, plain, technical, channels FROM notice WHERE server_id = ? "
        "ORDER BY id DESC LIMIT 50",
        (server,),
    )
    return tuple(
        Notice(
            number=int(number),
            state=state,
            drafted=moment(drafted),
            changed=moment(changed),
            plain=plain,
            technical=technical,
            channels=channels,
            next=tuple(sorted(each.value for each in notify.after(notify.State(state)))),
        )
        for number, state, drafted, changed, plain, technical, channels in rows
    )


@route("POST", "/servers/{server}/pin", may="fleet.pin", then=_back)
def pin(ask: Ask, asked: PinParams) -> DossierView:
    """Put the server on top of the queue, under one's name and with a reason."""
    server = ask.server(asked.server)
    queue.pin(ask.fleet, server, who=ask.viewer.name, reason=asked.reason, hours=asked.hours, now=ask.now)
    return _dossier(ask, server)


@route("POST", "/servers/{server}/contacts", may="fleet.notify", then=_back)
def add_contact(ask: Ask, asked: ContactParams) -> DossierView:
    """Keep whom to tell."""
    server = ask.server(asked.server)
    contact = Contact(name=asked.name, role=asked.role, channel=asked.channel, address=asked.address)
    people.add_contact(ask.fleet, server, contact, now=ask.now)
    return _dossier(ask, server)


@route("POST", "/servers/{server}/facts", may="fleet.work", then=_back)
def tell(ask: Ask, asked: TellParams) -> DossierView:
    """Note what is known of the server; it moves its place in the queue."""
    server = ask.server(asked.server)
    if asked.mission not in (None, "low", "medium", "high"):
        raise UsageError("How much depends on it is low, medium or high.", tip="Choose one of these.")
    people.tell(
        ask.fleet,
        server,
        now=ask.now,
        mission=asked.mission,
        no_staff=asked.no_staff,
        no_backup=asked.no_backup,
        no_answer=asked.no_answer,
    )
    return _dossier(ask, server)


@route("POST", "/servers/{server}/letters", may="fleet.notify", then=_back)
def draft(ask: Ask, asked: DraftParams) -> DossierView:
    """Draft a letter to the owner; people send it."""
    server = ask.server(asked.server)
    sender = notify.Sender(name=asked.name, who=asked.who, phone=asked.phone, page=asked.page)
    notify.draft(ask.fleet, server, sender, now=ask.now)
    return _dossier(ask, server)


@route("POST", "/servers/{server}/letters/{number}", may="fleet.notify", then=_back)
def move(ask: Ask, asked: MoveParams) -> DossierView:
    """Note how far a letter is."""
    server = ask.server(asked.server)
    owner = ask.fleet.database.number("SELECT server_id FROM notice WHERE id = ?", (asked.number,))
    if owner != server:
        raise UsageError("That letter is not about this server.", tip="Open the server's page again.")
    notify.move(ask.fleet, asked.number, asked.state, now=ask.now)
    return _dossier(ask, server)
