"""What Amazon answers itself, word for word, when a request does not reach the back end or the back end fails.

Source: "Gateway response types for API Gateway" in the API Gateway developer guide, and answers seen from the service.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from sandbox.servers.aws.errors import AwsError

MAX_PAYLOAD_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class GatewayResponse:
    """One of Amazon's own answers: its type in the documentation, status, x-amzn-errortype and message."""

    response_type: str
    status: int
    error_type: str
    message: str

    @property
    def body(self) -> bytes:
        """The answer's JSON."""
        return orjson.dumps({"message": self.message})


class Refused(AwsError):
    """The request ends with one of Amazon's own answers.

    Attributes:
        response: what the client gets.
        cause: what happened, for the access log.
    """

    def __init__(self, response: GatewayResponse, cause: str = "") -> None:
        super().__init__(cause or response.message)
        self.response = response
        self.cause = cause or response.message


MISSING_TOKEN = GatewayResponse(
    "MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException", "Missing Authentication Token"
)
FORBIDDEN = GatewayResponse("ACCESS_DENIED", 403, "ForbiddenException", "Forbidden")
INVALID_API_KEY = GatewayResponse("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden")
THROTTLED = GatewayResponse("THROTTLED", 429, "TooManyRequestsException", "Too Many Requests")
QUOTA_EXCEEDED = GatewayResponse("QUOTA_EXCEEDED", 429, "LimitExceededException", "Limit Exceeded")
REQUEST_TOO_LARGE = GatewayResponse("REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "Request Too Long")
INTEGRATION_TIMEOUT = GatewayResponse(
    "INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", "Endpoint request timed out"
)
INTEGRATION_FAILURE = GatewayResponse(
    "INTEGRATION_FAILURE", 504, "InternalServerErrorException", "Network error communicating with endpoint"
)
API_CONFIGURATION_ERROR = GatewayResponse(
    "API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", "Internal server error"
)
INTEGRATION_UNREACHABLE = GatewayResponse(
    "INTEGRATION_FAILURE", 500, "InternalServerErrorException", "Internal server error"
)
UNSUPPORTED_MEDIA_TYPE = GatewayResponse("UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "Unsupported Media Type")
INVALID_JSON = GatewayResponse("DEFAULT_4XX", 400, "BadRequestException", "Invalid JSON in request body")
BAD_REQUEST_BODY = GatewayResponse("BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body")
BAD_REQUEST_PARAMETERS = GatewayResponse(
    "BAD_REQUEST_PARAMETERS", 400, "BadRequestException", "Missing required request parameters: []"
)
