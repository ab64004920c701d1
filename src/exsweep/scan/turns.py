"""Whose turn it is, on the clock of the event loop: first visits, further requests, and visits to be made once more."""

import asyncio
from collections import deque
from dataclasses import dataclass

from exsweep.knowledge.scanning import Rates, fingerprints
from exsweep.scan.heard import Heard
from exsweep.scan.politeness import Place, Politeness
from exsweep.scan.replies import Failure, Reply
from exsweep.scan.targets import Target


@dataclass(frozen=True, slots=True)
class Job:
    """A visit to be made."""

    target: Target
    to: str
    """The pinned address."""
    place: Place
    repeated: bool
    """An earlier part of this run may have contacted it."""
    before: tuple[Heard, ...] = ()
    """Of a first visit that got no answer."""


class Turns:
    """Gives out first visits when asked to, and wakes further requests when politeness lets them go."""

    def __init__(self, rates: Rates) -> None:
        self.changed = asyncio.Event()
        """Something happened that may let a visit begin."""
        self._polite: Politeness[Job | asyncio.Future[None]] = Politeness(rates)
        self._again: deque[tuple[float, Job]] = deque()
        """(moment, visit to make once more), in order of the moments."""
        self._loop = asyncio.get_running_loop()

    @property
    def left(self) -> bool:
        """Visits are still to be given out."""
        return bool(self._polite.waiting_first or self._again)

    def offer(self, job: Job) -> None:
        """Put a visit in line."""
        self._polite.offer(job, job.place)
        self.changed.set()

    def again(self, job: Job, after_s: float) -> None:
        """Make a visit once more, behind all first ones and not sooner; `after_s` is the same for all."""
        self._again.append((self._loop.time() + after_s, job))
        self.changed.set()

    async def further(self, place: Place) -> bool:
        """Wait until one more request may go there; False: the neighbourhood wants to be left alone."""
        turn: asyncio.Future[None] = self._loop.create_future()
        self._polite.offer(turn, place, later=True)
        self._wake_further()
        if not turn.done():
            self.changed.set()  # whoever sleeps must know when it is due
            await turn
        return not self._polite.is_stopped(place)

    def due(self, most: int) -> list[Job]:
        """Visits to begin now; further requests that are due are woken on the way."""
        now = self._loop.time()
        self._line_up_again(now)
        found: list[Job] = []
        while len(found) < most and (item := self._polite.take(now)) is not None:
            if isinstance(item, Job):
                found.append(item)
            elif not item.done():
                item.set_result(None)
        if len(found) >= most:
            self._wake_further()
        return found

    async def rest(self, *, room: bool, until: float | None) -> None:
        """Sleep until a visit or a request is due, something changes, or `until`. Without `room` no visit is due."""
        moments = [self._polite.ready_at(first=room), until]
        if self._again and not self._polite.waiting_first:
            moments.append(self._again[0][0])
        soonest = min((each for each in moments if each is not None), default=None)
        timer = None
        if soonest is not None:
            timer = self._loop.call_at(max(soonest, self._loop.time() + 0.001), self.changed.set)
        await self.changed.wait()
        if timer is not None:
            timer.cancel()

    def mind(self, place: Place, answer: Reply | Failure) -> None:
        """Hear an answer: who asks to be left alone is."""
        if isinstance(answer, Reply) and answer.status in fingerprints().push_back_statuses:
            self._polite.pushed_back(place, self._loop.time(), answer.retry_after_s)
        elif isinstance(answer, Reply):
            self._polite.answered(place)
        elif answer is Failure.RESET:
            self._polite.broke_off(place, self._loop.time())

    def is_stopped(self, place: Place) -> bool:
        """Is that neighbourhood left alone for the rest of the run?"""
        return self._polite.is_stopped(place)

    def _wake_further(self) -> None:
        now = self._loop.time()
        while isinstance(item := self._polite.take(now, first=False), asyncio.Future):
            if not item.done():
                item.set_result(None)

    def _line_up_again(self, now: float) -> None:
        """Second visits stand behind all first ones: hosts that answer wait for nobody."""
        while self._again and self._again[0][0] <= now and not self._polite.waiting_first:
            job = self._again.popleft()[1]
            self._polite.offer(job, job.place)
