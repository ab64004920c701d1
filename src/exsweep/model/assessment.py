"""Second waist: the Assessment of one server. Reports, fleet, web and every export read this and nothing else.

The names are a contract (schema `exsweep.assessment/1`); more keys may be added, none renamed. Times are RFC 3339 UTC.
"""

import datetime as dt
from datetime import date, datetime
from enum import StrEnum

import msgspec

from exsweep.model.events import Origin, SeenBuild
from exsweep.model.files import FilesLooked
from exsweep.model.words import Confidence, Level, Severity, Stage, Strength

SCHEMA = "exsweep.assessment/1"


class _Record(msgspec.Struct, frozen=True):
    pass


class ContactPoint(_Record, frozen=True, kw_only=True):
    """One way to reach whoever runs the server. Hostile text of a checked shape."""

    by: str
    """`email`, `phone` or `page`."""
    to: str
    source: str
    """Where it was found: `security.txt of example.org`, `registry of .gov`, `national team of AT`."""


class Server(_Record, frozen=True, kw_only=True):
    """Who the evidence is about. The name is what the evidence or the user says; it is not proof of identity."""

    name: str | None = None
    organisation: str | None = None
    sector: str | None = None
    product: str | None = None
    """`Exchange Server 2016` ..., from the newest build seen."""
    builds: tuple[SeenBuild, ...] = ()
    contacts: tuple[ContactPoint, ...] = ()
    """Best first; from a scan only."""


class Dating(_Record, frozen=True, kw_only=True):
    """The intruder's time on the server, on one axis with the update."""

    first: datetime
    """First hostile act seen; the same as `verdict.since`."""
    earliest: datetime | None = None
    """It may have begun as early as this: no decisive record covers the days from here on. None: the way in was seen."""
    last: datetime | None = None
    dwell_days: float | None = None
    """Days from the first to the last act seen."""
    patched: datetime | None = None
    """First moment at which a build was seen that closes the way in."""
    text: tuple[str, ...] = ()
    """The same in plain sentences."""


class Phrase(_Record, frozen=True, kw_only=True):
    """A sentence before it is put into a language: which text of the knowledge, and what fills its gaps."""

    key: str
    """Key of `words/en.yml` (`verdict.in_use.shell`), or one of `said.day` (gap `at`: RFC 3339 date), `said.moment`
    (`at`: RFC 3339), `said.kind` (`kind`: id of a log format), `said.text` (`text`: English or a name, as it is)."""
    params: dict[str, int | str | tuple["Phrase", ...]] = {}
    """Gap -> number, text, or phrases that are themselves put into the language and then listed."""


class Said(_Record, frozen=True, kw_only=True):
    """The sentences of a verdict by key, so that they can be said in another language than English."""

    headline: Phrase
    text: tuple[Phrase, ...] = ()
    do_now: Phrase | None = None
    """Key of a list."""


class Verdict(_Record, frozen=True, kw_only=True):
    """The one answer, and what it rests on."""

    level: Level
    confidence: Confidence
    since: datetime | None = None
    """First hostile act seen."""
    last_activity: datetime | None = None
    headline: str
    """One plain sentence; texts are knowledge."""
    text: tuple[str, ...] = ()
    """Plain paragraphs below the headline: what it means, how sure we are, what we could not see."""
    do_now: tuple[str, ...] = ()
    """The first things to do, most urgent first; the whole list is in `remediation`."""
    reasons: tuple[str, ...] = ()
    """Ids of the findings that carry the level, strongest first."""
    against: tuple[str, ...] = ()
    """What speaks against the level, in sentences."""
    would_change: tuple[str, ...] = ()
    """What further evidence would change the level, in sentences."""
    evidence_end: datetime | None = None
    """Last moment that any log covers; `in_use` is measured from here."""
    dating: Dating | None = None
    """None where nothing hostile has a time."""
    said: Said | None = None
    """`headline`, `text` and `do_now` by key. The sentences above are English; None where they have no keys."""


class Actor(_Record, frozen=True, kw_only=True):
    """What one intruder showed of himself. Values are quoted from evidence: hostile text."""

    addresses: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    shells: tuple[str, ...] = ()
    """URL paths or file paths of web shells."""
    pages: tuple[str, ...] = ()
    """Addresses under which the web server gave out a web shell that `shells` names by its path on disk."""
    sessions: tuple[str, ...] = ()


class Step(_Record, frozen=True, kw_only=True):
    """One link of a chain. Seen: `findings` is not empty. Not seen: `missing` is true and `why_missing` says why."""

    stage: Stage
    time: datetime | None = None
    last_time: datetime | None = None
    title: str
    """Plain words: what happened at this step."""
    findings: tuple[str, ...] = ()
    missing: bool = False
    why_missing: str = ""
    said: tuple[Phrase, ...] = ()
    """`why_missing` by key, so that it can be said in another language; empty in assessments of earlier versions."""
    proven: bool = False
    """At least one finding of the step has strength `success`."""


