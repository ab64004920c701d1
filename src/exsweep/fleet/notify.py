"""Letters to owners: drafted here, sent by people, and followed to the end. Nothing here sends anything."""

from datetime import datetime
from enum import StrEnum

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import moment
from exsweep.fleet.letters import Sender, write
from exsweep.fleet.people import FOUND, Channel, Contact, contacts
from exsweep.fleet.show import show
from exsweep.fleet.status import refresh
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.knowledge.languages import ENGLISH
from exsweep.model import Level
from exsweep.scan import lands_on

__all__ = [
    "Letter",
    "Sender",
    "State",
    "after",
    "called",
    "draft",
    "letters",
    "mailboxes",
    "move",
    "waiting",
    "ways_to",
]


class State(StrEnum):
    """How far it is."""

    DRAFTED = "drafted"
    SENT = "sent"
    """By hand."""
    BOUNCED = "bounced"
    ANSWERED = "answered"
    FIXED = "fixed"


_NEXT = {
    State.DRAFTED: {State.SENT},
    State.SENT: {State.BOUNCED, State.ANSWERED, State.FIXED},
    State.BOUNCED: {State.SENT},
    State.ANSWERED: {State.FIXED, State.SENT},
    State.FIXED: set[State](),
}


def after(state: State) -> frozenset[State]:
    """The states that may follow."""
    return frozenset(_NEXT[state])


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A draft. Plain text; the one who sends it decides how."""

    number: int
    server: str
    """Its number in the store."""
    name: str | None
    """How it calls itself; hostile text."""
    subject: str
    plain: str
    technical: str
    channels: tuple[str, ...]
    """Ways to reach them, in the order to try."""
    to: tuple[str, ...] = ()
    """Mailboxes that do not lie on the server itself."""
    language: str = ENGLISH


def draft(fleet: Fleet, server: int, sender: Sender, *, now: int, language: str = ENGLISH) -> Letter:
    """Write and keep a letter for the server's owner, in the language.

    Raises:
        UsageError: nothing is kept of the server, the sender is not named in full, or only mailboxes on the very server
            are known: its intruder may read those.
    """
    if not all(part.strip() for part in (sender.name, sender.who, sender.phone, sender.page)):
        raise UsageError(
            "A letter is signed, and can be checked: name, office, phone and page.", tip="Give all four."
        )
    shown = show(fleet, server)
    if not shown.assessments:
        raise UsageError("Nothing is kept of this server.", tip="Add an assessment first.")
    people = contacts(fleet, server)
    ways = ways_to(people, shown.name)
    number = next(each.number for each in shown.assessments if each.counts)
    row = fleet.database.one("SELECT sha256 FROM assessment WHERE id = ?", (number,))
    of = fleet.assessment(number)
    if language != ENGLISH and of.verdict.said is None:
        raise UsageError(
            f"The verdict of this server was kept in English only; a letter in {language!r} would be half of each.",
            tip="Judge its evidence again (`exsweep triage`, then `exsweep fleet add`), or leave out --language.",
        )
    subject, plain, technical = write(shown, of, people, sender, str(row[0]) if row else "", language)
    with fleet.act("draft", shown.server, time=now, detail=", ".join(ways)):
        made = fleet.database.one(
            "INSERT INTO notice (server_id, assessment_id, state, drafted, changed, plain, technical, channels) "
            "VALUES (?,?,?,?,?,?,?,?) RETURNING id",
            (server, number, State.DRAFTED.value, now, now, _kept(plain), _kept(technical), ", ".join(ways)),
        )
    return Letter(
        number=int(made[0]) if made else 0,
        server=shown.server,
        name=shown.name,
        subject=subject,
        plain=plain,
        technical=technical,
        channels=ways,
        to=mailboxes(people, shown.name),
        language=language,
    )


def called(fleet: Fleet, server: int) -> str:
    """What people call a server: its name, or its number in the store."""
    row = fleet.database.one("SELECT name, public_id FROM server WHERE id = ?", (server,))
    return str(next((each for each in row or () if each), server))


def ways_to(people: tuple[Contact, ...], name: str | None) -> tuple[str, ...]:
    """Ways to reach the owner: telephone, letter, in person, and mail only where it does not end on the server itself.

    Raises:
        UsageError: contacts are known, and all of them are mailboxes of the server's own domain.
    """
    outside = mailboxes(people, name)
    refused = {each.address for each in people if each.channel is Channel.EMAIL} - set(outside)
    ways = tuple(
        f"{each.channel.value}: {each.address if each.role == FOUND else f'{each.name}, {each.address}'}"
        for each in people
        if each.channel is not Channel.EMAIL or each.address in outside
    )
    if people and not ways:
        raise UsageError(
            "Only mailboxes that may lie on the server itself are known. Whoever is inside can read them.",
            tip="Find a telephone number or a postal address first: exsweep fleet contact.",
        )
    own = [each for each in people if each.channel is not Channel.PAGE and each.address not in refused]
    return ways if own else (*ways, "phone: look up the number on their own site")


def mailboxes(people: tuple[Contact, ...], name: str | None) -> tuple[str, ...]:
    """Mailboxes that do not end on the server of that name, as far as names show it; without a whole name, none."""
    return tuple(
        each.address for each in people if each.channel is Channel.EMAIL and not lands_on(each.address, name)
    )


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A letter that was drafted, and how far it is. `name` is hostile text."""

    number: int
    server: str
    name: str | None
    state: State
    drafted: datetime | None
    changed: datetime | None
    up_to_date: bool
    """A scan after the letter sees the newest build: ask, and note `fixed` if that is so. It does not show that nobody is in."""


