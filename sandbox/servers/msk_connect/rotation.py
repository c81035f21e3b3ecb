"""When an open file is due to be written."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Rotation:
    """The connector's rules for closing a file; all times in milliseconds since 1970, durations in milliseconds.

    Attributes:
        flush_size: ``flush.size``, records in a full file.
        interval_ms: ``rotate.interval.ms``, counted by the wall clock from the file's first record; None: off.
        schedule_ms: ``rotate.schedule.interval.ms``, the wall clock's multiples of it since midnight; None: off.
        timezone: ``timezone``, whose midnight is meant.
    """

    flush_size: int
    interval_ms: int | None = None
    schedule_ms: int | None = None
    timezone: tzinfo = UTC

    def deadline(self, opened_ms: int) -> int | None:
        """Give the moment at which a file opened at ``opened_ms`` is due though not full; None: never."""
        moments = []
        if self.interval_ms is not None:
            moments.append(opened_ms + self.interval_ms)
        if self.schedule_ms is not None:
            moments.append(self._next_scheduled(opened_ms, self.schedule_ms))
        return min(moments, default=None)

    def _next_scheduled(self, after_ms: int, schedule_ms: int) -> int:
        """Confluent's scheduled rotation: multiples of the interval since midnight, and midnight itself."""
        day = datetime.fromtimestamp(after_ms / 1000, self.timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        midnight_ms = int(day.timestamp() * 1000)
        next_midnight_ms = int((day + timedelta(days=1)).timestamp() * 1000)
        passed = (after_ms - midnight_ms) // schedule_ms
        return min(midnight_ms + (passed + 1) * schedule_ms, next_midnight_ms)
