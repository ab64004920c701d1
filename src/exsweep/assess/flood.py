"""Matches beyond what is kept of a rule, a file and a day are counted as they come: memory stays flat in the noise."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from exsweep.assess.rows import FOLD_AFTER, moment
from exsweep.detect import Match
from exsweep.model import Hit
from exsweep.parse.batch import NO_TIME, Batch, Ints

_DAY_MS = 86_400_000
_FEWER = ((10_000, 5), (2_500, 50))
"""(Matches kept of one format of a file, how many of a rule and a day are kept from then on): with thousands of rules and
years of days FOLD_AFTER alone bounds nothing (a log of 4 GB that is all attacks: 2 GiB)."""
_Key = tuple[str, str, int, int | None]
"""Rule, format, place of the file in its task, day since 1970."""


@dataclass(slots=True)
class _Seen:
    matches: int = 0
    kept: int = 0
    offset: int | None = None
    """Byte of the last match that is kept."""
    last_ms: int = NO_TIME
    """Time of the last match that was only counted."""


@dataclass(slots=True)
class Flood:
    """One task's matches. What it keeps are the first ones in the order of each format of a file, whatever came between."""

    _seen: dict[_Key, _Seen] = field(default_factory=dict)
    _kept: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Matches kept, by place of the file and format."""

    def kept(self, batch: Batch, matches: Sequence[Match], places: Ints) -> list[Match]:
        """The matches (of rows of `batch`) that are kept; `places` tells for each row which file it came from."""
        found = []
        for match in sorted(matches, key=lambda one: one.row):
            time, place = int(batch.time_ms[match.row]), int(places[match.row])
            key = (match.rule.id, batch.format.id, place, _day(time))
            seen = self._seen.setdefault(key, _Seen())
            seen.matches += 1
            of = place, batch.format.id
            if seen.matches == seen.kept + 1 and seen.kept < self._limit(of):
                seen.kept += 1
                self._kept[of] += 1
                seen.offset = int(batch.offset[match.row])
                found.append(match)
            else:
                seen.last_ms = time
        return found

    def counted(self, hits: Sequence[tuple[int, Hit]]) -> list[Hit]:
        """Hits (with the place of their file) with what was only counted on the last kept of its kind."""
        return [self._with_rest(place, hit) for place, hit in hits]

    def _limit(self, of: tuple[int, str]) -> int:
        """How many of a rule and a day are kept, now that so much of this format of this file is."""
        return next((limit for kept, limit in _FEWER if self._kept[of] >= kept), FOLD_AFTER)

    def _with_rest(self, place: int, hit: Hit) -> Hit:
        time = NO_TIME if hit.time is None else round(hit.time.timestamp() * 1000)
        seen = self._seen.get((hit.rule, hit.kind, place, _day(time)))
        if seen is None or seen.matches == seen.kept or hit.origin.offset != seen.offset:
            return hit
        return msgspec.structs.replace(
            hit, count=hit.count + seen.matches - seen.kept, last_time=moment(seen.last_ms) or hit.time
        )


def _day(time_ms: int) -> int | None:
    return None if time_ms == NO_TIME else time_ms // _DAY_MS
