"""What the openers hand out: units of work that travel between processes, and how far reading may go."""

from collections.abc import Sequence

import msgspec

from exsweep.evidence.names import shown
from exsweep.model import SourceState


class EvidenceReadError(Exception):
    """The point where a source cannot be read further; everything before it has been handed out.

    `at_offset` counts the bytes of the source that were handed out; 0 also where no single source is meant.
    """

    def __init__(self, state: SourceState, reason: str, at_offset: int = 0) -> None:
        super().__init__(state, reason, at_offset)
        self.state = state
        self.reason = reason
        self.at_offset = at_offset

    def __str__(self) -> str:
        return f"{self.state}: {self.reason} (after {self.at_offset:,} bytes)"


class Budgets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where reading hostile containers stops. A budget ends one entry or one container, never the run."""

    nesting: int = 4
    """Containers inside containers; `.tar.gz` counts once."""
    entries: int = 2_000_000
    """Members of one archive."""
    ratio: int = 200
    """Decoded bytes for one stored byte, beyond `ratio_free_bytes`. Deflate ends at 1032."""
    ratio_free_bytes: int = 64 << 20
    expansion_bytes: int = 500 << 30
    """Decoded bytes of one unit, all its layers together."""
    spool_share: float = 0.8
    """Share of the free space of the temporary volume that a nested zip may take while it is read."""
    name_bytes: int = 1 << 20
    """Name or extended header of one tar member."""
    hole_bytes: int = 1 << 20
    """A longer hole of a sparse file is left out and noted; offsets then count what was read."""
    window_bytes: int = 128 << 20
    """Memory that a decoder may need for looking back (zstd, xz, lzma)."""
    retries: int = 3
    """Further tries after a read error, with growing pauses."""


class ZipMember(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="zip"):
    """One record of a zip's central directory (APPNOTE 4.3.12), sizes after zip64."""

    name: bytes
    offset: int
    """Of the local header in the file, with anything that stands before the archive."""
    stored_size: int
    size: int
    crc32: int
    method: int
    flags: int
    unix_mode: int = 0
    """0 where the archive was not made on a Unix."""
    dos_time: int = 0
    """As stored; a locked member whose size was not known is proved by it."""
    aes: tuple[int, int, int] | None = None
    """Version, strength and true method of a member locked with AES."""


class TarMember(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="tar"):
    """Where the first header block of a tar member stands (long names and extended headers come first)."""

    offset: int


class Place(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where something stands in the evidence, in logical paths. Small: an archive may have millions."""

    path: str
    """Its own logical path."""
    name: str = ""
    """The name as the evidence has it, made safe to show, where it is not the path."""
    stem: str = ""
    """Top folder that is left out when all members stand in it (archives named on the command line)."""
    root: bool = False
    """Members stand at the root of the evidence: the only archive named on the command line."""

    @property
    def shown(self) -> str:
        """The name as the evidence has it, made safe to show."""
        return self.name or self.path

    @property
    def inside(self) -> str:
        """What the paths of its members begin with."""
        return "" if self.root else f"{self.path}/"


class Unit(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A piece of work that any process can open again: no handle inside; pickles and encodes."""

    kind: str
    """`file`, `memory` or `recorded` (nothing to read), else the opener that split the archive."""
    container: bytes
    """Real path on this machine as bytes (`os.fsencode`); empty for `memory`."""
    place: Place
    size: int
    """Bytes for planning: of the file, or what the archive says the member has. Not to be trusted."""
    container_stamp: str
    """Size and mtime_ns, of each of its parts where it is in several; the hash of what was pasted. Short: there may be
    millions of units."""
    member: ZipMember | TarMember | None = None
    data: bytes = b""
    """The bytes themselves for `memory`."""
    state: SourceState = SourceState.READ
    """What is known before reading. Bytes may still come for the seal, except from `recorded`."""
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def stamp(self) -> str:
        """Cheap identity for resuming: changes when the container changes, differs between its members."""
        match self.member:
            case ZipMember() as member:
                which = f"{member.offset}|{member.crc32:08x}|{member.size}|{self.path}"
            case TarMember() as member:
                which = f"{member.offset}|{self.size}|{self.path}"
            case None:
                which = self.path
        return f"{shown(self.container)}|{self.container_stamp}|{which}"

    @property
    def path(self) -> str:
        """Logical path of the file or member; a unit may yield more sources below it."""
        return self.place.path


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence, listed but not yet read."""

    units: Sequence[Unit]
    """Packed: there may be a million."""
    described: list[str]
    """One line for people per argument: `zip example.zip: 33 members`."""
    notes: list[str]
    """What a reader of the report should know about the arguments themselves."""
    doubts: list[str] = []
    """That it may be of several servers, by its names: for those who judge it as one."""
