"""Letters to owners: drafted here, sent by people, and followed to the end. Nothing here sends anything."""

from enum import StrEnum

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.clock import said
from exsweep.fleet.people import Channel, Contact, contacts
from exsweep.fleet.show import Shown, show
from exsweep.fleet.status import refresh
from exsweep.fleet.store import Fleet
from exsweep.fleet.text import stored
from exsweep.knowledge.languages import ENGLISH, in_language, text
from exsweep.knowledge.words import fill
from exsweep.model import Assessment


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
_MOST_FINDINGS = 10


def after(state: State) -> frozenset[State]:
    """The states that may follow."""
    return frozenset(_NEXT[state])


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs, and how the reader can check that."""

    name: str
    who: str
    phone: str
    page: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A draft. Plain text; the one who sends it decides how."""

    number: int
    subject: str
    plain: str
    technical: str
    channels: tuple[str, ...]
    """Ways to reach them, in the order to try."""


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
    ways = ways_to(people, shown)
    number = next(each.number for each in shown.assessments if each.counts)
    row = fleet.database.one("SELECT sha256 FROM assessment WHERE id = ?", (number,))
    of = fleet.assessment(number)
    if language != ENGLISH and of.verdict.said is None:
        raise UsageError(
            f"The verdict of this server was kept in English only; a letter in {language!r} would be half of each.",
            tip="Judge its evidence again (`exsweep triage`, then `exsweep fleet add`), or leave out --language.",
        )
    plain, technical = write(shown, of, people, sender, str(row[0]) if row else "", language)
    with fleet.act("draft", shown.server, time=now, detail=", ".join(ways)):
        made = fleet.database.one(
            "INSERT INTO notice (server_id, assessment_id, state, drafted, changed, plain, technical, channels) "
            "VALUES (?,?,?,?,?,?,?,?) RETURNING id",
            (server, number, State.DRAFTED.value, now, now, _kept(plain), _kept(technical), ", ".join(ways)),
        )
    subject = _fill("letter.subject", language, server=_line(shown.name or shown.server))
    return Letter(
        number=int(made[0]) if made else 0, subject=subject, plain=plain, technical=technical, channels=ways
    )


def ways_to(people: tuple[Contact, ...], shown: Shown) -> tuple[str, ...]:
    """Ways to reach the owner: telephone, letter, in person, and mail only where it does not end on the server itself.

    Raises:
        UsageError: contacts are known, and all of them are mailboxes of the server's own domain.
    """
    own = _domain(shown)
    ways = []
    for each in people:
        lands_there = each.channel is Channel.EMAIL and (own is None or _ends_on(each.address, own))
        if not lands_there:
            ways.append(f"{each.channel.value}: {each.name}")
    if people and not ways:
        raise UsageError(
            "Only mailboxes that may lie on the server itself are known. Whoever is inside can read them.",
            tip="Find a telephone number or a postal address first: exsweep fleet contact.",
        )
    return tuple(ways) or ("find a telephone number first",)


def _domain(shown: Shown) -> str | None:
    """The last two parts of the server's name; None where it has no whole name: then no mailbox is trusted."""
    parts = (shown.name or "").lower().rstrip(".").split(".")
    return ".".join(parts[1:]) if len(parts) > 2 else ".".join(parts) if len(parts) == 2 else None


def _ends_on(address: str, domain: str) -> bool:
    host = address.lower().rpartition("@")[2].rstrip(".")
    return host == domain or host.endswith(f".{domain}") or domain.endswith(f".{host}")


def write(
    shown: Shown,
    of: Assessment,
    people: tuple[Contact, ...],
    sender: Sender,
    sha256: str,
    language: str = ENGLISH,
) -> tuple[str, str]:
    """(plain letter, page for the technician). Evidence in it is one line each, without control characters."""
    verdict = in_language(of.verdict, language)
    reasons = {each.id: each for each in of.findings}
    strongest = [reasons[name] for name in of.verdict.reasons if name in reasons][:_MOST_FINDINGS]
    unknown = text("letter_words.unknown", language)
    to = people[0].name if people else shown.organisation or text("letter_words.owner", language)
    plain = _fill(
        "letter.plain",
        language,
        to=_line(to),
        server=_line(shown.name or shown.server),
        headline=_line(verdict.headline),
        do_now="\n".join(f"{at}. {_line(step)}" for at, step in enumerate(verdict.do_now, 1))
        or text("letter_words.call", language),
        case=shown.server,
        phone=_line(sender.phone),
        who=_line(sender.who),
        page=_line(sender.page),
        signed=_line(sender.name),
    )
    technical = _fill(
        "letter.technical",
        language,
        case=shown.server,
        server=_line(shown.name or ""),
        tier=shown.tier,
        why=shown.why,
        level=shown.level,
        confidence=shown.confidence,
        since=of.verdict.since or unknown,
        last=of.verdict.last_activity or unknown,
        end=said(shown.situation.end),
        build=_line(shown.build or unknown),
        bod=shown.bod or unknown,
        ssvc=shown.ssvc or unknown,
        findings="\n".join(
            f"- {each.rule.id} {each.first_seen or ''} {_line(each.origins[0].path if each.origins else '')}"
            for each in strongest
        )
        or text("letter_words.none", language),
        sha256=sha256,
    )
    return plain, technical


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


def _fill(key: str, language: str, **values: object) -> str:
    return fill(key, text(key, language), values)


def _kept(text: str) -> str:
    return stored(text, 50_000) or ""


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)[:500]
