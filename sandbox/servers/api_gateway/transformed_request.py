"""From the client's request to the integration's: parameter mappings, mapping template, passthrough behaviour.

Source: "Data transformations in API Gateway" and "Method request behavior for payloads without mapping templates".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from multidict import CIMultiDict

from sandbox.servers.api_gateway import content_handling, parameter_mapping
from sandbox.servers.api_gateway.document import section
from sandbox.servers.api_gateway.gateway_responses import (
    API_CONFIGURATION_ERROR,
    INVALID_JSON,
    UNSUPPORTED_MEDIA_TYPE,
    Refused,
)
from sandbox.servers.api_gateway.invocation import NO_ANSWER, Invocation
from sandbox.servers.api_gateway.mapping_template import MappingTemplate, TemplateFailedError
from sandbox.servers.api_gateway.media_types import JSON, media_type
from sandbox.servers.api_gateway.parameter_mapping import one_line
from sandbox.servers.api_gateway.payload import MalformedPayloadError, Payload
from sandbox.servers.api_gateway.velocity_values import map_at, show

DEFAULT_TEMPLATE = "$default"
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")


@dataclass
class TransformedRequest:
    """What goes to the back end. `paths` fill its URI; `headers` are the mapped ones and Amazon's defaults."""

    body: bytes
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)
    query: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)


def check(integration: dict[str, Any]) -> Iterable[str]:
    """Faults of an integration's request side, one sentence each."""
    yield from parameter_mapping.check(integration, parameter_mapping.REQUEST)
    yield from content_handling.check(integration)
    if _passthrough(integration) not in PASSTHROUGH:
        yield f"Enumeration value for PassthroughBehavior must be one of {', '.join(PASSTHROUGH)}"


def _passthrough(integration: dict[str, Any]) -> str:
    return str(integration.get("passthroughBehavior") or "WHEN_NO_MATCH").upper()


class RequestTransformation:
    """The request side of a checked integration in a stage with these variables."""

    def __init__(self, integration: dict[str, Any], variables: Mapping[str, str]) -> None:
        self._mappings = parameter_mapping.compile_mappings(integration, parameter_mapping.REQUEST, variables)
        self._templates = {kind.lower(): str(text) for kind, text in section(integration, "requestTemplates").items()}
        self._passthrough = _passthrough(integration)
        self._convert = content_handling.conversion(integration)
        for text in self._templates.values():
            _read_ahead(text)

    def apply(self, invocation: Invocation) -> TransformedRequest:
        """The request to the back end.

        Raises `Refused`: 415 where no template fits and nothing may pass, 400 where JSON is wanted of a body that is
        none, 500 where the template fails.
        """
        try:
            request = TransformedRequest(self._body(invocation))
            self._set_headers(request, invocation)
            self._map_parameters(request, invocation)
        except MalformedPayloadError as error:
            raise Refused(INVALID_JSON, str(error)) from error
        except (TemplateFailedError, ValueError) as error:
            cause = f"Execution failed due to configuration error: Unable to transform request ({error})"
            raise Refused(API_CONFIGURATION_ERROR, cause) from error
        _override(request, invocation)
        return request

    def _body(self, invocation: Invocation) -> bytes:
        template = self._template(media_type(invocation))
        body = self._convert(invocation.body)
        if not template:
            return body
        payload = invocation.payload if body is invocation.body else Payload(body)
        rendered = MappingTemplate(template).render(
            payload, invocation.params, invocation.context, invocation.variables
        )
        return rendered.encode("utf-8", "replace")

    def _template(self, kind: str) -> str | None:
        template = self._templates.get(kind) or self._templates.get(DEFAULT_TEMPLATE)
        if template or self._passthrough == "WHEN_NO_MATCH":
            return template
        if self._passthrough == "NEVER" or self._templates:
            raise Refused(UNSUPPORTED_MEDIA_TYPE, f"no mapping template for {kind}")
        return None

    def _set_headers(self, request: TransformedRequest, invocation: Invocation) -> None:
        request.headers["User-Agent"] = f"AmazonAPIGateway_{invocation.api_id}"
        request.headers["X-Amzn-Apigateway-Api-Id"] = invocation.api_id
        request.headers["X-Amzn-Trace-Id"] = invocation.trace_id
        request.headers["Accept"] = JSON
        request.headers["Content-Type"] = invocation.header("content-type") or JSON

    def _map_parameters(self, request: TransformedRequest, invocation: Invocation) -> None:
        places = {"header": request.headers, "querystring": request.query, "path": request.paths}
        for mapping in self._mappings:
            value = mapping.source(invocation, NO_ANSWER)
            if value is not None:
                places[mapping.place][mapping.name] = value


def _read_ahead(text: str) -> None:
    """Compile a template when its stage is deployed; one that cannot be read fails the requests that need it."""
    try:
        MappingTemplate(text)
    except TemplateFailedError:
        return


def _override(request: TransformedRequest, invocation: Invocation) -> None:
    """What the template set in `$context.requestOverride` wins over the mappings."""
    for place, target in (("header", request.headers), ("querystring", request.query), ("path", request.paths)):
        for name, value in map_at(invocation.context, "requestOverride", place).items():
            target[str(name)] = one_line(show(value))
