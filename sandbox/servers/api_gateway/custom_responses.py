"""Amazon's own answers as an API customises them: the extension x-amazon-apigateway-gateway-responses.

Source: "Gateway responses for REST APIs in API Gateway". A template here knows `$context` and `$stageVariables` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.servers.api_gateway import parameter_mapping
from sandbox.servers.api_gateway.document import Document, section
from sandbox.servers.api_gateway.extensions import GATEWAY_RESPONSES
from sandbox.servers.api_gateway.gateway_responses import GatewayResponse, Refused
from sandbox.servers.api_gateway.invocation import NO_ANSWER, Headers, IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.media_types import JSON, accepted
from sandbox.servers.api_gateway.payload import MalformedPayloadError
from sandbox.servers.api_gateway.substitution import compile_format
from sandbox.servers.api_gateway.transformed_response import encoded_headers
from sandbox.servers.api_gateway.velocity_values import VelocityMap


class CustomResponses:
    """The gateway responses of one deployed API; Amazon's own where it defines none."""

    def __init__(self, document: Document, variables: Mapping[str, str]) -> None:
        defined = section(document, GATEWAY_RESPONSES)
        self._customs = {kind: _Custom(section(defined, kind), variables) for kind in defined}

    def answer(self, refused: Refused, invocation: Invocation) -> IntegrationAnswer:
        """The client's answer to a refused request."""
        response = refused.response
        invocation.context["error"] = VelocityMap(
            message=response.message,
            messageString=orjson.dumps(response.message).decode(),
            responseType=response.response_type,
            validationErrorString=refused.cause,
        )
        default = "DEFAULT_4XX" if response.status < 500 else "DEFAULT_5XX"
        custom = self._customs.get(response.response_type) or self._customs.get(default)
        answer = custom.answer(response, invocation) if custom else _amazons_own(response)
        answer.headers.append((b"x-amzn-errortype", response.error_type.encode()))
        return answer


def _amazons_own(response: GatewayResponse) -> IntegrationAnswer:
    return IntegrationAnswer(response.status, [(b"content-type", JSON.encode())], response.body, 0)


class _Custom:
    """One gateway response as the API defines it."""

    def __init__(self, definition: dict[str, Any], variables: Mapping[str, str]) -> None:
        status = str(definition.get("statusCode") or "")
        self._status = int(status) if status.isdecimal() else None
        self._variables = variables
        self._mappings = parameter_mapping.compile_mappings(definition, parameter_mapping.GATEWAY, variables)
        templates = section(definition, "responseTemplates")
        self._templates = {kind: compile_format(str(text), "") for kind, text in templates.items()}

    def answer(self, response: GatewayResponse, invocation: Invocation) -> IntegrationAnswer:
        """The customised answer."""
        media_type, template = accepted(self._templates, invocation)
        body = template(invocation.context, self._variables).encode("utf-8", "replace") if template else response.body
        return IntegrationAnswer(self._status or response.status, self._headers(media_type, invocation), body, 0)

    def _headers(self, media_type: str, invocation: Invocation) -> Headers:
        headers = {"content-type": media_type}
        for mapping in self._mappings:
            try:
                value = mapping.source(invocation, NO_ANSWER)
            except MalformedPayloadError:
                continue
            if value is not None:
                headers[mapping.name.lower()] = value
        return encoded_headers(headers)
