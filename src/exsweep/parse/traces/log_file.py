r"""The disk's own transaction log (`$LogFile`): names that were put into folders and taken out of them.

It reaches back minutes to hours. What it has beside `$MFT` and `$UsnJrnl`: whole names and times of files that are gone,
where the table's place was used again and the journal is off or was removed. Of its forty kinds of operation four are
read, those that put an entry into a folder or take one out; the others change bytes of files and tables.

Pages of 4,096 bytes marked `RCRD`, the ends of their sectors kept apart. A record's number tells its own place: the low bits
of the number, times eight.

Sources: https://flatcap.github.io/linux-ntfs/ntfs/files/logfile.html (analyst knowledge, not fetched);
github:msuhanov/dfir_ntfs dfir_ntfs/LogFile.py (fields of headers, numbers of operations; read 2026-11-28)
"""

import struct
from collections.abc import Iterator

import numpy as np

from exsweep.parse.batch import Ints
from exsweep.parse.filesystem.folders import ROOT, Folders
from exsweep.parse.filesystem.mft import drive_of
from exsweep.parse.filesystem.records import Bytes
from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.traces.listing import placed
from exsweep.parse.traces.stamp import filetime

_PAGE, _SECTOR, _DATA = 4096, 512, 64
"""Bytes of a page, of a sector, and of a page's header."""
_HEADER, _CLIENT = 48, 32
"""Bytes of a record's header, and of the part behind it that tells the operation."""
_ADD, _REMOVE = (0x0C, 0x0E), (0x0D, 0x0F)
"""AddIndexEntryRoot, AddIndexEntryAllocation; DeleteIndexEntryRoot, DeleteIndexEntryAllocation."""
_KEY = 66
"""Bytes of a file name's record before the name."""
_DOS = 2
_FOLDER = 0x10000000
_LOW = (1 << 48) - 1


def is_log_file(head: bytes, path: str = "") -> bool:
    """By the mark of its first page and the size of the pages that it tells."""
    return head[:4] == b"RSTR" and head[20:24] == _PAGE.to_bytes(4, "little")


