"""Throttling as a token bucket: `burst` requests at once, `rate` requests a second in the long run."""

from __future__ import annotations

import math
from collections.abc import Hashable
from time import monotonic


class TokenBucket:
    """A bucket that starts full. `rate` in requests a second, `burst` in requests."""

    __slots__ = ("_filled_at", "_tokens", "burst", "rate")

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = float(burst)
        self._filled_at = monotonic()

    def take(self) -> bool:
        """Take one token if there is one."""
        now = monotonic()
        self._tokens = min(float(self.burst), self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


class Buckets:
    """Buckets by what they throttle; one keeps its fill as long as its limits stay."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, TokenBucket] = {}

    def get(self, key: Hashable, rate: float | None, burst: int | None) -> TokenBucket | None:
        """The bucket of a key; None without limits. A missing limit follows from the other: one second's worth."""
        if rate is None and burst is None:
            return None
        rate = float(burst or 0) if rate is None else float(rate)
        burst = max(1, math.ceil(rate)) if burst is None else int(burst)
        known = self._buckets.get(key)
        if known is None or (known.rate, known.burst) != (rate, burst):
            known = self._buckets[key] = TokenBucket(rate, burst)
        return known
