"""Invoking an API: from the first byte of a request to its line in the access log. The hot path: no disk, no await
but the client's body and the back end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from time import perf_counter, time
from typing import Any, NamedTuple

from aiohttp import ClientSession

from sandbox.servers.api_gateway.access import AccessTable
from sandbox.servers.api_gateway.access_log import AccessLog
from sandbox.servers.api_gateway.deployed_stage import DeployedStage, DeployedStages, Operation
from sandbox.servers.api_gateway.gateway_responses import (
    API_CONFIGURATION_ERROR,
    FORBIDDEN,
    MAX_PAYLOAD_BYTES,
    MISSING_TOKEN,
    REQUEST_TOO_LARGE,
    Refused,
)
from sandbox.servers.api_gateway.identifiers import extended_request_id, trace_id
from sandbox.servers.api_gateway.invocation import Headers, IntegrationAnswer, Invocation
from sandbox.servers.aws.asgi import Receive, Scope, Send, read_body, respond
from sandbox.servers.aws.identifiers import request_id

LOG = logging.getLogger(__name__)
JSON_TYPE = (b"content-type", b"application/json")
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

    def __init__(self, stages: DeployedStages, access: AccessTable, log: AccessLog, session: ClientSession) -> None:
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
            LOG.exception("request %s failed inside the gateway", call.request_id)
            answer = call.refusal(Refused(API_CONFIGURATION_ERROR, type(error).__name__))
        call.sign(answer.headers)
        await respond(send, answer.status, answer.headers, answer.body)
        self._log.add(call.log_entry(answer))

    async def _answer(self, call: _Call, receive: Receive) -> IntegrationAnswer:
        stage, operation, parameters = self._find(call)
        if operation.api_key_required:
            call.key_id = self._access.admit(stage.key, call.header(b"x-api-key")).key_id
        body = await read_body(call.scope, receive, MAX_PAYLOAD_BYTES)
        if body is None:
            raise Refused(REQUEST_TOO_LARGE)
        invocation = call.invocation(parameters, body)
        call.integration_started = perf_counter()
        try:
            return await operation.integration.invoke(invocation, self._session)
        finally:
            call.integration_seconds = perf_counter() - call.integration_started

    def _find(self, call: _Call) -> tuple[DeployedStage, Operation, dict[str, str]]:
        stage = self._stages.get(call.api_id, call.stage)
        if stage is None:
            raise Refused(FORBIDDEN, "no such API or stage")
        match = stage.router.match(call.path)
        operation = match.target.operation(call.verb) if match else None
        if match is None or operation is None:
            raise Refused(MISSING_TOKEN, "no resource or method at this path")
        call.resource_path = operation.resource_path
        return stage, operation, match.parameters


class _Call:
    """One request on its way through the gateway, and what the access log will say of it."""

    __slots__ = (
        "api_id", "error", "extended_id", "integration_seconds", "integration_started", "key_id", "path", "request_id",
        "resource_path", "scope", "stage", "started", "trace_id", "verb",
    )  # fmt: skip

    def __init__(self, target: InvokeTarget, scope: Scope) -> None:
        self.started = perf_counter()
        self.api_id, self.stage, self.path = target
        self.scope = scope
        self.verb: str = scope["method"]
        self.request_id, self.extended_id, self.trace_id = request_id(), extended_request_id(), trace_id()
        self.resource_path = self.key_id = "-"
        self.error: Refused | None = None
        self.integration_started = self.integration_seconds = 0.0

    def header(self, name: bytes) -> bytes | None:
        """The value of a request header (name in lower case)."""
        return next((value for key, value in self.scope["headers"] if key == name), None)

    def invocation(self, parameters: dict[str, str], body: bytes) -> Invocation:
        return Invocation(
            request_id=self.request_id,
            trace_id=self.trace_id,
            api_id=self.api_id,
            verb=self.verb,
            path_parameters=parameters,
            query=self.scope["query_string"].decode("latin-1"),
            headers=self.scope["headers"],
            body=body,
            client_ip=self._client_ip(),
            server_port=self.scope["server"][1],
        )

    def refusal(self, refused: Refused) -> IntegrationAnswer:
        """Amazon's own answer."""
        self.error = refused
        response = refused.response
        headers: Headers = [JSON_TYPE, (b"x-amzn-errortype", response.error_type.encode())]
        return IntegrationAnswer(response.status, headers, response.body, 0)

    def sign(self, headers: Headers) -> None:
        """Add what every answer carries."""
        headers.append((b"x-amzn-requestid", self.request_id.encode()))
        headers.append((b"x-amz-apigw-id", self.extended_id.encode()))
        if self.integration_started:
            headers.append((b"x-amzn-trace-id", self.trace_id.encode()))

    def log_entry(self, answer: IntegrationAnswer) -> dict[str, Any]:
        """The access log's line: names of `$context`, latencies in milliseconds, `-` where there is nothing to say."""
        now = time()
        integrated = bool(self.integration_started)
        return {
            "requestId": self.request_id,
            "extendedRequestId": self.extended_id,
            "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now * 1000),
            "apiId": self.api_id,
            "stage": self.stage,
            "ip": self._client_ip(),
            "httpMethod": self.verb,
            "resourcePath": self.resource_path,
            "path": f"/{self.stage}{self.path}",
            "protocol": f"HTTP/{self.scope['http_version']}",
            "status": answer.status,
            "responseLength": len(answer.body),
            "responseLatency": round((perf_counter() - self.started) * 1000, 2),
            "integrationStatus": answer.integration_status or "-",
            "integrationLatency": round(self.integration_seconds * 1000, 2) if integrated else "-",
            "apiKeyId": self.key_id,
            "errorResponseType": self.error.response.response_type if self.error else "-",
            "errorMessage": self.error.cause if self.error else "-",
        }

    def _client_ip(self) -> str:
        client = self.scope.get("client")
        return client[0] if client else "-"
