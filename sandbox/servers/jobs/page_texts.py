"""Times and durations as a page shows them."""

from __future__ import annotations

from datetime import UTC, datetime


def seconds_text(milliseconds: int) -> str:
    """A duration: `3.2 s`, `2 min 5 s`."""
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def time_text(milliseconds: int) -> str:
    """A moment in UTC, nothing for 0."""
    if not milliseconds:
        return ""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
