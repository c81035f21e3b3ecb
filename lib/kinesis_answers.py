"""What Kinesis answers through the gateway's routes `/streams/...`.

Sources: the Kinesis API reference (common errors, PutRecord, PutRecords), and API Gateway's integration responses: a
method whose only integration response is the default one, as the console makes it, answers Kinesis's errors with 200.
So an error is told by `__type` in the body, whatever the status.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import requests

from lib.errors import GatewayError, RequestRefusedError, UnexpectedAnswerError, UnknownStreamError, WrongPathError
from lib.gateway_answers import (
    EXCERPT_LENGTH,
    PayloadTooLargeError,
    RecordVerdict,
    Refusal,
    RetriableAnswerError,
    answer_error,
    excerpt,
    without,
)

THROTTLED_OR_FAILED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "InternalFailure",
        "ServiceUnavailable",
        "KMSThrottlingException",
        "LimitExceededException",
        "ResourceInUseException",
        "ThrottlingException",
    }
)
_NO_RIGHT = frozenset({"AccessDeniedException", "UnrecognizedClientException", "KMSAccessDeniedException"})
# Too many records, or too much data; not a name of a stream that is too long, and not data that is missing.
_TOO_MUCH = re.compile(r"'(records|data)\b.*length less than|size exceed", re.IGNORECASE)

_WRONG_PATH = (
    "The gateway has no route {route}. Compare the API's resources and methods with aws/api.yaml and deploy the stage "
    "again; API_INVOKE_URL must be the invoke URL of that stage, without `/streams`: compare it with `sandbox env`."
)
_NO_STREAM = (
    "Kinesis has no stream {stream}, or it is not active yet. `streaming-kinesis --create-streams` makes the streams "
    "that are missing and waits for them; if yours has another name, compare USER_ID."
)
_TEMPLATE = (
    "Kinesis cannot read what {route} makes of the request. Compare the method's mapping template and action with "
    "aws/templates and aws/api.yaml, and deploy the stage again."
)
_NO_TEMPLATE = (
    "{route} has no mapping template for application/json. Compare its integration request with aws/templates, and "
    "deploy the stage again."
)
_BAD_FORM = "{route} refuses the request's form. Compare the method's request validation and model with aws/api.yaml."
_ROLE = (
    "Kinesis refuses the gateway. The role in the integration of {route} must trust apigateway.amazonaws.com and may "
    "call its action on streaming-*; with an encrypted stream, use its key too."
)
_TOO_LARGE = (
    "Kinesis does not take a record like this; 1 MiB with its key is the most unless the stream says otherwise."
)
_FAILED = (
    "The gateway, or what stands behind it, failed. API Gateway answers a mapping template or role that does not work "
    "in the same way: try {route} in the console's Test tab if it goes on."
)
_NO_ANSWER_OF_KINESIS = (
    "This is no answer of {action}. {route} must call that action and pass its answer on as it is: compare its "
    "integration with aws/api.yaml and deploy the stage again."
)


@dataclass(frozen=True, slots=True)
class StreamRoute:
    """A method of the API: its action in Kinesis, the HTTP method, and the path below `/streams/{stream-name}`."""

    action: str
    method: str
    leaf: str = ""

    def __str__(self) -> str:
        return f"{self.method} /streams/{{stream-name}}{self.leaf}"

    def path(self, stream: str) -> str:
        """The path below the invoke URL."""
        return f"/streams/{stream}{self.leaf}"


PUT_RECORD = StreamRoute("PutRecord", "PUT", "/record")
PUT_RECORDS = StreamRoute("PutRecords", "PUT", "/records")
CREATE_STREAM = StreamRoute("CreateStream", "POST")
DESCRIBE_STREAM = StreamRoute("DescribeStream", "GET")


def answer_of(route: StreamRoute, response: requests.Response, secret: str) -> dict[str, Any]:
    """The body of a good answer; raises the GatewayError of any other one."""
    content = _json(response)
    if "__type" in content:
        raise _kinesis_error(route, content, response, secret)
    if response.status_code != 200:
        failed = _FAILED.format(route=route)
        raise answer_error(response, secret, lambda status, text: _refusal(route, status, text), failed)
    return content


def record_verdict(response: requests.Response, secret: str) -> RecordVerdict:
    """What became of the record of a PutRecord; raises the GatewayError of a refused request."""
    if "SequenceNumber" not in answer_of(PUT_RECORD, response, secret):
        raise _unexpected(PUT_RECORD, response, secret)
    return RecordVerdict(None)


def records_verdicts(response: requests.Response, count: int, secret: str) -> Sequence[RecordVerdict]:
    """One verdict for each of the `count` records of a PutRecords, in order; raises as `answer_of` does."""
    found = answer_of(PUT_RECORDS, response, secret).get("Records")
    if not isinstance(found, list) or len(found) != count or not all(map(_is_entry, found)):
        raise _unexpected(PUT_RECORDS, response, secret)
    return [_verdict(entry, secret) for entry in found]


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        content = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, dict) and bool(entry.get("SequenceNumber") or entry.get("ErrorCode"))


def _verdict(entry: dict[str, Any], secret: str) -> RecordVerdict:
    code = entry.get("ErrorCode")
    if not code:
        return RecordVerdict(None)
    error = without(secret, f"{code}: {entry.get('ErrorMessage')}")[:EXCERPT_LENGTH]
    return RecordVerdict(error, retriable=code in THROTTLED_OR_FAILED)


def _unexpected(route: StreamRoute, response: requests.Response, secret: str) -> UnexpectedAnswerError:
    message = _NO_ANSWER_OF_KINESIS.format(action=route.action, route=route)
    return UnexpectedAnswerError(message, url=response.url, status=200, excerpt=excerpt(response, secret))


def _kinesis_error(
    route: StreamRoute, content: dict[str, Any], response: requests.Response, secret: str
) -> GatewayError:
    kind, message = _error(str(content["__type"]).rpartition("#")[2], str(content.get("message")))
    stream = response.url.rpartition("/streams/")[2].partition("/")[0]
    told = message.format(route=route, stream=stream)
    return kind(told, url=response.url, status=response.status_code, excerpt=excerpt(response, secret))


def _error(code: str, text: str) -> Refusal:
    """Type and message for an error that Kinesis answers to a whole request."""
    if code in THROTTLED_OR_FAILED:
        return RetriableAnswerError, "Kinesis throttles, or failed."
    if code == "ResourceNotFoundException":
        return UnknownStreamError, _NO_STREAM
    if code in _NO_RIGHT:
        return RequestRefusedError, _ROLE
    if _TOO_MUCH.search(text):
        return PayloadTooLargeError, _TOO_LARGE
    return RequestRefusedError, _TEMPLATE


def _refusal(route: StreamRoute, status: int, text: str) -> Refusal | None:
    """What an answer of the gateway's own means here; without the route a request falls to the REST proxy: 404, 405."""
    if status in (404, 405) or (status == 403 and "Missing Authentication Token" in text):
        return WrongPathError, _WRONG_PATH.format(route=route)
    messages = {400: _BAD_FORM, 415: _NO_TEMPLATE}
    return (RequestRefusedError, messages[status].format(route=route)) if status in messages else None
