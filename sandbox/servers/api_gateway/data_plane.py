"""Invoking an API: from the first byte of a request to its line in the access log. The hot path: no disk, no await
but the client's body and the back end."""

from __future__ import annotations

import logging
from time import perf_counter, time
from typing import Any, NamedTuple

from aiohttp import ClientSession

from sandbox.servers.api_gateway.access import AccessTable
from sandbox.servers.api_gateway.access_log import stage_log_entry
from sandbox.servers.api_gateway.custom_responses import CustomResponses
from sandbox.servers.api_gateway.deployed_stage import DeployedStage, DeployedStages, Operation
from sandbox.servers.api_gateway.gateway_responses import (
    API_CONFIGURATION_ERROR,
    FORBIDDEN,
    MAX_PAYLOAD_BYTES,
    MISSING_TOKEN,
    REQUEST_TOO_LARGE,
    THROTTLED,
    Refused,
)
from sandbox.servers.api_gateway.identifiers import extended_request_id, trace_id
from sandbox.servers.api_gateway.invocation import Headers, IntegrationAnswer, Invocation, clf_time
from sandbox.servers.aws.asgi import Receive, Scope, Send, read_body, respond
from sandbox.servers.aws.identifiers import request_id
from sandbox.servers.request_log import RequestLog

LOG = logging.getLogger(__name__)
AMAZONS_OWN = CustomResponses({}, {})
# The client left before its request was whole: nobody reads this answer, the access log has its status.
CLIENT_LEFT = IntegrationAnswer(499, [], b"", 0)


class InvokeTarget(NamedTuple):
    """What an invoke URL names; `path` is the raw path below the stage."""

    api_id: str
    stage: str
    path: str


def locate(path: str) -> InvokeTarget | None:
    """What the raw path of an invoke URL names; None where it is none.

    The two forms are `/restapis/{id}/{stage}/_user_request_/...` and `/{id}/{stage}/...`.
    """
    if not path.startswith("/"):
        return None
    if path.startswith("/restapis/"):
        parts = path.split("/", 5)
        if len(parts) < 5 or parts[4] != "_user_request_":
            return None
        return InvokeTarget(parts[2], parts[3], "/" + "".join(parts[5:]))
    parts = path.split("/", 3)
    return InvokeTarget(parts[1], parts[2] if len(parts) > 2 else "", "/" + "".join(parts[3:]))