@trace("log_file", is_log_file)
class LogFileReader(WholeReader):
    """One row for each name put into a folder or taken out of it, in order of the log."""

    KIND = "ntfs_logfile"
    LIMIT = 128 << 20
    ON_A_VOLUME = True

    def read(self, data: bytes) -> None:
        pages = np.frombuffer(data[: len(data) // _PAGE * _PAGE], np.uint8).reshape(-1, _PAGE).copy()
        mended, torn = _mend(pages)
        if torn:
            self.damaged(
                f"{torn} pages of the log were written in part only: what they hold was read as it is."
            )
        flat = pages.reshape(-1)
        found = list(_entries(flat, mended, _starts(flat, mended, _place_bits(data))))
        own = self.folders or Folders()
        for entry in found if self.folders is None else ():
            if entry.folder:
                own.add(
                    entry.number, entry.sequence, entry.parent, entry.name.encode("utf-8", "surrogatepass")
                )
        for line, entry in enumerate(found, 1):
            self._tell(line, entry, own)
        self.tally.facts["logfile.folders"] = (
            "from the file table" if self.folders is not None else "not given"
        )

    def _tell(self, line: int, entry: "_Entry", folders: Folders) -> None:
        path = folders.paths(
            np.array([entry.parent], np.int64), np.array([entry.parent_sequence], np.int64)
        ).to_pylist()[0]
        known = not path.startswith(b"\\(folder ")
        drive = drive_of(self.path) if known and self.folders is not None else b""
        name = entry.name.encode("utf-8", "surrogatepass")
        self.row(
            {
                **placed({"Path": drive + path + b"\\" + name}),
                "Lsn": entry.lsn,
                "Action": entry.action,
                "Entry": entry.number,
                "Sequence": entry.sequence,
                "ParentEntry": entry.parent,
                "ParentSequence": entry.parent_sequence,
                "Created": filetime(entry.key[8:16]),
                "Modified": filetime(entry.key[16:24]),
                "Changed": filetime(entry.key[24:32]),
                "Size": int.from_bytes(entry.key[48:56], "little"),
                "Directory": "yes" if entry.folder else "no",
                "FolderKnown": "yes" if known else "no",
            },
            line=line,
            offset=entry.at,
        )


class _Entry:
    """An entry of a folder, as a record of the log has it."""

    def __init__(self, at: int, lsn: int, action: str, raw: bytes) -> None:
        self.at, self.lsn, self.action = at, lsn, action
        file, self.key = int.from_bytes(raw[:8], "little"), raw[16:]
        above = int.from_bytes(self.key[:8], "little")
        self.number, self.sequence = file & _LOW, file >> 48
        self.parent, self.parent_sequence = above & _LOW, above >> 48
        self.folder = bool(int.from_bytes(self.key[56:60], "little") & _FOLDER)
        self.name = self.key[_KEY : _KEY + 2 * self.key[64]].decode("utf-16-le", "surrogatepass")


def _place_bits(data: bytes) -> int:
    """Bits of a record's number that tell its place; from the restart area, else from the size of the file."""
    area = int.from_bytes(data[24:26], "little")
    told = int.from_bytes(data[area + 16 : area + 20], "little")
    return 64 - told if 24 <= told <= 54 else max(len(data) - 1, _PAGE).bit_length() - 3


def _mend(
    pages: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]",
) -> tuple["np.ndarray[tuple[int], np.dtype[np.bool_]]", int]:
    """Put the last bytes of every sector back; which pages hold records, and how many were torn."""
    marked = (pages[:, :4] == np.frombuffer(b"RCRD", np.uint8)).all(axis=1)
    first = pages[:, 4].astype(np.int64) | pages[:, 5].astype(np.int64) << 8
    good = marked & (first >= 40) & (first <= _DATA)
    torn = np.zeros(len(pages), bool)
    for start in np.unique(first[good]).tolist():
        rows = np.flatnonzero(good & (first == start))
        for sector in range(_PAGE // _SECTOR):
            end = _SECTOR * (sector + 1) - 2
            torn[rows] |= (pages[rows, end : end + 2] != pages[rows, start : start + 2]).any(axis=1)
            kept = start + 2 + 2 * sector
            pages[rows, end : end + 2] = pages[rows, kept : kept + 2]
    return marked, int(torn.sum())


def _starts(flat: Bytes, marked: "np.ndarray[tuple[int], np.dtype[np.bool_]]", bits: int) -> Ints:
    """Bytes at which a record begins whose number tells just this place, and whose operation is about a folder's entry."""
    words, short = flat.view("<u8"), flat.view("<u2")
    place = np.arange(len(words), dtype=np.uint64)
    mask = np.uint64((1 << bits) - 1)
    at = np.flatnonzero(((words & mask) == (place & mask)) & (words > mask)) * 8
    inside = at % _PAGE
    at = at[marked[at // _PAGE] & (inside >= _DATA) & (inside + _HEADER + _CLIENT <= _PAGE)]
    operation = short[(at + _HEADER) >> 1]
    chosen: Ints = at[np.isin(operation, (*_ADD, *_REMOVE)) & (flat.view("<u4")[(at + 32) >> 2] == 1)]
    return chosen


def _entries(
    flat: Bytes, marked: "np.ndarray[tuple[int], np.dtype[np.bool_]]", starts: Ints
) -> Iterator[_Entry]:
    found = []
    for at in starts.tolist():
        lsn = int.from_bytes(flat[at : at + 8].tobytes(), "little")
        length = int.from_bytes(flat[at + 24 : at + 28].tobytes(), "little")
        body = _body(flat, marked, at + _HEADER, min(length, 16 * _PAGE))
        redo, _, redo_at, redo_size, undo_at, undo_size = struct.unpack_from("<6H", body.ljust(12, b"\0"))
        added = redo in _ADD
        raw = body[redo_at : redo_at + redo_size] if added else body[undo_at : undo_at + undo_size]
        if _is_name(raw):
            found.append(_Entry(at, lsn, "added" if added else "removed", raw))
    yield from sorted(found, key=lambda entry: entry.lsn)


def _body(flat: Bytes, marked: "np.ndarray[tuple[int], np.dtype[np.bool_]]", at: int, length: int) -> bytes:
    """The bytes behind a record's header, over the borders of pages."""
    parts = []
    while length > 0 and at < len(flat) and marked[at // _PAGE]:
        end = min(at + length, (at // _PAGE + 1) * _PAGE)
        parts.append(flat[at:end].tobytes())
        length -= end - at
        at = end + _DATA
    return b"".join(parts)


def _is_name(raw: bytes) -> bool:
    """An entry whose key is the name of a file, in a form that people see."""
    if len(raw) < 16 + _KEY:
        return False
    size, count, space = int.from_bytes(raw[10:12], "little"), raw[16 + 64], raw[16 + 65]
    parent = int.from_bytes(raw[16:24], "little") & _LOW
    return (
        size == _KEY + 2 * count
        and len(raw) >= 16 + size
        and count > 0
        and space <= 3
        and space != _DOS
        and parent >= ROOT
    )
