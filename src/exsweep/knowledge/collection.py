"""What our own collector takes from a server and what it leaves out: `collection.yml`, typed."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache

import msgspec

from exsweep.knowledge.data_files import document
from exsweep.knowledge.formats import LogFormat, load_formats
from exsweep.knowledge.places import places
from exsweep.knowledge.webshell_kinds import webshell_kinds

FOLDER = "exsweep-collector"
"""Folder of a collection with what the script says about itself: manifest, unread files, its log."""
UNREAD = '"unread","reason","entry"'
"""First line of the list of what the script could not read; `entry` is an id of `Files`, or `events`."""
MANIFEST = '"path","entry","size_bytes"'
"""How its list of all files begins."""
SCHEMA = "exsweep.collection/1"
"""What its account of itself begins with."""
ARTIFACT = "Custom.Exsweep.Exchange"
"""Name of the Velociraptor artifact; its results carry it in their names."""
_SERVED = "served"
"""Stands among `names` for every page and script that a web server reads."""


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Root(_Entry, frozen=True, kw_only=True):
    """A folder that differs from server to server, and how to find it: one of three ways."""

    id: str
    say: str
    """`where Exchange is installed`."""
    registry: tuple[str, ...] = ()
    """Keys below HKEY_LOCAL_MACHINE; the first whose `value` names a folder counts."""
    value: str = ""
    environment: str = ""
    configuration: str = ""
    """`logs` or `sites`: from the configuration of the web server; may be several folders."""
    usual: tuple[str, ...]
    """Where it stands by default; `*` is one folder name."""


class Files(_Entry, frozen=True, kw_only=True):
    """Files of one folder, with the folders in it."""

    id: str
    formats: tuple[str, ...]
    """Kinds of log that stand there; none: for people."""
    root: str
    folder: str
    """Below the root, `\\` between parts; `*` is one folder name."""
    names: tuple[str, ...]
    """Patterns of file names; `served` stands for all pages and scripts."""
    dated: bool = False
    """Only the days asked for, by the time of the last write."""
    max_mb: int | None = None
    shows_no_intruder: bool = False
    """It tells days of updates and no more: without it nothing is missed that could hide a break-in."""
    why: str

    @property
    def patterns(self) -> tuple[str, ...]:
        """`names` with `served` written out, each once."""
        written = (pattern for name in self.names for pattern in (served() if name == _SERVED else (name,)))
        return tuple(dict.fromkeys(written))


class Flat(_Entry, frozen=True, kw_only=True):
    """A folder of which the files are listed, without the folders in it."""

    root: str
    folder: str


class Listing(_Entry, frozen=True, kw_only=True):
    """Folders of which every file is listed, taken or not."""

    formats: tuple[str, ...]
    served: tuple[str, ...]
    """Below the install folder, with the folders in them."""
    sites: bool
    """The folders of all web sites too."""
    flat: tuple[Flat, ...]


class Directory(_Entry, frozen=True, kw_only=True):
    """What is asked of Active Directory."""

    formats: tuple[str, ...]
    object_class: str = msgspec.field(name="class")
    why: str


class LeftOut(_Entry, frozen=True, kw_only=True):
    """What is not taken, and why."""

    what: str
    why: str
    formats: tuple[str, ...] = ()


class Limits(_Entry, frozen=True, kw_only=True):
    """How much is taken, and what stays free."""

    days: int
    keep_free_gb: int
    packed_share: float
    """Packed bytes for one byte of a file, as a cautious guess."""
    hash_max_mb: int


class Plan(_Entry, frozen=True, kw_only=True):
    """See the comments in `data/collection.yml`."""

    version: int
    read: str
    source: tuple[str, ...]
    limits: Limits
    roots: tuple[Root, ...]
    files: tuple[Files, ...]
    channels: tuple[str, ...]
    listing: Listing
    directory: Directory
    left_out: tuple[LeftOut, ...]
    say: str
    tip: str

    def root(self, name: str) -> Root:
        """The root with this id. Raises KeyError."""
        return {each.id: each for each in self.roots}[name]

    def taken(self, formats: tuple[LogFormat, ...]) -> frozenset[str]:
        """Ids of the formats that a whole collection holds."""
        named = {name for each in self.files for name in each.formats}
        events = {each.id for each in formats if any(self._has(one.channel) for one in each.events)}
        return frozenset(named | events | {*self.listing.formats, *self.directory.formats})

    def matters(self, entry: str) -> bool:
        """Whether a file that this entry could not bring is missed: it would have been judged."""
        known = {each.id: () if each.shows_no_intruder else each.formats for each in self.files}
        return bool(known.get(entry, ("unknown",)))

    def left(self) -> tuple[str, ...]:
        """Ids of the formats that are named as left out."""
        return tuple(name for each in self.left_out for name in each.formats)

    def _has(self, channel: str) -> bool:
        return channel == "*" or any(fnmatchcase(channel.lower(), one.lower()) for one in self.channels)


@cache
def collection() -> Plan:
    """The shipped plan.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("collection.yml", Plan)


@cache
def served() -> tuple[str, ...]:
    """Patterns for everything that a web server reads as code, sorted: `*.ashx`, `*.asp` ..."""
    return tuple(f"*.{name}" for name in sorted({*webshell_kinds().extensions, *places().pages}))


def problems(plan: Plan) -> Iterator[str]:
    """What is wrong with the plan as a whole, in sentences; nothing for a sound one."""
    known = load_formats()
    ids, roots = {each.id for each in known}, {each.id for each in plan.roots}
    taken, left = plan.taken(known), set(plan.left())
    for name in sorted(ids - taken - left):
        yield f"{name} is neither taken nor named as left out"
    for name in sorted(taken & left):
        yield f"{name} is taken and named as left out"
    for name in sorted((taken | left) - ids):
        yield f"there is no format {name!r}"
    for each in plan.files:
        if each.root not in roots:
            yield f"{each.id}: there is no root {each.root!r}"
        if not each.why or not each.names:
            yield f"{each.id}: no reason or no names"
    for flat in plan.listing.flat:
        if flat.root not in roots:
            yield f"listing: there is no root {flat.root!r}"
    if len({each.id for each in plan.files}) != len(plan.files):
        yield "two entries have the same id"
    for root in plan.roots:
        if bool(root.registry) + bool(root.environment) + bool(root.configuration) != 1 or not root.usual:
            yield f"{root.id}: there must be one way to find it, and where it usually stands"
