r"""Lists of shipped files that a user learned from a clean server: JSON lines, one file of the server each.

    {"schema":"exsweep.baseline/1","build":"15.2.1118.40","source":"media.zip","files":2412}
    {"path":"FrontEnd\\HttpProxy\\owa\\auth\\logon.aspx","sha256":"<64 hex digits>","size":10234}

The first line is the head; `build` is null where the files belong to no build (a vendor's folder). Paths that lie in an
installation begin below the install folder; others are as on the evidence, and only their content is compared.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec

from exsweep.errors import KnowledgeError
from exsweep.knowledge.builds import number, spell
from exsweep.knowledge.shelf import Held, folder_of

SCHEMA = "exsweep.baseline/1"
MOST = 2_000_000
"""Lines read from one list."""
_TIP = "Make it again with `exsweep knowledge baseline`."


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """First line."""

    schema: str
    build: str | None
    source: str
    """What was learned from, as the user named it."""
    files: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    path: str
    sha256: str
    size: int


class LearnedShelf:
    """Files of one server or installation medium that a user trusts."""

    def __init__(self, held: Iterable[Held], build: str | None) -> None:
        self._build = build
        self._by_hash: dict[str, list[Held]] = {}
        self._by_path: dict[str, list[Held]] = {}
        for each in held:
            self._by_hash.setdefault(each.sha256, []).append(each)
            self._by_path.setdefault(each.path.lower(), []).append(each)
        self._folders = frozenset(folder for key in self._by_path if (folder := folder_of(key)))

    @property
    def builds(self) -> tuple[str, ...]:
        return (self._build,) if self._build else ()

    @property
    def folders(self) -> frozenset[str]:
        return frozenset(each for each in self._folders if each.startswith(("clientaccess", "frontend")))

    def by_hash(self, sha256: str) -> tuple[Held, ...]:
        return tuple(self._by_hash.get(sha256, ()))

    def by_path(self, path: str) -> tuple[Held, ...]:
        return tuple(self._by_path.get(path.lower(), ()))

    def covers(self, build: str, path: str) -> bool:
        return build == self._build and folder_of(path) in self._folders


def write(entries: Iterable[Entry], *, build: str | None, source: str) -> bytes:
    """The list as JSON lines, sorted by path; the same files give the same bytes."""
    rows = sorted(entries, key=lambda each: (each.path.lower(), each.path, each.sha256))
    head = Head(schema=SCHEMA, build=build, source=source, files=len(rows))
    return b"".join(msgspec.json.encode(row) + b"\n" for row in (head, *rows))


def read(path: Path) -> LearnedShelf:
    """The list in a file.

    Raises:
        KnowledgeError: it cannot be read, is no such list, or a line is damaged; the message names the line.
    """
    try:
        with path.open("rb") as stream:
            return _shelf(islice(stream, MOST), str(path))
    except OSError as error:
        raise KnowledgeError(f"{path} cannot be read: {error.strerror or error}.", tip=_TIP) from error


def _shelf(lines: Iterator[bytes], name: str) -> LearnedShelf:
    try:
        head = msgspec.json.decode(next(lines, b""), type=Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{name}:1: this is no list of shipped files: {error}.", tip=_TIP) from error
    parts = number(head.build) if head.build else None
    if head.schema != SCHEMA or (head.build and (parts is None or len(parts) != 4)):
        raise KnowledgeError(f"{name}:1: not a list that this exsweep can read.", tip=_TIP)
    build = spell(parts) if parts else None
    held = [
        _held(line, at, name, (build,) if build else ())
        for at, line in enumerate(lines, start=2)
        if line.strip()
    ]
    if len(held) != head.files:
        raise KnowledgeError(f"{name}: {head.files} files are announced, {len(held)} are there.", tip=_TIP)
    return LearnedShelf(held, build)


def _held(line: bytes, at: int, name: str, builds: tuple[str, ...]) -> Held:
    try:
        entry = msgspec.json.decode(line, type=Entry)
        if len(bytes.fromhex(entry.sha256)) != 32:
            raise ValueError("sha256 has not 64 digits")
    except (msgspec.MsgspecError, ValueError) as error:
        raise KnowledgeError(f"{name}:{at}: {error}.", tip=_TIP) from error
    return Held(entry.path, entry.sha256.lower(), builds)
