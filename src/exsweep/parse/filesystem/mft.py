"""A file table (`$MFT`) to rows: one for each name of each file, there or deleted, with the whole path.

Records are read a block at a time; the rows wait, packed, until the table has ended, for a folder may stand behind its files.
"""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from exsweep.knowledge.filesystem import filesystem
from exsweep.knowledge.formats import format_of
from exsweep.model import SourceState
from exsweep.parse.batch import NO_TIME, Batch, Ints, RejectedLine
from exsweep.parse.carved import Carved
from exsweep.parse.filesystem.folders import Folders
from exsweep.parse.filesystem.names import Told, joined, texts
from exsweep.parse.filesystem.pages import Pages
from exsweep.parse.filesystem.records import BAAD, FILE, SECTOR, Decoded, decode
from exsweep.parse.filesystem.resident import ResidentPages
from exsweep.parse.filesystem.stamps import from_filetime, written
from exsweep.parse.filesystem.tables import Mask, digits, extension, packed, unpacked, words
from exsweep.parse.header import Header
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally

KIND = "ntfs_mft"
_SIZES = (1024, 4096, 512, 2048)
_LOOKED_AT = 1 << 16
_BLOCK = 4 << 20
_DOS = 2
_HIDDEN = 2
"""Attribute of a file that folder listings leave out."""
_DRIVE = re.compile(r"(?:^|/)([A-Za-z])(?::|%3A|_)?/+(?:\$Extend/+)?[^/]*$", re.I)
_TIMES = ("Created", "Modified", "Changed", "Accessed")


def is_mft(head: bytes) -> bool:
    """The file begins with two records of a file table, or with one if it ends there."""
    if head[:4] not in (FILE, BAAD) or len(head) < _SIZES[2]:
        return False
    size = record_size(head)
    return head[size : size + 4] in (FILE, BAAD, b"\0\0\0\0", b"")


def record_size(head: bytes) -> int:
    """Bytes of one record, as the first whole ones say: the first record may be damaged or not say."""
    for start in range(0, min(len(head), _LOOKED_AT), SECTOR):
        if head[start : start + 4] == FILE:
            said = int.from_bytes(head[start + 28 : start + 32], "little")
            if said in _SIZES and start % said == 0:
                return said
    return _SIZES[0]


def drive_of(path: str) -> bytes:
    """`C:` where the evidence says from which drive a file was taken; empty otherwise.

    >>> drive_of("uploads/C/$Extend/$J"), drive_of("mft.bin")
    (b'C:', b'')
    """
    found = _DRIVE.search(path)
    return found[1].upper().encode() + b":" if found else b""


