"""Exports whose times are local but marked as UTC: found by the moments that events tell themselves, and corrected.

Sysmon writes `UtcTime` into every event. Where the record's own time differs from it by the same multiple of a quarter of
an hour nearly everywhere, the record's times are local ones.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from exsweep.knowledge.event_exports import event_exports
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
ZONES_MS = (-14 * 3_600_000, 12 * 3_600_000)
"""What local times of the earth's zones lack to UTC. Source: IANA time zone database."""
LONGEST_MS = 7 * 86_400_000
"""Moments further away are told of something else than the event's own time."""
_TIME = SYSTEM.index("TimeCreated")


class ClockOffset:
    """Watches the events of one file."""

    def __init__(self) -> None:
        self.seen: Counter[int] = Counter()
        """Differences in steps of STEP_MS."""
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
        own, written = _moment(said), _moment(stamp)
        if own is None or written is None:
            return
        difference = round((own - written).total_seconds() * 1000)
        if abs(difference) > LONGEST_MS:
            return
        steps = round(difference / STEP_MS)
        self.seen[steps if abs(difference - steps * STEP_MS) <= SLACK_MS else _ODD] += 1

    @property
    def enough(self) -> bool:
        return self.seen.total() >= ENOUGH

    def difference_ms(self) -> int:
        """The events' own moments minus the times of their records, where that is the same nearly everywhere; else 0."""
        if not self.seen:
            return 0
        steps, count = self.seen.most_common(1)[0]
        if steps == _ODD or count < NEEDED or count < SHARE * self.seen.total():
            return 0
        return steps * STEP_MS

    def offset_ms(self) -> int:
        """What must be added to the records' times to get UTC; 0 where they are right, or nothing can be said.

        A difference that no time zone has is a clock that was wrong: which of the two is not known.
        """
        difference = self.difference_ms()
        return difference if ZONES_MS[0] <= difference <= ZONES_MS[1] else 0

    @property
    def shown_by(self) -> int:
        """Events that show the offset."""
        return self.seen.most_common(1)[0][1] if self.seen else 0


_ODD = 10_000
"""Stands for a difference that is no time zone's."""


def _moment(stamp: str) -> datetime | None:
    """Either kind of stamp in the form that `datetime` reads; quick, for it is asked of every event."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
