"""What the Kafka REST proxy answers to records, through the gateway.

Source: the error codes of Confluent's REST proxy API v2 (produce: an error of a record is 2 or 50003 if a later try
may succeed; 40401 is an unknown topic).
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import requests

from lib.errors import RequestRefusedError, UnexpectedAnswerError, UnknownTopicError, WrongPathError
from lib.gateway_answers import EXCERPT_LENGTH, RecordVerdict, Refusal, answer_error, excerpt, without

RETRIABLE_RECORD_CODES = frozenset({2, 50003})
TOPIC_NOT_FOUND = 40401

_WRONG_PATH = (
    "The gateway knows no such path. API_INVOKE_URL must be the invoke URL of a deployed stage, without `/topics`: "
    "compare it with `sandbox env`, or deploy the stage again."
)
_NO_TOPIC = (
    "Kafka has no topic {topic}. `sandbox kafka-topics --list` shows what there is, `sandbox up` makes the three; "
    "on MSK create it as in walkthrough 1, and compare USER_ID."
)
_CONTENT_TYPE = (
    "The REST proxy refuses the content type. The integration must pass the header Content-Type through: "
    "compare the API with aws/api.yaml and deploy the stage again."
)
_BAD_FORM = "The request's form is refused. Compare the API's request validation with aws/api.yaml."
_FORBIDDEN = "The request is forbidden. Compare the API's resource policy and the REST proxy's rights on the topic."


def verdicts(response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:
    """One verdict for each of the `count` records of a request, in order; raises the GatewayError of a refused request.

    `secret` is cut out of whatever the error quotes.
    """
    if response.status_code != 200:
        topic = response.url.rpartition("/")[2]
        raise answer_error(response, secret, lambda status, text: _refusal(status, text, topic))
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


def _verdict(offset: dict[str, object], secret: str) -> RecordVerdict:
    code = offset.get("error_code")
    if code is None and offset.get("error") is None:
        return RecordVerdict(None)
    error = without(secret, f"{code}: {offset.get('error')}")[:EXCERPT_LENGTH]
    return RecordVerdict(error, retriable=code in RETRIABLE_RECORD_CODES)


def _refusal(status: int, text: str, topic: str) -> Refusal | None:
    """What this destination makes of an answer that no later try will change."""
    if status == 403 and "Missing Authentication Token" in text:
        return WrongPathError, _WRONG_PATH
    if status == 404:
        unknown = str(TOPIC_NOT_FOUND) in text
        return (UnknownTopicError, _NO_TOPIC.format(topic=topic)) if unknown else (WrongPathError, _WRONG_PATH)
    if status == 403 and '"Forbidden"' in text:
        return None
    return _REFUSALS.get(status)


_REFUSALS: dict[int, Refusal] = {
    400: (RequestRefusedError, _BAD_FORM),
    401: (RequestRefusedError, _FORBIDDEN),
    403: (RequestRefusedError, _FORBIDDEN),
    415: (RequestRefusedError, _CONTENT_TYPE),
    422: (RequestRefusedError, _BAD_FORM),
}
