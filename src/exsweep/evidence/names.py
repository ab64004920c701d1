"""Names as evidence has them become logical paths: `/` between parts, no `C:`, no `..`, all visible."""

import re
from collections.abc import Iterable

import msgspec

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_DEVICE = re.compile(rb"//?\?\??/")
_DRIVE = re.compile(rb"[A-Za-z]:")
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks by category that draw nothing; the rest is caught by `str.isprintable`."""


class Name(msgspec.Struct, frozen=True):
    """A name of the evidence, normalised."""

    path: str
    shown: str
    """As the evidence has it, made safe to show."""
    notes: tuple[str, ...] = ()


def shown(raw: bytes) -> str:
    r"""Bytes as text that cannot mislead: bytes that are no text as `\xNN`, unseen characters as `\uNNNN`.

    >>> shown(b"\xff\xfe.aspx"), shown("\u202egpj.exe".encode())
    ('\\xff\\xfe.aspx', '\\u202egpj.exe')
    """
    text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and _INVISIBLE_LETTERS.isdisjoint(text):
        return text
    return "".join(map(_visible, text))


def logical(raw: bytes) -> Name:
    r"""Normalise one name.

    Percent-encoded bytes are decoded once, as Velociraptor writes them (`C%3A`); a doubly encoded name stays
    visible. `C:` becomes `C` wherever it stands; `\\.\C:` and `\\?\C:` too. `\\host\share` becomes
    `UNC/host/share`.
    `..` is resolved in the text; nothing here touches a file system.

    >>> logical(b"uploads/ntfs/%5C%5C.%5CC%3A/inetpub/x.log").path
    'uploads/ntfs/C/inetpub/x.log'
    """
    notes: list[str] = []
    if b"\0" in raw:
        cut = shown(raw.split(b"\0", 1)[0])
        notes.append(f'the name holds a NUL byte: some programs see it as "{cut}"')
    text = _PERCENT.sub(lambda found: bytes([int(found[1], 16)]), raw) if b"%" in raw else raw
    text = text.replace(b"\\", b"/")
    if b"?/" in text:
        text = _DEVICE.sub(b"/", text)
    parts: list[bytes] = []
    if text.startswith(b"//") and not text.startswith(b"//./"):
        parts.append(b"UNC")
        notes.append("the name is a network path; it was not opened as such")
    elif text.startswith(b"/"):
        notes.append("the name is absolute")
    escapes = False
    for part in text.split(b"/"):
        if part in (b"", b"."):
            continue
        if part == b"..":
            escapes = escapes or not parts
            del parts[-1:]
        elif _DRIVE.fullmatch(part):
            parts.append(part[:1].upper())
        else:
            parts.append(part)
    if escapes:
        notes.append("archive entry escapes: its name climbs out of the folder with `..`")
    elif b".." in text and b".." in text.split(b"/"):
        notes.append("the name goes up with `..`")
    if b":" in b"".join(parts):
        notes.append("the name has the form of an NTFS stream (file:stream)")
    return Name(shown(b"/".join(parts)) or "unnamed", shown(raw), tuple(notes))


class Claims:
    """Keeps logical paths apart: the second `a` becomes `a#2`; names that differ by case are noted."""

    def __init__(self) -> None:
        self._exact: dict[int, int] = {}
        self._folded: set[int] = set()

    def claim(self, path: str) -> tuple[str, tuple[str, ...]]:
        """A path that nobody has, and notes. Keeps hashes only: 2 million names stay small."""
        key, folded = hash(path), hash((path.casefold(),))
        seen = self._exact.get(key, 0)
        self._exact[key] = seen + 1
        if seen:
            unique, notes = self.claim(f"{path}#{seen + 1}")
            return unique, ("duplicate member name", *notes)
        if folded in self._folded:
            return path, ("duplicate member name: differs from another one only by case",)
        self._folded.add(folded)
        return path, ()

    def knows(self, path: str) -> bool:
        """Whether this path was claimed before."""
        return hash(path) in self._exact


def common_top(paths: Iterable[str], stem: str) -> str:
    """`stem/` if all paths stand below it (and there is one), else nothing."""
    top = f"{stem}/"
    some = False
    for path in paths:
        if not path.startswith(top):
            return ""
        some = True
    return top if stem and some else ""


def stem_of(name: str) -> str:
    """The name of an archive without what says that it is one: `example.tar.gz` -> `example`."""
    lower = name.lower()
    for ending in (
        ".tar.gz",
        ".tar.zst",
        ".tar.bz2",
        ".tar.xz",
        ".tgz",
        ".tzst",
        ".tbz2",
        ".txz",
        ".zip",
        ".tar",
    ):
        if lower.endswith(ending):
            return name[: -len(ending)]
    return name.rpartition(".")[0] or name


def _visible(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if char.isprintable() and char not in _INVISIBLE_LETTERS:
        return char
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
