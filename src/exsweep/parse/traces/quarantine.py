r"""What Defender locked away: the list (`Quarantine\Entries`) as rows, the pages themselves (`ResourceData`) as pages.

Both are hidden with RC4 and one published key, so that other scanners do not trip over them.
Source: https://github.com/ernw/quarantine-formats/blob/master/docs/Windows_Defender.md (read 2026-11-28)
"""

import re
import struct
from collections.abc import Iterator
from functools import cache

import numpy as np

from exsweep.knowledge.filesystem import quarantine_key
from exsweep.knowledge.places import pages, place_of
from exsweep.parse.carved import Carved
from exsweep.parse.traces.base import WholeReader, trace
from exsweep.parse.traces.stamp import filetime

_MAGIC = bytes.fromhex("dbe8c501010001")
_HEAD = 0x3C
_STREAM_HEAD = 20
_SECURITY, _DATA = 3, 1
_MOST_FILES = 1_000
_MOST_FIELDS = 64
_BIGGEST_PAGE = 1 << 20
_TIME, _BYTES = 0x60, 0x50
_PAGE = re.compile(rb"<%|runat|<\0%|<script|@functions", re.I)
_DRIVE = re.compile(r"[A-Za-z]:\\")


def rc4(data: bytes, key: bytes) -> bytes:
    """The stream cipher; the same call hides and shows."""
    box, other = list(range(256)), 0
    for place in range(256):
        other = (other + box[place] + key[place % len(key)]) & 0xFF
        box[place], box[other] = box[other], box[place]
    stream, one, other = bytearray(len(data)), 0, 0
    for place in range(len(data)):
        one = (one + 1) & 0xFF
        here = box[one]
        other = (other + here) & 0xFF
        box[one] = there = box[other]
        box[other] = here
        stream[place] = box[(here + there) & 0xFF]
    return (np.frombuffer(data, np.uint8) ^ np.frombuffer(bytes(stream), np.uint8)).tobytes()


def _shown(data: bytes) -> bytes:
    return rc4(data, quarantine_key())


def is_entry(head: bytes, _path: str = "") -> bool:
    """A list of what was locked away at one moment."""
    return len(head) > _HEAD and head[:2] == _start(_MAGIC)[:2] and _shown(head[:7]) == _MAGIC


def is_locked_file(head: bytes, _path: str = "") -> bool:
    """The locked file itself: a backup stream that begins with the owner's rights."""
    if len(head) < 2 * _STREAM_HEAD or head[:2] != _start(struct.pack("<I", _SECURITY))[:2]:
        return False
    kind, _, size, name = struct.unpack("<IIQI", _shown(head[:_STREAM_HEAD]))
    return bool(kind == _SECURITY and size < 1 << 20 and name == 0)


@cache
def _start(plain: bytes) -> bytes:
    """How these bytes look at the start of a hidden file: nearly all files are told apart without the cipher."""
    return _shown(plain)


@trace("defender_quarantine", is_entry)
class EntryReader(WholeReader):
    """One row for each file (or key of the registry ...) that was locked away."""

    KIND = "antivirus"
    LIMIT = 4 << 20

    def read(self, data: bytes) -> None:
        head = _shown(data[:_HEAD])
        first, second = struct.unpack_from("<II", head, 0x28)
        if _HEAD + first + second > len(data) or first < 0x38:
            self.damaged("The list of the quarantine is cut short or damaged.")
            self.reject(1, 0, "cut", data[:64])
            return
        about = _shown(data[_HEAD : _HEAD + first])
        threat = about[0x34:].split(b"\0")[0].decode("utf-8", "replace")
        listed = _shown(data[_HEAD + first : _HEAD + first + second])
        when = filetime(about[0x20:0x28])
        for number, (path, scheme) in enumerate(self._entries(listed), 1):
            self.row(
                {
                    "TimeStamp": when,
                    "Product": "Microsoft Defender",
                    "Event": "quarantined",
                    "Threat": threat,
                    "Path": path,
                    "Scheme": scheme,
                    "Action": "quarantine",
                    "Place": place_of(path).kind if _DRIVE.match(path) else "",
                },
                line=number,
            )
        self.tally.facts["quarantine.files"] = str(sum(len(one.rows) for one in self._formats.values()))

    def _entries(self, data: bytes) -> Iterator[tuple[str, str]]:
        count = int.from_bytes(data[:4], "little")
        for number in range(min(count, _MOST_FILES)):
            at = int.from_bytes(data[4 + 4 * number : 8 + 4 * number], "little")
            end = _zeros(data, at)
            scheme, closed, _ = data[end + 2 :].partition(b"\0")
            if end < 0 or not closed or len(scheme) > 64 or at < 4:
                self.reject(number + 1, 0, "broken-entry")
                continue
            path = data[at : end - 2].decode("utf-16-le", "replace")
            yield path.removeprefix("\\\\?\\").removeprefix("?\\"), scheme.decode("ascii", "replace")
        if count > _MOST_FILES:
            self.damaged(f"The list names {count:,} files; the first {_MOST_FILES:,} were read.")


def _zeros(data: bytes, at: int) -> int:
    """Where the two zero bytes behind a text in UTF-16 end; -1: nowhere."""
    found = data.find(b"\0\0", at)
    while found >= 0 and (found - at) % 2:
        found = data.find(b"\0\0", found + 1)
    return found + 2 if found >= 0 else -1


@trace("defender_locked", is_locked_file)
class LockedFileReader(WholeReader):
    """A page that was locked away is looked at as a page. Other files give no row: they are only counted."""

    KIND = "antivirus"
    LIMIT = _BIGGEST_PAGE + (64 << 10)

    def read(self, data: bytes) -> None:
        head = _shown(data[: 64 << 10])
        content = self._content(head)
        if content is None:
            self.damaged("The locked file does not have the parts that such files have.")
            self.reject(1, 0, "no-content", data[:64])
            return
        start, size = content
        sample = head[start : start + size][:60_000]
        if not _PAGE.search(sample) and not self._named_page():
            self.tally.note("A file that a virus scanner locked away; it is no page and was not looked at.")
            self.tally.facts["quarantine.other"] = str(size)
            return
        text = _shown(data[: start + size])[start:]
        if len(text) < size:
            self.damaged("The locked file is cut short or too big; its beginning was looked at.")
        self.pages.append(Carved(self.path, text, 1, 0, held="quarantine"))
        self.tally.note(
            "A page that a virus scanner locked away. Its own name stands in the list of the quarantine."
        )

    def _named_page(self) -> bool:
        return self.path.rpartition(".")[2].lower() in pages()

    def _content(self, data: bytes) -> tuple[int, int] | None:
        """Start and size of the unnamed stream."""
        at = 0
        for _ in range(_MOST_FIELDS):
            if at + _STREAM_HEAD > len(data):
                return None
            kind, _, size, name = struct.unpack_from("<IIQI", data, at)
            start = at + _STREAM_HEAD + name
            if kind == _DATA:
                return start, size
            if size > len(data):
                return None
            at = start + size
        return None