class Chain(_Record, frozen=True, kw_only=True):
    """Everything of one intruder, in order of time."""

    id: str
    title: str
    """`ProxyLogon by 203.0.113.9`."""
    campaign: str | None = None
    actor: Actor
    steps: tuple[Step, ...]
    joined_by: tuple[str, ...] = ()
    """Why these findings are one chain, in sentences."""
    level: Level
    """What this chain alone would make of the server."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None


class RuleRef(_Record, frozen=True, kw_only=True):
    id: str
    version: str
    """First 12 hex digits of the SHA-256 of the rule's text."""
    title: str


class Finding(_Record, frozen=True, kw_only=True):
    """What one rule says about one intruder's events. Every origin reads back to the quoted bytes."""

    id: str
    rule: RuleRef
    stage: Stage
    strength: Strength
    severity: Severity
    confidence: Confidence
    campaign: str | None = None
    cves: tuple[str, ...] = ()
    attack: tuple[str, ...] = ()
    """ATT&CK technique ids."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    count: int = 1
    """Events; `origins` shows at most 50 of them."""
    origins: tuple[Origin, ...]
    excerpt: str
    """Raw line at the first origin. Hostile text."""
    excerpts: tuple[str, ...] = ()
    """Raw lines at the following origins, in their order; at most 50 in all."""
    fields: dict[str, str] = {}
    """The columns that matter of the first event (ECS names, else native)."""
    kind: str = ""
    """Log format of the events."""
    explanation: str
    """Plain words: what this is and what it proves."""
    failed: tuple[str, ...] = ()
    """Why attempts of this finding are known to have failed, in words; empty where nothing shows that."""
    scanner: str | None = None
    """The known test or survey whose traffic this is."""
    false_positives: tuple[str, ...] = ()
    tip: str | None = None
    """What to look at next to settle it."""
    remarks: tuple[str, ...] = ()
    """What other evidence adds, in sentences: between which copies of the configuration a setting appeared."""
    chain: str | None = None
    source: tuple[str, ...] = ()
    """Where the knowledge behind the rule comes from."""


class DayState(StrEnum):
    READ = "read"
    PARTIAL = "partial"
    """Some records of the day were lost or rejected, or the day is cut by the start or end of the log."""
    ABSENT = "absent"


class CoverageDay(_Record, frozen=True, kw_only=True):
    date: dt.date
    state: DayState
    events: int = 0


class CoverageSource(_Record, frozen=True, kw_only=True):
    """One kind of log over all its files."""

    kind: str
    title: str = ""
    files: int
    first: datetime | None = msgspec.field(default=None, name="from")
    last: datetime | None = msgspec.field(default=None, name="to")
    events: int = 0
    rejected: int = 0
    matters: bool = False
    """This kind can show steps of a campaign that could have hit this server."""
    days: tuple[CoverageDay, ...] = ()


class Gap(_Record, frozen=True, kw_only=True):
    """Something that could not be looked at, and what that does to the verdict."""

    kind: str
    """Log format id, or `file`, `archive`, `collector`."""
    first: datetime | None = msgspec.field(default=None, name="from")
    last: datetime | None = msgspec.field(default=None, name="to")
    path: str | None = None
    reason: str
    effect: str
    limits_verdict: bool = False


class ClockShift(_Record, frozen=True, kw_only=True):
    """How far the clock of a log is from that of another one, over a span of the log's own times."""

    offset_s: int
    """Seconds that the log is ahead (behind: negative)."""
    agree: int
    """Common events that agree on it within the tolerance."""
    first: datetime | None = msgspec.field(default=None, name="from")
    last: datetime | None = msgspec.field(default=None, name="to")
    """None: from its start, to its end."""


class Clock(_Record, frozen=True, kw_only=True):
    """The clock of one log held against that of another one, by events that both must have seen."""

    kind: str
    title: str
    against: str | None = None
    """Title of the log that it is held against; None: there is none with common events."""
    by: str | None = None
    """What the common events are, in words."""
    common: int = 0
    tolerance_s: int = 0
    shifts: tuple[ClockShift, ...] = ()
    """Empty: not known. More than one: the clock jumped."""
    moved: bool = False
    """The times of its records were moved, for order and for joins."""
    text: str
    """The same in plain sentences."""


class Coverage(_Record, frozen=True, kw_only=True):
    sources: tuple[CoverageSource, ...] = ()
    gaps: tuple[Gap, ...] = ()
    clocks: tuple[Clock, ...] = ()
    """Of logs that something was found in, held against each other."""


class PatchCves(_Record, frozen=True, kw_only=True):
    """At the last build seen. `possible`: the build alone does not settle it (a setting is needed too, or build unknown)."""

    certain: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()


class Patch(_Record, frozen=True, kw_only=True):
    build: str | None = None
    build_name: str | None = None
    """`Exchange Server 2016 CU18 + Mar21SU`."""
    cves: PatchCves = PatchCves()
    mitigations: tuple[str, ...] = ()
    support_end: date | None = None
    advice: str = ""
    history: tuple[str, ...] = ()
    """Plain sentences: which build when, and which campaigns it was open to."""
    open_from: datetime | None = None
    open_to: datetime | None = None
    """Span in which a build open to an exploited flaw was seen running."""


