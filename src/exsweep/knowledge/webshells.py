"""What server code can do that a back door needs, and how much each ability weighs: `data/webshells/*.yml`, typed."""

from functools import cache

import msgspec

from exsweep.knowledge.data_files import document


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in which code shows a capability. Names are dotted, lower case, and match from the end.

    `process.start` stands for `System.Diagnostics.Process.Start`; `*.invoke` for a member `invoke` of anything.
    """

    call: tuple[str, ...] = ()
    """Functions, methods and constructed types."""
    set: tuple[str, ...] = ()
    """Members that are given a value; `data` and `target` are then that value."""
    get: tuple[str, ...] = ()
    """Members whose mere reading counts."""
    object: tuple[str, ...] = ()
    """COM objects (program ids without version) whose mere creation counts."""
    native: tuple[str, ...] = ()
    """Functions of Windows that the page imports (`DllImport`, `Declare`)."""
    text: tuple[str, ...] = ()
    """Regular expressions (RE2-like, lower case) on constants that the code works with."""
    languages: tuple[str, ...] = ()
    """Only in these; empty: in all."""
    data: tuple[str, ...] = ()
    """Where the dangerous content comes in: `0`, `1` ... an argument, `all`, `base` the object itself."""
    target: tuple[str, ...] = ()
    """Where it goes: path, address, host; as `data`."""
    code: bool = False
    """The data is code in the language of the page: a constant is read again as code."""
    fetched: bool = False
    """The data is the address of another machine, whose answer is what counts."""
    unless: str = r"(?!)"
    """Regular expression (lower case): a call with such a constant is something else."""
    arguments: int = 0
    """Fewer arguments are something else."""


class CapabilityKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ability; see the comments in `capabilities.yml`."""

    id: str
    title: str
    """Plain words; what it works on is added: `Runs code` + `that the request brings (form field "x")`."""
    attack: tuple[str, ...]
    slight: bool = False
    """Every second page does it: says nothing until a visitor's value goes in."""
    uses: tuple[Use, ...]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a value comes from that the page did not bring itself."""

    kind: str
    """`request`, `upload`, `remote`, `file`, `session`."""
    words: str
    read: tuple[str, ...]
    """Dotted names, as in `Use.call`; reading the member or calling it."""
    unless: tuple[str, ...] = ()
    """Names of fields (regular expressions, lower case) that are not the visitor's."""
    also_sent: tuple[str, ...] = ()
    """Those of them that forms also have: not the visitor's only in a collection of `unless_in`."""
    unless_in: tuple[str, ...] = ()


class Knowledge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `capabilities.yml`."""

    version: int
    date: str
    source: tuple[str, ...]
    sources: tuple[Source, ...]
    own_page: str
    """Regular expression on names of server variables that say where the page itself lies."""
    roots: tuple[str, ...]
    """Members that say where the site lies."""
    clean: tuple[str, ...]
    """Calls and members whose result carries nothing of what went in: numbers, lengths, hashes."""
    basename: tuple[str, ...]
    """Calls and members that leave only the last part of a path."""
    decoders: tuple[str, ...]
    """Calls that turn unreadable text or bytes into readable ones."""
    returns: dict[str, str]
    """Dotted name -> type of its result, where the type decides what a later call means."""
    served_folders: str
    """Regular expression on a lower-case path: a folder that the web server gives out, at its end."""
    channels: dict[str, str]
    """Call that is handed something -> member of another object that it comes out of."""
    rows: dict[str, str]
    """Call that asks a database -> type of what it gives back, of which every element is a field of the database."""
    served: tuple[str, ...]
    """Functions that the server calls with what the visitor sends."""
    served_classes: tuple[str, ...]
    """Classes of whose heirs the server calls every function with what the visitor sends."""
    visitor_classes: tuple[str, ...]
    """Classes of whose heirs every field holds what the visitor sends."""
    harmless: tuple[str, ...]
    """Last names of calls that do no more with what they are given than show, keep or change it."""
    uploads: tuple[str, ...]
    """Types of objects that hold what is uploaded."""
    ordinary_objects: tuple[str, ...]
    """First parts of program ids whose objects pages ordinarily make, or of which every call is known."""
    classids: dict[str, str]
    """Class id of an `<object runat=server>` -> program id."""
    capabilities: tuple[CapabilityKind, ...]


class Weight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for a capability in one situation; the first weight that fits a use counts."""

    points: float
    data: tuple[str, ...] = ()
    """One of these origins must be in the data; empty: any."""
    target: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    """None of these may be in the target or the data."""
    every: tuple[str, ...] = ()
    """All of these must be in the target or the data."""


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for something that is no ability: a trick, a place, a name, a container."""

    code: str
    text: str
    points: float


class Pair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for abilities that mean more together than each by itself."""

    code: str
    text: str
    all: tuple[str, ...]
    """Ids of capabilities; each must stand there for a weight of its own of at least `each` points."""
    points: float
    each: float = 0.5


