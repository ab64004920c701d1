"""One file of Windows events to batches, whatever it is: times, counts and facts of the log as it goes by."""

from collections.abc import Iterator, Sequence

import numpy as np

from exsweep.knowledge.event_exports import event_exports
from exsweep.model import SourceState
from exsweep.parse.batch import Batch, RejectedLine
from exsweep.parse.header import Header
from exsweep.parse.sweep import Sieve
from exsweep.parse.tally import Tally
from exsweep.parse.winevent.clock import ClockOffset
from exsweep.parse.winevent.evtx_file import EvtxSource, is_evtx
from exsweep.parse.winevent.exports import Export, ExportSource, recognise_export
from exsweep.parse.winevent.formats import SYSTEM
from exsweep.parse.winevent.ledger import Ledger
from exsweep.parse.winevent.record import Event, Found
from exsweep.parse.winevent.rows import Gatherer
from exsweep.parse.winevent.sessions import Sessions

KIND = "windows_event"
"""What a file of events is called as a whole; its rows belong to many formats."""
WAIT_EVENTS = 20_000
WAIT_BYTES = 48 << 20
"""An export's first events wait until its clock is known, at most so many."""
_TIME, _ID, _CHANNEL, _EVENT, _COMPUTER = (
    SYSTEM.index(name) for name in ("TimeCreated", "EventRecordID", "Channel", "EventID", "Computer")
)


def event_reader(head: bytes, path: str = "") -> "EventReader | None":
    """A reader for the file that begins with `head` (64 KiB are enough); None when it holds no Windows events.

    Cheap for what is something else: a look at the first bytes, or at the names in a CSV's first line.
    """
    if is_evtx(head):
        return EventReader()
    export = recognise_export(head, path)
    return None if export is None else EventReader(export)


def named_evtx(path: str) -> bool:
    """The file is called an event log: where nothing else recognises it, it is read as a broken one."""
    return path.lower().endswith(".evtx")


class EventReader:
    """Reads one file. `tally` counts; `events + rejected = records` after every chunk whose events were handed on.

    Without `export` the bytes are those of an `.evtx` file.
    """

    def __init__(self, export: Export | None = None) -> None:
        self.tally = Tally()
        self._ledger = Ledger()
        self._export = export
        self._covers = export is None or not export.kind.fixed
        """What a watching program was asked for covers no day."""
        self._source = EvtxSource(self._ledger) if export is None else ExportSource(export)
        self._rows = Gatherer()
        self._clock = ClockOffset()
        self._sessions = Sessions()
        self._held: list[Event] | None = None if export is None else []
        self._held_bytes = 0
        self._ended = False
        self._cleared = {(one.id, one.channel.lower()): one.log for one in event_exports().cleared}
        self._clearing_ids = {one for number, _ in self._cleared for one in (number, int(number))}

    def feed(
        self,
        chunk: bytes,
        *,
        last: bool = False,
        sieve: Sieve | None = None,
    ) -> Iterator[Batch]:
        """Batches of the events that are complete; with `last` all that is left.

        Rows of a batch are in file order; batches of different formats overlap. `sieve` is taken as `Reader` takes it and
        has no effect: the bytes of an event log are no text. Rejected records ride along with the next batch.
        """
        if self._ended:
            raise ValueError("this reader was told that the file had ended")
        self._ended = last
        for found in self._source.feed(chunk, last=last):
            yield from self._take(found)
        if last:
            yield from self._release()
            for batch in self._rows.rest():
                yield self._counted(batch)
            self._close()

    def state(self) -> tuple[SourceState, str]:
        """How far the file could be read, and why not to its end; known once all of it was fed."""
        return self._source.state()

    def _take(self, found: Sequence[Found]) -> Iterator[Batch]:
        events = [one for one in found if isinstance(one, Event)]
        if len(events) < len(found):
            self.tally.reject([one for one in found if isinstance(one, RejectedLine)])
        if not events:
            return
        self._note(events)
        if self._export is not None:
            self._clock.look(events)
        if self._held is None:
            yield from self._hand_on(events)
            return
        self._held += events
        self._held_bytes += sum(len(event.raw) for event in events)
        if self._clock.enough or len(self._held) >= WAIT_EVENTS or self._held_bytes >= WAIT_BYTES:
            yield from self._release()

    def _release(self) -> Iterator[Batch]:
        if self._held is not None:
            held, self._held = self._held, None
            self._rows.offset_ms = self._clock.offset_ms()
            yield from self._hand_on(held)

    def _hand_on(self, events: Sequence[Event]) -> Iterator[Batch]:
        for batch in self._rows.add(events):
            yield self._counted(batch)

    def _counted(self, batch: Batch) -> Batch:
        order = np.argsort(batch.time_ms, kind="stable")
        names = tuple(batch.table.column_names)
        self._sessions.add(batch)
        header = Header(batch.format, names)
        self.tally.events_of(batch.table, batch.time_ms[order], header, with_days=self._covers)
        return batch

    def _note(self, events: Sequence[Event]) -> None:
        """What the ledger wants to know."""
        for channel in {event.system[_CHANNEL] for event in events}:
            ids = [event.system[_ID] for event in events if event.system[_CHANNEL] == channel]
            self._ledger.saw(str(channel or ""), ids)
        for computer in {event.system[_COMPUTER] for event in events}:
            if computer:
                self._ledger.saw_computer(str(computer))
        for event in events:
            if event.system[_EVENT] in self._clearing_ids:
                self._note_clearing(event)

    def _note_clearing(self, event: Event) -> None:
        channel = str(event.system[_CHANNEL] or "")
        key = (str(event.system[_EVENT]), channel.lower())
        if key in self._cleared:
            name = self._cleared[key]
            log = channel if name is None else event.data.get(name, "(not named)")
            self._ledger.saw_clearing(log, str(event.system[_TIME] or "an unknown time"))

    def _close(self) -> None:
        tally, ledger = self.tally, self._ledger
        tally.facts.update(self._source.facts())
        tally.facts.update(ledger.facts())
        tally.facts.update(self._sessions.facts())
        for note in (*self._source.notes(), *ledger.notes()):
            tally.note(note)
        if self._rows.crowded:
            tally.note(
                "Some events bring more names of values than there are columns: those values stand in `Data`."
            )
        self._tell_clock()

    def _tell_clock(self) -> None:
        offset, used = self._clock.offset_ms(), self._rows.offset_ms
        shown = f"{self._clock.shown_by} of {self._clock.seen.total()} events"
        difference = self._clock.difference_ms()
        if difference and not offset and not used:
            self.tally.facts["clock_disagreement_s"] = str(difference // 1000)
            self.tally.note(
                f"{shown} tell moments that are {difference / 3_600_000:g} hours from the times of their records, which is no "
                "time zone: one of the clocks was wrong. Nothing was corrected; do not trust these times to the hour."
            )
        if not offset and not used:
            return
        self.tally.facts["clock_offset_s"] = str(used // 1000)
        self.tally.facts["clock_offset_events"] = str(self._clock.shown_by)
        hours = f"{abs(used) / 3_600_000:g} hours {'behind' if used > 0 else 'ahead of'}"
        if used == offset:
            self.tally.note(
                f"The times are local, {hours} UTC, though they are not marked so: {shown} tell their own moment in UTC. "
                "All times of this file were corrected."
            )
        else:
            self.tally.note(
                f"Events further down ({shown}) tell moments that differ by {offset // 60_000} minutes from the times of "
                f"their records; {used // 60_000} minutes were corrected."
            )
