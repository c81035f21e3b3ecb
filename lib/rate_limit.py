"""A cap on records per second, shared by threads."""

from __future__ import annotations

import threading
import time


class RateLimiter:
    """Lets at most `rate` records a second pass, counted over all threads that share it.

    Each caller reserves the time its records take and waits for its turn, so that in any t seconds at most
    `rate * t` records pass, plus one batch. Own code: the packages of the project hold no limiter for threads.
    """

    def __init__(self, rate: float | None, stop: threading.Event) -> None:
        """Cap at `rate` records a second (None: no cap); a set `stop` ends every wait at once."""
        self._rate = rate
        self._stop = stop
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait_for(self, records: int) -> None:
        """Return when `records` more records may pass, or as soon as `stop` is set."""
        if self._rate is None:
            return
        with self._lock:
            turn = max(self._free_at, time.monotonic())
            self._free_at = turn + records / self._rate
        self._stop.wait(max(0.0, turn - time.monotonic()))
