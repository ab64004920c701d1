"""Who may be asked when: rates for the whole run, each network and each neighbourhood; pauses when asked to wait.

Pure: time is passed in (seconds of a clock that never goes back).
"""

import heapq
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from exsweep.knowledge.scanning import Rates

T = TypeVar("T")

_BURST_S = 0.1
"""So much of a fast rate may be made up for at once: an event loop is never on time to the millisecond."""
_FAST = 50.0
"""Requests a second from which that holds; slower rates keep their full distance between any two requests."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target lives: its origin AS (or /16), and its /24 (IPv6 /48)."""

    network: Hashable
    neighbourhood: Hashable


class _Lane(Generic[T]):
    """Items by neighbourhood, and a heap of neighbourhoods by the moment from which one of them may be asked."""

    def __init__(self) -> None:
        self.items: dict[Hashable, deque[T]] = {}
        self.heap: list[tuple[float, int, Hashable]] = []
        self._order = 0

    def push(self, ready: float, key: Hashable) -> None:
        self._order += 1
        heapq.heappush(self.heap, (ready, self._order, key))


@dataclass(slots=True)
class _Mood:
    pushed_back: int = 0
    resets: int = 0


class Politeness(Generic[T]):
    """A queue of requests that gives each out when its turn has come. One request = one item."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._later: _Lane[T] = _Lane()
        self._first: _Lane[T] = _Lane()
        self._network_of: dict[Hashable, Hashable] = {}
        self._run_free = 0.0
        self._network_free: dict[Hashable, float] = {}
        self._free: dict[Hashable, float] = {}
        self._moods: dict[Hashable, _Mood] = {}
        self._stopped: set[Hashable] = set()
        self.waiting_first = 0
        """First contacts that were not given out yet."""

    def offer(self, item: T, place: Place, *, later: bool = False) -> None:
        """Put a request in line; `later` = to a host that this run already talks to: these go first."""
        lane = self._later if later else self._first
        self._network_of[place.neighbourhood] = place.network
        items = lane.items.get(place.neighbourhood)
        if items is None:
            lane.items[place.neighbourhood] = deque((item,))
            lane.push(0.0, place.neighbourhood)
        else:
            items.append(item)
        self.waiting_first += not later

    def take(self, now: float, *, first: bool = True) -> T | None:
        """A request whose turn has come; None when there is none now. Without `first`, only further requests."""
        if now < self._run_free:
            return None
        item = self._from(self._later, now)
        if item is None and first:
            item = self._from(self._first, now)
            self.waiting_first -= item is not None
        return item

    def ready_at(self, *, first: bool = True) -> float | None:
        """The next moment at which `take` may give something; None when nothing is in line."""
        lanes = (self._later, self._first) if first else (self._later,)
        soonest = min((lane.heap[0][0] for lane in lanes if lane.heap), default=None)
        return None if soonest is None else max(soonest, self._run_free)

    def pushed_back(self, place: Place, now: float, retry_after: float | None) -> None:
        """429 or 503: pause the neighbourhood, each time twice as long; after the last time it is left alone."""
        mood = self._moods.setdefault(place.neighbourhood, _Mood())
        mood.pushed_back += 1
        mood.resets = 0
        wanted = max(self._rates.push_back_s * 2 ** (mood.pushed_back - 1), retry_after or 0.0)
        pause = min(wanted, self._rates.longest_push_back_s)
        self._free[place.neighbourhood] = max(self._free.get(place.neighbourhood, 0.0), now + pause)
        if mood.pushed_back >= self._rates.push_backs:
            self._stopped.add(place.neighbourhood)
            for lane in (self._later, self._first):  # what waits there is told at once that it is not asked
                if place.neighbourhood in lane.items:
                    lane.push(0.0, place.neighbourhood)

    def broke_off(self, place: Place, now: float) -> None:
        """A reset; so many in a row count as one wish to be left alone."""
        mood = self._moods.setdefault(place.neighbourhood, _Mood())
        mood.resets += 1
        if mood.resets >= self._rates.resets:
            self.pushed_back(place, now, None)

    def answered(self, place: Place) -> None:
        """A proper answer: resets before it do not count any more."""
        mood = self._moods.get(place.neighbourhood)
        if mood is not None:
            mood.resets = 0

    def is_stopped(self, place: Place) -> bool:
        """Is this neighbourhood left alone for the rest of the run?"""
        return place.neighbourhood in self._stopped

    def _from(self, lane: _Lane[T], now: float) -> T | None:
        while lane.heap and lane.heap[0][0] <= now:
            _, _, key = heapq.heappop(lane.heap)
            ready = max(self._free.get(key, 0.0), self._network_free.get(self._network_of[key], 0.0))
            if ready > now and key not in self._stopped:
                lane.push(ready, key)
                continue
            items = lane.items.get(key)
            if items is None:
                continue  # an entry from before the neighbourhood was left alone
            item = items.popleft()
            self._count(key, now)
            if items:
                lane.push(now if key in self._stopped else self._free.get(key, now), key)
            else:
                del lane.items[key]
            return item
        return None

    def _count(self, key: Hashable, now: float) -> None:
        if key in self._stopped:
            return  # nothing will be sent: no time passes for the others
        network = self._network_of[key]
        rates = self._rates
        self._run_free = _next(self._run_free, now, rates.per_second)
        self._free[key] = _next(self._free.get(key, 0.0), now, rates.per_neighbourhood)
        self._network_free[network] = _next(self._network_free.get(network, 0.0), now, rates.per_network)


def _next(free: float, now: float, rate: float) -> float:
    """From when on the next request may go out."""
    return max(free, now - _BURST_S if rate >= _FAST else now) + 1.0 / rate