class DataPlane:
    """Serves the deployed stages. Made inside the event loop, for `session` is bound to it."""

    def __init__(self, stages: DeployedStages, access: AccessTable, log: RequestLog, session: ClientSession) -> None:
        self._stages = stages
        self._access = access
        self._log = log
        self._session = session

    async def serve(self, target: InvokeTarget, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request to an invoke URL, and log it."""
        call = _Call(target, scope)
        try:
            answer = await self._answer(call, receive)
        except Refused as refused:
            answer = call.refusal(refused)
        except ConnectionResetError:
            self._log.add(call.log_entry(CLIENT_LEFT))
            return
        except Exception as error:
            LOG.exception("request %s failed inside the gateway", call.invocation.request_id)
            answer = call.refusal(Refused(API_CONFIGURATION_ERROR, type(error).__name__))
        call.sign(answer.headers)
        await respond(send, answer.status, answer.headers, answer.body)
        self._log.add(call.log_entry(answer))

    async def _answer(self, call: _Call, receive: Receive) -> IntegrationAnswer:
        invocation = call.invocation
        stage, operation = self._find(call)
        if operation.api_key_required:
            grant = self._access.admit(stage.key, call.header(b"x-api-key"), operation.name)
            invocation.api_key_id = grant.key_id
        if operation.bucket is not None and not operation.bucket.take():
            raise Refused(THROTTLED)
        body = await read_body(call.scope, receive, MAX_PAYLOAD_BYTES)
        if body is None:
            raise Refused(REQUEST_TOO_LARGE)
        invocation.body = body
        operation.validation.check(invocation)
        call.integration_started = perf_counter()
        try:
            return await operation.integration.invoke(invocation, self._session)
        finally:
            call.integration_seconds = perf_counter() - call.integration_started

    def _find(self, call: _Call) -> tuple[DeployedStage, Operation]:
        invocation = call.invocation
        stage = call.deployed = self._stages.get(invocation.api_id, invocation.stage)
        if stage is None:
            raise Refused(FORBIDDEN, "no such API or stage")
        invocation.variables = stage.variables
        match = stage.router.match(call.path)
        operation = match.target.operation(invocation.verb) if match else None
        if match is None or operation is None:
            raise Refused(MISSING_TOKEN, "no resource or method at this path")
        invocation.resource_id, invocation.resource_path = operation.resource_id, operation.resource_path
        invocation.path_parameters = match.parameters
        return stage, operation


class _Call:
    """One request on its way through the gateway, and what the access log will say of it."""

    __slots__ = (
        "deployed", "error", "integration_seconds", "integration_started", "invocation", "path", "scope", "started",
    )  # fmt: skip

    def __init__(self, target: InvokeTarget, scope: Scope) -> None:
        self.started = perf_counter()
        self.scope = scope
        self.path = target.path
        self.invocation = _invocation(target, scope)
        self.deployed: DeployedStage | None = None
        self.error: Refused | None = None
        self.integration_started = self.integration_seconds = 0.0

    def header(self, name: bytes) -> bytes | None:
        """The value of a request header (name in lower case)."""
        return next((value for key, value in self.scope["headers"] if key == name), None)

    def refusal(self, refused: Refused) -> IntegrationAnswer:
        """Amazon's own answer, or what the API makes of it."""
        self.error = refused
        responses = self.deployed.responses if self.deployed else AMAZONS_OWN
        return responses.answer(refused, self.invocation)

    def sign(self, headers: Headers) -> None:
        """Add what every answer carries."""
        headers.append((b"x-amzn-requestid", self.invocation.request_id.encode()))
        headers.append((b"x-amz-apigw-id", self.invocation.extended_id.encode()))
        if self.integration_started:
            headers.append((b"x-amzn-trace-id", self.invocation.trace_id.encode()))

    def log_entry(self, answer: IntegrationAnswer) -> dict[str, Any]:
        """The access log's line: names of `$context`, latencies in milliseconds, `-` where there is nothing to say."""
        invocation = self.invocation
        integrated = bool(self.integration_started)
        entry = {
            "requestId": invocation.request_id,
            "extendedRequestId": invocation.extended_id,
            "xrayTraceId": invocation.trace_id,
            "requestTime": clf_time(invocation.started_at),
            "requestTimeEpoch": int(invocation.started_at * 1000),
            "apiId": invocation.api_id,
            "stage": invocation.stage,
            "ip": invocation.client_ip,
            "httpMethod": invocation.verb,
            "resourcePath": invocation.resource_path or "-",
            "path": invocation.path,
            "protocol": invocation.protocol,
            "status": answer.status,
            "responseLength": len(answer.body),
            "responseLatency": round((perf_counter() - self.started) * 1000, 2),
            "integrationStatus": answer.integration_status or "-",
            "integrationLatency": round(self.integration_seconds * 1000, 2) if integrated else "-",
            "apiKeyId": invocation.api_key_id or "-",
            "errorResponseType": self.error.response.response_type if self.error else "-",
            "errorMessage": self.error.cause if self.error else "-",
        }
        if self.deployed and self.deployed.log:
            entry["accessLog"] = stage_log_entry(self.deployed.log, invocation, entry)
        return entry


def _invocation(target: InvokeTarget, scope: Scope) -> Invocation:
    client = scope.get("client")
    return Invocation(
        request_id=request_id(),
        extended_id=extended_request_id(),
        trace_id=trace_id(),
        api_id=target.api_id,
        stage=target.stage,
        path=f"/{target.stage}{target.path}",
        verb=scope["method"],
        query=scope["query_string"].decode("latin-1"),
        headers=scope["headers"],
        client_ip=client[0] if client else "-",
        server_port=scope["server"][1],
        protocol=f"HTTP/{scope['http_version']}",
        started_at=time(),
    )
