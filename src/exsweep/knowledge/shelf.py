"""Lists of shipped files, searched by hash and by path, and the packed one that travels with exsweep.

The packed list is a zstd frame over one MessagePack map (`Packed`). Hashes are cut to 16 bytes: a second file with the
same cut hash as any of 120,000 shipped ones costs an intruder more than 2^110 tries.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Protocol

import msgspec
import numpy as np
import zstandard

from exsweep.errors import KnowledgeError

CUT = 16
"""Bytes kept of each SHA-256."""
_HALF = 8
_BIGGEST = 64 << 20
"""Bytes unpacked; the list of 2026 has 14 MB."""


class Packed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file on disk. An entry is one content of one path; entries stand in the order of `paths`."""

    version: int
    read: str
    """Day on which the sources were read."""
    source: tuple[str, ...]
    builds: tuple[str, ...]
    """Rising."""
    tops: tuple[tuple[str, ...], ...]
    """For each build the top folders of which at least every script is listed."""
    folders: tuple[str, ...]
    r"""First two components of every path, three below `FrontEnd\HttpProxy`; lower case."""
    sets: tuple[tuple[int, ...], ...]
    """Sets of builds, as places in `builds`."""
    hashes: bytes
    """`CUT` bytes each, in no order."""
    paths: str
    """One per line, sorted without regard to case."""
    counts: bytes
    """Entries of each path, two bytes each, little-endian, as all numbers here."""
    which: bytes
    """Hash of each entry, four bytes each."""
    when: bytes
    """Set of builds of each entry, two bytes each."""


class Held(msgspec.Struct, frozen=True):
    """One content of one path."""

    path: str
    r"""Below the install folder: `FrontEnd\HttpProxy\owa\auth\logon.aspx`."""
    sha256: str
    """Lower-case hex; 32 digits in the packed list, 64 in learned ones."""
    builds: tuple[str, ...]


class Shelf(Protocol):
    """A list of shipped files."""

    @property
    def builds(self) -> tuple[str, ...]:
        """Builds of which at least the scripts are listed, rising."""
        ...

    def by_hash(self, sha256: str) -> tuple[Held, ...]:
        """Every place of this content (64 hex digits, lower case)."""
        ...

    def by_path(self, path: str) -> tuple[Held, ...]:
        """Every content of exactly this path below the install folder, in any case."""
        ...

    def covers(self, build: str, path: str) -> bool:
        """Is every script of this build listed for the part of the installation where this path lies?"""
        ...

    @property
    def folders(self) -> frozenset[str]:
        r"""First two components, lower case (`clientaccess\owa`); three below `frontend\httpproxy`."""
        ...


def folder_of(path: str) -> str | None:
    r"""`ClientAccess\owa\auth\x.aspx` -> `clientaccess\owa`; None for a file that lies at the top."""
    parts = path.lower().split("\\")
    deep = 3 if parts[:2] == ["frontend", "httpproxy"] else 2
    return "\\".join(parts[:deep]) if len(parts) > deep else None


def unpack(content: bytes, where: str) -> Packed:
    """The list in `content`.

    Raises:
        KnowledgeError: damaged, or made by another version of the converter.
    """
    try:
        raw = zstandard.ZstdDecompressor().decompress(content, max_output_size=_BIGGEST)
        packed = msgspec.msgpack.decode(raw, type=Packed)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise KnowledgeError(f"{where} is damaged: {error}.", tip="Install exsweep again.") from error
    entries = len(packed.when) // 2
    lengths = {len(packed.which) // 4, int(np.frombuffer(packed.counts, "<u2").sum())}
    if lengths != {entries} or len(packed.counts) // 2 != packed.paths.count("\n") + 1:
        raise KnowledgeError(f"{where} does not fit itself.", tip="Install exsweep again.")
    return packed


class PackedShelf:
    """The list of Microsoft's files, about 15 MB in memory; a search takes microseconds."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._raw = packed.paths.encode()
        self._low = _Lines(self._raw.lower())
        halves = np.frombuffer(packed.hashes, ">u8").reshape(-1, CUT // _HALF)
        first = halves[:, 0].astype(np.uint64)
        self._order = np.argsort(first, kind="stable").astype(np.uint32)
        self._first = first[self._order]
        self._which = np.frombuffer(packed.which, "<u4")
        self._when = np.frombuffer(packed.when, "<u2")
        counts = np.frombuffer(packed.counts, "<u2").astype(np.int64)
        self._starts = np.concatenate(([0], np.cumsum(counts)))
        self._by_hash = np.argsort(self._which, kind="stable").astype(np.uint32)
        self._hash_starts = np.concatenate(([0], np.cumsum(np.bincount(self._which, minlength=len(first)))))
        self._tops = {
            build: tuple(top.lower() for top in tops)
            for build, tops in zip(packed.builds, packed.tops, strict=True)
        }
        self._sets = tuple(tuple(packed.builds[at] for at in places) for places in packed.sets)

    @property
    def builds(self) -> tuple[str, ...]:
        return self._packed.builds

    @property
    def held(self) -> Iterator[Held]:
        """Every content of every path, in the order of the list."""
        return (self._held(entry) for entry in range(len(self._when)))

    @property
    def files(self) -> int:
        """Number of different contents."""
        return len(self._first)

    @property
    def read(self) -> str:
        """Day on which the sources were read."""
        return self._packed.read

    @property
    def source(self) -> tuple[str, ...]:
        return self._packed.source

    def by_hash(self, sha256: str) -> tuple[Held, ...]:
        wanted = bytes.fromhex(sha256[: 2 * CUT])
        at = int(np.searchsorted(self._first, np.uint64(int.from_bytes(wanted[:_HALF], "big"))))
        while at < len(self._first) and self._hash(int(self._order[at]))[:_HALF] == wanted[:_HALF]:
            which = int(self._order[at])
            if self._hash(which) == wanted:
                entries = self._by_hash[self._hash_starts[which] : self._hash_starts[which + 1]]
                return tuple(self._held(int(entry)) for entry in entries)
            at += 1
        return ()

    def by_path(self, path: str) -> tuple[Held, ...]:
        key = path.lower().encode("utf-8", "replace")
        at = bisect_left(self._low, key)
        if at == len(self._low) or self._low[at] != key:
            return ()
        return tuple(self._held(entry) for entry in range(int(self._starts[at]), int(self._starts[at + 1])))

    def covers(self, build: str, path: str) -> bool:
        return path.split("\\", 1)[0].lower() in self._tops.get(build, ())

    @property
    def folders(self) -> frozenset[str]:
        return frozenset(self._packed.folders)

    def _hash(self, which: int) -> bytes:
        return self._packed.hashes[which * CUT : (which + 1) * CUT]

    def _held(self, entry: int) -> Held:
        at = int(np.searchsorted(self._starts, entry, side="right")) - 1
        return Held(
            self._path(at), self._hash(int(self._which[entry])).hex(), self._sets[int(self._when[entry])]
        )

    def _path(self, at: int) -> str:
        begin, end = self._low.span(at)
        return self._raw[begin:end].decode()


class _Lines:
    """Lines of one block of bytes, without an object for each."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n"))
        self._ends = np.concatenate((ends, [len(block)])).astype(np.uint32)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, at: int) -> bytes:
        begin, end = self.span(at)
        return self._block[begin:end]

    def span(self, at: int) -> tuple[int, int]:
        """First byte of a line, and the one behind its last."""
        return (int(self._ends[at - 1]) + 1 if at else 0), int(self._ends[at])
