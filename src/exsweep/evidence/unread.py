"""Files that our collector could not read on the server: each is a source that says so, for nobody may call it clean."""

import csv
from collections.abc import Iterable, Iterator

from exsweep.evidence.names import logical, shown
from exsweep.evidence.opener import Context, Opener, openers
from exsweep.evidence.reader import Reader
from exsweep.evidence.records import Place
from exsweep.evidence.source import Source
from exsweep.knowledge.collection import FOLDER, UNREAD, collection
from exsweep.model import SourceState

_MOST = 10_000
_BYTES = 8 << 20
_REASON = 300


class Kept(Reader):
    """Passes bytes on and keeps the first of them."""

    def __init__(self, source: Reader, most: int) -> None:
        super().__init__()
        self._source = source
        self._most = most
        self.data = b""

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    def _pull(self, size: int) -> bytes:
        part = self._source.read(size)
        if len(self.data) < self._most:
            self.data += part[: self._most - len(self.data)]
        return part


class Unread(Opener):
    """The list itself is a file like any other: whatever stands in it is looked at too."""

    def recognises(self, head: bytes) -> bool:
        return head.startswith(UNREAD.encode())

    def sources(
        self, reader: Reader, place: Place, context: Context, notes: tuple[str, ...]
    ) -> Iterator[Source]:
        kept = Kept(reader, _BYTES)
        yield Source(place, kept, notes=notes)
        if place.path.endswith(f"{FOLDER}/unread.csv"):
            yield from _missing(kept.data, place.path.removesuffix(f"{FOLDER}/unread.csv"))


def _missing(data: bytes, before: str) -> Iterator[Source]:
    rows = csv.reader(data.decode("utf-8", "replace").split("\n")[1:])
    try:
        for count, (path, why) in enumerate(_rows(rows)):
            if count == _MOST:
                why = f"there are more than {_MOST:,} such files; only the first are named"
                yield _unread(f"{before}{FOLDER}", why)
                return
            yield _unread(before + logical(path.encode("utf-8", "replace")).path, why)
    except csv.Error as error:
        yield _unread(f"{before}{FOLDER}", f"its list of such files is damaged: {error}")


def _rows(rows: Iterable[list[str]]) -> Iterator[tuple[str, str]]:
    plan = collection()
    for row in rows:
        if len(row) == 3 and row[0] and plan.matters(row[2]):
            yield row[0], row[1]


def _unread(path: str, why: str) -> Source:
    reason = f"the collector could not read it: {shown(why[:_REASON].encode('utf-8', 'replace'))}"
    return Source(Place(path), None, size=0, state=SourceState.UNREADABLE, reason=reason)


openers.add("unread", priority=5)(Unread())
