"""One server for the one who has to act: the answer, what to do, what happened, what may be affected, what was not seen."""

from datetime import datetime

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.export.report import admin, findings
from exsweep.export.report.letter import letter as letter_of
from exsweep.fleet import desk
from exsweep.fleet.clock import moment
from exsweep.knowledge.languages import ENGLISH, in_language, say
from exsweep.model import Assessment, Chain, Coverage, Finding, Gap, Impact, Patch, Phrase, Run, Verdict
from exsweep.web.ask import Ask
from exsweep.web.ids import ServerId
from exsweep.web.problem import Problem
from exsweep.web.routes import route

_PAGE = 25


class CaseParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    sort: str = "strongest"
    """`strongest`, `first`, `last`."""
    starred: bool = False
    start: int = 0
    """Findings to leave out before the first."""
    zone: str = "UTC"
    assessment: int | None = None
    """An older judgement of the same server; None: the one that counts."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Which server. All hostile text."""

    server: str
    name: str | None
    organisation: str | None
    sector: str
    product: str | None
    tier: str
    why: str
    contact_state: str


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    step: str
    title: str
    text: str
    why: str = ""
    done_when: str = ""
    audience: str = "admin"
    first: bool = False
    """Belongs to what the verdict puts first."""
    done: bool = False
    who: str | None = None
    at: datetime | None = None
    note: str | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A comment. Hostile text."""

    who: str
    at: datetime | None
    text: str
    finding: str | None = None


class CaseView(msgspec.Struct, frozen=True, kw_only=True):
    """The case. Everything quoted from evidence is hostile text."""

    entry: Entry
    verdict: Verdict
    sure: str
    rests_on: str
    steps: tuple[StepView, ...]
    done: int
    """Steps of the admin that are ticked."""
    of: int
    chains: tuple[Chain, ...]
    impact: Impact
    blind: str
    """What could not be seen, in one line."""
    gaps: tuple[Gap, ...]
    coverage: Coverage
    patch: Patch
    findings: tuple[Finding, ...]
    """One page of them."""
    total: int
    """Findings of the list."""
    start: int
    next: int | None
    sort: str
    starred: bool
    stars: tuple[str, ...]
    comments: tuple[Said, ...]
    sources: int
    """Files that were sealed."""
    manifest_sha256: str
    run: Run
    rules: dict[str, int]
    number: int
    """Which judgement."""
    received: datetime | None
    judgements: int
    zone: str
    may_tick: bool
    may_see: bool
    """Evidence is shown."""


def entry(ask: Ask, number: int) -> Entry:
    """The row of a server."""
    row = ask.fleet.database.one(
        "SELECT public_id, name, organisation, sector, product, tier, why, contact_state FROM server WHERE id = ?",
        (number,),
    )
    assert row is not None  # the central check found it
    return Entry(
        server=row[0],
        name=row[1],
        organisation=row[2],
        sector=row[3],
        product=row[4],
        tier=f"T{row[5]}",
        why=row[6],
        contact_state=row[7],
    )


def judged(ask: Ask, server: int, wanted: int | None = None) -> tuple[int, datetime | None, int, Assessment]:
    """(number, when it came, how many there are, the judgement) that counts, or the one asked for.

    Raises:
        Problem: nothing is kept of the server, or that judgement is another server's.
    """
    run = ask.fleet.database.run
    row = ask.fleet.database.one("SELECT inside_id, outside_id FROM server WHERE id = ?", (server,))
    rows = run(
        "SELECT id, received FROM assessment WHERE server_id = ? ORDER BY received DESC, id DESC", (server,)
    )
    if not rows:
        raise Problem(404, "Nothing is kept of this server yet.", tip="Send what it recorded.")
    known = {int(each[0]): int(each[1]) for each in rows}
    number = wanted or (row and (row[0] or row[1])) or next(iter(known))
    if number not in known:
        raise Problem(404, "There is nothing here.", tip="See the history of the server.")
    return int(number), moment(known[int(number)]), len(known), said(ask, ask.assessment(int(number)))


def said(ask: Ask, of: Assessment) -> Assessment:
    """The judgement with the sentences of its verdict in the language of the page."""
    try:
        return msgspec.structs.replace(of, verdict=in_language(of.verdict, ask.language))
    except KnowledgeError:  # made with texts that are not known here: as it is
        return of


def steps_of(of: Assessment) -> tuple[StepView, ...]:
    """What the verdict puts first, then the list of the admin.

    The first steps of another level are other steps: what was ticked there is not done here.
    """
    level = of.verdict.level.value
    first = [
        StepView(step=f"now-{level}-{at}", title=do.title, text=do.brief, first=True)
        for at, do in enumerate(admin.do_now(of), start=1)
    ]
    rest = [
        StepView(
            step=each.id,
            title=each.title,
            text=each.text,
            why=each.why,
            done_when=each.done_when,
            audience=each.audience,
        )
        for each in of.remediation
    ]
    return (*first, *rest)


def _ordered(of: Assessment, sort: str) -> list[Finding]:
    found = findings.ordered(of)
    far = float("inf")
    if sort == "first":
        found.sort(key=lambda f: f.first_seen.timestamp() if f.first_seen else far)
    elif sort == "last":
        found.sort(key=lambda f: -(f.last_seen.timestamp() if f.last_seen else -far))
    return found


@route("GET", "/cases/{server}", may="case.read")
def case(ask: Ask, asked: CaseParams) -> CaseView:
    """The answer, what to do now, what happened, what may be affected, what could not be seen, and the evidence."""
    server = ask.server(asked.server)
    number, received, judgements, of = judged(ask, server, asked.assessment)
    noted = desk_of(ask, server)
    steps = tuple(_ticked(each, noted) for each in steps_of(of))
    found = _ordered(of, asked.sort)
    if asked.starred:
        found = [each for each in found if each.id in noted.stars]
    start = max(0, asked.start)
    told = letter_of(of, ask.language)
    chains = tuple(each.chain for each in admin.told(admin.stories(of, 60)))
    shown = found[start : start + _PAGE]
    mine = [each for each in steps if each.audience != "responder"]
    may_see = ask.may("case.evidence")
    if may_see and ask.viewer.user is not None:
        ask.note("read case", asked.server)
    return CaseView(
        entry=entry(ask, server),
        verdict=of.verdict,
        sure=told.sure,
        rests_on=told.rests_on,
        steps=steps,
        done=sum(each.done for each in mine),
        of=len(mine),
        chains=chains,
        impact=of.impact,
        blind=_blind(of, told.blind, ask.language),
        gaps=tuple(admin.ordered_gaps(of))[:60],
        coverage=of.coverage,
        patch=of.patch,
        findings=tuple(shown),
        total=len(found),
        start=start,
        next=start + _PAGE if start + _PAGE < len(found) else None,
        sort=asked.sort,
        starred=asked.starred,
        stars=tuple(sorted(noted.stars)),
        comments=noted.comments,
        sources=len(of.custody),
        manifest_sha256=of.manifest_sha256,
        run=of.run,
        rules=of.rules,
        number=number,
        received=received,
        judgements=judgements,
        zone=asked.zone,
        may_tick=ask.may("case.steps"),
        may_see=may_see,
    )


def _blind(of: Assessment, said: str, language: str) -> str:
    """What could not be seen, in one line; in English the gap that weighs most, else their number."""
    gaps = len(of.coverage.gaps)
    if language == ENGLISH or not gaps:
        return said
    return say(Phrase(key="web.case.gaps", params={"n": gaps}), language)


class LetterView(msgspec.Struct, frozen=True, kw_only=True):
    """One page to print for whoever decides, one for the technician."""

    entry: Entry
    verdict: Verdict
    sure: str
    rests_on: str
    do: tuple[StepView, ...]
    blind: str
    head: str
    """Whom it addresses."""
    decisions: tuple[str, ...]
    phone: str
    address: str
    """Where the case can be read; the QR code holds it."""
    findings: tuple[Finding, ...]
    patch: Patch
    manifest_sha256: str
    received: datetime | None


class LetterParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: ServerId
    phone: str = ""
    """Number to call, as the one who prints it gives it."""


@route("GET", "/cases/{server}/letter", may="case.read")
def letter(ask: Ask, asked: LetterParams) -> LetterView:
    """The case on one page of paper, and a second for the IT person."""
    server = ask.server(asked.server)
    _, received, _, of = judged(ask, server)
    told = letter_of(of, ask.language)
    host = ask.headers.get("host", "")
    scheme = "https" if ask.service.settings.secure else "http"
    return LetterView(
        entry=entry(ask, server),
        verdict=of.verdict,
        sure=told.sure,
        rests_on=told.rests_on,
        do=tuple(each for each in steps_of(of) if each.first),
        blind=_blind(of, told.blind, ask.language),
        head=told.head,
        decisions=told.decisions,
        phone=asked.phone[:60],
        address=f"{scheme}://{host}/cases/{asked.server}",
        findings=tuple(findings.ordered(of)[:8]),
        patch=of.patch,
        manifest_sha256=of.manifest_sha256,
        received=received,
    )


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What people did with a case."""

    ticks: dict[str, tuple[str, datetime | None, str | None]] = {}
    comments: tuple[Said, ...] = ()
    stars: frozenset[str] = frozenset()


def desk_of(ask: Ask, server: int) -> Desk:
    """Ticks, comments and stars of a server, as far as the viewer may see them."""
    store, sees = ask.fleet, ask.may("case.evidence")
    return Desk(
        ticks={
            step: (each.who, each.time, each.note or None) for step, each in desk.ticks(store, server).items()
        },
        comments=tuple(
            Said(who=each.who, at=each.time, text=each.text, finding=each.finding)
            for each in (desk.remarks(store, server) if sees else ())
        ),
        stars=desk.stars(store, server) if sees else frozenset(),
    )


def _ticked(step: StepView, noted: Desk) -> StepView:
    tick = noted.ticks.get(step.step)
    if tick is None:
        return step
    who, at, note = tick
    return msgspec.structs.replace(step, done=True, who=who, at=at, note=note)
