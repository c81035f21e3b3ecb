"""Throttling as a token bucket: `burst` requests at once, `rate` requests a second in the long run."""

from __future__ import annotations

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
