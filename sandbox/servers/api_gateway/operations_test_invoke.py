"""Control plane: TestInvokeMethod runs a method of the definition as it is now, deployed or not, and tells each step.

No API key is asked for and no throttle counts, as at Amazon.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, time
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import ClientSession

from sandbox.servers.api_gateway.custom_responses import CustomResponses
from sandbox.servers.api_gateway.deployed_stage import Operation, compile_operation
from sandbox.servers.api_gateway.document import Method, methods
from sandbox.servers.api_gateway.execution_log import ExecutionLog, cut, shown_headers, shown_map
from sandbox.servers.api_gateway.gateway_responses import Refused
from sandbox.servers.api_gateway.identifiers import extended_request_id, trace_id
from sandbox.servers.api_gateway.invocation import Headers, IntegrationAnswer, Invocation
from sandbox.servers.api_gateway.routing import Router
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.aws.errors import NotFoundError
from sandbox.servers.aws.identifiers import request_id
from sandbox.servers.aws.rest_json import Params

STAGE = "test-invoke-stage"


class InvokeTest:
    """The operation TestInvokeMethod. `session` gives the client to the back ends."""

    def __init__(self, state: State, session: Callable[[], ClientSession]) -> None:
        self._state = state
        self._session = session

    async def run(self, params: Params) -> Params:
        """Invoke a method. Raises `NotFoundError` for one that is not there."""
        api = self._state.api(params["restApiId"])
        method = _method(api, params["resourceId"], params["httpMethod"].upper())
        variables = params.get("stageVariables") or {}
        operation = compile_operation(api, api.document, method, variables)
        invocation = _invocation(api, method, params)
        responses = CustomResponses(api.document, variables)
        started = perf_counter()
        answer = await self._answer(operation, responses, invocation)
        return _described(answer, invocation, perf_counter() - started)

    async def _answer(
        self, operation: Operation, responses: CustomResponses, invocation: Invocation
    ) -> IntegrationAnswer:
        log = invocation.log
        assert log is not None, "a test invocation has a log"
        try:
            operation.validation.check(invocation)
            answer = await operation.integration.invoke(invocation, self._session())
        except Refused as refused:
            answer = responses.answer(refused, invocation)
            log.add(refused.cause)
        else:
            log.add(f"Method response body after transformations: {cut(answer.body.decode('utf-8', 'replace'))}")
            log.add(f"Method response headers: {shown_headers(_decoded(answer.headers))}")
            log.add("Successfully completed execution")
        log.add(f"Method completed with status: {answer.status}")
        return answer


def _method(api: Api, resource_id: str, verb: str) -> Method:
    path = next((path for path, known in api.resource_ids.items() if known == resource_id), None)
    if path is None:
        raise NotFoundError("Invalid Resource identifier specified")
    found = {method.verb: method for method in methods(api.document) if method.path == path}
    if not found.keys() & {verb, "ANY"}:
        raise NotFoundError("Invalid Method identifier specified")
    return found.get(verb) or found["ANY"]


def _invocation(api: Api, method: Method, params: Params) -> Invocation:
    path, _, query = (params.get("pathWithQueryString") or method.path).partition("?")
    match = Router({method.path: method}).match(path)
    identifier = request_id()
    invocation = Invocation(
        request_id=identifier,
        extended_id=extended_request_id(),
        trace_id=trace_id(),
        api_id=api.id,
        stage=STAGE,
        path=path,
        verb=params["httpMethod"].upper(),
        query=query,
        headers=_headers(params),
        client_ip="test-invoke-source-ip",
        server_port=443,
        protocol="HTTP/1.1",
        started_at=time(),
        resource_id=params["resourceId"],
        resource_path=method.path,
        path_parameters=match.parameters if match else {},
        variables=params.get("stageVariables") or {},
        body=str(params.get("body") or "").encode("utf-8", "replace"),
        log=ExecutionLog(identifier),
    )
    _log_request(invocation)
    return invocation


def _headers(params: Params) -> Headers:
    single = (params.get("headers") or {}).items()
    several = [(name, value) for name, values in (params.get("multiValueHeaders") or {}).items() for value in values]
    encoded = ((name.lower().encode("latin-1", "replace"), value) for name, value in [*single, *several])
    return [(name, value.encode("utf-8", "replace")) for name, value in encoded]


def _log_request(invocation: Invocation) -> None:
    log = invocation.log
    assert log is not None, "a test invocation has a log"
    log.add(f"Starting execution for request: {invocation.request_id}")
    log.add(f"HTTP Method: {invocation.verb}, Resource Path: {invocation.path}")
    log.add(f"Method request path: {shown_map(invocation.path_parameters.items())}")
    log.add(f"Method request query string: {shown_map(parse_qsl(invocation.query, keep_blank_values=True))}")
    log.add(f"Method request headers: {shown_headers(_decoded(invocation.headers))}")
    log.add(f"Method request body before transformations: {cut(invocation.payload.text)}")


def _described(answer: IntegrationAnswer, invocation: Invocation, seconds: float) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    if answer.integration_status:
        headers["X-Amzn-Trace-Id"] = [invocation.trace_id]
    for name, value in _decoded(answer.headers):
        headers.setdefault(name, []).append(value)
    return {
        "status": answer.status,
        "body": answer.body.decode("utf-8", "replace"),
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "log": invocation.log.text if invocation.log else None,
        "latency": round(seconds * 1000),
    }


def _decoded(headers: Headers) -> list[tuple[str, str]]:
    """Header names as Amazon writes them in a test's answer: each word with a capital."""
    return [(name.decode("latin-1").title(), value.decode("utf-8", "replace")) for name, value in headers]