class ImpactState(StrEnum):
    SEEN = "seen"
    POSSIBLE = "possible"
    NOT_SEEN = "not_seen"


class Touched(_Record, frozen=True, kw_only=True):
    """How often and when records show that one thing was touched."""

    count: int
    """Records."""
    first: datetime | None = msgspec.field(default=None, name="from")
    last: datetime | None = msgspec.field(default=None, name="to")
    folders: tuple[str, ...] = ()
    """Folders of a mailbox that the records name: hostile text. Empty: they name none."""


class ImpactItem(_Record, frozen=True, kw_only=True):
    what: str
    """`mailboxes`, `credentials`, `files`, `hosts` or, inside `items`, a mailbox, path or host."""
    state: ImpactState
    text: str
    """Plain sentence: what was seen, or what was checked."""
    findings: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """Names of mailboxes, files, hosts: hostile text."""
    touched: tuple[Touched, ...] = ()
    """Of each of `items`, in their order; empty in assessments of earlier versions."""
    said: tuple[Phrase, ...] = ()
    """`text` by key, so that it can be said in another language; empty in assessments of earlier versions."""
    lacking: str = ""
    """After a break-in: which records could show more, and were not sent or do not cover the days."""
    lacking_said: tuple[Phrase, ...] = ()


class Impact(_Record, frozen=True, kw_only=True):
    mailboxes: ImpactItem
    credentials: ImpactItem
    files: ImpactItem
    hosts: ImpactItem
    persistence: ImpactItem | None = None
    """Ways back in that the intruder left; None in assessments of earlier versions."""


class Remedy(_Record, frozen=True, kw_only=True):
    id: str
    title: str
    text: str
    why: str
    done_when: str
    audience: str
    """`admin` or `responder`."""
    source: tuple[str, ...] = ()


class CustodyItem(_Record, frozen=True, kw_only=True):
    path: str
    size: int
    sha256: str
    acquired_by: str | None = None
    kind: str = "unknown"
    state: str = "read"
    duplicate_of: str | None = None
    notes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """What is odd about the file, in words: its name escapes the archive, zeros at its end. Left out where nothing is."""


class TimelineRow(_Record, frozen=True, kw_only=True):
    """A line of the case in order of time: findings' events and what a pivot brought in."""

    time: datetime
    kind: str
    text: str
    """What the line shows; hostile text."""
    origin: Origin
    finding: str | None = None
    chain: str | None = None
    stage: Stage | None = None


class UnusedRule(_Record, frozen=True, kw_only=True):
    """A rule of the user's that tells nothing by itself, and why."""

    id: str
    title: str
    file: str
    state: str
    """`waiting` for a log that exsweep does not read yet, `not_applicable`, or `counted` for a correlation only."""
    reason: str


class Masked(_Record, frozen=True, kw_only=True):
    """What was done about passwords, cookies, tokens and keys in the quoted lines."""

    kept: bool = False
    """They stand in the quoted lines as in the evidence, for the user asked for that."""
    places: dict[str, int] = {}
    """Kind (`password`, `token`, `cookie` ...) -> places where a mark stands instead."""
    different: int = 0
    """Different values behind the marks."""
    key: str | None = None
    """Fingerprint of the user's own key: marks made with the same one compare over servers. None: within this case."""


class Run(_Record, frozen=True, kw_only=True):
    """The only part that may differ between two runs."""

    version: str
    knowledge: str
    """Version and hash of the knowledge used."""
    command: str = ""
    started: datetime | None = None
    duration_s: float = 0.0
    host: str = ""
    evidence: tuple[str, ...] = ()
    """What was named on the command line, with the SHA-256 of archives."""


class Assessment(_Record, frozen=True, kw_only=True):
    schema: str = SCHEMA
    server: Server
    verdict: Verdict
    chains: tuple[Chain, ...] = ()
    findings: tuple[Finding, ...] = ()
    timeline: tuple[TimelineRow, ...] = ()
    files: FilesLooked | None = None
    """None where no page or script file is among the evidence."""
    coverage: Coverage = Coverage()
    patch: Patch = Patch()
    impact: Impact
    remediation: tuple[Remedy, ...] = ()
    custody: tuple[CustodyItem, ...] = ()
    manifest_sha256: str = ""
    rules: dict[str, int] = {}
    """Rules used / waiting for other logs / not applicable / that could not run."""
    rules_unused: tuple[UnusedRule, ...] = ()
    """Each user rule that waits for other logs or is not applicable, with the reason; in order of state, then file."""
    rule_problems: tuple[str, ...] = ()
    """Each user rule that could not run: file, line, reason."""
    secrets: Masked | None = None
    """None: made by an earlier version, which quoted lines as they are."""
    run: Run
