"""Pages among the files of a volume: where they lie, whether Exchange ships them, how many files came with them."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exsweep.knowledge.filesystem import filesystem
from exsweep.knowledge.pages import ships
from exsweep.knowledge.places import pages, place_of
from exsweep.parse.batch import NO_TIME, Ints

_ASKED = 2_000_000
"""Pages of one volume that are looked up; a server has some thousands."""


def _ending(extensions: "frozenset[str] | tuple[str, ...]") -> str:
    return r"(?i)\.(?:" + "|".join(re.escape(one) for one in sorted(extensions)) + ")$"


class Pages:
    """A setup writes thousands of files in minutes, an intruder a few: `note` all rows, `settle`, then ask."""

    def __init__(self) -> None:
        self._web = _ending(filesystem().web_extensions)
        self._pages = pa.array(sorted(one.encode() for one in pages()), pa.binary())
        self._parts: list[Ints] = []
        self._times: Ints = np.empty(0, np.int64)
        self._asked = 0

    def note(self, rows: pa.Table) -> None:
        """Rows with `name` and `NameCreated`."""
        web = np.asarray(pc.match_substring_regex(rows["name"], self._web))
        times = np.asarray(rows["NameCreated"])[web]
        self._parts.append(times[times != NO_TIME])

    def settle(self) -> None:
        """All rows were noted."""
        self._times = np.sort(np.concatenate(self._parts)) if self._parts else self._times
        self._parts = []

    def columns(self, paths: pa.Array, extensions: pa.Array, made: Ints) -> dict[str, pa.Array]:
        """`Place`, `Shipped` and `Neighbours` of the rows that are pages; null for others."""
        rows = np.flatnonzero(np.asarray(pc.is_in(extensions, self._pages)))[: max(0, _ASKED - self._asked)]
        self._asked += len(rows)
        place, shipped = [""] * len(rows), [""] * len(rows)
        for at, path in enumerate(paths.take(pa.array(rows)).to_pylist()):
            said = path.decode("utf-8", "replace")
            place[at] = place_of(said).kind
            shipped[at] = "yes" if ships(said) else "no"
        reach = filesystem().burst_minutes * 60_000
        times = made[rows]
        near = np.searchsorted(self._times, times + reach, "right") - np.searchsorted(
            self._times, times - reach
        )
        near = np.where(times == NO_TIME, -1, np.maximum(near - 1, 0))
        return {
            "Place": _spread(rows, place, len(paths)),
            "Shipped": _spread(rows, shipped, len(paths)),
            "Neighbours": _spread(rows, [str(one) if one >= 0 else "" for one in near.tolist()], len(paths)),
        }


def _spread(rows: Ints, values: list[str], count: int) -> pa.Array:
    words, codes = np.unique(np.array(["", *values]), return_inverse=True)
    where = np.full(count, codes[0], np.int32)
    where[rows] = codes[1:]
    return pa.DictionaryArray.from_arrays(
        pa.array(where), pa.array([one.encode() for one in words], pa.binary())
    )
