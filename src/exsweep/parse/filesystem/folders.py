"""Folders of one volume by number, and the whole path of each, whatever order or loops the table has them in."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from exsweep.parse.batch import Ints

ROOT = 5
"""Number of a volume's root folder."""
MOST_DEPTH = 64
LONGEST = 4_096
"""Characters of a path that are kept; NTFS allows 32,767."""


class Folders:
    """Number -> name and parent. `path_of` is asked when all folders are known."""

    def __init__(self) -> None:
        self._own: dict[int, tuple[int, int, bytes, bool]] = {}
        """Number -> sequence, number of the parent, name, in use."""
        self._paths: dict[int, bytes | None] = {}
        self.loops = 0
        """Folders that stand in themselves."""

    def __len__(self) -> int:
        return len(self._own)

    def add(self, number: int, sequence: int, parent: int, name: bytes, *, in_use: bool = True) -> None:
        """A folder; of two with one number the one in use counts."""
        known = self._own.get(number)
        if known is None or in_use or not known[3]:
            self._own[number] = (sequence, parent, name, in_use)
            self._paths.clear()

    def path_of(self, number: int) -> bytes | None:
        r"""`\inetpub\wwwroot`, empty for the root; None where the way up is not known."""
        if number == ROOT:
            return b""
        if number in self._paths:
            return self._paths[number]
        way: list[int] = []
        at = number
        while at != ROOT and at not in self._paths and at in self._own and len(way) < MOST_DEPTH:
            if at in way:
                self.loops += 1
                break
            way.append(at)
            at = self._own[at][1]
        found = b"" if at == ROOT else self._paths.get(at)
        for one in reversed(way):
            if found is not None:
                found = (found + b"\\" + self._own[one][2])[:LONGEST]
            self._paths[one] = found
        return self._paths.get(number)

    def _was(self, number: int, sequence: int) -> bool:
        """The number stood for the folder that we know; when a folder is removed its number counts one up."""
        known = self._own.get(number)
        if number == ROOT or known is None:
            return True
        now, in_use = known[0], known[3]
        return sequence == now or (not in_use and sequence == (now - 1) & 0xFFFF)

    def paths(self, numbers: Ints, sequences: Ints) -> pa.Array:
        """Path of each folder, `\\(folder NUMBER-SEQUENCE)` where it is not known, or was another folder at that time."""
        pairs, where = np.unique(numbers << 16 | sequences, return_inverse=True)
        return pa.DictionaryArray.from_arrays(
            pa.array(where.astype(np.int32)), pa.array(self._each(pairs.tolist()), pa.binary())
        ).cast(pa.binary())

    def _each(self, pairs: Sequence[int]) -> list[bytes]:
        found = []
        for pair in pairs:
            number, sequence = pair >> 16, pair & 0xFFFF
            path = self.path_of(number) if self._was(number, sequence) else None
            found.append(path if path is not None else b"\\(folder %d-%d)" % (number, sequence))
        return found
