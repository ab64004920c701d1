"""How many hosts may be talked to at once, so that those who say nothing keep no place of those who answer.

A host holds a place while its next word is to be expected: as long as hosts of this run usually take, with room for their
spread (smoothed as RFC 6298 does for its timer); before any was heard, `slow_s`. Whoever takes longer is slow, and stands
in a larger space of its own until it speaks. And a host holds only as much of a place as such hosts go on to answer: where
one of five is mute, five hold four places.

There are as many places as this computer and its line can serve, at most `connections`: one more for each first word that
comes within a second, fewer when such words come late. Else a busy computer takes its own slowness for silence of the others.
Pure: times are passed in, seconds of a clock that never goes back.
"""

from collections import deque

from exsweep.knowledge.scanning import Rates

_SMOOTH, _SMOOTH_SPREAD = 1 / 8, 1 / 4  # RFC 6298 section 2.3
_SPREADS = 2.0
_LATE_S = 0.01
"""By so much an event loop is late without any fault of the hosts."""
_FEW, _MANY = 32, 512
"""The share of those who are heard in time is a mean over so many: a burst of mute ones says little."""
_LEAST_SHARE = 0.25
_FIRST_PLACES, _LEAST_PLACES = 50, 20
_PROMPT_S = 1.0
_FEWER = 1 - 1 / 32
"""By so much each late first word lowers the number of places."""


class Stay:
    """One host that is talked to."""

    __slots__ = ("held", "since", "stage")

    def __init__(self) -> None:
        self.stage: _Stage | None = None
        """What it is waited for; None: nothing, politeness lets it wait."""
        self.since = 0.0
        self.held = False
        """It holds a place; else it is slow."""


class _Stage:
    """Hosts of which the same kind of word is expected."""

    def __init__(self, at_first_s: float) -> None:
        self.count = 0
        """Of them hold a place."""
        self.share = 1.0
        """Of them are heard in time."""
        self.order: deque[tuple[float, Stay]] = deque()
        """(since when, host), longest first; hosts that went on are left in."""
        self._at_first_s = at_first_s
        self._usual_s: float | None = None
        self._spread_s = 0.0
        self._over = _FEW

    @property
    def patience_s(self) -> float:
        """How long a word is waited for before the host counts as slow."""
        if self._usual_s is None:
            return self._at_first_s
        return self._usual_s + _SPREADS * self._spread_s + _LATE_S

    def learn(self, took_s: float, *, in_time: bool) -> None:
        """A word came."""
        if in_time:
            self._count(1.0)
        if self._usual_s is None:
            self._usual_s, self._spread_s = took_s, took_s / 2
            return
        self._spread_s += (abs(took_s - self._usual_s) - self._spread_s) * _SMOOTH_SPREAD
        self._usual_s += (took_s - self._usual_s) * _SMOOTH

    def late(self) -> None:
        """A word did not come in time."""
        self._count(0.0)

    def _count(self, in_time: float) -> None:
        self.share += (in_time - self.share) / self._over
        self._over = min(self._over + 1, _MANY)


class Places:
    """Who holds a place, and how many are free."""

    def __init__(self, rates: Rates, slow_s: float) -> None:
        self._rates = rates
        self._stages = self._first, self._further = _Stage(slow_s), _Stage(slow_s)
        self._slow = 0
        self._places = float(min(_FIRST_PLACES, rates.connections))

    def begin(self, now: float) -> Stay:
        """The first packet goes out to a new host."""
        stay = Stay()
        self._wait(stay, self._first, now)
        return stay

    def heard(self, stay: Stay, now: float) -> None:
        """It agreed on TLS, or answered."""
        if stay.stage is not None:
            stay.stage.learn(now - stay.since, in_time=stay.held)
            if stay.stage is self._first:
                self._adapt(now - stay.since)
        self.leave(stay)

    def ask(self, stay: Stay, now: float) -> None:
        """A request goes out to a host that was heard."""
        self.leave(stay)
        self._wait(stay, self._further, now)

    def leave(self, stay: Stay) -> None:
        """Nothing is expected of it: the visit is over, or politeness lets the next request wait."""
        if stay.stage is not None:
            if stay.held:
                stay.stage.count -= 1
            else:
                self._slow -= 1
        stay.stage, stay.held = None, False

    def room(self, now: float) -> int:
        """So many new hosts may be begun now."""
        for stage in self._stages:
            self._age(stage, now)
        held = sum(stage.count for stage in self._stages)
        later = self._further.share
        worth = self._first.count * max(self._first.share * later, _LEAST_SHARE)
        worth += self._further.count * max(later, _LEAST_SHARE)
        most = self._rates.connections + self._rates.slow_connections
        return max(min(int(self._places - worth), most - held - self._slow), 0)

    def changes_at(self) -> float | None:
        """The moment at which the next host may turn slow; None when none is waited for."""
        moments = [stage.order[0][0] + stage.patience_s for stage in self._stages if stage.order]
        return min(moments, default=None)

    def _adapt(self, took_s: float) -> None:
        if took_s <= _PROMPT_S:
            self._places = min(self._places + 1.0, self._rates.connections)
        else:
            self._places = max(self._places * _FEWER, min(_LEAST_PLACES, self._rates.connections))

    def _wait(self, stay: Stay, stage: _Stage, now: float) -> None:
        stay.stage, stay.held, stay.since = stage, True, now
        stage.count += 1
        stage.order.append((now, stay))

    def _age(self, stage: _Stage, now: float) -> None:
        before = now - stage.patience_s
        while stage.order and stage.order[0][0] <= before:
            since, stay = stage.order.popleft()
            if stay.stage is stage and stay.since == since and stay.held:
                stay.held = False
                stage.count -= 1
                stage.late()
                self._slow += 1
