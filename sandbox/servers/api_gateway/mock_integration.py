"""The integration type `mock`: no back end; the request template's `statusCode` picks the integration response."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import ClientSession

from sandbox.servers.api_gateway import transformed_request, transformed_response
from sandbox.servers.api_gateway.document import Method
from sandbox.servers.api_gateway.gateway_responses import API_CONFIGURATION_ERROR, Refused
from sandbox.servers.api_gateway.invocation import BackEndAnswer, IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.payload import MalformedPayloadError, Payload
from sandbox.servers.api_gateway.transformed_request import RequestTransformation
from sandbox.servers.api_gateway.transformed_response import ResponseTransformation


def check(method: Method) -> Iterable[str]:
    """Faults of a method's `mock` integration, one sentence each."""
    integration = method.integration or {}
    yield from transformed_request.check(integration)
    yield from transformed_response.check(integration)


def build(method: Method, timeout_seconds: float, variables: Mapping[str, str]) -> Mock:  # noqa: ARG001 (nothing to wait for)
    """The integration of a checked method in a stage with these variables."""
    integration = method.integration or {}
    return Mock(RequestTransformation(integration, variables), ResponseTransformation(integration, variables))


class Mock:
    """Answers by itself."""

    def __init__(self, request: RequestTransformation, response: ResponseTransformation) -> None:
        self._request = request
        self._response = response

    async def invoke(self, invocation: Invocation, _: ClientSession) -> IntegrationAnswer:
        """The integration response's answer. Raises `Refused`: 500 where the request template names no status."""
        status = _status(Payload(self._request.apply(invocation).body))
        return self._response.apply(invocation, BackEndAnswer(status, [], b""))


def _status(payload: Payload) -> int:
    try:
        found = payload.find("$.statusCode")
    except MalformedPayloadError:
        found = None
    if type(found) is int:
        return found
    raise Refused(
        API_CONFIGURATION_ERROR,
        "Execution failed due to configuration error: Unable to parse statusCode. It should be an integer that is "
        "defined in the request template.",
    )
