"""Many literals at once over bytes: Hyperscan where it exists, else plain Python; both find the same."""

from array import array
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

hyperscan: Any
try:
    hyperscan = import_module("hyperscan")
except ImportError:  # no wheel for this machine: slower, never blind
    hyperscan = None

Hits = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""(ids, ends): which pattern, and the offset just behind its last byte; in no order."""

_SHIFT = 40
_END = (1 << _SHIFT) - 1
_SOME, _MANY = 12, 49
"""Hyperscan looks for at most 48 literals in another way than for more: measured on a web log, 37 request ids take 0.8
CPU-s a GB, and 0.4 together with literals that occur nowhere, of which there are then 49. Ten take 0.3."""
_NOTHING = (1 << 23) - 1
"""Id of those literals."""


class Matcher(Protocol):
    """ASCII letters match in any case."""

    def scan(self, data: bytes | memoryview) -> Hits:
        """Every place where a pattern ends."""


def make_matcher(patterns: Iterable[tuple[int, bytes]]) -> Matcher:
    """Matcher for (id, literal) pairs; several literals may share an id (below 2^23 - 1). None: matches nothing."""
    chosen = sorted(set(patterns))
    if hyperscan is None or not chosen:
        return PlainMatcher(chosen)
    return HyperscanMatcher(chosen)


class HyperscanMatcher:
    """Block mode over pure literals: about 3 GB a second whatever their number."""

    def __init__(self, patterns: Iterable[tuple[int, bytes]]) -> None:
        chosen = list(patterns)
        self._padded = _SOME < len(chosen) < _MANY
        if self._padded:
            chosen += [(_NOTHING, b"\1\2nothing%02d\3" % number) for number in range(_MANY - len(chosen))]
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[literal for _, literal in chosen],
            ids=[number for number, _ in chosen],
            elements=len(chosen),
            flags=[hyperscan.HS_FLAG_CASELESS] * len(chosen),
            literal=True,
        )

    def scan(self, data: bytes | memoryview) -> Hits:
        found = array("q")
        add = found.append

        def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            add(number << _SHIFT | end)

        self._database.scan(data, match_event_handler=on_match)
        packed = np.frombuffer(found, np.int64) if found else np.empty(0, np.int64)
        ids, ends = packed >> _SHIFT, packed & _END
        if self._padded and len(ids) and ids.max() == _NOTHING:  # somebody wrote down what occurs nowhere
            kept = ids != _NOTHING
            return ids[kept], ends[kept]
        return ids, ends


class PlainMatcher:
    """One search per literal."""

    def __init__(self, patterns: Iterable[tuple[int, bytes]]) -> None:
        self._by_literal: dict[bytes, list[int]] = {}
        for number, literal in patterns:
            self._by_literal.setdefault(literal.lower(), []).append(number)

    def scan(self, data: bytes | memoryview) -> Hits:
        low = bytes(data).lower()
        ids: list[int] = []
        ends: list[int] = []
        for literal, numbers in self._by_literal.items():
            at = low.find(literal)
            while at >= 0:
                for number in numbers:
                    ids.append(number)
                    ends.append(at + len(literal))
                at = low.find(literal, at + 1)
        return np.array(ids, dtype=np.int64), np.array(ends, dtype=np.int64)
