"""First waist: what was read from the evidence. Parsers fill it and know no detection; the judge reads it."""

from datetime import date, datetime
from enum import StrEnum

import msgspec

from exsweep.model.files import FileReport


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The place in the evidence that a statement rests on; reading there gives back the quoted bytes."""

    path: str
    """Logical path inside the evidence, `/` between parts, e.g. `inetpub/logs/LogFiles/W3SVC1/u_ex210303.log`."""
    sha256: str | None = None
    """Of the whole file as read (decompressed member); lower-case hex."""
    line: int | None = None
    """1-based line, counted on `\\n`."""
    offset: int | None = None
    """Byte offset of the start of the line in the file as read."""
    record: int | None = None
    """Record number where the format has records instead of lines (event logs)."""


class Rejected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line that is no event. A value, never an exception: it is counted into coverage."""

    origin: Origin
    reason: str
    """Stable short code: `field-count`, `no-header`, `too-long`, `nul`, `bad-time` ..."""
    excerpt: str = ""
    """At most 400 characters, unreadable bytes shown as `\\xNN`."""


class SourceState(StrEnum):
    """How far one file could be read."""

    READ = "read"
    PARTIAL = "partial"
    UNREADABLE = "unreadable"
    ENCRYPTED = "encrypted"
    LIMIT = "limit"
    TIMEOUT = "timeout"
    CHANGED = "changed"
    DUPLICATE = "duplicate"
    NOT_A_LOG = "not_a_log"
    """Read and sealed, but of no kind that triage judges (yet)."""


class SeenBuild(msgspec.Struct, frozen=True, kw_only=True):
    """A build that the server's own logs name, with the first and last moment it was named."""

    build: str
    """Four parts without leading zeros, e.g. `15.1.2106.2`."""
    first: datetime = msgspec.field(name="from")
    last: datetime = msgspec.field(name="to")
    source: str
    """Kind of log that says so."""


class SourceReport(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One file of the evidence: its seal and what reading it gave. `events + rejected = lines`."""

    path: str
    kind: str
    """Id of the log format (`httpproxy`, `iis_w3c` ...), or `unknown`."""
    size: int
    """Bytes as read."""
    sha256: str
    state: SourceState = SourceState.READ
    reason: str = ""
    """Why the state is not `read`; one sentence."""
    lines: int = 0
    """Data lines: neither blank nor part of a header."""
    events: int = 0
    rejected: int = 0
    rejected_reasons: dict[str, int] = {}
    rejected_samples: tuple[Rejected, ...] = ()
    """At most five."""
    days: dict[date, int] = {}
    """Events per UTC day."""
    hours: dict[date, bytes] = {}
    """Events per hour of a day: 24 numbers of 32 bits, little-endian; only of days whose every event was read."""
    anchors: bytes = b""
    """Some events that other logs must have seen too (see `knowledge.clock_keys`)."""
    first: datetime | None = None
    last: datetime | None = None
    builds: tuple[SeenBuild, ...] = ()
    servers: tuple[str, ...] = ()
    """Names under which the server speaks of itself in this file."""
    facts: dict[str, str] = {}
    """Statements of the file about the server as a whole, e.g. `log_age_days.ecp: 29.8` of Test-ProxyLogon."""
    begins: str = ""
    """Hash of the first dated line of a text log: copies of one log at different moments share it."""
    notes: tuple[str, ...] = ()
    """Other remarks in words: NUL tail trimmed, member name escapes the archive ..."""
    duplicate_of: str | None = None
    repeats: str | None = None
    """Another copy of the same log that has some of its lines; those count there."""
    own: tuple[tuple[int, int, int], ...] = ()
    """Where `repeats` is set: stretches that count here (byte from, byte behind, lines); `events` and `lines` count only them."""


class Hit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event that one rule matched."""

    rule: str
    """Id of the rule."""
    kind: str
    """Log format of the event."""
    origin: Origin
    time: datetime | None
    fields: dict[str, str]
    """Non-empty columns: ECS names where the format maps them, native names for the rest."""
    excerpt: str
    """The raw line, at most 4,000 characters, unreadable bytes as `\\xNN`."""
    count: int = 1
    """Events that this hit stands for: more than 1 only where identical noise was folded."""
    last_time: datetime | None = None
    """Time of the last event folded into this hit."""


class Observations(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the judge may know."""

    sources: tuple[SourceReport, ...]
    hits: tuple[Hit, ...]
    context: tuple[Hit, ...] = ()
    """Lines brought in by pivots (rule id `pivot`)."""
    files: tuple[FileReport, ...] = ()
    """Page and script files that were looked at."""
    nobodys: int = 0
    """Files given along that may be this server's or another's: they are judged by themselves."""
