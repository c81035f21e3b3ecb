"""The integration type `http`: the request and the answer are transformed on their way to an HTTP back end and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from aiohttp import ClientSession

from sandbox.servers.api_gateway import transformed_request, transformed_response
from sandbox.servers.api_gateway.back_end import BackEnd, BackEndRequest
from sandbox.servers.api_gateway.document import Method
from sandbox.servers.api_gateway.endpoint_uri import EndpointUri
from sandbox.servers.api_gateway.gateway_responses import INTEGRATION_UNREACHABLE
from sandbox.servers.api_gateway.http_proxy import check_endpoint
from sandbox.servers.api_gateway.invocation import IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.transformed_request import RequestTransformation
from sandbox.servers.api_gateway.transformed_response import ResponseTransformation

WITHOUT_BODY = frozenset(["GET", "HEAD", "OPTIONS"])


def check(method: Method) -> Iterable[str]:
    """Faults of a method's `http` integration, one sentence each."""
    integration = method.integration or {}
    yield from check_endpoint(integration)
    yield from transformed_request.check(integration)
    yield from transformed_response.check(integration)


def build(method: Method, timeout_seconds: float, variables: Mapping[str, str]) -> Http:
    """The integration of a checked method in a stage with these variables."""
    integration = method.integration or {}
    return Http(
        EndpointUri(str(integration["uri"]), variables),
        str(integration["httpMethod"]).upper(),
        RequestTransformation(integration, variables),
        ResponseTransformation(integration, variables),
        BackEnd(timeout_seconds, INTEGRATION_UNREACHABLE),
    )


class Http:
    """One back end; `verb` is `ANY` for the client's own."""

    def __init__(
        self,
        uri: EndpointUri,
        verb: str,
        request: RequestTransformation,
        response: ResponseTransformation,
        back_end: BackEnd,
    ) -> None:
        self._uri = uri
        self._verb = verb
        self._request = request
        self._response = response
        self._back_end = back_end

    async def invoke(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:
        """The transformed answer. Raises `Refused` as the transformations and `BackEnd.call` do."""
        outgoing = self._request.apply(invocation)
        verb = invocation.verb if self._verb == "ANY" else self._verb
        url = self._uri.fill(outgoing.paths, urlencode(outgoing.query))
        body = b"" if verb in WITHOUT_BODY else outgoing.body
        request = BackEndRequest(verb, url, outgoing.headers, body)
        return self._response.apply(invocation, await self._back_end.call(request, session, invocation.log))
