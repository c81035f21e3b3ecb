"""Failures that may pass, and how often and in what rhythm they are tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from pyspark_kinesis.errors import KinesisUnavailableError

_PASSING = {
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
    "ThrottlingException",
    "KMSThrottlingException",
    "RequestLimitExceeded",
    "ResourceInUseException",
    "InternalFailure",
    "ServiceUnavailable",
}


def passes(error: Exception) -> bool:
    """Whether a failure may be gone at the next try: throttling, a lost connection, a fault of the service."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in _PASSING or status >= 500
    return isinstance(error, (ConnectionError, HTTPClientError, ResponseParserError))


@dataclass(frozen=True, slots=True)
class Retries:
    """Capped exponential backoff with jitter: about 40 s with the defaults.

    Attributes:
        tries: how often a request is sent at most.
        first_wait, longest_wait: seconds; a pause is drawn between a half of `first_wait * 2**failures`, at most
            `longest_wait`, and the whole of it.
        sleep: waits for seconds.
    """

    tries: int = 13
    first_wait: float = 0.1
    longest_wait: float = 8.0
    sleep: Callable[[float], None] = time.sleep

    def call(self, request: Callable[..., Any], what: str, **arguments: Any) -> Any:
        """Send a request until it is answered; `what` names it in the error.

        Raises:
            KinesisUnavailableError: none of the tries was answered.
            ClientError, BotoCoreError: a failure that does not pass.
        """
        for failures in range(self.tries):
            try:
                return request(**arguments)
            except Exception as error:
                if not passes(error):
                    raise
                if failures == self.tries - 1:
                    raise KinesisUnavailableError(
                        f"{what} failed {self.tries} times, in the end by: {error}. Restart the query once Kinesis "
                        "answers; it goes on from its checkpoint. If it throttles, use fewer readers or more shards."
                    ) from error
                self.sleep(self._pause(failures))
        raise AssertionError("tries is at least 1")

    def _pause(self, failures: int) -> float:
        whole = min(self.longest_wait, self.first_wait * 2**failures)
        return whole * (0.5 + random.random() / 2)  # noqa: S311
