"""How often somebody may ask: a bucket for each caller and kind of route, refilled with time."""

import threading
from collections import OrderedDict

import msgspec

from exsweep.web.problem import Problem

_MOST = 50_000


class Rate(msgspec.Struct, frozen=True):
    """So many at once, and so many a second in the long run."""

    burst: float
    per_second: float


RATES = {
    "normal": Rate(200, 20),
    "heavy": Rate(20, 0.5),
    "signing_in": Rate(20, 0.2),
    "sending": Rate(2_000, 200),
}
"""Names of `Route.rate`. Chosen so that a person with three windows never meets them."""


class Limiter:
    """Buckets in memory; those not used for long go first. Thread-safe."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, rate: str, now: float) -> dict[str, str]:
        """Take one; returns the headers that say how many are left.

        Raises:
            Problem: 429, none is left.
        """
        of = RATES[rate]
        with self._lock:
            left, since = self._buckets.pop((who, rate), (of.burst, now))
            left = min(of.burst, left + max(0.0, now - since) * of.per_second)
            allowed = left >= 1
            left -= 1 if allowed else 0
            self._buckets[who, rate] = (left, now)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
        wait = max(1, round((1 - left) / of.per_second)) if not allowed else 0
        headers = {
            "ratelimit-policy": f'"{rate}";q={int(of.burst)};w={int(of.burst / of.per_second)}',
            "ratelimit": f'"{rate}";r={int(left)};t={wait}',
        }
        if not allowed:
            raise Problem(
                429,
                "Too many requests.",
                tip=f"Try again in {wait} seconds.",
                headers={**headers, "Retry-After": str(wait)},
            )
        return headers