class MftReader:
    """Reads one table. `events + rejected = lines`; records that are empty or hold no name are counted in `facts`."""

    def __init__(self, path: str = "", *, only_folders: bool = False) -> None:
        self.tally = Tally()
        self.kind = KIND
        self.folders = Folders()
        self._kind = format_of(KIND)
        self._drive = drive_of(path)
        self._only_folders = only_folders
        self._size = 0
        self._unknown = 0
        """Bytes of a record as the table says, where that is no size known here."""
        self._left = b""
        self._number = 0
        self._held: list[bytes] = []
        self._pages = Pages()
        self._resident = ResidentPages()
        self.pages: list[Carved] = []
        """Pages whose text stands in their records, once the table has ended."""
        self._standards: dict[int, tuple[int, ...]] = {}
        """Times of records that go on in others, for the names that stand there."""
        self._counts = dict.fromkeys(("records", "in_use", "deleted", "empty", "nameless"), 0)
        self._cut = 0
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
        self._left += chunk
        if not self._size and (len(self._left) >= _LOOKED_AT or last):
            self._size = record_size(self._left)
            said = int.from_bytes(self._left[28:32], "little") if self._left[:4] == FILE else 0
            self._unknown = said if said > max(_SIZES) and self._size == _SIZES[0] else 0
        while len(self._left) >= (_BLOCK if not last else self._size or _BLOCK):
            length = min(len(self._left), _BLOCK) // self._size * self._size
            block, self._left = self._left[:length], self._left[length:]
            self._take(block)
        if last:
            self._close()
            for one in self._held:
                yield self._batch(unpacked(one))
            self._held = []
            self._resident.count(self.tally)

    def state(self) -> tuple[SourceState, str]:
        """PARTIAL where the last record is cut, or where records have a size that is not known here."""
        if self._unknown:
            known = ", ".join(map(str, sorted(_SIZES)))
            return SourceState.PARTIAL, (
                f"The records of the file table say that they are {self._unknown} bytes long; "
                f"only {known} are known. It was not read in full."
            )
        if self._cut:
            return SourceState.PARTIAL, f"The file table ends inside a record ({self._cut} bytes are left)."
        return SourceState.READ, ""

    def _take(self, block: bytes) -> None:
        found = decode(block, self._size)
        first, self._number = self._number, self._number + len(found.good)
        self._count(found, first)
        self.tally.reject(
            [
                RejectedLine(
                    first + place + 1,
                    (first + place) * self._size,
                    reason,
                    block[place * self._size :][:400],
                )
                for place, reason in sorted(found.reason.items())
            ]
        )
        rows = self._rows(found, first)
        self._note_folders(rows, first)
        if not self._only_folders and rows.num_rows:
            self._pages.note(rows)
            self._resident.note(block, found, rows, first, self._size)
            self._held.append(packed(rows))

    def _count(self, found: Decoded, first: int) -> None:
        named = np.zeros(len(found.good), bool)
        named[found.names.record] = True
        counts = self._counts
        counts["records"] += len(found.good)
        counts["in_use"] += int(np.count_nonzero(found.good & found.in_use))
        counts["deleted"] += int(np.count_nonzero(found.good & ~found.in_use))
        counts["empty"] += int(np.count_nonzero(found.empty))
        counts["nameless"] += int(np.count_nonzero(found.good & ~named))
        for place in np.flatnonzero(found.good & found.listed & (found.standard >= 0)).tolist():
            at = np.array([found.standard[place]])
            times = [int(from_filetime(found.word(at + 8 * one))[0]) for one in range(4)]
            self._standards[first + place] = tuple(times)

    def _rows(self, found: Decoded, first: int) -> pa.Table:
        """One row for each name that is not only the short form of another one."""
        names = found.names
        long = np.zeros(len(found.good), bool)
        long[names.record[names.space != _DOS]] = True
        kept = found.good[names.record] & ((names.space != _DOS) | ~long[names.record])
        order = np.flatnonzero(kept)
        order = order[np.argsort(names.at[order], kind="stable")]
        record, at = names.record[order], names.at[order]
        reference = found.word(at)
        standard = found.standard[record]
        where = np.where(standard >= 0, standard, 0)
        columns: dict[str, pa.Array] = {
            "name": texts(found.data, at + 66, names.length[order]),
            "entry": pa.array(np.where(found.base[record] > 0, found.base[record], first + record)),
            "sequence": pa.array(found.sequence[record].astype(np.int32)),
            "parent": pa.array((reference & np.uint64((1 << 48) - 1)).astype(np.int64)),
            "parent_sequence": pa.array((reference >> np.uint64(48)).astype(np.int32)),
            "in_use": pa.array(found.in_use[record]),
            "folder": pa.array(found.folder[record]),
            "links": pa.array(found.links[record].astype(np.int32)),
            "size": pa.array(found.size[record]),
            "hidden": pa.array((standard >= 0) & (found.flags_at(where) & _HIDDEN > 0)),
            "offset": pa.array(first * self._size + at),
            "line": pa.array(first + record + 1),
            "streams": pa.array(
                [
                    "|".join(found.streams.get(one, ())).encode("utf-8", "surrogatepass")
                    for one in record.tolist()
                ]
                if found.streams
                else [b""] * len(record),
                pa.binary(),
            ),
        }
        for place, name in enumerate(_TIMES):
            own = from_filetime(found.word(where + 8 * place))
            columns[name] = pa.array(np.where(standard >= 0, own, NO_TIME))
            columns["Name" + name] = pa.array(from_filetime(found.word(at + 8 + 8 * place)))
        return pa.table(columns)

    def _note_folders(self, rows: pa.Table, first: int) -> None:
        places = np.flatnonzero(np.asarray(rows["folder"]))
        few = rows.select(["entry", "sequence", "parent", "name", "in_use"]).take(pa.array(places))
        for entry, sequence, parent, name, in_use in zip(
            *(column.to_pylist() for column in few.columns), strict=True
        ):
            self.folders.add(entry, sequence, parent, name, in_use=in_use)

    def _close(self) -> None:
        self._cut, self._left = len(self._left), b""
        facts = self.tally.facts
        facts.update({f"mft.{name}": str(count) for name, count in self._counts.items()})
        facts["mft.folders"] = str(len(self.folders))
        if not self._only_folders:
            self._pages.settle()

    def _batch(self, rows: pa.Table) -> Batch:
        """Held rows as the format has them."""
        rows = self._with_standards(rows)
        numbers = {
            name: np.asarray(rows[name]) for name in rows.column_names if name not in ("name", "streams")
        }
        name = rows["name"].combine_chunks()
        paths = joined(
            self.folders.paths(numbers["parent"], numbers["parent_sequence"].astype(np.int64)),
            name,
            self._drive,
        )
        made, named = numbers["Created"], numbers["NameCreated"]
        columns: dict[str, pa.Array] = {
            "Path": paths,
            "Name": name,
            "Extension": extension(name),
            "Entry": digits(numbers["entry"]),
            "Sequence": digits(numbers["sequence"]),
            "ParentEntry": digits(numbers["parent"]),
            "InUse": words(numbers["in_use"], "yes", "no"),
            "Directory": words(numbers["folder"], "yes", "no"),
            "Links": digits(numbers["links"]),
            "Size": digits(numbers["size"], numbers["size"] < 0),
            "Streams": rows["streams"].combine_chunks(),
            "Hidden": words(numbers["hidden"], "yes", ""),
            "Stomped": words(_stomped(made, named, numbers["Modified"]), "yes", ""),
        }
        for one in _TIMES:
            columns[one] = written(numbers[one])
            columns["Name" + one] = written(numbers["Name" + one])
        columns.update(self._pages.columns(paths, columns["Extension"], named))
        table = pa.table({name: columns[name] for name in self._kind.columns})
        times = np.where(named != NO_TIME, named, made)
        self.pages += self._resident.among(numbers, paths, times)
        self.tally.events_of(table, times, Header(self._kind, tuple(table.column_names)))
        return Batch(self._kind, table, numbers["line"], numbers["offset"], times, lines=Told(table))

    def _with_standards(self, rows: pa.Table) -> pa.Table:
        """Names that stand in the record's continuation get the times of the record itself."""
        entries = np.asarray(rows["entry"])
        odd = np.flatnonzero(entries != np.asarray(rows["line"]) - 1)
        if not len(odd):
            return rows
        for place, name in enumerate(_TIMES):
            values = np.asarray(rows[name]).copy()
            for row in odd.tolist():
                times = self._standards.get(int(entries[row]))
                if times is not None and values[row] == NO_TIME:
                    values[row] = times[place]
            rows = rows.set_column(rows.column_names.index(name), name, pa.array(values))
        return rows


def _stomped(made: Ints, named: Ints, modified: Ints) -> Mask:
    """The file says that it is older than its name in the folder, and was changed since only in such times too."""
    known = (made != NO_TIME) & (named != NO_TIME) & (modified != NO_TIME)
    least = filesystem().stomped_seconds * 1000
    stomped: Mask = known & (named - made > least) & (named - modified > least)
    return stomped
