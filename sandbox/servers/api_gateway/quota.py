"""Quotas: so many requests a day, week or month (UTC), counted a key of a usage plan.

Counts are written to disk a second after they change, so a kill -9 may forget the last second; Amazon applies quotas
on a best-effort basis too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.servers.aws.store import Store

KIND = "usage"


class QuotaCounter:
    """The requests of one key in the current period of one plan's quota."""

    __slots__ = ("limit", "offset", "period", "used", "window")

    def __init__(self, limit: int, period: str, offset: int) -> None:
        self.limit = limit
        self.period = period
        self.offset = offset
        self.window = ""
        self.used = 0

    def take(self) -> bool:
        """Count one request if the quota still has room for it."""
        window = window_start(datetime.now(UTC).date(), self.period, self.offset).isoformat()
        if window != self.window:
            self.window, self.used = window, 0
        if self.used >= self.limit:
            return False
        self.used += 1
        return True


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

    def counter(self, plan_id: str, key_id: str, quota: dict[str, Any]) -> QuotaCounter:
        """The counter of a key under a plan's quota; a changed quota keeps what was used in the period."""
        counters = self._counters.setdefault(plan_id, {})
        counter = counters.get(key_id) or self._restored(plan_id, key_id)
        counter.limit, counter.period, counter.offset = quota["limit"], quota["period"], quota.get("offset", 0)
        counters[key_id] = counter
        return counter

    def _restored(self, plan_id: str, key_id: str) -> QuotaCounter:
        saved = self._saved.get(plan_id, {}).get(key_id, {})
        counter = QuotaCounter(0, "DAY", 0)
        counter.window, counter.used = saved.get("window", ""), saved.get("used", 0)
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
            counts = {key: {"window": counter.window, "used": counter.used} for key, counter in counters.items()}
            if self._saved.get(plan_id) != counts:
                self._store.save(KIND, plan_id, counts)
                self._saved[plan_id] = counts
