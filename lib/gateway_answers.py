"""What the gateway's own answers mean, whatever stands behind it.

Source: the error bodies of Amazon API Gateway ("Gateway response types"). What a destination adds to them is in
`lib.kafka_answers` and `lib.kinesis_answers`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from lib.errors import ApiKeyRefusedError, GatewayError, QuotaExceededError, RequestRefusedError

EXCERPT_LENGTH = 300
FAILED = "The gateway, or what stands behind it, failed."

_WRONG_KEY = "The gateway refuses the API key. Compare API_KEY with `sandbox env`, or with the stage's usage plan."
_QUOTA = "The usage plan's quota for this API key is used up. Raise it in the usage plan, or wait for the next period."
_REDIRECT = "The address redirects. Set API_INVOKE_URL to the final address, with https where the gateway speaks it."
_OTHER = "The request is refused. Compare the API with aws/api.yaml; `sandbox logs api-gateway` tells more."

Refusal = tuple[type[GatewayError], str]
"""Type and message of the error that an answer is."""


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """What became of one record of a request: nothing said against it, or an error, to be tried again or not."""

    error: str | None
    retriable: bool = False


class RetriableAnswerError(GatewayError):
    """The request failed in a way that a later try may mend.

    Attributes:
        retry_after: seconds the server asks to wait, None if it does not ask.
    """

    def __init__(
        self, message: str, *, url: str, status: int | None = None, excerpt: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message, url=url, status=status, excerpt=excerpt)
        self.retry_after = retry_after


class PayloadTooLargeError(GatewayError):
    """The request is too large, or holds a record that is (413, or the service's own word): fewer at once may pass."""


def answer_error(
    response: requests.Response, secret: str, refusal: Callable[[int, str], Refusal | None], failed: str = FAILED
) -> GatewayError:
    """The error that an answer is.

    `refusal` tells what the destination makes of a status and the start of a body, None for no word of its own;
    `failed` is the message for a server error. `secret` is cut out of whatever the error quotes.
    """
    status, text = response.status_code, excerpt(response, secret)
    if status >= 500 or (status == 429 and "Limit Exceeded" not in text):
        wait = retry_after_seconds(response.headers.get("Retry-After"))
        message = "The gateway throttles." if status == 429 else failed
        return RetriableAnswerError(message, url=response.url, status=status, excerpt=text, retry_after=wait)
    kind, message = refusal(status, text) or _refusal(status, text)
    return kind(message, url=response.url, status=status, excerpt=text)


def excerpt(response: requests.Response, secret: str) -> str:
    """The start of the answer's body as one line, without `secret`."""
    text = " ".join(response.content[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace").split())
    return without(secret, text)[:EXCERPT_LENGTH]


def without(secret: str, text: str) -> str:
    """The text with `***` wherever it holds the secret."""
    return text.replace(secret, "***") if secret else text


def retry_after_seconds(header: str | None) -> float | None:
    """The seconds a Retry-After header asks for: a number, or an HTTP date; None if there is none to be read."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _refusal(status: int, text: str) -> Refusal:
    """Type and message for an answer that no later try will change."""
    if status == 403 and '"Forbidden"' in text:
        return ApiKeyRefusedError, _WRONG_KEY
    if 300 <= status < 400:
        return RequestRefusedError, _REDIRECT
    return _REFUSALS.get(status, (RequestRefusedError, _OTHER))


_REFUSALS: dict[int, Refusal] = {
    413: (PayloadTooLargeError, "The request is larger than the gateway takes. Lower --batch-size."),
    429: (QuotaExceededError, _QUOTA),
}
