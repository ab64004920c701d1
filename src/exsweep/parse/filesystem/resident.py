"""Text of small pages, which NTFS keeps in the record itself: it outlives the file until the record is used again."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.knowledge.places import pages
from exsweep.parse.batch import Ints
from exsweep.parse.carved import Carved
from exsweep.parse.filesystem.records import Decoded
from exsweep.parse.tally import Tally

_CODE = re.compile(rb"<%|runat\s{0,9}=|@functions|<\0%\0", re.I)
"""What makes a file worth a look whose name is none of a page."""
_MOST = 20_000
"""Pages of one table that are looked at: each costs some milliseconds."""


class ResidentPages:
    """`note` each block of records with its rows, then ask `among` which of the final rows have a text."""

    def __init__(self) -> None:
        self._named = r"(?i)\.(?:" + "|".join(sorted(pages())) + ")$"
        self._texts: dict[int, tuple[int, bytes]] = {}
        """Number of the file -> place in the table and text."""
        self._left = 0

    def note(self, block: bytes, found: Decoded, rows: pa.Table, first: int, record_size: int) -> None:
        """Keep the texts of records that hold a page."""
        inside = found.good & (found.inline >= 0) & (found.size > 0) & ~found.folder
        named = np.asarray(pc.match_substring_regex(rows["name"], self._named))
        wanted = set((np.asarray(rows["line"])[named] - 1 - first).tolist())
        wanted |= {one.start() // record_size for one in _CODE.finditer(block)}
        for place in sorted(wanted):
            if not inside[place]:
                continue
            if len(self._texts) >= _MOST:
                self._left += 1
                continue
            start, size = int(found.inline[place]), int(found.size[place])
            entry = int(found.base[place]) or first + place
            text = found.data[start : start + size].tobytes()
            self._texts.setdefault(entry, (first * record_size + start, text))

    def among(self, rows: Mapping[str, Ints], paths: pa.Array, times: Ints) -> Iterator[Carved]:
        """The pages among these rows, each once, under the first of its names."""
        if not self._texts:
            return
        known = np.fromiter(self._texts, np.int64)
        for row in np.flatnonzero(np.isin(rows["entry"], known) & ~rows["folder"].astype(bool)).tolist():
            text = self._texts.pop(int(rows["entry"][row]), None)
            if text is not None:
                yield Carved(
                    paths[row].as_py().decode("utf-8", "backslashreplace"),
                    text[1],
                    int(rows["line"][row]),
                    text[0],
                    int(times[row]),
                    "file_table" if rows["in_use"][row] else "deleted",
                )

    def count(self, tally: Tally) -> None:
        """Say what was not looked at."""
        if self._left:
            tally.note(
                f"{self._left:,} small pages in the file table were not looked at: there are too many."
            )
