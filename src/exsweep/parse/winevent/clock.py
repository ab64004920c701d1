"""Exports whose times are local but marked as UTC: found by the moments that events tell themselves, and corrected.

Sysmon writes `UtcTime` into every event. Where the record's own time differs from it by the same multiple of a quarter of
an hour nearly everywhere, the record's times are local ones.
"""

from collections import Counter
from collections.abc import Sequence

from exsweep.knowledge.event_exports import event_exports
from exsweep.parse.times import iso_ms
from exsweep.parse.winevent.formats import SYSTEM
from exsweep.parse.winevent.record import Event

STEP_MS = 15 * 60_000
"""Offsets of time zones are multiples of it."""
SLACK_MS = 2 * 60_000
"""Events are written a moment after they happen."""
NEEDED = 20
"""Events that must show an offset ..."""
SHARE = 0.8
"""... and their share of those that could."""
ENOUGH = 400
"""Events after which nothing more is waited for."""
LONGEST_MS = 15 * 3_600_000
"""No zone is further from UTC."""
_TIME = SYSTEM.index("TimeCreated")


class ClockOffset:
    """Watches the events of one file."""

    def __init__(self) -> None:
        self.seen: Counter[int] = Counter()
        """Offsets in steps, and None-like 0 for events whose time is right."""
        self._names = event_exports().own_utc

    def look(self, events: Sequence[Event]) -> None:
        """Take note of events that tell their moment themselves."""
        for event in events:
            for name in self._names:
                said = event.data.get(name)
                stamp = event.system[_TIME]
                if said and isinstance(stamp, str):
                    self._add(said, stamp)

    def _add(self, said: str, stamp: str) -> None:
        own, written = iso_ms(said.encode("utf-8", "replace")), iso_ms(stamp.encode("utf-8", "replace"))
        if own is None or written is None or abs(own - written) > LONGEST_MS:
            return
        steps = round((own - written) / STEP_MS)
        if abs(own - written - steps * STEP_MS) <= SLACK_MS:
            self.seen[steps] += 1
        else:
            self.seen[_ODD] += 1

    @property
    def enough(self) -> bool:
        return self.seen.total() >= ENOUGH

    def offset_ms(self) -> int:
        """What must be added to the records' times to get UTC; 0 where they are right, or nothing can be said."""
        if not self.seen:
            return 0
        steps, count = self.seen.most_common(1)[0]
        if steps == _ODD or count < NEEDED or count < SHARE * self.seen.total():
            return 0
        return steps * STEP_MS

    @property
    def shown_by(self) -> int:
        """Events that show the offset."""
        return self.seen.most_common(1)[0][1] if self.seen else 0


_ODD = 10_000
"""Stands for a difference that is no time zone's."""
