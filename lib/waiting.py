"""Waiting for what a service does by itself: looked at again and again, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from lib.errors import CourseError

Found = TypeVar("Found")


class WaitedTooLongError(CourseError):
    """What was waited for did not come about in time."""


def wait_for(what: str, look: Callable[[], Found | None], seconds: float, every: float = 0.5) -> Found:
    """What `look` gives as soon as it gives something true, asked `every` so many seconds.

    Args:
        what: completes the sentence `Waited ... s for ...`, e.g. `the run to end`.
        look: asks the service.
        seconds: after which the wait is given up.

    Raises:
        WaitedTooLongError: it gave nothing true in time.
    """
    ends_at = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() >= ends_at:
            raise WaitedTooLongError(f"Waited {seconds:g} s for {what}, in vain.")
        time.sleep(every)
    return found
