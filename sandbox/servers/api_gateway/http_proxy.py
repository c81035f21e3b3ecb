"""The integration type `http_proxy`: the client's request goes to an HTTP back end and its answer comes back.

Method, query string and body pass byte for byte; headers as `proxy_headers` says; errors as Amazon words them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession

from sandbox.servers.api_gateway import parameter_mapping
from sandbox.servers.api_gateway.back_end import BackEnd, BackEndRequest
from sandbox.servers.api_gateway.document import Method
from sandbox.servers.api_gateway.endpoint_uri import EndpointUri
from sandbox.servers.api_gateway.gateway_responses import INTEGRATION_FAILURE
from sandbox.servers.api_gateway.invocation import NO_ANSWER, IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.parameter_mapping import ParameterMapping
from sandbox.servers.api_gateway.proxy_headers import request_headers, response_headers

VERBS = frozenset(["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])


def check(method: Method) -> Iterable[str]:
    """Faults of a method's `http_proxy` integration, one sentence each."""
    integration = method.integration or {}
    yield from check_endpoint(integration)
    yield from parameter_mapping.check(integration, parameter_mapping.REQUEST)


def check_endpoint(integration: dict[str, Any]) -> Iterable[str]:
    """Faults of an HTTP integration's address and method, one sentence each."""
    if not str(integration.get("uri", "")).startswith(("http://", "https://", "${stageVariables.")):
        yield "Invalid HTTP endpoint specified for URI"
    if str(integration.get("httpMethod", "")).upper() not in VERBS:
        yield "Enumeration value for HttpMethod must be non-empty"


def build(method: Method, timeout_seconds: float, variables: Mapping[str, str]) -> HttpProxy:
    """The integration of a checked method in a stage with these variables."""
    integration = method.integration or {}
    verb = str(integration["httpMethod"]).upper()
    mappings = parameter_mapping.compile_mappings(integration, parameter_mapping.REQUEST, variables)
    uri = EndpointUri(str(integration["uri"]), variables)
    return HttpProxy(uri, None if verb == "ANY" else verb, mappings, BackEnd(timeout_seconds, INTEGRATION_FAILURE))


class HttpProxy:
    """One back end; `verb` is None for the client's own."""

    def __init__(self, uri: EndpointUri, verb: str | None, mappings: list[ParameterMapping], back_end: BackEnd) -> None:
        self._uri = uri
        self._verb = verb
        self._back_end = back_end
        self._paths = [mapping for mapping in mappings if mapping.place == "path"]
        self._queries = [mapping for mapping in mappings if mapping.place == "querystring"]
        self._headers = [mapping for mapping in mappings if mapping.place == "header"]

    async def invoke(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:
        """The back end's answer. Raises `Refused` as `BackEnd.call` and `EndpointUri.fill` do."""
        answer = await self._back_end.call(self._request(invocation), session, invocation.log)
        return IntegrationAnswer(answer.status, response_headers(answer.headers), answer.body, answer.status)

    def _request(self, invocation: Invocation) -> BackEndRequest:
        headers = request_headers(invocation)
        for name, value in _values(self._headers, invocation):
            headers[name] = value
        query = urlencode(_values(self._queries, invocation))
        query = "&".join(part for part in (invocation.query, query) if part)
        url = self._uri.fill(dict(_values(self._paths, invocation)), query)
        return BackEndRequest(self._verb or invocation.verb, url, headers, invocation.body)


def _values(mappings: list[ParameterMapping], invocation: Invocation) -> list[tuple[str, str]]:
    found = [(mapping.name, mapping.source(invocation, NO_ANSWER)) for mapping in mappings]
    return [(name, value) for name, value in found if value is not None]
