"""One request to a back end over HTTP, and what may go wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from aiohttp import (
    ClientConnectorDNSError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    InvalidURL,
    NonHttpUrlClientError,
)
from multidict import CIMultiDict
from yarl import URL

from sandbox.servers.api_gateway.execution_log import ExecutionLog, cut, shown_headers
from sandbox.servers.api_gateway.gateway_responses import (
    API_CONFIGURATION_ERROR,
    INTEGRATION_TIMEOUT,
    MAX_PAYLOAD_BYTES,
    GatewayResponse,
    Refused,
)
from sandbox.servers.api_gateway.invocation import BackEndAnswer

# Nothing may reach the back end that the client did not send and Amazon does not add.
NO_AUTO_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")

# Made anew from the body; a mapping that sets one must not break the request's frame.
FRAMING = ("Connection", "Content-Length", "Transfer-Encoding")


@dataclass
class BackEndRequest:
    """What is sent to a back end."""

    verb: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes


@dataclass(frozen=True)
class BackEnd:
    """How a back end is called: its timeout, and Amazon's answer when it cannot be reached."""

    timeout_seconds: float
    unreachable: GatewayResponse

    async def call(self, request: BackEndRequest, session: ClientSession, log: ExecutionLog | None) -> BackEndAnswer:
        """The back end's answer.

        Raises `Refused`: 504 when it is too slow, `unreachable` when it does not answer, 500 when its address is no
        address or its answer is larger than 10 MB.
        """
        if log:
            _log_request(log, request)
        started = perf_counter()
        try:
            answer = await self._exchange(request, session)
        except TimeoutError as error:
            raise Refused(INTEGRATION_TIMEOUT, "Execution failed due to a timeout error") from error
        except (ClientConnectorDNSError, InvalidURL, NonHttpUrlClientError, ValueError) as error:
            cause = "Execution failed due to configuration error: Invalid endpoint address"
            raise Refused(API_CONFIGURATION_ERROR, cause) from error
        except (ClientError, OSError) as error:
            cause = f"Execution failed due to a network error communicating with endpoint ({type(error).__name__})"
            raise Refused(self.unreachable, cause) from error
        if log:
            _log_answer(log, answer, perf_counter() - started)
        return answer

    async def _exchange(self, request: BackEndRequest, session: ClientSession) -> BackEndAnswer:
        for name in FRAMING:
            request.headers.popall(name, None)
        async with session.request(
            request.verb,
            request.url,
            headers=request.headers,
            data=request.body or None,
            skip_auto_headers=NO_AUTO_HEADERS,
            allow_redirects=False,
            timeout=ClientTimeout(total=self.timeout_seconds),
        ) as response:
            return BackEndAnswer(response.status, list(response.raw_headers), await _read(response))


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


def _log_request(log: ExecutionLog, request: BackEndRequest) -> None:
    log.add(f"Endpoint request URI: {request.url}")
    log.add(f"Endpoint request headers: {shown_headers(request.headers.items())}")
    log.add(f"Endpoint request body after transformations: {cut(request.body.decode('utf-8', 'replace'))}")
    log.add(f"Sending request to {request.url}")


def _log_answer(log: ExecutionLog, answer: BackEndAnswer, seconds: float) -> None:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
    log.add(f"Received response. Status: {answer.status}, Integration latency: {round(seconds * 1000)} ms")
    log.add(f"Endpoint response headers: {shown_headers(headers)}")
    log.add(f"Endpoint response body before transformations: {cut(answer.payload.text)}")
