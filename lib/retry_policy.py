"""How long, and in what rhythm, a failure that may pass is tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_before_delay,
    stop_when_event_set,
    wait_random_exponential,
)

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Capped exponential backoff with full jitter.

    Attributes:
        give_up_after: seconds from the first try to the last.
        first_wait, longest_wait: bounds in seconds of the pause: it is drawn evenly from 0 to
            `first_wait * 2**failures`, at most `longest_wait`, and never shorter than the error's `retry_after`.
    """

    give_up_after: float = 60.0
    first_wait: float = 0.2
    longest_wait: float = 5.0

    def retrying(self, error: type[Exception], stop: threading.Event, notice: Notice) -> Retrying:
        """Try again on `error`, as tenacity does; in the end the last error is raised.

        `stop`, once set, ends the waiting at once. `notice` is told each failure that will be tried again.
        """
        return Retrying(
            retry=retry_if_exception_type(error),
            wait=self._pause,
            stop=stop_before_delay(self.give_up_after) | stop_when_event_set(stop),
            sleep=sleep_using_event(stop),
            before_sleep=lambda state: notice(_told(state)),
            reraise=True,
        )

    def _pause(self, state: RetryCallState) -> float:
        """Seconds to wait after the failure in `state`."""
        drawn = wait_random_exponential(multiplier=self.first_wait, max=self.longest_wait)(state)
        return max(drawn, getattr(_failure(state), "retry_after", None) or 0.0)


def _told(state: RetryCallState) -> str:
    pause = state.next_action.sleep if state.next_action else 0.0
    return f"{_failure(state)} Try {state.attempt_number + 1} in {pause:.1f} s."


def _failure(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
