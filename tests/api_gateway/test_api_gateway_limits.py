"""Throttles and quotas, by their definitions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.servers.api_gateway import throttle
from sandbox.servers.api_gateway.quota import window_start


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.5, 50), st.integers(1, 20), st.lists(st.floats(0, 2), max_size=60))
def test_a_bucket_lets_no_more_pass_than_burst_plus_rate(rate: float, burst: int, pauses: list[float]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttle, "monotonic", clock)
        bucket = throttle.TokenBucket(rate, burst)
        passed = 0
        for pause in pauses:
            clock.now += pause
            passed += bucket.take()
    assert passed <= burst + rate * clock.now + 1e-6


def test_a_full_bucket_lets_the_burst_pass_at_once() -> None:
    bucket = throttle.TokenBucket(rate=0.001, burst=5)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]


DATES = st.dates(date(2020, 1, 1), date(2030, 12, 31))


@given(DATES, st.integers(0, 6))
def test_a_week_starts_on_sunday_plus_the_offset(today: date, offset: int) -> None:
    start = window_start(today, "WEEK", offset)
    assert start.isoweekday() % 7 == offset
    assert timedelta(0) <= today - start < timedelta(days=7)


@given(DATES, st.integers(0, 27))
def test_a_month_starts_on_the_first_plus_the_offset(today: date, offset: int) -> None:
    start = window_start(today, "MONTH", offset)
    assert start.day == 1 + offset
    assert timedelta(0) <= today - start < timedelta(days=31)


@given(DATES)
def test_a_day_is_a_day(today: date) -> None:
    assert window_start(today, "DAY", 0) == today
