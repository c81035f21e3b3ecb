"""The service's limits of a shard, for those who want to meet them: see `Limits`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

MIB = 1 << 20
RECORDS_A_SECOND = 1000
WRITTEN_BYTES_A_SECOND = MIB
READS_A_SECOND = 5
READ_BYTES_A_SECOND = 2 * MIB


class Allowance:
    """So much a second, and no more than one second's worth saved up. It may be overdrawn, and is shut until repaid."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._left, self._at = rate, rate, now

    def left(self, now: float) -> float:
        """What can be spent now."""
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        return self._left

    def spend(self, amount: float) -> None:
        """Take from it."""
        self._left -= amount


class _ShardLimits:
    def __init__(self, now: float) -> None:
        self.records = Allowance(RECORDS_A_SECOND, now)
        self.written = Allowance(WRITTEN_BYTES_A_SECOND, now)
        self.reads = Allowance(READS_A_SECOND, now)
        self.read = Allowance(READ_BYTES_A_SECOND, now)


class Limits:
    """What each shard may take and give: 1,000 records and 1 MiB a second in, 5 calls and 2 MiB a second out.

    Source: "Quotas and limits" of the Kinesis Data Streams developer guide. A shard is a topic and a number.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._shards: dict[tuple[str, int], _ShardLimits] = defaultdict(lambda: _ShardLimits(self._clock()))

    def allow_write(self, topic: str, shard: int, size: int) -> bool:
        """Take a record of so many bytes into account, unless it is beyond the shard's limits."""
        limits, now = self._shards[topic, shard], self._clock()
        if limits.records.left(now) < 1 or limits.written.left(now) < min(size, WRITTEN_BYTES_A_SECOND):
            return False
        limits.records.spend(1)
        limits.written.spend(size)
        return True

    def allow_read(self, topic: str, shard: int) -> bool:
        """Take a call into account, unless it is beyond the shard's limits; 10 MiB read at once shut it for 4 s."""
        limits, now = self._shards[topic, shard], self._clock()
        if limits.reads.left(now) < 1 or limits.read.left(now) <= 0:
            return False
        limits.reads.spend(1)
        return True

    def note_read(self, topic: str, shard: int, size: int) -> None:
        """Take the bytes that a call gave into account."""
        self._shards[topic, shard].read.spend(size)

    def forget(self, topic: str) -> None:
        """Drop what is known of a deleted stream."""
        for key in [key for key in self._shards if key[0] == topic]:
            del self._shards[key]


class NoLimits(Limits):
    """The default: a shard takes and gives what the machine does."""

    def allow_write(self, topic: str, shard: int, size: int) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def allow_read(self, topic: str, shard: int) -> bool:  # noqa: ARG002
        """Always."""
        return True

    def note_read(self, topic: str, shard: int, size: int) -> None:
        """Nothing to note."""
