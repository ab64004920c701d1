"""What a hunt asks, where, and what it answers: plain records, for the command line and the web alike."""

from datetime import datetime

import msgspec

from exsweep.errors import UsageError
from exsweep.fleet.text import stored
from exsweep.model import Origin

MOST = 32_000_000
"""Characters that are kept of a question: thousands of rules are some millions."""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is looked for. Texts, no paths: it can be kept and asked again."""

    query: str = ""
    """`203.0.113.9`, `url.path:/aspnet_client/*.aspx http.request.method:POST` (see `question.rules_of`)."""
    indicators: tuple[str, ...] = ()
    """One value each: address, network, hash, name, path, domain. Any of them."""
    sigma: tuple[str, ...] = ()
    """Texts of Sigma rules. Any of them."""
    yara: bool = False
    """YARA asks for the bytes of files, and the lake has none: every server is one that could not be checked."""


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where it is looked for; what is empty narrows nothing."""

    tenants: tuple[str, ...] = ()
    cluster: str | None = None
    """`C-0001`."""
    tiers: tuple[int, ...] = ()
    servers: tuple[str, ...] = ()
    """`srv_...`."""
    since: datetime | None = None
    until: datetime | None = None
    """Records without a time are looked at whatever these say."""
    kinds: tuple[str, ...] = ()
    """Ids of log formats."""


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A server that could not be checked."""

    server: str
    name: str | None
    why: str
    """A sentence; the same words for the same reason."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a hunt would take; an estimate."""

    servers: int
    files: int
    opened: int
    """Of the files; the index of texts says of the others that nothing of the question is in them."""
    events: int
    size: int
    """Bytes of Parquet, of all files."""
    seconds: float
    """Processor seconds."""
    could_not_check: tuple[Missed, ...] = ()
    problems: tuple[str, ...] = ()
    """Parts of the question that cannot be asked, and why."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One row that was hit. Hostile text."""

    time: datetime | None
    kind: str
    text: str
    """The line, made again from its columns."""
    fields: dict[str, str]
    origin: Origin


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One server on which one part of the question was found."""

    server: str
    name: str | None
    organisation: str | None
    tier: int
    level: str
    cluster: str | None
    rule: str
    title: str
    first: datetime | None
    last: datetime | None
    count: int
    """Rows; a row that several sets of events hold counts once."""
    kinds: tuple[str, ...]
    new: bool
    """No earlier run of the same saved hunt hit it."""
    samples: tuple[Sample, ...]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is; servers."""

    run: str
    done: int
    of: int
    hits: int
    """Servers hit so far."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A run, as far as it is."""

    run: str
    hunt: str | None
    state: str
    """`running`, `stopped` or `done`."""
    question: Question
    scope: Scope
    started: datetime | None
    ended: datetime | None
    done: int
    of: int
    looked: int
    """Servers whose kept events were looked at."""
    events: int
    """Rows looked at."""
    hits: tuple[Hit, ...]
    """Most urgent server first."""
    could_not_check: tuple[Missed, ...]
    problems: tuple[str, ...]


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """A run in a list."""

    run: str
    hunt: str | None
    name: str
    who: str
    state: str
    started: datetime | None
    servers_hit: int


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """A kept hunt."""

    hunt: str
    name: str
    who: str
    made: datetime | None
    question: Question
    scope: Scope
    watch: bool
    servers_hit: int


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What a watching hunt says of new evidence."""

    hunt: str
    name: str
    run: str | None = None
    """None: it could not be asked."""
    hits: tuple[Hit, ...] = ()
    why_not: str = ""
    """Why it could not be asked; else empty."""


def as_kept(value: object) -> str:
    """What the store keeps of a hunt, as JSON and whole: a part of a question would be another question.

    Raises:
        UsageError: it is larger than MOST.
    """
    encoded = msgspec.json.encode(value).decode()
    if len(encoded) > MOST:
        raise UsageError(
            f"This hunt has {len(encoded) / 1e6:,.0f} MB of rules and indicators; at most {MOST / 1e6:,.0f} MB are kept.",
            tip="Hunt in several runs, with a part of the rules each.",
        )
    return stored(encoded, MOST) or ""
