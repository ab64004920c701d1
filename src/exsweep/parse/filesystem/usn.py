"""The journal of changes (`$UsnJrnl:$J`) to rows: who made, renamed or removed which file, by the clock of the kernel.

Source: USN_RECORD_V2 and USN_RECORD_V3 of winioctl.h
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from exsweep.knowledge.formats import format_of
from exsweep.model import SourceState
from exsweep.parse.batch import NO_TIME, Batch, Ints, RejectedLine
from exsweep.parse.filesystem.folders import Folders
from exsweep.parse.filesystem.mft import drive_of
from exsweep.parse.filesystem.names import Told, joined, texts
from exsweep.parse.filesystem.pages import Pages
from exsweep.parse.filesystem.stamps import from_filetime, written
from exsweep.parse.filesystem.tables import digits, extension, packed, unpacked, words
from exsweep.parse.header import Header
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally

KIND = "usn_journal"
_V2, _V3 = 60, 76
_LONGEST = 76 + 2 * 255 + 8
_BLOCK = 4 << 20
_FIRST_ROOM = 64 << 10
"""A record that the head of a file must show to be taken for a journal; what stands before is zeros."""
REASONS = {
    0x1: "DATA_OVERWRITE",
    0x2: "DATA_EXTEND",
    0x4: "DATA_TRUNCATION",
    0x10: "NAMED_DATA_OVERWRITE",
    0x20: "NAMED_DATA_EXTEND",
    0x40: "NAMED_DATA_TRUNCATION",
    0x100: "FILE_CREATE",
    0x200: "FILE_DELETE",
    0x400: "EA_CHANGE",
    0x800: "SECURITY_CHANGE",
    0x1000: "RENAME_OLD_NAME",
    0x2000: "RENAME_NEW_NAME",
    0x4000: "INDEXABLE_CHANGE",
    0x8000: "BASIC_INFO_CHANGE",
    0x10000: "HARD_LINK_CHANGE",
    0x20000: "COMPRESSION_CHANGE",
    0x40000: "ENCRYPTION_CHANGE",
    0x80000: "OBJECT_ID_CHANGE",
    0x100000: "REPARSE_POINT_CHANGE",
    0x200000: "STREAM_CHANGE",
    0x80000000: "CLOSE",
}
_ACTIONS = (
    (0x200, "deleted"),
    (0x1000, "renamed_from"),
    (0x2000, "renamed_to"),
    (0x100, "created"),
    (0x7, "written"),
)
_DIRECTORY = 0x10
_FOLDER_RECORDS = 500_000
"""Folders that the journal itself names, at most; a table of the same volume names all."""


def is_usn(head: bytes) -> bool:
    """The first bytes that are not zero begin with two records of a journal, or with one if nothing follows."""
    start = len(head) - len(head.lstrip(b"\0"))
    start -= start % 8
    # A record has more zeros than text has: its minor version, and the upper half of its length.
    if start >= len(head) or (
        len(head) - start >= 8 and not head[start + 2] == head[start + 3] == head[start + 6] == 0
    ):
        return False
    found = _records(np.frombuffer(head[start : start + _FIRST_ROOM].ljust(80, b"\0"), np.uint8))
    return bool(len(found[0])) and found[0][0] == 0 and (len(found[0]) == 1 or found[0][1] == found[1][0])


def may_be_usn(head: bytes) -> bool:
    """All zeros so far: the old part of a journal is a hole in the file, gigabytes of it."""
    return not head.strip(b"\0")


class UsnReader:
    """Reads one journal. `events + rejected = lines`; zeros are no records.

    `folders`: those of the volume's file table, where it was given.
    """

    def __init__(self, path: str = "", folders: Folders | None = None) -> None:
        self.tally = Tally()
        self.kind = KIND
        self._kind = format_of(KIND)
        self._drive = drive_of(path)
        self._given = folders
        self._own = Folders()
        self._left = b""
        self._offset = 0
        self._line = 0
        self._held: list[bytes] = []
        self._pages = Pages()
        self._zeros = 0
        self._lost = 0
        self._ended = False

    def feed(
        self,
        chunk: bytes,
        *,
        last: bool = False,
        sieve: Sieve | None = None,
    ) -> Iterator[Batch]:
        """Nothing until `last`, then all rows in batches. `sieve` has no effect: records are no text."""
        if self._ended:
            raise ValueError("this reader was told that the file had ended")
        self._ended = last
        if not self._left and not last and len(chunk) % 8 == 0 and not chunk.strip(b"\0"):
            self._offset += len(chunk)
            self._zeros += len(chunk)
            return
        self._left += chunk
        while self._left and (last or len(self._left) >= _BLOCK + _LONGEST):
            self._take(last and len(self._left) <= _BLOCK + _LONGEST)
        if last:
            yield from self._close()

    def state(self) -> tuple[SourceState, str]:
        """PARTIAL where bytes are neither zeros nor records."""
        if self._lost:
            return (
                SourceState.PARTIAL,
                f"{self._lost} bytes of the journal are neither empty nor a record that can be read.",
            )
        return SourceState.READ, ""

    def _take(self, final: bool) -> None:
        room = len(self._left) if final else _BLOCK
        data = np.frombuffer(
            self._left[: room + _LONGEST].ljust(-(-len(self._left) // 8) * 8 + 80, b"\0"), np.uint8
        )
        at, ends = _records(data)
        chosen = at < room
        at, ends = at[chosen], ends[chosen]
        done = max(int(ends[-1]) if len(at) else 0, room)
        self._account(data[: min(done, len(self._left))], at, ends)
        if len(at):
            self._rows(data, at)
        done = min(done, len(self._left))
        self._left, self._offset = self._left[done:], self._offset + done

    def _account(self, data: "np.ndarray[tuple[int], np.dtype[np.uint8]]", at: Ints, ends: Ints) -> None:
        """Bytes between records: zeros, or something that was a record once."""
        starts = np.concatenate((np.zeros(1, np.int64), ends))
        stops = np.concatenate((at, np.array([len(data)])))
        for start, stop in zip(starts[starts < stops].tolist(), stops[starts < stops].tolist(), strict=True):
            gap = data[start:stop].tobytes()
            rest = gap.strip(b"\0")
            self._zeros += len(gap) - len(rest)
            if rest:
                self._lost += len(rest)
                self._line += 1
                where = self._offset + start + gap.index(rest[:1])
                self.tally.reject([RejectedLine(self._line, where, "no-record", rest[:400])])

    def _rows(self, data: "np.ndarray[tuple[int], np.dtype[np.uint8]]", at: Ints) -> None:
        padded = np.concatenate((data, np.zeros(-len(data) % 8, np.uint8)))
        wide, long, short = padded.view("<u8"), padded.view("<u4"), padded.view("<u2")
        third = short[(at >> 1) + 2] == 3
        # Version 3 has numbers of files of 128 bits, of which NTFS uses the lower half.
        shift = np.where(third, 16, 0)
        file = wide[(at >> 3) + 1]
        parent = wide[(at + 16 + np.where(third, 8, 0)) >> 3]
        body = at + 24 + shift
        low = np.uint64((1 << 48) - 1)
        table = pa.table(
            {
                "Usn": pa.array(wide[body >> 3].astype(np.int64)),
                "time": pa.array(from_filetime(wide[(body >> 3) + 1])),
                "reasons": pa.array(long[(body >> 2) + 4]),
                "attributes": pa.array(long[(body >> 2) + 7]),
                "entry": pa.array((file & low).astype(np.int64)),
                "sequence": pa.array((file >> np.uint64(48)).astype(np.int64)),
                "parent": pa.array((parent & low).astype(np.int64)),
                "parent_sequence": pa.array((parent >> np.uint64(48)).astype(np.int64)),
                "name": texts(
                    data,
                    at + short[(body >> 1) + 17].astype(np.int64),
                    short[(body >> 1) + 16].astype(np.int64) // 2,
                ),
                "offset": pa.array(self._offset + at),
                "line": pa.array(self._line + 1 + np.arange(len(at))),
            }
        )
        self._line += len(at)
        self._note_folders(table)
        made = (np.asarray(table["reasons"]) & 0x100) > 0
        self._pages.note(
            pa.table({"name": table["name"], "NameCreated": np.where(made, table["time"], NO_TIME)})
        )
        self._held.append(packed(table))

    def _note_folders(self, table: pa.Table) -> None:
        if self._given is not None:
            return
        places = np.flatnonzero((np.asarray(table["attributes"]) & _DIRECTORY) > 0)
        few = table.select(["entry", "sequence", "parent", "name"]).take(pa.array(places))
        for row in zip(*(column.to_pylist() for column in few.columns), strict=True):
            if len(self._own) < _FOLDER_RECORDS:
                self._own.add(*row)

    def _close(self) -> Iterator[Batch]:
        self._pages.settle()
        facts = self.tally.facts
        facts["usn.records"] = str(self._line - self.tally.rejected)
        facts["usn.folders"] = "from the file table" if self._given is not None else "not given"
        if self._zeros:
            facts["usn.empty_bytes"] = str(self._zeros)
        if self._given is None:
            self.tally.note(
                "The file table ($MFT) of the same disk was not given beside the journal: folders are numbers, not names."
            )
        for one in self._held:
            yield self._batch(unpacked(one))
        self._held = []

    def _batch(self, rows: pa.Table) -> Batch:
        numbers = {name: np.asarray(rows[name]) for name in rows.column_names if name != "name"}
        name = rows["name"].combine_chunks()
        folders = (self._given or self._own).paths(numbers["parent"], numbers["parent_sequence"])
        known = np.array([not one.startswith(b"\\(folder ") for one in folders.to_pylist()], bool)
        paths = joined(folders, name, self._drive if self._given is not None else b"")
        columns = {
            "TimeStamp": written(numbers["time"]),
            "Usn": digits(numbers["Usn"]),
            "Action": _action(numbers["reasons"]),
            "Path": paths,
            "Name": name,
            "Extension": extension(name),
            "Entry": digits(numbers["entry"]),
            "Sequence": digits(numbers["sequence"]),
            "ParentEntry": digits(numbers["parent"]),
            "ParentSequence": digits(numbers["parent_sequence"]),
            "Reasons": _reasons(numbers["reasons"]),
            "Attributes": digits(numbers["attributes"].astype(np.int64)),
            "Directory": words((numbers["attributes"] & _DIRECTORY) > 0, "yes", "no"),
            "FolderKnown": words(known, "yes", "no"),
        }
        columns.update(self._pages.columns(paths, columns["Extension"], numbers["time"]))
        table = pa.table({one: columns[one] for one in self._kind.columns})
        header = Header(self._kind, tuple(table.column_names))
        self.tally.events_of(table, numbers["time"], header)
        return Batch(
            self._kind, table, numbers["line"], numbers["offset"], numbers["time"], lines=Told(table)
        )


def _records(data: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> tuple[Ints, Ints]:
    """Start and end of each record, on 8-byte borders; none inside another one."""
    whole = len(data) // 8 * 8
    long = np.frombuffer(data[:whole].tobytes(), "<u4")
    length = long[0::2][: max((whole - _V2) // 8, 0)].astype(np.int64)
    version = long[1::2][: len(length)]
    # Version 2 or 3, minor 0, and a length that a name of at most 255 characters can make.
    likely = ((version == 2) | (version == 3)) & (length >= 64) & (length <= _LONGEST) & (length % 8 == 0)
    place = np.flatnonzero(likely)
    at, third = place * 8, version[place] == 3
    short = long.view("<u2")
    body = (at + 24 + np.where(third, 16, 0)) >> 1
    fits = body + 17 < len(short)
    at, body, third = at[fits], body[fits], third[fits]
    size, where = short[body + 16].astype(np.int64), short[body + 17].astype(np.int64)
    ends = at + length[at >> 3]
    good = (where == np.where(third, _V3, _V2)) & (size % 2 == 0) & (size > 0)
    good &= (at + where + size <= ends) & (ends <= whole)
    at, ends = at[good], ends[good]
    if len(at) > 1 and (at[1:] < ends[:-1]).any():
        kept, last = [], 0
        for one, (start, end) in enumerate(zip(at.tolist(), ends.tolist(), strict=True)):
            if start >= last:
                kept.append(one)
                last = end
        at, ends = at[kept], ends[kept]
    return at, ends


def _action(reasons: "np.ndarray[tuple[int], np.dtype[np.uint32]]") -> pa.Array:
    names = [b"changed", *(name.encode() for _, name in _ACTIONS)]
    codes = np.select([(reasons & mask) > 0 for mask, _ in _ACTIONS], range(1, len(names)), 0)
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(names, pa.binary()))


def _reasons(reasons: "np.ndarray[tuple[int], np.dtype[np.uint32]]") -> pa.Array:
    used, where = np.unique(reasons, return_inverse=True)
    said = ["|".join(name for bit, name in REASONS.items() if one & bit).encode() for one in used.tolist()]
    return pa.DictionaryArray.from_arrays(pa.array(where.astype(np.int32)), pa.array(said, pa.binary()))
