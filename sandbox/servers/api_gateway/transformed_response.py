"""From the back end's answer to the client's: the integration response that fits, its mappings and its template.

Source: "Set up an integration response in API Gateway" and the extension x-amazon-apigateway-integration.responses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.servers.api_gateway import content_handling, parameter_mapping
from sandbox.servers.api_gateway.document import section
from sandbox.servers.api_gateway.gateway_responses import API_CONFIGURATION_ERROR, Refused
from sandbox.servers.api_gateway.invocation import BackEndAnswer, Headers, IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.mapping_template import MappingTemplate, TemplateFailedError
from sandbox.servers.api_gateway.media_types import accepted
from sandbox.servers.api_gateway.parameter_mapping import one_line
from sandbox.servers.api_gateway.payload import MalformedPayloadError, Payload
from sandbox.servers.api_gateway.velocity_values import map_at, show

DEFAULT = "default"
HEADER_NAME = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
FRAMING = frozenset(["connection", "content-length", "transfer-encoding"])
STATUS = re.compile(r"^[1-5]\d\d$")


def check(integration: dict[str, Any]) -> Iterable[str]:
    """Faults of an integration's responses, one sentence each."""
    for pattern, response in section(integration, "responses").items():
        if not isinstance(response, dict) or not STATUS.match(str(response.get("statusCode", ""))):
            yield f"Invalid status code specified for the integration response '{pattern}'"
            continue
        if not _is_pattern(pattern):
            yield f"Invalid selection pattern specified: {pattern}"
        yield from parameter_mapping.check(response, parameter_mapping.RESPONSE)
        yield from content_handling.check(response)


def _is_pattern(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


class ResponseTransformation:
    """The response side of a checked integration in a stage with these variables."""

    def __init__(self, integration: dict[str, Any], variables: Mapping[str, str]) -> None:
        responses = section(integration, "responses")
        self._responses = [
            (re.compile(pattern), _Response(response, variables))
            for pattern, response in responses.items()
            if pattern not in ("", DEFAULT)
        ]
        default = responses.get(DEFAULT) or responses.get("")
        self._default = _Response(default, variables) if default else None

    def apply(self, invocation: Invocation, answer: BackEndAnswer) -> IntegrationAnswer:
        """The client's answer. Raises `Refused` with 500 where no integration response fits or its template fails."""
        response = self._select(str(answer.status))
        try:
            return response.apply(invocation, answer)
        except (TemplateFailedError, MalformedPayloadError, ValueError) as error:
            cause = f"Execution failed due to configuration error: Unable to transform response ({error})"
            raise Refused(API_CONFIGURATION_ERROR, cause) from error

    def _select(self, status: str) -> _Response:
        fitting = (response for pattern, response in self._responses if pattern.fullmatch(status))
        found = next(fitting, self._default)
        if found is None:
            raise Refused(
                API_CONFIGURATION_ERROR,
                "Execution failed due to configuration error: No match for output mapping and no default output "
                f"mapping configured. Endpoint Response Status Code: {status}",
            )
        return found


class _Response:
    """One integration response."""

    def __init__(self, definition: dict[str, Any], variables: Mapping[str, str]) -> None:
        self._status = int(definition["statusCode"])
        self._mappings = parameter_mapping.compile_mappings(definition, parameter_mapping.RESPONSE, variables)
        self._templates = {kind: str(text) for kind, text in section(definition, "responseTemplates").items()}
        self._convert = content_handling.conversion(definition)

    def apply(self, invocation: Invocation, answer: BackEndAnswer) -> IntegrationAnswer:
        """The client's answer. Raises what mappings and templates raise."""
        media_type, template = accepted(self._templates, invocation)
        headers = {"content-type": media_type, **self._mapped(invocation, answer)}
        body = self._convert(answer.body)
        if template:
            payload = answer.payload if body is answer.body else Payload(body)
            mapping = MappingTemplate(template)
            rendered = mapping.render(payload, invocation.params, invocation.context, invocation.variables)
            body = rendered.encode("utf-8", "replace")
        override = map_at(invocation.context, "responseOverride")
        headers.update({str(name).lower(): show(value) for name, value in map_at(override, "header").items()})
        status = self._final_status(override.get("status"))
        return IntegrationAnswer(status, encoded_headers(headers), body, answer.status)

    def _mapped(self, invocation: Invocation, answer: BackEndAnswer) -> dict[str, str]:
        found = ((mapping.name.lower(), mapping.source(invocation, answer)) for mapping in self._mappings)
        return {name: value for name, value in found if value is not None}

    def _final_status(self, override: Any) -> int:
        """Amazon takes an override that is a status, and ignores any other."""
        text = show(override)
        return int(text) if STATUS.match(text) else self._status


def encoded_headers(headers: dict[str, str]) -> Headers:
    """Headers as bytes: no value may add a header, no name break the answer's frame."""
    sendable = [name for name in headers if HEADER_NAME.match(name) and name not in FRAMING]
    return [(name.encode(), one_line(headers[name]).encode("utf-8", "replace")) for name in sendable]
