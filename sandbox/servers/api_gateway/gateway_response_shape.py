"""What a client gets when the gateway itself answers: Amazon's defaults, and what an API makes of them.

Kept as the document's `x-amazon-apigateway-gateway-responses`. Source of types and status codes: "Gateway response
types for API Gateway" in the API Gateway developer guide.
"""

from __future__ import annotations

from typing import Any

from sandbox.servers.api_gateway.document import Document, section
from sandbox.servers.api_gateway.extensions import GATEWAY_RESPONSES

Record = dict[str, Any]
DEFAULT_TEMPLATES = {"application/json": '{"message":$context.error.messageString}'}
DEFAULT_4XX, DEFAULT_5XX = "DEFAULT_4XX", "DEFAULT_5XX"
STATUS: dict[str, int | None] = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    DEFAULT_4XX: None,
    DEFAULT_5XX: None,
    "EXPIRED_TOKEN": 403,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 403,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}


def is_defined(document: Document, kind: str) -> bool:
    """Whether an API has a response of its own for a type."""
    return kind in section(document, GATEWAY_RESPONSES)


def read_gateway_response(document: Document, kind: str) -> Record:
    """Amazon's GatewayResponse of a type: the API's own, else what the API's DEFAULT_4XX or DEFAULT_5XX says, else
    Amazon's (`defaultResponse` for both)."""
    status = STATUS[kind]
    group = kind if status is None else DEFAULT_4XX if status < 500 else DEFAULT_5XX
    own = is_defined(document, kind)
    written = section(document, GATEWAY_RESPONSES, kind if own else group)
    code = written.get("statusCode") or status
    return {
        "responseType": kind,
        "statusCode": str(code) if code else None,
        "responseParameters": section(written, "responseParameters"),
        "responseTemplates": section(written, "responseTemplates") or DEFAULT_TEMPLATES,
        "defaultResponse": not own,
    }


def write_gateway_response(document: Document, response: Record) -> None:
    """Put Amazon's GatewayResponse into an API's document."""
    kept = ("statusCode", "responseParameters", "responseTemplates")
    written = {name: response[name] for name in kept if response.get(name)}
    document.setdefault(GATEWAY_RESPONSES, {})[response["responseType"]] = written
