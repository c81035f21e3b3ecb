"""An answer, and how each form of request is told of an error."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

import orjson

from sandbox.servers.aws.errors import ServiceError
from sandbox.servers.aws.identifiers import request_id
from sandbox.servers.aws_services.calls import Form

Headers = list[tuple[bytes, bytes]]

# Code and status where a form has others than the JSON services: the common errors of each service's reference.
QUERY_ERRORS = {
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "AccessDeniedException": ("AccessDenied", 403),
    "UnknownOperationException": ("InvalidAction", 400),
    "NotImplementedException": ("NotImplemented", 501),
}
NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
EC2_ERRORS = {"UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"}


@dataclass(frozen=True)
class Answer:
    """Status, headers and body as they go out."""

    status: int
    headers: Headers
    body: bytes


def error_answer(form: Form, error: ServiceError) -> Answer:
    """An error as the form's clients read it."""
    if form is Form.JSON:
        return _json(error)
    if form is Form.REST:
        return _rest(error)
    return _ec2(error) if form is Form.EC2 else _xml(error)


def _json(error: ServiceError) -> Answer:
    status = 400 if error.status in (403, 404) else error.status
    body = orjson.dumps({"__type": error.code, "message": str(error)})
    return Answer(status, _headers(b"application/x-amz-json-1.1"), body)


def _rest(error: ServiceError) -> Answer:
    headers = [*_headers(b"application/json"), (b"x-amzn-errortype", error.code.encode())]
    return Answer(error.status, headers, orjson.dumps({"message": str(error)}))


def _xml(error: ServiceError) -> Answer:
    code, status = QUERY_ERRORS.get(error.code, (error.code, error.status))
    kind = "Sender" if status < 500 else "Receiver"
    body = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code><Message>{escape(str(error))}</Message></Error>"
        f"<RequestId>{request_id()}</RequestId></ErrorResponse>"
    )
    return Answer(status, _headers(b"text/xml"), body.encode())


def _ec2(error: ServiceError) -> Answer:
    code, status = QUERY_ERRORS.get(error.code, (error.code, error.status))
    message = str(error)
    if error.code in EC2_ERRORS:
        code, status, message = "AuthFailure", 401, NOT_VALIDATED
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error></Errors><RequestID>{request_id()}</RequestID></Response>"
    )
    return Answer(status, _headers(b"text/xml;charset=UTF-8"), body.encode())


def _headers(content_type: bytes) -> Headers:
    return [(b"content-type", content_type), (b"x-amzn-requestid", request_id().encode())]
