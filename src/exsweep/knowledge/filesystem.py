"""How traces of the file system are read: names under which collectors keep them, and the numbers of their reading."""

import re
from functools import cache
from itertools import islice

import msgspec

from exsweep.knowledge.data_files import document

SAID = 5
"""Times that a text says something before it counts: a page about web logs shows one or two lines."""


class NotRead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of file that is sealed but not read."""

    id: str
    magic: str = ""
    """Hex digits of its bytes at `at`."""
    at: int = 0
    path: str = ""
    """Or where it lies (RE2)."""
    says: str = ""
    """Or what its text says, SAID times at least, where one of `words` stands in it."""
    words: tuple[str, ...] = ()
    what: str
    instead: str
    """What to give so that its traces are seen."""


class RowExport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that another program makes of the disk's records."""

    id: str
    needs: tuple[tuple[str, ...], ...]
    """Fields that a record has: one of each group."""
    format: str
    columns: dict[str, tuple[str, ...]]
    """Column of the format -> fields that may hold it; `folder of X` is the path X without its last part."""


class FileTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A list of files that another program makes, as a table or as JSON."""

    id: str
    needs: tuple[tuple[str, ...], ...]
    """Fields that a record has: one of each group; the first names what a table's first line is known by. `a+b`: both."""
    columns: dict[str, tuple[str, ...]]
    """Column of `disk_listing` -> fields that may hold it; `a+b` joins a folder and a name."""


class FileSystem(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See the comments in `data/filesystem.yml`."""

    version: int
    source: tuple[str, ...]
    web_extensions: tuple[str, ...]
    burst_minutes: int
    stomped_seconds: int
    table_name: str
    journal_name: str
    not_read: tuple[NotRead, ...]
    quarantine_key: str
    row_exports: tuple[RowExport, ...]
    file_tables: tuple[FileTable, ...]


@cache
def filesystem() -> FileSystem:
    """The shipped table.

    Raises:
        KnowledgeError: the file does not fit this program.
    """
    return document("filesystem.yml", FileSystem)


@cache
def quarantine_key() -> bytes:
    """With which Defender hides locked files."""
    return bytes.fromhex(filesystem().quarantine_key.replace(" ", ""))


@cache
def _named(which: str) -> re.Pattern[str]:
    return re.compile(getattr(filesystem(), which), re.I)


def is_journal_name(path: str) -> bool:
    """A collector keeps the journal of changes under such a name; `path` with `/`."""
    return _named("journal_name").search(path) is not None


def volume_of_journal(path: str) -> str | None:
    """Folder in the evidence that stands for the volume whose journal of changes this is; None for another name.

    >>> volume_of_journal("uploads/C/$Extend/$UsnJrnl%3A$J")
    'uploads/C/'
    """
    found = _named("journal_name").search(path)
    if found is None:
        return None
    return path[: found.end("volume")]


def volume_of_table(path: str) -> str | None:
    """Folder in the evidence that stands for the volume whose file table this is; None where the name is another one.

    >>> volume_of_table("uploads/C/$MFT"), volume_of_table("C/x.log")
    ('uploads/C/', None)
    """
    found = _named("table_name").search(path)
    return path[: found.end("volume")] if found else None


def not_read(head: bytes, path: str = "", text: bytes = b"") -> NotRead | None:
    """The kind of file that begins so, or lies there, and that exsweep does not read. `text`: its beginning as UTF-8.

    >>> not_read(b"%PDF-1.7").id, not_read(b"<workbook/>", "book.xlsx/xl/workbook.xml").id
    ('pdf', 'workbook')
    """
    for one in filesystem().not_read:
        if one.magic and head.startswith(bytes.fromhex(one.magic), one.at):
            return one
        if one.path and _pattern(one.path).search(path):
            return one
        if one.says and _says(one, text):
            return one
    return None


def _says(one: NotRead, text: bytes) -> bool:
    if not any(word.encode() in text for word in one.words):
        return False
    found = re.compile(one.says.encode()).finditer(text)
    return len(list(islice(found, SAID))) == SAID


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
