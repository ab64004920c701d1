"""Learn a list of shipped files from a clean server or installation media, for builds that Microsoft lists nowhere."""

import hashlib
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from exsweep.errors import EvidenceError, UsageError
from exsweep.evidence import EvidenceReadError, Source, open_evidence, sources
from exsweep.knowledge.baselines import baseline
from exsweep.knowledge.builds import number, spell
from exsweep.knowledge.evidence_paths import components
from exsweep.knowledge.own_baselines import Entry, write
from exsweep.knowledge.places import COMPILED, COPY, QUARANTINE, learnable, pages, place_of
from exsweep.model import SourceState

HEAD = 16 << 20
"""Bytes of one file that are looked into; its hash is over all of it."""
SETUP = "exsetup.exe"
"""Its version resource is the build of the server, security updates included."""
_TOPS = {"clientaccess": "ClientAccess", "frontend": "FrontEnd"}
_FIXED = b"\xbd\x04\xef\xfe\x00\x00\x01\x00"
"""VS_FIXEDFILEINFO: signature and structure version (learn.microsoft.com, verrsrc.h)."""

Refuse = Callable[[bytes, str], str]
"""Why a file (first bytes, path) must not be trusted; empty where nothing speaks against it."""


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """A list of shipped files, and what is not in it."""

    content: bytes
    """JSON lines, see `knowledge/own_baselines.py`."""
    build: str | None
    build_from: str
    """How the build is known, in words."""
    files: int
    refused: tuple[tuple[str, str], ...] = ()
    """Path and reason of files that were not learned because they look malicious."""
    unread: tuple[tuple[str, str], ...] = ()
    """Path and reason of files that cannot be read."""


def learn(paths: Sequence[Path], refuse: Refuse, *, build: str | None = None, source: str = "") -> Learned:
    """Hashes of all pages and of what belongs to them in folders or archives.

    Files in a quarantine, a backup or among compiled pages are left out. Without `build` the version of exsetup.exe
    counts, then the newest folder that is named after a build.

    Raises:
        UsageError: the build is not told and cannot be seen, or is no build.
        EvidenceError: there is nothing to learn from.
    """
    told = number(build) if build else None
    if build and (told is None or len(told) != 4):
        raise UsageError(f"{build!r} is no build.", tip="Four numbers, as in 15.2.1118.40.")
    book = _Book(refuse)
    for unit in open_evidence(paths).units:
        for each in sources(unit):
            book.take(each)
    if not book.entries and not book.refused:
        raise EvidenceError(
            "There is no page to learn from.", tip="Name the folder where Exchange is installed."
        )
    found, how = (told, "as told") if told else book.build()
    if found is None and book.installed:
        raise UsageError(
            "These are files of Exchange, but of which build?", tip="Say it with --build, as in 15.2.1118.40."
        )
    name = spell(found) if found else None
    return Learned(
        content=write(book.entries, build=name, source=source or ", ".join(path.name for path in paths)),
        build=name,
        build_from=how,
        files=len(book.entries),
        refused=tuple(book.refused),
        unread=tuple(book.unread),
    )


class _Book:
    """What was seen so far."""

    def __init__(self, refuse: Refuse) -> None:
        self.entries: list[Entry] = []
        self.refused: list[tuple[str, str]] = []
        self.unread: list[tuple[str, str]] = []
        self.installed = False
        """Some file lies in an installation."""
        self._refuse = refuse
        self._setup: tuple[int, ...] | None = None
        self._folder: tuple[int, ...] | None = None

    def take(self, source: Source) -> None:
        parts = components(source.path)
        name = parts[-1].lower() if parts else ""
        extension = name.rpartition(".")[2]
        for part in parts[:-1]:
            folder = number(part)
            if folder and len(folder) == 4 and folder[0] == 15:
                self._folder = max(folder, self._folder or folder)
        wanted = extension in learnable() and place_of(source.path).kind not in (QUARANTINE, COPY, COMPILED)
        if not wanted and name != SETUP:
            return
        if source.state is not SourceState.READ:
            self.unread.append((source.path, source.reason))
            return
        total, head, size = hashlib.sha256(), b"", 0
        try:
            for chunk in source.chunks():
                total.update(chunk)
                head += chunk[: HEAD - len(head)]
                size += len(chunk)
        except EvidenceReadError as error:
            self.unread.append((source.path, error.reason))
            return
        if name == SETUP:
            self._setup = file_version(head) or self._setup
            return
        why = self._refuse(head, source.path) if extension in pages() or extension == "config" else ""
        if why:
            self.refused.append((source.path, why))
            return
        self.entries.append(Entry(path=self._place(source.path), sha256=total.hexdigest(), size=size))

    def build(self) -> tuple[tuple[int, ...] | None, str]:
        """The build as far as it can be seen, and where."""
        if self._setup:
            return self._setup, f"version of {SETUP}"
        return self._folder, "newest folder named after a build"

    def _place(self, path: str) -> str:
        located = baseline().locate(path)
        if not located.sure:
            return "\\".join(components(path))
        self.installed = True
        top, _, rest = located.paths[0].partition("\\")
        return f"{_TOPS[top.lower()]}\\{rest}"


def file_version(data: bytes) -> tuple[int, ...] | None:
    """Four numbers of the version resource of a program; None where it has none.

    >>> file_version(_FIXED + struct.pack("<II", 15 << 16 | 2, 1118 << 16 | 40))
    (15, 2, 1118, 40)
    """
    at = data.find(_FIXED)
    if at < 0 or len(data) < at + 16:
        return None
    high, low = struct.unpack_from("<II", data, at + 8)
    found = (high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF)
    return found if found[0] == 15 else None