class ConfigHandler(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in which an `<add>` of a web.config turns files into code; regular expressions, lower case."""

    match: str
    unless: str = r"(?!)"


class Weights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of `weights.yml`."""

    version: int
    date: str
    source: tuple[str, ...]
    malicious: float
    suspicious: float
    sure: float
    """From this score on we are sure."""
    capabilities: dict[str, tuple[Weight, ...]]
    pairs: tuple[Pair, ...]
    signs: tuple[Sign, ...]
    alone: dict[str, float]
    """Engine -> points of abilities from which on a page that stands alone is worth the sign of that name."""
    alone_most_code: int
    """Characters of code of such a page, at most."""
    tricks: dict[str, float]
    """Code of a trick (see `kinds.yml`) -> points; only counted where the page can do something."""
    tricks_most: float
    containers: dict[str, float]
    sensitive_files: str
    """Regular expression on lower-case names of files that hold keys or passwords of the server."""
    no_programs: str
    """Regular expression on lower-case names of files that are no programs and no libraries by their names."""
    interpreters: str
    """Regular expression on lower-case names of programs whose arguments say what is done."""
    secret_fields: str
    """Regular expression on lower-case names of request fields that bring passwords."""
    foreign: tuple[str, ...]
    """Regular expressions (lower case) on code of languages that are not read: input that becomes a program."""
    markup_runs: tuple[str, ...]
    """Regular expressions (lower case) on files without server code: markup that the server turns into calls."""
    offers: str
    """Regular expression on lower-case markup: a choice that only database consoles of intruders give."""
    compiled_folders: str
    """Regular expression on lower-case paths: a folder whose source files the server compiles."""
    config_handlers: tuple[ConfigHandler, ...]
    """On `<add>` elements of a web.config."""
    tools: tuple[str, ...]
    """Regular expressions (lower case) on the title of a page: tools of intruders."""
    defaced: tuple[str, ...]
    """The same for those who boast of a break-in."""
    leftovers: tuple[str, ...]
    """Regular expressions (lower case) on code that no parser reads: a sink beside a source."""
    telling_words: tuple[str, ...]
    """Words that matter though no capability ends in them."""
    include_extensions: tuple[str, ...]
    """Extensions of code that pages ordinarily include."""
    source_extensions: tuple[str, ...]
    """Extensions of files from which directives take their code."""
    script_extensions: tuple[str, ...]
    """A file with one of these is run by the server: who writes it, writes code."""


@cache
def webshell_knowledge() -> Knowledge:
    """The shipped knowledge of capabilities.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("webshells/capabilities.yml", Knowledge)


@cache
def webshell_weights() -> Weights:
    """The shipped weights.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("webshells/weights.yml", Weights)


def sign(code: str) -> Sign:
    """The sign with this code.

    Raises:
        KeyError: there is none.
    """
    return _signs()[code]


@cache
def _signs() -> dict[str, Sign]:
    return {each.code: each for each in webshell_weights().signs}
