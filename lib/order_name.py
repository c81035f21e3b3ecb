"""The names of the orders of posting; what they do stands in `lib.post_orders`."""

from __future__ import annotations

from enum import StrEnum


class OrderName(StrEnum):
    """In which order rows are posted."""

    SEQUENTIAL = "sequential"
    COURSE = "course"
    FEED = "feed"
