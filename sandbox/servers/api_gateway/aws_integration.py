"""The integration type `aws`: the transformed body is an action of an AWS service, signed. Kinesis is served.

The gateway finds and signs for the service as any boto3 client in its process would: by the AWS profile of its
environment. The role in `credentials` is what Amazon assumes; here the profile's own keys sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import ClientSession
from yarl import URL

from sandbox.servers.api_gateway import transformed_request, transformed_response
from sandbox.servers.api_gateway.aws_service import AwsService, find_service
from sandbox.servers.api_gateway.back_end import BackEnd, BackEndRequest
from sandbox.servers.api_gateway.document import Method
from sandbox.servers.api_gateway.gateway_responses import API_CONFIGURATION_ERROR, INTEGRATION_UNREACHABLE, Refused
from sandbox.servers.api_gateway.invocation import IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.transformed_request import RequestTransformation
from sandbox.servers.api_gateway.transformed_response import ResponseTransformation

URI = re.compile(
    r"^arn:aws[a-z-]*:apigateway:(?P<region>[a-z0-9-]+):(?P<service>[a-z0-9.-]+):(?P<kind>path|action)/(?P<what>.+)$"
)
ROLE = re.compile(r"^arn:aws[a-z-]*:iam::")
SERVED = ("kinesis",)


def check(method: Method) -> Iterable[str]:
    """Faults of a method's `aws` integration, one sentence each."""
    integration = method.integration or {}
    yield from _uri_faults(str(integration.get("uri", "")))
    if str(integration.get("httpMethod", "")).upper() != "POST":
        yield "Enumeration value for HttpMethod must be non-empty; a Kinesis action is called by POST"
    if not ROLE.match(str(integration.get("credentials", ""))):
        yield "Role ARN must be specified for AWS integrations"
    yield from transformed_request.check(integration)
    yield from transformed_response.check(integration)


def _uri_faults(uri: str) -> Iterable[str]:
    match = URI.match(uri)
    if not uri.startswith("arn:"):
        yield "Invalid ARN specified in the request"
    elif match is None:
        yield "AWS ARN for integration must contain path or action"
    elif match["service"] not in SERVED:
        yield f"AWS integrations of '{match['service']}' are not served here; served are {', '.join(SERVED)}"
    elif match["kind"] == "path":
        yield "AWS integrations by path are not served here; name the action: ...:kinesis:action/PutRecord"


def build(method: Method, timeout_seconds: float, variables: Mapping[str, str]) -> Aws:
    """The integration of a checked method in a stage with these variables."""
    return Aws(method.integration or {}, timeout_seconds, variables)


class Aws:
    """One action of one service."""

    def __init__(self, integration: dict[str, Any], timeout_seconds: float, variables: Mapping[str, str]) -> None:
        match = URI.match(str(integration["uri"]))
        assert match is not None, "an integration is checked before it is built"
        self._found = find_service(match["service"], match["region"])
        self._action = match["what"]
        self._request = RequestTransformation(integration, variables)
        self._response = ResponseTransformation(integration, variables)
        self._back_end = BackEnd(timeout_seconds, INTEGRATION_UNREACHABLE)

    async def invoke(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:
        """The transformed answer. Raises `Refused` as the transformations and `BackEnd.call` do."""
        outgoing = self._request.apply(invocation)
        service = self._service()
        outgoing.headers["X-Amz-Target"] = f"{service.target_prefix}.{self._action}"
        service.sign(outgoing.headers, outgoing.body)
        request = BackEndRequest("POST", URL(service.url), outgoing.headers, outgoing.body)
        return self._response.apply(invocation, await self._back_end.call(request, session, invocation.log))

    def _service(self) -> AwsService:
        if isinstance(self._found, AwsService):
            return self._found
        raise Refused(API_CONFIGURATION_ERROR, f"Execution failed due to configuration error: {self._found}")
