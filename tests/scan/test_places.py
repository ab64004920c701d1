"""Places of those who answer, in time that is only counted: what hosts that say nothing cost the others."""

import heapq
import itertools
import random
from collections import deque

import msgspec
import pytest

from exsweep.knowledge.scanning import Rates, checks
from exsweep.scan.places import Places, Stay

LIMITS = checks().limits
TICK_S = 0.005
AT_ONCE = 100
LIVE = 2_000


def _rates(connections: int = AT_ONCE, slow: int = 4_000) -> Rates:
    return msgspec.structs.replace(checks().rates, connections=connections, slow_connections=slow)


class Simulated:
    """A run of live hosts, whose words come after `steps` seconds each, and of others that stop answering.

    `agree`: these agree on TLS before they fall silent. `spread` of a log-normal distribution makes hosts differ.
    """

    def __init__(self, mute: int, steps: tuple[float, ...], *, agree: bool, spread: float) -> None:
        self.most_open = self._open = 0
        self._places = Places(_rates(), LIMITS.slow_s)
        self._chance = random.Random(1)
        self._events: list[tuple[float, int, Stay, int, bool, float]] = []
        self._number = itertools.count()
        self._steps, self._agree, self._spread = steps, agree, spread
        hosts = [True] * LIVE + [False] * mute
        self._chance.shuffle(hosts)
        self.took_s = self._run(hosts)

    def _run(self, hosts: list[bool]) -> float:
        """Seconds until the last live host was done."""
        now, done = 0.0, 0
        while done < LIVE:
            while self._events and self._events[0][0] <= now:
                done += self._word(*self._events[0])
            for _ in range(min(self._places.room(now), len(hosts))):
                self._begin(now, hosts.pop())
            now += TICK_S
        return now

    def _begin(self, now: float, live: bool) -> None:
        pace = self._chance.lognormvariate(0, self._spread)
        stay = self._places.begin(now)
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        first = self._steps[0] * pace if live or self._agree else LIMITS.connect_s
        self._later(now + first, stay, 0 if live or self._agree else -1, live, pace)

    def _later(self, at: float, stay: Stay, step: int, live: bool, pace: float) -> None:
        heapq.heappush(self._events, (at, next(self._number), stay, step, live, pace))

    def _word(self, at: float, _: int, stay: Stay, step: int, live: bool, pace: float) -> bool:
        heapq.heappop(self._events)
        if step < 0 or (live and step == len(self._steps) - 1):
            if live:
                self._places.heard(stay, at)
            self._places.leave(stay)
            self._open -= 1
            return live
        self._places.heard(stay, at)
        self._places.ask(stay, at)
        wait = self._steps[step + 1] * pace if live else LIMITS.total_s
        self._later(at + wait, stay, step + 1 if live else -1, live, pace)
        return False


@pytest.mark.parametrize("spread", [0.0, 0.5], ids=["alike", "different"])
@pytest.mark.parametrize("agree", [False, True], ids=["mute from the start", "mute after TLS"])
@pytest.mark.parametrize(
    "steps", [(0.1, 0.05, 0.05), (0.2, 0.1, 0.1), (0.6, 0.3, 0.3)], ids=["50 ms away", "100 ms", "300 ms"]
)
def test_a_fifth_of_tarpits_costs_live_hosts_no_more_than_a_tenth_of_their_pace(
    steps: tuple[float, ...], agree: bool, spread: float
) -> None:
    alone = Simulated(0, steps, agree=agree, spread=spread).took_s
    among = Simulated(LIVE // 4, steps, agree=agree, spread=spread).took_s
    assert alone / among >= 0.9


def _busy(each_s: float, connections: int, hosts: int) -> tuple[float, float]:
    """(longest wait for a first word, seconds for all) where one processor serves one word after another."""
    places = Places(_rates(connections), LIMITS.slow_s)
    queue: deque[tuple[float, Stay]] = deque()
    now = longest = 0.0
    left = done = hosts
    while done:
        for _ in range(min(places.room(now), left)):
            queue.append((now, places.begin(now)))
            left -= 1
        now += each_s
        if queue:
            since, stay = queue.popleft()
            longest = max(longest, now - since)
            places.heard(stay, now)
            places.leave(stay)
            done -= 1
    return longest, now


@pytest.mark.parametrize("each_s", [0.001, 0.004, 0.02])
def test_a_busy_computer_does_not_take_its_own_slowness_for_silence(each_s: float) -> None:
    longest, took = _busy(each_s, 1_000, 5_000)
    assert longest < LIMITS.connect_s / 2
    assert took < 1.05 * 5_000 * each_s


def test_without_tarpits_no_more_hosts_are_talked_to_at_once_than_there_are_places() -> None:
    assert Simulated(0, (0.1, 0.05, 0.05), agree=False, spread=0.0).most_open == AT_ONCE


def test_however_many_are_mute_the_two_bounds_hold_together() -> None:
    places = Places(_rates(10, 30), LIMITS.slow_s)
    begun = 0
    for second in range(200):
        for _ in range(places.room(float(second))):
            places.begin(float(second))
            begun += 1
    assert begun == 40


def test_a_host_that_waits_for_its_turn_holds_no_place() -> None:
    places = Places(_rates(1), LIMITS.slow_s)
    stay = places.begin(0.0)
    assert places.room(0.0) == 0
    places.heard(stay, 0.1)
    assert places.room(0.1) == 1
    places.ask(stay, 0.2)
    assert places.room(0.2) == 0
    places.leave(stay)
    places.leave(stay)
    assert places.room(0.2) == 1


def test_a_slow_host_that_speaks_again_is_counted_again() -> None:
    places = Places(_rates(1), LIMITS.slow_s)
    stay = places.begin(0.0)
    assert places.changes_at() == LIMITS.slow_s
    assert places.room(2.0) == 1
    places.heard(stay, 2.1)
    places.ask(stay, 2.1)
    assert places.room(2.1) == 0
