"""What the gateway's and the REST proxy's answers mean.

Sources: the error bodies of Amazon API Gateway ("Gateway response types") and the error codes of Confluent's REST
proxy API v2 (produce: an error of a record is 2 or 50003 if a later try may succeed; 40401 is an unknown topic).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson
import requests

from lib.errors import (
    ApiKeyRefusedError,
    GatewayError,
    QuotaExceededError,
    RequestRefusedError,
    UnexpectedAnswerError,
    UnknownTopicError,
    WrongPathError,
)

RETRIABLE_RECORD_CODES = frozenset({2, 50003})
TOPIC_NOT_FOUND = 40401
EXCERPT_LENGTH = 300

_WRONG_PATH = (
    "The gateway knows no such path. API_INVOKE_URL must be the invoke URL of a deployed stage, without `/topics`: "
    "compare it with `sandbox env`, or deploy the stage again."
)
_WRONG_KEY = "The gateway refuses the API key. Compare API_KEY with `sandbox env`, or with the stage's usage plan."
_QUOTA = "The usage plan's quota for this API key is used up. Raise it in the usage plan, or wait for the next period."
_NO_TOPIC = (
    "Kafka has no topic {topic}. `sandbox kafka-topics --list` shows what there is, `sandbox up` makes the three; "
    "on MSK create it as in walkthrough 1, and compare USER_ID."
)
_CONTENT_TYPE = (
    "The REST proxy refuses the content type. The integration must pass the header Content-Type through: "
    "compare the API with aws/api.yaml and deploy the stage again."
)
_BAD_FORM = "The request's form is refused. Compare the API's request validation with aws/api.yaml."
_REDIRECT = "The address redirects. Set API_INVOKE_URL to the final address, with https where the gateway speaks it."
_FORBIDDEN = "The request is forbidden. Compare the API's resource policy and the REST proxy's rights on the topic."
_OTHER = "The request is refused. Compare the API with aws/api.yaml; `sandbox logs api-gateway` tells more."


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
    """The request's body is larger than the gateway takes (413): fewer records at once may pass."""


def verdicts(response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:
    """One verdict for each of the `count` records of a request, in order; raises the GatewayError of a refused request.

    `secret` is cut out of whatever the error quotes.
    """
    if response.status_code != 200:
        raise _error(response, secret)
    try:
        offsets = orjson.loads(response.content)["offsets"]
        found = [_verdict(offset, secret) for offset in offsets]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        found = []
    if len(found) != count:
        message = (
            f"The answer is no REST proxy's: it should list {count} offsets. Compare API_INVOKE_URL with `sandbox env`."
        )
        raise UnexpectedAnswerError(message, url=response.url, status=200, excerpt=excerpt(response, secret))
    return found


def excerpt(response: requests.Response, secret: str) -> str:
    """The start of the answer's body as one line, without `secret`."""
    text = " ".join(response.content[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace").split())
    return _without(secret, text)[:EXCERPT_LENGTH]


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


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "***") if secret else text


def _verdict(offset: dict[str, object], secret: str) -> RecordVerdict:
    code = offset.get("error_code")
    if code is None and offset.get("error") is None:
        return RecordVerdict(None)
    error = _without(secret, f"{code}: {offset.get('error')}")[:EXCERPT_LENGTH]
    return RecordVerdict(error, retriable=code in RETRIABLE_RECORD_CODES)


def _error(response: requests.Response, secret: str) -> GatewayError:
    status, text = response.status_code, excerpt(response, secret)
    if status >= 500 or (status == 429 and "Limit Exceeded" not in text):
        wait = retry_after_seconds(response.headers.get("Retry-After"))
        message = "The gateway throttles." if status == 429 else "The gateway, or what stands behind it, failed."
        return RetriableAnswerError(message, url=response.url, status=status, excerpt=text, retry_after=wait)
    kind, message = _refusal(status, text)
    named = message.format(topic=response.url.rpartition("/")[2])
    return kind(named, url=response.url, status=status, excerpt=text)


def _refusal(status: int, text: str) -> tuple[type[GatewayError], str]:
    """Type and message for an answer that no later try will change."""
    if status == 403 and "Missing Authentication Token" in text:
        return WrongPathError, _WRONG_PATH
    if status == 403 and '"Forbidden"' in text:
        return ApiKeyRefusedError, _WRONG_KEY
    if status == 404:
        return (UnknownTopicError, _NO_TOPIC) if str(TOPIC_NOT_FOUND) in text else (WrongPathError, _WRONG_PATH)
    if 300 <= status < 400:
        return RequestRefusedError, _REDIRECT
    return _REFUSALS.get(status, (RequestRefusedError, _OTHER))


_REFUSALS: dict[int, tuple[type[GatewayError], str]] = {
    400: (RequestRefusedError, _BAD_FORM),
    401: (RequestRefusedError, _FORBIDDEN),
    403: (RequestRefusedError, _FORBIDDEN),
    413: (PayloadTooLargeError, "The request is larger than the gateway takes. Lower --batch-size."),
    415: (RequestRefusedError, _CONTENT_TYPE),
    422: (RequestRefusedError, _BAD_FORM),
    429: (QuotaExceededError, _QUOTA),
}
