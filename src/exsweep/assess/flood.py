"""Matches beyond what is kept of a rule, a file and a day are counted as they come: memory stays flat in the noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from exsweep.assess.rows import FOLD_AFTER, moment
from exsweep.detect import Match
from exsweep.model import Hit
from exsweep.parse.batch import NO_TIME, Batch, Ints

_DAY_MS = 86_400_000
_Key = tuple[str, str, int, int | None]
"""Rule, format, place of the file in its task, day since 1970."""


@dataclass(slots=True)
class _Seen:
    matches: int = 0
    last_ms: int = NO_TIME
    """Time of the last match that was only counted."""


@dataclass(slots=True)
class Flood:
    """One task's matches. What it keeps holds the first FOLD_AFTER matches in the order of each file, whatever came between."""

    _seen: dict[_Key, _Seen] = field(default_factory=dict)
    _last: dict[tuple[int, int | None, str, str], _Key] = field(default_factory=dict)
    """Place, offset, rule and format of the last match that is kept, of those that went on."""

    def kept(self, batch: Batch, matches: Sequence[Match], places: Ints) -> list[Match]:
        """The matches (of rows of `batch`) that are kept; `places` tells for each row which file it came from."""
        found = []
        for match in sorted(matches, key=lambda one: one.row):
            time, place = int(batch.time_ms[match.row]), int(places[match.row])
            key = (match.rule.id, batch.format.id, place, None if time == NO_TIME else time // _DAY_MS)
            seen = self._seen.setdefault(key, _Seen())
            seen.matches += 1
            if seen.matches <= FOLD_AFTER:
                found.append(match)
                if seen.matches == FOLD_AFTER:
                    self._last[place, int(batch.offset[match.row]), match.rule.id, batch.format.id] = key
            else:
                seen.last_ms = time
        return found

    def counted(self, hits: Sequence[tuple[int, Hit]]) -> list[Hit]:
        """Hits (with the place of their file) with what was only counted on the last kept of its kind."""
        return [self._with_rest(place, hit) for place, hit in hits]

    def _with_rest(self, place: int, hit: Hit) -> Hit:
        key = self._last.get((place, hit.origin.offset, hit.rule, hit.kind))
        seen = self._seen[key] if key is not None else None
        if seen is None or seen.matches <= FOLD_AFTER:
            return hit
        return msgspec.structs.replace(
            hit, count=hit.count + seen.matches - FOLD_AFTER, last_time=moment(seen.last_ms) or hit.time
        )
