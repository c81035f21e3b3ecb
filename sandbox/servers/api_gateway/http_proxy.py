"""The integration type `http_proxy`: the client's request goes to an HTTP back end and its answer comes back.

Method, query string and body pass byte for byte; headers as `proxy_headers` says; errors as Amazon words them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

from aiohttp import (
    ClientConnectorDNSError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    InvalidURL,
    NonHttpUrlClientError,
)
from yarl import URL

from sandbox.servers.api_gateway import parameter_mapping
from sandbox.servers.api_gateway.document import Method
from sandbox.servers.api_gateway.gateway_responses import (
    API_CONFIGURATION_ERROR,
    INTEGRATION_FAILURE,
    INTEGRATION_TIMEOUT,
    MAX_PAYLOAD_BYTES,
    Refused,
)
from sandbox.servers.api_gateway.invocation import IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.parameter_mapping import ParameterMapping
from sandbox.servers.api_gateway.proxy_headers import request_headers, response_headers

STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
PLACEHOLDER = re.compile(r"\{([a-zA-Z0-9._:-]+)\+?\}")
VERBS = frozenset(["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
# Nothing may reach the back end that the client did not send and Amazon does not add.
NO_AUTO_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


def check(method: Method) -> Iterable[str]:
    """Faults of a method's `http_proxy` integration, one sentence each."""
    integration = method.integration or {}
    uri = str(integration.get("uri", ""))
    if not uri.startswith(("http://", "https://", "${stageVariables.")):
        yield "Invalid HTTP endpoint specified for URI"
    if str(integration.get("httpMethod", "")).upper() not in VERBS:
        yield "Enumeration value for HttpMethod must be non-empty"
    yield from parameter_mapping.check(method)


def build(method: Method, timeout_seconds: float, variables: Mapping[str, str]) -> HttpProxy:
    """The integration of a checked method in a stage with these variables."""
    integration = method.integration or {}
    verb = str(integration["httpMethod"]).upper()
    uri = STAGE_VARIABLE.sub(lambda match: variables.get(match[1], ""), str(integration["uri"]))
    mappings = parameter_mapping.compile_mappings(method, variables)
    return HttpProxy(uri, None if verb == "ANY" else verb, mappings, timeout_seconds)


class HttpProxy:
    """One back end: `uri` with `{name}` placeholders, `verb` or None for the client's own."""

    def __init__(self, uri: str, verb: str | None, mappings: list[ParameterMapping], timeout_seconds: float) -> None:
        self._pieces = PLACEHOLDER.split(uri)  # text, name, text, name, ..., text
        self._verb = verb
        self._paths = {mapping.name: mapping.source for mapping in mappings if mapping.place == "path"}
        self._queries = [mapping for mapping in mappings if mapping.place == "querystring"]
        self._headers = [mapping for mapping in mappings if mapping.place == "header"]
        self._timeout = ClientTimeout(total=timeout_seconds)

    async def invoke(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:
        """The back end's answer.

        Raises `Refused` with 504 when it cannot be reached or is too slow, 500 when its address is no address or its
        answer is larger than 10 MB.
        """
        try:
            return await self._exchange(invocation, session)
        except TimeoutError as error:
            raise Refused(INTEGRATION_TIMEOUT, "Execution failed due to a timeout error") from error
        except (ClientConnectorDNSError, InvalidURL, NonHttpUrlClientError, ValueError) as error:
            cause = "Execution failed due to configuration error: Invalid endpoint address"
            raise Refused(API_CONFIGURATION_ERROR, cause) from error
        except (ClientError, OSError) as error:
            cause = f"Execution failed due to a network error communicating with endpoint ({type(error).__name__})"
            raise Refused(INTEGRATION_FAILURE, cause) from error

    async def _exchange(self, invocation: Invocation, session: ClientSession) -> IntegrationAnswer:
        headers = request_headers(invocation)
        for mapping in self._headers:
            value = mapping.source(invocation)
            if value is not None:
                headers[mapping.name] = value
        async with session.request(
            self._verb or invocation.verb,
            self._url(invocation),
            headers=headers,
            data=invocation.body or None,
            skip_auto_headers=NO_AUTO_HEADERS,
            allow_redirects=False,
            timeout=self._timeout,
        ) as response:
            body = await _read(response)
            return IntegrationAnswer(response.status, response_headers(response.raw_headers), body, response.status)

    def _url(self, invocation: Invocation) -> URL:
        """The back end's address. Path parameters are put in as the client wrote them, percent signs and all."""
        text = self._pieces[0]
        for name, following in zip(self._pieces[1::2], self._pieces[2::2], strict=True):
            source = self._paths.get(name)
            value = source(invocation) if source else None
            if value is None:
                raise ValueError(f"no value is mapped to {{{name}}}")
            text += _escaped(value) + following
        query = self._query(invocation)
        if query:
            text += ("&" if "?" in text else "?") + _escaped(query)
        return URL(text, encoded=True)

    def _query(self, invocation: Invocation) -> str:
        if not self._queries:
            return invocation.query
        added = [(mapping.name, mapping.source(invocation)) for mapping in self._queries]
        extra = urlencode([(name, value) for name, value in added if value is not None])
        return "&".join(part for part in (invocation.query, extra) if part)


def _escaped(text: str) -> str:
    """The client's bytes (read as Latin-1) as they were, but for those that no URL may hold."""
    return quote(text, safe="/%:@!$&'()*+,;=~?[]|{}^`\\\"<>", encoding="latin-1")


async def _read(response: ClientResponse) -> bytes:
    """The whole body, unless it is larger than Amazon passes on."""
    chunks = []
    size = 0
    while chunk := await response.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_PAYLOAD_BYTES:
            raise Refused(API_CONFIGURATION_ERROR, "Execution failed: the integration's response exceeds 10 MB")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
