"""Usage: the requests of each key of a usage plan by day (UTC), and quotas: so many a day, week or month.

Counts are written to disk a second after they change, so a kill -9 may forget the last second; Amazon applies quotas
on a best-effort basis too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.servers.aws.store import Store

KIND = "usage"
DAYS_KEPT = timedelta(days=90)  # as long as Amazon tells of them


class QuotaCounter:
    """The requests of one key of one plan: by day, and in the current period of the quota (`limit` None: no quota)."""

    __slots__ = ("days", "limit", "offset", "period", "used", "window")

    def __init__(self) -> None:
        self.limit: int | None = None
        self.period = "DAY"
        self.offset = 0
        self.window = ""
        self.used = 0
        self.days: dict[str, int] = {}

    def take(self) -> bool:
        """Count one request if the quota still has room for it."""
        today = datetime.now(UTC).date()
        window = window_start(today, self.period, self.offset).isoformat()
        if window != self.window:
            self.window, self.used = window, 0
        if self.limit is not None and self.used >= self.limit:
            return False
        self.used += 1
        self._count(today)
        return True

    def _count(self, today: date) -> None:
        day = today.isoformat()
        if day not in self.days:
            oldest = (today - DAYS_KEPT).isoformat()
            self.days = {known: count for known, count in self.days.items() if known >= oldest}
        self.days[day] = self.days.get(day, 0) + 1

    def usage(self, day: date) -> list[int]:
        """The requests of a day, and what was left of the quota at its end where there is one."""
        count = self.days.get(day.isoformat(), 0)
        if self.limit is None:
            return [count]
        start = window_start(day, self.period, self.offset)
        before = sum(self.days.get((start + timedelta(days=n)).isoformat(), 0) for n in range((day - start).days))
        return [count, max(0, self.limit - before - count)]


def window_start(today: date, period: str, offset: int) -> date:
    """The first day of the period that holds `today`.

    A DAY starts at midnight UTC, a WEEK on Sunday plus `offset` days, a MONTH on day 1 plus `offset`
    (CloudFormation's AWS::ApiGateway::UsagePlan QuotaSettings).
    """
    if period == "DAY":
        return today
    if period == "WEEK":
        return today - timedelta(days=(today.isoweekday() - offset) % 7)
    first = today.replace(day=1 + offset)
    return first if first <= today else (today.replace(day=1) - timedelta(days=1)).replace(day=1 + offset)


class QuotaBook:
    """The counters of all plans' keys: read at start, written by `write`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._saved: dict[str, dict[str, Any]] = store.load(KIND)
        self._counters: dict[str, dict[str, QuotaCounter]] = {}

    def counter(self, plan_id: str, key_id: str, quota: dict[str, Any] | None) -> QuotaCounter:
        """The counter of a key under a plan's quota, if it has one; a changed quota keeps what was used."""
        counters = self._counters.setdefault(plan_id, {})
        counter = counters.get(key_id) or self._restored(plan_id, key_id)
        limits = quota or {"limit": None, "period": "DAY"}
        counter.limit, counter.period, counter.offset = limits["limit"], limits["period"], limits.get("offset", 0)
        counters[key_id] = counter
        return counter

    def _restored(self, plan_id: str, key_id: str) -> QuotaCounter:
        saved = self._saved.get(plan_id, {}).get(key_id, {})
        counter = QuotaCounter()
        counter.window, counter.used = saved.get("window", ""), saved.get("used", 0)
        counter.days = dict(saved.get("days", {}))
        return counter

    def keep_only(self, plan_ids: Collection[str]) -> None:
        """Drop the counts of plans that are no more."""
        for plan_id in (self._counters.keys() | self._saved.keys()) - set(plan_ids):
            self._counters.pop(plan_id, None)
            self._saved.pop(plan_id, None)
            self._store.delete(KIND, plan_id)

    def write(self) -> None:
        """Write the counts that changed since the last time."""
        for plan_id, counters in self._counters.items():
            counts = {key: _saved(counter) for key, counter in counters.items() if counter.days}
            if self._saved.get(plan_id, {}) != counts:
                self._store.save(KIND, plan_id, counts)
                self._saved[plan_id] = counts


def _saved(counter: QuotaCounter) -> dict[str, Any]:
    return {"window": counter.window, "used": counter.used, "days": dict(counter.days)}
