"""What exsweep says of one file of the server: what it can do, whether it is known, who asked for it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from exsweep.model.words import Confidence


class FileVerdict(StrEnum):
    """The judgement of one file by itself."""

    BENIGN_KNOWN = "benign_known"
    """Byte for byte what the vendor ships for this build."""
    UNREMARKABLE = "unremarkable"
    """Nothing in it that a back door needs; not the same as known."""
    SUSPICIOUS = "suspicious"
    """A person should look."""
    MALICIOUS = "malicious"


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Lines that show a claim. Hostile text."""

    line: int
    """1-based, in the file as decoded."""
    excerpt: str
    """At most 200 characters."""
    note: str = ""
    """Plain words: `request field cmd` -> `string` -> `Process.Start`."""


class Capability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the code can do, with the lines that show it."""

    id: str
    """Id in the knowledge file of capabilities: `run-code`, `run-command`, `write-file` ..."""
    title: str
    """`Runs code that the request brings (form field "x")`."""
    from_request: bool = False
    """What it works on comes from the visitor."""
    inputs: tuple[str, ...] = ()
    """Names of form fields, query parameters, headers or cookies that it reads; values are never kept."""
    evidence: tuple[Evidence, ...] = ()
    attack: tuple[str, ...] = ()
    """ATT&CK ids."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One term of the score."""

    code: str
    """Key in the knowledge file of weights."""
    text: str
    points: float


class Requests(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked the web server for a file, as far as the logs that were read show it."""

    count: int
    first: datetime | None = None
    last: datetime | None = None
    with_input: int = 0
    """Requests that brought input (POST, or a query): use; the others were visits."""
    addresses: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    statuses: dict[str, int] = {}
    bytes_out: int | None = None
    """Sum of the answers, where a log counts bytes."""


class FileReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file, looked at."""

    path: str
    sha256: str
    size: int
    verdict: FileVerdict
    confidence: Confidence
    kind: str = ""
    """How the server reads it: `aspx`, `asp`, `ashx` ..."""
    language: str = ""
    encoding: str = ""
    container: str | None = None
    score: float = 0.0
    reasons: tuple[Reason, ...] = ()
    """Strongest first."""
    capabilities: tuple[Capability, ...] = ()
    families: tuple[str, ...] = ()
    """YARA rules and family names that matched."""
    known_as: str | None = None
    """`owa/auth/errorFE.aspx of 15.1.2106.2`, where a baseline has this hash."""
    baseline: str = ""
    """What a baseline could say: `match`, `changed` (shipped name, other content), `unknown_name`, `other_build`,
    `no_baseline`."""
    baseline_text: str = ""
    """The same in a plain sentence, for this server's build."""
    problems: tuple[str, ...] = ()
    """What could not be looked at: time budget, size, a language that nobody here reads."""
    url: str | None = None
    """Path under which the web server gives it out, or its bare name where the folder does not tell."""
    requests: Requests | None = None
    """None: nobody asked for it in the logs that were read."""
    held_in: str = ""
    """The file of the evidence in which its bytes stood: a file table, a quarantine. Empty: it is a file itself."""
    shape: str = ""
    """`<nodes>-<hash>` of the code without the author's names, words, numbers, spaces, comments and letter case; of pages that
    a person should look at only. Equal where one back door was made from another."""
    held: str = ""
    """`deleted` (its text was left in the file table), `file_table` or `quarantine`; empty: it is a file itself."""


class FilesLooked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All page and script files among the evidence, and those to be shown."""

    looked_at: int
    verdicts: dict[str, int] = {}
    """Number of files for each verdict."""
    baseline: str = ""
    """Plain sentence: what Microsoft's list of shipped files could say for this server."""
    remarkable: tuple[FileReport, ...] = ()
    """Malicious ones first, then suspicious, then shipped pages that were changed."""