def letters(fleet: Fleet) -> tuple[Followed, ...]:
    """All letters, those first that wait longest."""
    rows = fleet.database.run(
        "SELECT n.id, s.public_id, s.name, n.state, n.drafted, n.changed, s.outside_id, a.received FROM notice n "
        "JOIN server s ON s.id = n.server_id LEFT JOIN assessment a ON a.id = s.outside_id ORDER BY n.changed, n.id"
    )
    return tuple(
        Followed(
            number=int(number),
            server=server,
            name=name,
            state=State(state),
            drafted=moment(drafted),
            changed=moment(changed),
            up_to_date=bool(seen and received and received > drafted) and _looks_up_to_date(fleet, int(seen)),
        )
        for number, server, name, state, drafted, changed, seen, received in rows
    )


def _looks_up_to_date(fleet: Fleet, assessment: int) -> bool:
    of = fleet.assessment(assessment)
    return of.verdict.said is not None and of.verdict.said.headline.key == "from_outside.up_to_date"


def waiting(fleet: Fleet) -> tuple[int, ...]:
    """Servers that there is something to tell about and that nobody has written to, in the order of the queue."""
    rows = fleet.database.run(
        "SELECT s.id FROM server s WHERE s.contact_state = 'not_told' AND "
        "NOT EXISTS (SELECT 1 FROM notice n WHERE n.server_id = s.id) ORDER BY s.tier, s.score DESC, s.id"
    )
    return tuple(int(number) for (number,) in rows if _to_tell(fleet, int(number)))


def _to_tell(fleet: Fleet, server: int) -> bool:
    """Signs of a break-in, or a build that looks open from outside."""
    row = fleet.database.one("SELECT inside_id, outside_id FROM server WHERE id = ?", (server,))
    numbers = [int(number) for number in row or () if number]
    return any(
        of.verdict.level.rank >= Level.SUSPICIOUS.rank
        or (of.verdict.said is not None and of.verdict.said.headline.key == "from_outside.open")
        for of in map(fleet.assessment, numbers)
    )


def move(fleet: Fleet, number: int, state: State, *, now: int) -> None:
    """Note how far a letter is. No answer counts in the queue from the moment it was sent.

    Raises:
        UsageError: no such letter, or the step does not follow on the one before.
    """
    row = fleet.database.one("SELECT server_id, state FROM notice WHERE id = ?", (number,))
    if row is None:
        raise UsageError(f"There is no letter {number}.", tip="Draft one: `exsweep fleet notify SERVER`.")
    server, before = int(row[0]), State(row[1])
    if state not in _NEXT[before]:
        allowed = ", ".join(sorted(_NEXT[before])) or "nothing"
        raise UsageError(
            f"After {before.value} comes {allowed}, not {state.value}.", tip="Choose one of these."
        )
    silent = int(state in (State.SENT, State.BOUNCED))
    with fleet.act("letter", str(number), time=now, detail=f"{before.value} -> {state.value}"):
        fleet.database.run(
            "UPDATE notice SET state = ?, changed = ? WHERE id = ?", (state.value, now, number)
        )
        fleet.database.run(
            "UPDATE server SET contact_state = ?, no_answer = ? WHERE id = ?",
            (state.value if state is not State.SENT else "told", silent, server),
        )
        refresh(fleet, server, now)


def _kept(text: str) -> str:
    return stored(text, 50_000) or ""
