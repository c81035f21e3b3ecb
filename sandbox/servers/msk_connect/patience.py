"""Calls to S3 that are repeated until they succeed."""

import threading
from collections.abc import Callable
from typing import TypeVar

import tenacity

from sandbox.servers.msk_connect.errors import StoppedError, StoreUnavailableError

_T = TypeVar("_T")
_PAUSES = tenacity.wait_random_exponential(multiplier=0.2, max=5)


def insist(call: Callable[[], _T], stop: threading.Event, tell: Callable[[str], None]) -> _T:
    """Repeat ``call`` with growing pauses, 5 s at most, while S3 does not do it; each reason goes to ``tell``.

    Raises:
        StoppedError: ``stop`` was set before S3 did it.
    """
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(StoreUnavailableError),
        wait=_PAUSES,
        sleep=tenacity.sleep_using_event(stop),
        stop=tenacity.stop_when_event_set(stop),
        before_sleep=lambda state: tell(str(state.outcome.exception() if state.outcome else "")),
    )
    try:
        return attempts(call)
    except tenacity.RetryError as error:
        raise StoppedError("The worker stops while S3 is away.") from error
